"""Entries of feeds, each made once and then given to every feed that holds it.

All but one of the texts in a feed were in it the last time. An entry is a pure function of its
story and its frame, so it is kept (:mod:`publisher.kept`), as the bytes that feeds are put
together from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from feedgen.entry import FeedEntry

from publisher import addresses, characters, markup
from publisher.config import Config
from publisher.feeds import jsonfeed
from publisher.feeds.splicing import cut_out
from publisher.kept import Kept
from publisher.rendering import render
from publisher.story import Label, Picture, Story

#: Bytes for all entries that a process keeps: some 4,000 of them, as news go.
_ROOM = 96 * 2**20

#: An entry beside its texts: the story, and what holds them together.
_BARE = 4_000


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What an entry says that is not its story's: all that settings put into it."""

    #: The address of the site.
    url: str
    #: Its name in the language of the feed.
    name: str
    #: Where our strings come from, nearest first.
    chain: tuple[str, ...]
    #: The time zone of the days that it names.
    zone: str
    #: The folder of the operator's own templates.
    templates: Path | None = None

    def link(self, path: str) -> str:
        """Return the address of a path on the site."""
        return addresses.link(self.url, path)


@dataclass(frozen=True, kw_only=True)
class Source:
    """All that an entry is made from."""

    story: Story
    frame: Frame

    @property
    def picture(self) -> Picture | None:
        """The picture, unless it was taken back with the text."""
        return None if self.story.is_gone else self.story.picture

    @property
    def summary(self) -> str:
        """What the text is about, and before that why it is in another language."""
        return f"{self.story.notice} {self.story.summary}".strip()


#: An entry in each format, by suffix.
Entry = Mapping[str, bytes]

#: Entries by the identity of their stories, which it keeps alive: the feeds of a pass share them,
#: and to find an entry by all that its story says takes as long as to copy it.
Made = dict[int, tuple[Story, Entry]]


def frame(language: str, config: Config) -> Frame:
    """Return the frame of a language's entries."""
    return Frame(
        url=config.site.url,
        name=config.name(language),
        chain=config.chain(language),
        zone=config.site.timezone,
        templates=config.templates,
    )


def content(source: Source) -> str:
    """Return the entry's HTML: the text in a frame that says its language and direction.

    Many readers ignore ``xml:lang``; the notice of a fallback stands before the text. Links are
    absolute: a reader of feeds shows the text somewhere else.
    """
    story, frame, picture = source.story, source.frame, source.picture
    made = render(
        "feed/entry.html",
        frame.chain,
        zone=frame.zone,
        overrides=frame.templates,
        story=story,
        html=markup.html(story.body, base=frame.link(story.path)),
        picture=picture,
        picture_url=frame.link(picture.path) if picture else "",
    )
    return characters.fit(made).strip()


def make(source: Source) -> Entry:
    """Return an entry. Pure; raises RenderError."""
    fitting = replace(source, story=_fitting(source.story))
    html = content(fitting)
    return {
        **cut_out(partial(fill, fitting, html)),
        "json": jsonfeed.item(
            fitting.story,
            html,
            summary=fitting.summary,
            picture=fitting.picture,
            link=fitting.frame.link,
        ),
    }


def _fitting(story: Story) -> Story:
    """Return a story that XML can hold: one that cannot would take the whole feed with it."""
    topics = tuple(Label(key=topic.key, name=characters.fit(topic.name)) for topic in story.topics)
    return replace(
        story,
        title=characters.fit(story.title),
        summary=characters.fit(story.summary),
        topics=topics,
        origin=story.origin and characters.fit(story.origin),
        picture=story.picture and replace(story.picture, alt=characters.fit(story.picture.alt)),
    )


def fill(source: Source, html: str, entry: FeedEntry) -> None:
    """Tell feedgen all of an entry."""
    story, frame = source.story, source.frame
    entry.id(story.id)
    entry.title(story.title)
    entry.published(story.published)
    entry.updated(story.updated)
    entry.summary(source.summary)
    entry.content(html, type="html")
    entry.author(name=frame.name)
    entry.dc.dc_creator(frame.name)
    entry.dc.dc_language(story.shown_language)
    scheme = frame.link(addresses.index(story.language, "topics"))
    entry.category([{"term": t.key, "scheme": scheme, "label": t.name} for t in story.topics])
    entry.link(_links(source))
    entry.repair.story = story
    entry.repair.links = entry.link()
    if source.picture:
        entry.repair.picture = source.picture
        entry.repair.picture_url = frame.link(source.picture.path)


def _links(source: Source) -> list[dict[str, str]]:
    """Return all links: exactly one is the alternate, since readers take the first or the last."""
    story, link, html = source.story, source.frame.link, "text/html"
    found = [
        {"rel": "related", "href": link(other.path), "type": html, "hreflang": other.language}
        for other in story.translations
    ]
    if story.origin:
        found.append({"rel": "via", "href": addresses.uri(story.origin)})
    if source.picture:
        picture, length = source.picture, str(source.picture.length)
        where = link(picture.path)
        found.append({"rel": "enclosure", "href": where, "type": picture.type, "length": length})
    page = {"rel": "alternate", "href": link(story.path), "type": html}
    return [*found, {**page, "hreflang": story.language}]


def _size(source: Source, entry: Entry) -> int:
    story = source.story
    # Most scripts take two bytes a letter in Python.
    return _BARE + sum(map(len, entry.values())) + 2 * (len(story.body) + len(story.summary))


#: Entries by what they are made from.
_kept = Kept(make, size=_size, limit=_ROOM)


def entries(stories: Sequence[Story], config: Config, made: Made | None = None) -> list[Entry]:
    """Return the entries of stories for the readers of each, in their order.

    ``made`` are those that other feeds of the same pass hold; it gets those that are new.
    """
    made = {} if made is None else made
    frames: dict[str, Frame] = {}
    for story in stories:
        if id(story) not in made:
            if story.language not in frames:
                frames[story.language] = frame(story.language, config)
            made[id(story)] = story, _kept(Source(story=story, frame=frames[story.language]))
    return [made[id(story)][1] for story in stories]
