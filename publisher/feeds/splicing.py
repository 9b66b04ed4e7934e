"""Feeds put together from bytes: each part is made by feedgen, once.

    the feed without entries --> before | after
    each entry in a feed of its own -----> what stands between

What is put together is byte for byte what feedgen makes of the whole: an entry stands at the
same depth in every feed, and every feed declares the same prefixes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from publisher.feeds.repair import generator


@dataclass(frozen=True, kw_only=True)
class Seam:
    """A format of feedgen's, and where its entries stand."""

    write: Callable[[FeedGenerator], bytes]
    #: What an entry begins with, and what comes after the last.
    first: bytes
    after: bytes


#: By suffix. What texts hold is escaped, so that these tags are only where feedgen writes them.
SEAMS = {
    "atom": Seam(
        write=lambda feed: feed.atom_str(pretty=True), first=b"  <entry>", after=b"</feed>"
    ),
    "rss": Seam(
        write=lambda feed: feed.rss_str(pretty=True), first=b"    <item>", after=b"  </channel>"
    ),
}


def cut_out(fill: Callable[[FeedEntry], None]) -> dict[str, bytes]:
    """Return an entry that ``fill`` fills, as it stands in a feed, by format."""
    around = generator()
    # Without these feedgen refuses; they are cut away.
    around.id("-")
    around.title("-")
    around.description("-")
    around.link(href="-")
    fill(around.add_entry(order="append"))
    return {suffix: _between(seam, seam.write(around)) for suffix, seam in SEAMS.items()}


def _between(seam: Seam, document: bytes) -> bytes:
    return document[document.index(seam.first) : document.rindex(seam.after)]


def splice(feed: FeedGenerator, suffix: str, entries: Iterable[bytes]) -> bytes:
    """Return a feed that has no entries, with these in it."""
    seam = SEAMS[suffix]
    empty = seam.write(feed)
    place = empty.rindex(seam.after)
    return b"".join([empty[:place], *entries, empty[place:]])
