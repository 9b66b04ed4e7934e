"""Lists of news: each a page, and a feed in every format beside it.

The newest of a feed, and its archive (RFC 5005, 4): documents of so many entries each, whose
entries never change places. Each leads to the one before, so that a reader gets everything.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from publisher import addresses
from publisher.feeds.build import Feed, build
from publisher.feeds.entries import Made
from publisher.feeds.repair import Deleted
from publisher.ledger import tell_last
from publisher.site import cards, linked, maps, touched
from publisher.site.touched import Listing
from publisher.site.view import Document, View
from publisher.story import Story
from store import entries, items, publications
from store.records import Publication

#: Lists that are read together: most show the same items.
_TOGETHER = 100

#: What a feed held once and readers shall remove, by feed.
Gone = Mapping[entries.Feed, Sequence[Deleted]]


def feeds(view: View, listings: Sequence[Listing]) -> Iterator[Feed]:
    """Yield lists with what they hold, in their order."""
    for start in range(0, len(listings), _TOGETHER):
        chunk = listings[start : start + _TOGETHER]
        held = {listing: _held(view, listing) for listing in chunk}
        wanted = dict.fromkeys(
            (item_id, listing.language) for listing, ids in held.items() for item_id in ids
        )
        told, gone = tell_last(view.tx, wanted, view.config), _gone(view, chunk)
        for listing, ids in held.items():
            yield _feed(view, listing, [told[id_, listing.language] for id_ in ids], gone)


def _held(view: View, listing: Listing) -> list[int]:
    """Return the ids of the items in a list, newest first."""
    if listing.archive is None:
        return publications.newest(view.tx, *listing.feed, limit=view.size)
    start, end = touched.places(listing, size=view.size)
    return publications.between(view.tx, *listing.feed, start=start, end=end)


def _gone(view: View, listings: Sequence[Listing]) -> Gone:
    """Return what the newest documents say was taken back: of each feed the last few.

    Of each by itself: what another feed loses does not change this one, which nobody writes then.
    """
    rows = {
        listing.feed: publications.gone(view.tx, *listing.feed, limit=view.size)
        for listing in listings
        if listing.archive is None
    }
    ids = {row.item_id for feed in rows.values() for row in feed}
    known = items.many(view.tx, ids) if ids else {}
    return {
        feed: [
            Deleted(id=f"{known[row.item_id].tag}/{row.language}", when=row.told) for row in gone
        ]
        for feed, gone in rows.items()
    }


def _feed(
    view: View, listing: Listing, told: Sequence[tuple[Publication, Story]], gone: Gone
) -> Feed:
    number = listing.archive
    if number is None:
        previous, deleted = view.archives(listing), gone.get(listing.feed, ())
    else:
        previous = number - 1
        deleted = [Deleted(id=story.id, when=row.told) for row, story in told if row.is_gone]
    return Feed(
        language=listing.language,
        topic=listing.topic,
        title=view.title(listing),
        stories=tuple(story for _, story in told if not story.withdrawn),
        deleted=tuple(deleted),
        archive=number,
        previous=previous or None,
        following=view.following(listing),
    )


def documents(view: View, listings: Sequence[Listing]) -> Iterator[Document]:
    """Yield the pages and feeds of lists."""
    for start in range(0, len(listings), _TOGETHER):
        yield from _documents(view, listings[start : start + _TOGETHER])


def _documents(view: View, listings: Sequence[Listing]) -> Iterator[Document]:
    """Yield the pages and feeds of lists that are read together."""
    card, made = _cards(view), Made()
    for listing, feed in zip(listings, feeds(view, listings), strict=True):
        yield addresses.listing(*listing.feed, listing.archive), _page(view, listing, feed, card)
        for suffix, body in build(feed, view.config, made).items():
            yield addresses.feed(listing.language, suffix, listing.topic, listing.archive), body
        if listing == Listing(language=listing.language):
            yield maps.news(view, listing.language, feed.stories)


def _page(view: View, listing: Listing, feed: Feed, card: Callable[[Story, bool], str]) -> bytes:
    is_front = listing == Listing(language=listing.language)
    return view.page(
        listing.language,
        "front" if is_front else "listing",
        feed=feed,
        card=card,
        linked=linked.site(listing.language, view.config) if is_front else None,
        topic_name=view.topic_name(listing.topic, listing.language) if listing.topic else "",
        versions=_versions(view, listing),
    )


def _cards(view: View) -> Callable[[Story, bool], str]:
    """Return what makes a card of a story, on top of its list or below.

    Within a pass an item is told to an audience in one way, whichever list shows it.
    """
    made: dict[tuple[int, str, bool], str] = {}

    def card(story: Story, first: bool) -> str:  # noqa: FBT001  (as templates call)
        key = (story.item_id, story.language, first)
        if key not in made:
            made[key] = _card(view, story, first=first)
        return made[key]

    return card


def _card(view: View, story: Story, *, first: bool) -> str:
    config, links = view.config, view.topic_links.get(story.language, {})
    return cards.make(
        cards.Card(
            story=story,
            topics=tuple((t.key, links[t.key]) for t in story.topics if t.key in links),
            first=first,
            chain=config.chain(story.language),
            zone=config.site.timezone,
            base=config.base_path,
            templates=config.templates,
        )
    )


def _versions(view: View, listing: Listing) -> dict[str, str]:
    """Return the paths of the same list in each language that has it, by language."""
    if listing.archive is not None:
        # What is the third of a language is another item than the third of another.
        return {listing.language: addresses.listing(*listing.feed, listing.archive)}
    return {
        tag: addresses.listing(tag, listing.topic)
        for tag in view.config.site.languages
        if not listing.topic or (tag, listing.topic) in view.ends
    }
