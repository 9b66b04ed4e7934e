"""RSS 2.0 and Atom 1.0 (RFC 4287) from stories, by feedgen; JSON Feed beside them.

The same stories always give the same bytes: nothing here knows the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from feedgen.feed import FeedGenerator

from publisher import addresses
from publisher.config import Config
from publisher.feeds import jsonfeed
from publisher.feeds.entries import Entry, entries
from publisher.feeds.repair import Deleted, EntryRepair, FeedRepair
from publisher.story import Story

#: When an empty feed was last updated: the specification wants an instant, and *now* would
#: make other bytes on every build.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Feed:
    """One document of a feed: the newest of it, or one of its archive (RFC 5005, 4)."""

    language: str
    #: Empty for all news of the language.
    topic: str
    title: str
    #: Newest first.
    stories: tuple[Story, ...]
    #: What it held once, newest first.
    deleted: tuple[Deleted, ...] = ()
    #: The number of an archive document, None for the newest.
    archive: int | None = None
    #: The archive documents that hold what is older and what is newer than this, if there are.
    previous: int | None = None
    following: int | None = None

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
        "json": jsonfeed.document(
            feed.stories,
            [entry.html for entry in made],
            language=feed.language,
            title=feed.title,
            own=_own(feed, config, "json"),
            config=config,
        ),
    }


def _own(feed: Feed, config: Config, suffix: str) -> str:
    """Return the address of a feed itself."""
    path = addresses.feed(feed.language, suffix, feed.topic, feed.archive)
    return addresses.link(config.site.url, path)


def _generator(feed: Feed, made: Sequence[Entry], config: Config, suffix: str) -> FeedGenerator:
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
    generator.link(href=_own(feed, config, suffix), rel="self", type=addresses.FEED_FORMATS[suffix])
    # The last one: feedgen takes it for the <link> of RSS.
    front = addresses.link(config.site.url, addresses.front(feed.language))
    generator.link(href=front, rel="alternate", type="text/html", hreflang=feed.language)
    for entry in made:
        generator.add_entry(entry, order="append")
    return generator
