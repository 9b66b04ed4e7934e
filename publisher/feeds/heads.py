"""What stands around the entries of a feed, made once and kept as bytes.

Of all that a feed says of itself a publication changes one thing: when it changed last. That
is put in anew (:mod:`publisher.feeds.splicing`); the rest is a pure function of its :class:`Head`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from feedgen.feed import FeedGenerator

from publisher.feeds.repair import Deleted, generator
from publisher.feeds.splicing import Frame, cut
from publisher.kept import Kept

#: Bytes for all heads that a process keeps: some 6,000 of them.
_ROOM = 32 * 2**20

#: A head beside its bytes: its texts, and what holds them together.
_BARE = 3_000

#: Cut out again.
_ANY_DATE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Head:
    """All that a feed says of itself in one format, but for when it changed last."""

    suffix: str
    #: Its media type.
    type: str
    id: str
    language: str
    title: str
    #: The name of the site, and whose the texts are.
    name: str
    rights: str
    #: Minutes that a reader may keep it.
    ttl: int
    #: The documents of the feed that this one leads to, by relation (RFC 5005, 4).
    links: tuple[tuple[str, str], ...]
    hubs: tuple[str, ...]
    #: The address of the page that lists the same news.
    page: str
    deleted: tuple[Deleted, ...]
    is_archive: bool


def fill(head: Head, updated: datetime) -> FeedGenerator:
    """Return what feedgen knows of a feed without its entries."""
    made = generator()
    made.id(head.id)
    made.title(head.title)
    made.description(head.title)
    made.author(name=head.name)
    made.language(head.language)
    made.updated(updated)
    made.rights(head.rights or None)
    made.ttl(head.ttl)
    made.generator("Tidings")
    for rel, href in head.links:
        made.link(href=href, rel=rel, type=head.type)
    for hub in head.hubs:
        made.link(href=hub, rel="hub")
    made.repair.links = made.link()
    made.repair.deleted = head.deleted
    made.repair.is_archive = head.is_archive
    # The last one: feedgen takes it for the <link> of RSS.
    made.link(href=head.page, rel="alternate", type="text/html", hreflang=head.language)
    return made


def _make(head: Head) -> Frame:
    return cut(fill(head, _ANY_DATE), head.suffix)


def _size(_head: Head, made: Frame) -> int:
    # The texts of a head stand in its bytes, too.
    return _BARE + 2 * sum(map(len, made))


#: What stands around the entries, by head. Pure.
frame: Callable[[Head], Frame] = Kept(_make, size=_size, limit=_ROOM)
