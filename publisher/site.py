"""The public files: feeds and pages, derived from the store and nothing else.

    stale marks --> the items they name --> their pages, and per language: front page, feeds
                    read in one snapshot     put in place, durable --> marks taken back

A pass with no marks only looks whether a front page or a feed is missing: no file is read or
written. Killed half-way, the marks stand, and the next pass writes the rest.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from publisher import addresses
from publisher.config import Config
from publisher.feeds.build import Feed, build
from publisher.feeds.repair import Deleted
from publisher.placing import Placing
from publisher.rendering import read, render
from publisher.story import Story, tell_all
from store import items, publications
from store.database import Database, Transaction
from store.records import FEED

_STYLE = "/style.css"
_HOME = "/index.html"

#: Items whose pages are made at a time: memory stays flat however many there are.
_CHUNK = 200

#: A public file: its path below the site's address, and its bytes; None where there is none.
Document = tuple[str, bytes | None]


@dataclass(frozen=True, kw_only=True)
class FeedFile:
    """A feed as readers find it."""

    feed: Feed
    format: str
    url: str
    path: Path


def refresh(database: Database, config: Config) -> int:
    """Write what the ledger says and the files do not show yet; return how many feeds changed.

    Raises BusyError while another process writes: its work, or its next pass, covers ours.
    """
    if not _is_behind(database, config):
        return 0
    with database.exclusive("site"):
        with database.read() as tx:
            marks = publications.stale(tx)
            documents = _documents(tx, config, sorted(set(marks.values())))
            changed = _put_all(config, documents)
        if marks:
            with database.write() as tx:
                publications.freshened(tx, list(marks))
    return sum(addresses.is_feed(path) for path in changed)


def _is_behind(database: Database, config: Config) -> bool:
    with database.read() as tx:
        if publications.is_stale(tx):
            return True
    return not _are_there(config, [_STYLE, _HOME]) or any(
        not _has_its_files(config, language) for language in config.site.languages
    )


def rebuild(database: Database, config: Config) -> int:
    """Make every public file anew from the store; return how many there are."""
    with database.exclusive("site"), database.read() as tx:
        ids = [item.id for item in items.listing(tx)]
        there = 0
        with Placing(config.public) as placing:
            for path, body in _documents(tx, config, ids, fronts=config.site.languages):
                placing.put(_place(config.public, path), body)
                there += body is not None
        return there


def _put_all(config: Config, documents: Iterable[Document]) -> list[str]:
    """Put documents in place; return the paths of those that changed."""
    with Placing(config.public) as placing:
        return [path for path, body in documents if placing.put(_place(config.public, path), body)]


def feed_files(database: Database, config: Config) -> list[FeedFile]:
    """Return every feed of the site with what the ledger says it holds."""
    with database.read() as tx:
        feeds = list(_feeds(tx, config, config.site.languages))
    return [
        FeedFile(
            feed=feed,
            format=suffix,
            url=addresses.link(config.site.url, addresses.feed(feed.language, suffix, feed.topic)),
            path=_place(config.public, addresses.feed(feed.language, suffix, feed.topic)),
        )
        for feed in feeds
        for suffix in addresses.FEED_FORMATS
    ]


def _documents(
    tx: Transaction, config: Config, ids: Sequence[int], *, fronts: Collection[str] = ()
) -> Iterator[Document]:
    """Yield what shows these items, the fronts and feeds asked for, and what is missing."""
    yield _STYLE, read("web/style.css").encode()
    yield _HOME, _page(config, config.site.languages[0], "home")
    # A language that was taken from the site keeps its rows in the ledger, and gets no pages.
    languages = config.site.languages
    behind = {*fronts, *(tag for tag in languages if not _has_its_files(config, tag))}
    for start in range(0, len(ids), _CHUNK):
        rows = publications.tellings(tx, ids[start : start + _CHUNK], FEED)
        stories = tell_all(tx, [row for row in rows if row.language in languages], config)
        behind |= {story.language for story in stories}
        yield from _item_pages(config, stories)
    for feed in _feeds(tx, config, [tag for tag in languages if tag in behind]):
        yield from _front_and_feeds(config, feed)


def _item_pages(config: Config, stories: Sequence[Story]) -> Iterator[Document]:
    """Yield the pages of items, from all that was ever told of them, oldest telling first."""
    latest = {(story.item_id, story.language): story for story in stories}
    there = [story for story in latest.values() if not story.is_gone]
    for story in there:
        yield story.path, _item_page(config, story, there)
    for story in stories:
        now = latest[story.item_id, story.language]
        # Mails and readers know the old address, from before the title changed.
        is_old = not now.is_gone and story.path != now.path
        address = addresses.link(config.base_path, now.path).encode()
        yield addresses.moved(story.path), address if is_old else None
        # The notice first: at no moment is there neither it nor the page.
        notice = _page(config, story.language, "gone", story=now) if now.is_gone else None
        yield addresses.gone(story.path), notice
        if is_old:
            yield story.path, _page(config, story.language, "moved", story=now)
        if now.is_gone:
            yield story.path, None


def _front_and_feeds(config: Config, feed: Feed) -> Iterator[Document]:
    yield addresses.front(feed.language), _page(config, feed.language, "front", feed=feed)
    for suffix, body in build(feed, config).items():
        yield addresses.feed(feed.language, suffix, feed.topic), body


def _item_page(config: Config, story: Story, stories: Collection[Story]) -> bytes:
    versions = [other for other in stories if other.item_id == story.item_id]
    versions.sort(key=lambda version: config.site.languages.index(version.language))
    return _page(config, story.language, "item", story=story, versions=versions)


def _page(config: Config, language: str, name: str, **values: object) -> bytes:
    page = render(
        f"web/{name}.html",
        config.chain(language),
        zone=config.site.timezone,
        link=partial(addresses.link, config.base_path),
        absolute=partial(addresses.link, config.site.url),
        front=addresses.front,
        feed_path=addresses.feed,
        formats=addresses.FEED_FORMATS,
        format_names=addresses.FEED_NAMES,
        languages=config.site.languages,
        site_name=config.name,
        **values,
    )
    return page.encode()


def _feeds(tx: Transaction, config: Config, languages: Sequence[str]) -> Iterator[Feed]:
    """Yield the feeds of languages, some at a time: most hold the same items."""
    entries = config.feeds.entries
    at_once = max(1, _CHUNK // entries)
    for start in range(0, len(languages), at_once):
        rows = {
            language: publications.newest(tx, language, limit=entries)
            for language in languages[start : start + at_once]
        }
        stories = iter(tell_all(tx, [row for told in rows.values() for row in told], config))
        for language, told in rows.items():
            yield Feed(
                language=language,
                topic="",
                title=config.name(language),
                stories=tuple(islice(stories, len(told))),
                deleted=_deleted(tx, language, limit=entries),
            )


def _deleted(tx: Transaction, language: str, *, limit: int) -> tuple[Deleted, ...]:
    rows = publications.gone(tx, language, limit=limit)
    known = items.many(tx, {row.item_id for row in rows}) if rows else {}
    return tuple(Deleted(id=f"{known[row.item_id].tag}/{language}", when=row.told) for row in rows)


def _has_its_files(config: Config, language: str) -> bool:
    feeds = [addresses.feed(language, suffix) for suffix in addresses.FEED_FORMATS]
    return _are_there(config, [addresses.front(language), *feeds])


def _are_there(config: Config, paths: Iterable[str]) -> bool:
    return all(_place(config.public, path).exists() for path in paths)


def _place(public: Path, path: str) -> Path:
    return public / (path.strip("/") + ("/index.html" if path.endswith("/") else ""))
