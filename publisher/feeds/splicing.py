"""Feeds put together from bytes: each part is made by feedgen, once.

    the feed without entries --> before | after
    each entry in a feed of its own -----> what stands between

What is put together is byte for byte what feedgen makes of the whole: an entry stands at the
same depth in every feed, and every feed declares the same prefixes. What surrounds the entries
is cut where its date stands, too: nothing else of it changes with what is told.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from feedgen.util import formatRFC2822

from publisher.feeds.repair import generator


@dataclass(frozen=True, kw_only=True)
class Seam:
    """A format of feedgen's, and where its entries stand."""

    write: Callable[[FeedGenerator], bytes]
    #: What an entry begins with, and what comes after the last.
    first: bytes
    after: bytes
    #: The element that says when the feed changed last, and how its text says it.
    dated: str
    date: Callable[[datetime], str]


#: What surrounds the entries of a feed: until its date, until the entries, after them.
Frame = tuple[bytes, bytes, bytes]


#: By suffix. What texts hold is escaped, so that these tags are only where feedgen writes them.
SEAMS = {
    "atom": Seam(
        write=lambda feed: feed.atom_str(pretty=True),
        first=b"  <entry>",
        after=b"</feed>",
        dated="updated",
        date=datetime.isoformat,
    ),
    "rss": Seam(
        write=lambda feed: feed.rss_str(pretty=True),
        first=b"    <item>",
        after=b"  </channel>",
        dated="lastBuildDate",
        date=formatRFC2822,
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


def cut(feed: FeedGenerator, suffix: str) -> Frame:
    """Return what surrounds the entries of a feed that has none."""
    seam = SEAMS[suffix]
    empty = seam.write(feed)
    # The first of these is the feed's own: what its title holds is escaped.
    begun, opening, rest = empty.partition(f"<{seam.dated}>".encode())
    _, closing, more = rest.partition(f"</{seam.dated}>".encode())
    place = more.rindex(seam.after)
    return begun + opening, closing + more[:place], more[place:]


def splice(frame: Frame, suffix: str, updated: datetime, entries: Iterable[bytes]) -> bytes:
    """Return a feed with this date and these entries."""
    before, between, after = frame
    return b"".join([before, SEAMS[suffix].date(updated).encode(), between, *entries, after])
