"""RSS 2.0 and Atom 1.0 (RFC 4287) from stories, by feedgen.

The same stories always give the same bytes: nothing here knows the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from feedgen.feed import FeedGenerator

from publisher import addresses
from publisher.config import Config
from publisher.feeds.entries import Entry, entries
from publisher.feeds.repair import Deleted, EntryRepair, FeedRepair
from publisher.story import Story

#: When an empty feed was last updated: the specification wants an instant, and *now* would
#: make other bytes on every build.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Feed:
    """One feed: the news of a language, or of a topic in it."""

    language: str
    topic: str | None
    title: str
    #: Newest first.
    stories: tuple[Story, ...]
    #: What it held once, newest first.
    deleted: tuple[Deleted, ...] = ()

    @property
    def updated(self) -> datetime:
        """When the newest of its entries was, or when one was taken away."""
        changes = [story.updated for story in self.stories] + [gone.when for gone in self.deleted]
        return max(changes, default=_NEVER)


def build(feed: Feed, config: Config) -> dict[str, bytes]:
    """Return a feed in every format, by its suffix in :data:`publisher.addresses.FEED_FORMATS`."""
    made = entries(feed.stories, config)
    return {
        "atom": _generator(feed, made, config, "atom").atom_str(pretty=True),
        "rss": _generator(feed, made, config, "rss").rss_str(pretty=True),
    }


def _generator(feed: Feed, made: Sequence[Entry], config: Config, suffix: str) -> FeedGenerator:
    def absolute(path: str) -> str:
        return addresses.link(config.site.url, path)

    generator = FeedGenerator()
    generator.load_extension("dc")
    generator.register_extension("repair", FeedRepair, EntryRepair)
    generator.repair.deleted = feed.deleted
    generator.id(f"{config.tag}:feed/{feed.language}" + (f"/{feed.topic}" if feed.topic else ""))
    generator.title(feed.title)
    generator.description(feed.title)
    generator.author(name=config.name(feed.language))
    generator.language(feed.language)
    generator.updated(feed.updated)
    generator.generator("Tidings")
    own = absolute(addresses.feed(feed.language, suffix, feed.topic))
    generator.link(href=own, rel="self", type=addresses.FEED_FORMATS[suffix])
    # The last one: feedgen takes it for the <link> of RSS.
    front = absolute(addresses.front(feed.language))
    generator.link(href=front, rel="alternate", type="text/html", hreflang=feed.language)
    for entry in made:
        generator.add_entry(entry, order="append")
    return generator
