"""What feedgen leaves out or gets wrong, put right through its own extension interface.

- Atom entries: ``rel``, ``type`` and ``hreflang`` of links (feedgen's issue 135), and
  ``xml:lang`` of a title that is not in the language of the feed.
- Atom feeds: what was taken back, as deleted entries (RFC 6721).
- RSS items: topics by their names, and ``atom:updated``, since RSS knows no such date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml.etree import QName, SubElement, _Element

from publisher.story import Story

_ATOM = "http://www.w3.org/2005/Atom"
_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_LANG = QName("http://www.w3.org/XML/1998/namespace", "lang")


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """An entry that readers shall remove."""

    #: Its id in the feed.
    id: str
    when: datetime


class FeedRepair(BaseExtension):  # type: ignore[misc]
    """The feed's part; ``deleted`` is set by whoever fills the feed."""

    deleted: Sequence[Deleted] = ()

    def extend_ns(self) -> dict[str, str]:
        """Return the prefixes that the feed and its entries use."""
        return {"atom": _ATOM, **({"at": _TOMBSTONES} if self.deleted else {})}

    def extend_atom(self, feed: _Element) -> _Element:
        """Complete an Atom feed."""
        for gone in self.deleted:
            SubElement(
                feed,
                QName(_TOMBSTONES, "deleted-entry"),
                {"ref": gone.id, "when": gone.when.isoformat()},
            )
        return feed


class EntryRepair(BaseEntryExtension):  # type: ignore[misc]
    """An entry's part; ``story`` is set by whoever fills the entry."""

    story: Story

    def extend_atom(self, entry: _Element) -> _Element:
        """Complete an Atom entry."""
        for title in entry.iterchildren("title"):
            title.set(_LANG, self.story.shown_language)
        for link in entry.iterchildren("link"):
            link.set("rel", "alternate")
            link.set("type", "text/html")
            link.set("hreflang", self.story.language)
        return entry

    def extend_rss(self, item: _Element) -> _Element:
        """Complete an RSS item."""
        for category, topic in zip(item.iterchildren("category"), self.story.topics, strict=True):
            category.text = topic.name
        SubElement(item, QName(_ATOM, "updated")).text = self.story.updated.isoformat()
        return item
