"""What feedgen leaves out or gets wrong, put right through its own extension interface.

- Atom entries: all but the address of links (feedgen's issue 135), and ``xml:lang`` of what is
  not in the language of the feed.
- Atom feeds: what was taken back, as deleted entries (RFC 6721).
- RSS: all links but that of the page and that of the feed itself, as links of Atom; topics by
  their names; and ``atom:updated``, since RSS knows no such date.
- Both: that a document is of the archive (RFC 5005, 4), and what a picture shows (Media RSS).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.ext.dc import DcEntryExtension, DcExtension
from feedgen.feed import FeedGenerator
from lxml.etree import QName, SubElement, _Element

from publisher.story import Picture, Story

_ATOM = "http://www.w3.org/2005/Atom"
_HISTORY = "http://purl.org/syndication/history/1.0"
_MEDIA = "http://search.yahoo.com/mrss/"
_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_LANG = QName("http://www.w3.org/XML/1998/namespace", "lang")

#: A link with its ``rel`` and what else is known of it, as feedgen holds it.
Link = Mapping[str, str]

#: What feedgen writes into RSS by itself.
_OWN_OF_RSS = {"alternate", "self", "enclosure"}


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """An entry that readers shall remove."""

    #: Its id in the feed.
    id: str
    when: datetime


class FeedRepair(BaseExtension):  # type: ignore[misc]
    """The feed's part; what it knows is set by whoever fills the feed."""

    deleted: Sequence[Deleted] = ()
    links: Sequence[Link] = ()
    is_archive = False

    def extend_ns(self) -> dict[str, str]:
        """Return the prefixes that feeds and entries use, used here or not.

        An entry is made once for every feed that holds it.
        """
        return {"atom": _ATOM, "at": _TOMBSTONES, "fh": _HISTORY, "media": _MEDIA}

    def extend_atom(self, feed: _Element) -> _Element:
        """Complete an Atom feed."""
        self._say_what_it_is(feed)
        for gone in self.deleted:
            SubElement(
                feed,
                QName(_TOMBSTONES, "deleted-entry"),
                {"ref": gone.id, "when": gone.when.isoformat()},
            )
        return feed

    def extend_rss(self, document: _Element) -> _Element:
        """Complete the channel of an RSS document."""
        (channel,) = document
        _link(channel, self.links)
        self._say_what_it_is(channel)
        return document

    def _say_what_it_is(self, feed: _Element) -> None:
        if self.is_archive:
            SubElement(feed, QName(_HISTORY, "archive"))


class EntryRepair(BaseEntryExtension):  # type: ignore[misc]
    """An entry's part; what it knows is set by whoever fills the entry."""

    story: Story
    links: Sequence[Link] = ()
    #: The picture that it shows, and where.
    picture: Picture | None = None
    picture_url = ""

    def extend_atom(self, entry: _Element) -> _Element:
        """Complete an Atom entry."""
        for part in entry.iterchildren("title", "content"):
            part.set(_LANG, self.story.shown_language)
        for part in entry.iterchildren("summary"):
            # A notice is ours, in the language of the readers.
            retracted = self.story.retracted is not None
            part.set(_LANG, self.story.language if retracted else self.story.shown_language)
        for element, link in zip(entry.iterchildren("link"), self.links, strict=True):
            element.attrib.update(link)
        self._show(entry)
        return entry

    def extend_rss(self, item: _Element) -> _Element:
        """Complete an RSS item."""
        for category, topic in zip(item.iterchildren("category"), self.story.topics, strict=True):
            category.text = topic.name
        SubElement(item, QName(_ATOM, "updated")).text = self.story.updated.isoformat()
        _link(item, self.links)
        self._show(item)
        return item

    def _show(self, entry: _Element) -> None:
        if not self.picture:
            return
        about = {
            "url": self.picture_url,
            "type": self.picture.type,
            "medium": "image",
            "fileSize": str(self.picture.length),
            "width": str(self.picture.width),
            "height": str(self.picture.height),
        }
        content = SubElement(entry, QName(_MEDIA, "content"), about)
        if self.picture.alt:
            # Not as media:description: feedparser takes that for the summary of the entry.
            title = SubElement(content, QName(_MEDIA, "title"), {"type": "plain"})
            title.text = self.picture.alt


def _link(element: _Element, links: Sequence[Link]) -> None:
    for link in links:
        if link["rel"] not in _OWN_OF_RSS:
            SubElement(element, QName(_ATOM, "link"), dict(link))


def generator() -> FeedGenerator:
    """Return a generator with nothing in it, put right."""
    made = FeedGenerator()
    # Not loaded by its name: feedgen looks for a module that is not there, each time on disk.
    made.register_extension("dc", DcExtension, DcEntryExtension)
    made.register_extension("repair", FeedRepair, EntryRepair)
    return made
