"""Entries of feeds, each made once by feedgen and then given to every feed that holds it.

A feed holds its newest fifty texts, and forty-nine of them were in it the last time. An entry
is a pure function of its story and its frame, so it is kept (:mod:`publisher.kept`) and a
feed gets a copy.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

from feedgen.entry import FeedEntry
from feedgen.ext.dc import DcEntryExtension
from lxml.etree import _Element

from publisher import addresses
from publisher.config import Config
from publisher.feeds.repair import EntryRepair
from publisher.kept import Kept
from publisher.rendering import render
from publisher.story import Story

#: Bytes for all entries that a process keeps: some 4,000 of them, as news go.
_ROOM = 96 * 2**20

#: An entry beside its texts: two trees of some twenty elements, and the story.
_BARE = 12_000


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What an entry says that is not its story's: all that settings put into it."""

    #: The address of the site.
    url: str
    #: Its name in the language of the feed.
    name: str
    #: Where our strings come from, nearest first.
    chain: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """All that an entry is made from."""

    story: Story
    frame: Frame


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry in every format; to feedgen it is one of its own, with its extensions done."""

    #: The text in its frame, as :func:`content` makes it.
    html: str
    atom: _Element
    rss: _Element

    def atom_entry(self) -> _Element:
        """Return the entry for an Atom feed: a copy, since a feed takes its elements over."""
        return deepcopy(self.atom)

    def rss_entry(self) -> _Element:
        """Return the item for an RSS feed."""
        return deepcopy(self.rss)

    def register_extension(self, *_: object) -> None:
        """Take note of an extension that the feed loads: the entry has had it already."""


def frame(language: str, config: Config) -> Frame:
    """Return the frame of a language's entries."""
    return Frame(url=config.site.url, name=config.name(language), chain=config.chain(language))


def content(source: Source) -> str:
    """Return the entry's HTML: the text in a frame that says its language and direction.

    Many readers ignore ``xml:lang``; the notice of a fallback stands before the text.
    """
    return render("feed/entry.html", source.frame.chain, story=source.story).strip()


def make(source: Source) -> Entry:
    """Return an entry. Pure; raises RenderError."""
    html = content(source)
    entry = _filled(source.story, html, source.frame)
    return Entry(html=html, atom=entry.atom_entry(), rss=entry.rss_entry())


def _filled(story: Story, html: str, frame: Frame) -> FeedEntry:
    entry = FeedEntry()
    entry.register_extension("dc", DcEntryExtension)
    entry.register_extension("repair", EntryRepair)
    entry.id(story.id)
    entry.guid(story.id, permalink=False)
    entry.title(story.title)
    entry.link(href=addresses.link(frame.url, story.path), rel="alternate")
    entry.published(story.published)
    entry.updated(story.updated)
    entry.summary(f"{story.notice} {story.summary}".strip())
    entry.content(html, type="html")
    entry.author(name=frame.name)
    entry.dc.dc_creator(frame.name)
    entry.dc.dc_language(story.shown_language)
    scheme = addresses.link(frame.url, f"/{story.language}/topics/")
    entry.category([{"term": t.key, "scheme": scheme, "label": t.name} for t in story.topics])
    entry.repair.story = story
    return entry


def _size(source: Source, entry: Entry) -> int:
    story = source.story
    text = 3 * len(entry.html) + len(story.body) + 3 * len(story.summary)
    # Most scripts take two bytes a letter, in Python as in UTF-8.
    return _BARE + 2 * text


#: Entries by what they are made from.
_kept = Kept(make, size=_size, limit=_ROOM)


def entries(stories: Sequence[Story], config: Config) -> list[Entry]:
    """Return the entries of stories for the readers of each, in their order."""
    frames = {language: frame(language, config) for language in {s.language for s in stories}}
    return [_kept(Source(story=story, frame=frames[story.language])) for story in stories]
