"""RSS 2.0 and Atom 1.0 (RFC 4287) from stories, by feedgen; JSON Feed beside them.

The same stories always give the same bytes: nothing here knows the time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from publisher import addresses, characters
from publisher.config import Config
from publisher.feeds import jsonfeed
from publisher.feeds.entries import Made, entries
from publisher.feeds.heads import Head, frame
from publisher.feeds.repair import Deleted
from publisher.feeds.splicing import SEAMS, splice
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


def build(feed: Feed, config: Config, others: Made | None = None) -> dict[str, bytes]:
    """Return a feed in every format, by its suffix in :data:`publisher.addresses.FEED_FORMATS`.

    ``others`` are the entries of other feeds of the same pass; see :func:`entries`.
    """
    made = entries(feed.stories, config, others)
    fitting = replace(feed, title=characters.fit(feed.title))
    return {
        suffix: _document(fitting, config, suffix, [entry[suffix] for entry in made])
        for suffix in addresses.FEED_FORMATS
    }


def _document(feed: Feed, config: Config, suffix: str, made: Sequence[bytes]) -> bytes:
    if suffix in SEAMS:
        return splice(frame(head(feed, config, suffix)), suffix, feed.updated, made)
    return jsonfeed.document(
        made,
        language=feed.language,
        title=feed.title,
        page=_page(feed, config),
        # What names the feed, in whichever of its documents.
        own=_address(feed, config, suffix, None),
        author={"name": config.name(feed.language), "url": config.site.url},
        rights=config.rights(feed.language),
        older=_address(feed, config, suffix, feed.previous) if feed.previous else "",
        hubs=() if feed.archive else config.feeds.hubs,
    )


def head(feed: Feed, config: Config, suffix: str) -> Head:
    """Return what a feed says of itself in a format of feedgen's."""
    topic = f"/{feed.topic}" if feed.topic else ""
    return Head(
        suffix=suffix,
        type=addresses.FEED_FORMATS[suffix],
        id=addresses.link(f"{config.tag}:feed/{feed.language}", topic),
        language=feed.language,
        title=feed.title,
        name=config.name(feed.language),
        rights=config.rights(feed.language),
        ttl=config.feeds.ttl,
        links=tuple(_links(feed, config, suffix)),
        hubs=() if feed.archive else config.feeds.hubs,
        page=_page(feed, config),
        deleted=feed.deleted,
        is_archive=feed.archive is not None,
    )


def _links(feed: Feed, config: Config, suffix: str) -> Iterator[tuple[str, str]]:
    """Yield the documents of a feed that this one leads to (RFC 5005, 4), by relation."""
    yield "self", _address(feed, config, suffix, feed.archive)
    if feed.archive:
        yield "current", _address(feed, config, suffix, None)
    if feed.previous:
        yield "prev-archive", _address(feed, config, suffix, feed.previous)
    if feed.following:
        yield "next-archive", _address(feed, config, suffix, feed.following)


def _address(feed: Feed, config: Config, suffix: str, archive: int | None) -> str:
    """Return where a document of a feed stands."""
    path = addresses.feed(feed.language, suffix, feed.topic, archive)
    return addresses.link(config.site.url, path)


def _page(feed: Feed, config: Config) -> str:
    """Return the address of the page that lists the same news."""
    path = addresses.listing(feed.language, feed.topic, feed.archive)
    return addresses.link(config.site.url, path)
