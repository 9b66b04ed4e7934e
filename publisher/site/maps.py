"""What leads machines over the site: site maps (sitemaps.org), OPML 2.0, ``robots.txt``.

None of them tells when it was made: the same news always give the same bytes. The site map
is an index of parts, each with the pages of a hundred items, so that one item touches one.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher import addresses
from publisher.ledger import paths
from publisher.site.touched import PART, Listing, items_of, part_of
from publisher.site.view import Document, View
from publisher.story import Story
from store import entries, publications
from store.records import FEED

#: News are what is not older than this (Google's documentation of news site maps).
_RECENT = timedelta(days=2)

#: The part of the site map with the pages that are no item's.
_LISTS = "lists"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page as the site map tells of it."""

    url: str
    changed: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A feed as OPML tells of it; paths below the site's address."""

    title: str
    page: str
    path: str


def site(view: View) -> Iterator[Document]:
    """Yield the maps of the whole site, but for those that show single items."""
    yield addresses.sitemap(_LISTS), _part(view, _lists(view))
    yield addresses.OPML, view.neutral("feeds.opml", by_language=_outlines(view))
    ours = [addresses.sitemap(), *(news_path(tag) for tag in view.config.site.languages)]
    yield addresses.ROBOTS, view.neutral("robots.txt", maps=[_url(view, path) for path in ours])


def index(view: View) -> Document:
    """Return what leads to the parts of the site map: as long as the archive has parts."""
    parts = [str(number) for number in entries.parts(view.tx, size=PART)]
    maps = [_url(view, addresses.sitemap(part)) for part in (_LISTS, *parts)]
    return addresses.sitemap(), view.neutral("sitemap.xml", parts=maps)


def begins_part(view: View, ids: Collection[int]) -> bool:
    """Say whether a part of the site map holds no items but some of these: it is a new one."""
    numbers = {part_of(entry.item_id) for entry in entries.of_items(view.tx, ids)}
    held = (entries.held(view.tx, items_of(number)[0], items_of(number)[-1]) for number in numbers)
    return any(items <= set(ids) for items in held)


def parts(view: View, numbers: Iterable[int]) -> Iterator[Document]:
    """Yield parts of the site map, each with the pages of its items."""
    for number in numbers:
        standing = publications.standing(view.tx, items_of(number), FEED)
        rows = [
            row
            for row in standing.values()
            if not row.is_gone and row.language in view.config.site.languages
        ]
        rows.sort(key=lambda row: (row.item_id, row.language))
        pages = [
            Page(url=_url(view, path), changed=row.updated)
            for row, path in zip(rows, paths(view.tx, rows), strict=True)
        ]
        yield addresses.sitemap(str(number)), _part(view, pages)


def news(view: View, language: str, stories: Sequence[Story]) -> Document:
    """Return the news site map of a language, from the newest of its stories.

    Recent is what came within two days before the last one: the clock shall not change bytes.
    """
    newest = max((story.published for story in stories), default=None)
    recent = [story for story in stories if newest and story.published >= newest - _RECENT]
    shown = [story for story in recent if not story.is_gone]
    return news_path(language), view.render("map/news.xml", language, stories=shown)


def news_path(language: str) -> str:
    """Return the path of a language's news site map."""
    return addresses.sitemap(f"news-{language}")


def _lists(view: View) -> Iterator[Page]:
    """Yield the pages that lead to others."""
    for tag in view.config.site.languages:
        paths = [
            addresses.front(tag),
            *(addresses.index(tag, name) for name in addresses.INDEXES),
            *(addresses.listing(tag, topic) for topic in view.topics_of(tag)),
            *(
                addresses.newsletter(tag, newsletter.key)
                for newsletter in view.newsletters
                if tag in newsletter.languages
            ),
        ]
        yield from (Page(url=_url(view, path)) for path in paths)


def _outlines(view: View) -> dict[str, list[Outline]]:
    return {
        tag: [
            _outline(view, Listing(language=tag, topic=key)) for key in ("", *view.topics_of(tag))
        ]
        for tag in view.config.site.languages
    }


def _outline(view: View, listing: Listing) -> Outline:
    return Outline(
        title=view.title(listing),
        page=addresses.listing(*listing.feed),
        path=addresses.feed(listing.language, "atom", listing.topic),
    )


def _part(view: View, pages: Iterable[Page]) -> bytes:
    return view.neutral("part.xml", pages=list(pages))


def _url(view: View, path: str) -> str:
    return addresses.link(view.config.site.url, path)
