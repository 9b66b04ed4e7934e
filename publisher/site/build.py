"""Write what the ledger says and the public files do not show yet.

A pass with no marks only looks whether a front page, a feed or a newsletter's page is missing:
no file is read or written. Killed half-way, the marks stand, and the next pass writes the rest.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

from publisher import addresses, collecting
from publisher.config import Config
from publisher.feeds.build import Feed
from publisher.placing import Placing
from publisher.rendering import read
from publisher.site import indexes, leftover, listings, maps, media, missing, newsletters, touched
from publisher.site import items as item_pages
from publisher.site.touched import Listing
from publisher.site.view import Document, View, fronts, view
from store import editions, entries, items, pings, stale
from store import newsletters as newsletter_records
from store.database import Database
from store.stale import Marks

#: What all pages use.
_OWN = ("/style.css", "/forms.css", "/icon.svg")
_HOME = "/index.html"


@dataclass(frozen=True, kw_only=True)
class FeedFile:
    """A feed as readers find it."""

    feed: Feed
    format: str
    url: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is to be written."""

    items: Sequence[int]
    issues: Sequence[int]
    #: The archive first: what leads to a document stands after it.
    listings: Sequence[Listing]
    parts: Sequence[int]
    #: Whether the index of the site map may have changed.
    is_index_behind: bool

    @property
    def languages(self) -> list[str]:
        """The languages of the lists, whose other pages may show the same."""
        return sorted({listing.language for listing in self.listings})


def refresh(database: Database, config: Config, *, now: datetime) -> int:
    """Write what the ledger says and the files do not show yet; return how many feeds changed.

    The hubs are to hear of them from ``now`` on. Raises BusyError while another process
    writes: its work, or its next pass, covers ours.
    """
    if not _is_behind(database, config):
        return 0
    with database.exclusive("site"):
        with database.read() as tx:
            marks = stale.read(tx)
            seen = view(tx, config)
            work = _work(seen, marks)
            with collecting.seldom():
                changed = _put_all(config, _documents(seen, work))
        if marks:
            with database.write() as tx:
                stale.take_back(tx, marks)
                pings.put(tx, config.feeds.hubs, _to_tell(config, work), now=now)
    return sum(addresses.is_feed(path) for path in changed)


def rebuild(database: Database, config: Config) -> int:
    """Make every public file anew from the store; return how many there are.

    What is left there of earlier settings goes.
    """
    with database.exclusive("site"), database.read() as tx:
        seen = view(tx, config)
        there = 0
        with Placing(config.public) as placing:
            left = chain(leftover.documents(seen), media.left_over(seen, config.public))
            for path, body in chain(_documents(seen, _all(seen)), left):
                _put(placing, config, path, body, anew=True)
                there += 0 if body is None else 1 + _is_packed(path)
        return there


def feed_files(database: Database, config: Config) -> list[FeedFile]:
    """Return every feed of the site, its newest document, with what the ledger says it holds."""
    with database.read() as tx:
        seen = view(tx, config)
        newest = [listing for listing in _every(seen) if listing.archive is None]
        feeds = list(listings.feeds(seen, newest))
    return [
        FeedFile(
            feed=feed,
            format=suffix,
            url=addresses.link(config.site.url, addresses.feed(feed.language, suffix, feed.topic)),
            path=missing.place(config.public, addresses.feed(feed.language, suffix, feed.topic)),
        )
        for feed in feeds
        for suffix in addresses.FEED_FORMATS
    ]


def _is_behind(database: Database, config: Config) -> bool:
    with database.read() as tx:
        if stale.is_any(tx):
            return True
        mailings = newsletter_records.listing(tx)
    # A newsletter that was just begun has its pages before it has an issue.
    pages = (
        addresses.newsletter(language, newsletter.key)
        for newsletter in mailings
        for language in newsletter.languages
        if language in config.site.languages
    )
    return not missing.are_there(config, [*_OWN, _HOME, addresses.ROBOTS, *pages]) or any(
        missing.fronts(config)
    )


def _work(seen: View, marks: Marks) -> Work:
    """Return what these marks touch, and what is missing."""
    ids = sorted(set(marks.items.values()))
    ours = [
        entry
        for entry in entries.of_items(seen.tx, ids)
        if entry.language in seen.config.site.languages
    ]
    found = set(touched.listings(ours, seen.ends, size=seen.size))
    found |= set(missing.archives(seen, found))
    issue_ids = sorted(set(marks.issues.values()))
    # An issue shows on pages beside the front page.
    behind = fronts(seen.config) if issue_ids else missing.fronts(seen.config)
    return Work(
        items=ids,
        issues=issue_ids,
        listings=sorted(found | set(behind), key=_archive_first),
        parts=sorted({touched.part_of(entry.item_id) for entry in ours}),
        is_index_behind=maps.begins_part(seen, ids)
        or not missing.are_there(seen.config, [addresses.sitemap()]),
    )


def _to_tell(config: Config, work: Work) -> list[str]:
    """Return the addresses of the feeds that hubs shall hear of.

    Not only of those whose bytes have changed: whoever was killed before the marks were taken
    back has left none to change. Of issues feeds say nothing.
    """
    newest = [listing for listing in work.listings if work.items and listing.archive is None]
    return [
        addresses.link(config.site.url, addresses.feed(listing.language, suffix, listing.topic))
        for listing in newest
        for suffix in addresses.FEED_FORMATS
    ]


def _all(seen: View) -> Work:
    return Work(
        items=[item.id for item in items.listing(seen.tx)],
        issues=editions.listed(seen.tx),
        listings=sorted(_every(seen), key=_archive_first),
        parts=entries.parts(seen.tx, size=touched.PART),
        is_index_behind=True,
    )


def _every(seen: View) -> list[Listing]:
    """Return all lists of the site: those of its languages are there before any news."""
    found = touched.every(seen.ends, size=seen.size)
    return list(dict.fromkeys(chain(fronts(seen.config), found)))


def _archive_first(listing: Listing) -> tuple[bool, str, str, int]:
    return (
        listing.archive is None,
        listing.language,
        listing.topic,
        listing.archive or 0,
    )


def _documents(seen: View, work: Work) -> Iterator[Document]:
    """Yield all documents of some work: what is led to before what leads to it."""
    for path in _OWN:
        yield path, read(f"web{path}", seen.config.templates).encode()
    yield from item_pages.documents(seen, work.items)
    yield from newsletters.documents(seen, work.issues)
    yield from listings.documents(seen, work.listings)
    for language in seen.config.site.languages:
        # A new newsletter is in several, whose pages lead to one another.
        yield from newsletters.indexes(seen, language)
    for language in work.languages:
        yield from indexes.documents(seen, language)
    yield from maps.parts(seen, work.parts)
    yield from maps.site(seen)
    if work.is_index_behind:
        yield maps.index(seen)
    yield _HOME, indexes.home(seen)


def _put_all(config: Config, documents: Iterable[Document]) -> list[str]:
    """Put documents in place; return the paths of those that changed."""
    with Placing(config.public) as placing:
        return [path for path, body in documents if _put(placing, config, path, body)]


def _put(
    placing: Placing, config: Config, path: str, body: bytes | None, *, anew: bool = False
) -> bool:
    place = missing.place(config.public, path)
    if _is_packed(path):
        return placing.put_packed(place, body, anew=anew)
    return placing.put(place, body)


def _is_packed(path: str) -> bool:
    """Say whether the same stands beside a document gzipped: it is served, and gets smaller."""
    return not addresses.is_derived(path) and not addresses.is_picture(path)
