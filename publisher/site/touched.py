"""Which documents show what has changed: the dependency map. Pure.

    an item             its pages, and the parts of the site map that list them
    its place in feeds  the newest document of the feed;
                        the archive document that the place falls in, once that is full;
                        with the place after that the one before, which leads on to it now
    the first of a      the lists of that topic in other languages, which lead to it now
    topic in a language
    an issue            its editions, and the lists that lead to it

So a publication touches the same few documents, however large the archive is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from zlib import crc32

from store.entries import Feed
from store.records import FeedEntry

#: Items whose pages one part of the site map lists, by their ids.
PART = 100


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list of news: a page, and a feed in each format beside it."""

    language: str
    #: Empty for all news of the language.
    topic: str = ""
    #: The number of an archive document, None for the newest.
    archive: int | None = None

    @property
    def feed(self) -> Feed:
        """The feed that it is a document of."""
        return self.language, self.topic


def _first(feed: Feed, *, size: int) -> int:
    """Return how many entries the first archive document of a feed holds; all others hold ``size``.

    All languages tell the same items, so their feeds count alike: if all documents were of one
    size, one publication would fill those of all feeds. So each begins elsewhere, by its name.
    """
    return 1 + crc32("/".join(feed).encode()) % size


def archives(feed: Feed, end: int, *, size: int) -> int:
    """Return how many archive documents a feed fills whose last place is ``end``."""
    return (end - _first(feed, size=size)) // size + 1


def archive_of(feed: Feed, ordinal: int, *, size: int) -> int:
    """Return the number of the archive document that a place falls in."""
    return archives(feed, ordinal - 1, size=size) + 1


def places(listing: Listing, *, size: int) -> tuple[int, int]:
    """Return the first and the last place that an archive document holds."""
    last = ((listing.archive or 1) - 1) * size + _first(listing.feed, size=size)
    return max(last - size, 0) + 1, last


def leads_on(listing: Listing, end: int, *, size: int) -> bool:
    """Say whether an archive document leads on to the next, in a feed whose last is ``end``.

    It does with the place after those of the next: no publication writes both.
    """
    return listing.archive is not None and listing.archive < archives(
        listing.feed, end - 1, size=size
    )


def listings(
    entries: Iterable[FeedEntry], ends: Mapping[Feed, int], *, size: int
) -> Iterator[Listing]:
    """Yield the lists that show items with these places; some may come more than once."""
    for entry in entries:
        feed, topic = (entry.language, entry.topic), entry.topic
        number = archive_of(feed, entry.ordinal, size=size)
        yield Listing(language=entry.language, topic=topic)
        if number <= archives(feed, ends[feed], size=size):
            yield Listing(language=entry.language, topic=topic, archive=number)
        before = number - 2
        if before > 0 and archive_of(feed, entry.ordinal - 1, size=size) < number:
            yield Listing(language=entry.language, topic=topic, archive=before)
        if entry.ordinal == 1:
            yield from (Listing(language=tag, topic=key) for tag, key in ends if key == topic)


def every(ends: Mapping[Feed, int], *, size: int) -> Iterator[Listing]:
    """Yield all lists that there are: of each feed the archive, oldest first, then the newest."""
    for (language, topic), end in ends.items():
        for number in range(1, archives((language, topic), end, size=size) + 1):
            yield Listing(language=language, topic=topic, archive=number)
        yield Listing(language=language, topic=topic)


def part_of(item_id: int) -> int:
    """Return the number of the part of the site map that lists an item."""
    return (item_id - 1) // PART + 1


def items_of(part: int) -> range:
    """Return the ids of the items that a part of the site map lists."""
    return range((part - 1) * PART + 1, part * PART + 1)
