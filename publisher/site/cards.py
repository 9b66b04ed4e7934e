"""Texts as lists show them, each made once and then given to every list that shows it.

A text stands in the list of its language and of each of its topics, and all but one of those
in a list were there the last time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from publisher import addresses
from publisher.kept import Kept
from publisher.rendering import render
from publisher.story import Story

#: Bytes for all cards that a process keeps: some 4,000 of them, as news go.
_ROOM = 32 * 2**20

#: A card beside its texts: the story, and what holds them together.
_BARE = 4_000


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that a card is made from."""

    story: Story
    #: Those of its topics that have a page, by key, with the link to it.
    topics: tuple[tuple[str, str], ...]
    #: Whether it stands on top, where its picture is seen at once.
    first: bool
    #: Where our strings come from, nearest first.
    chain: tuple[str, ...]
    #: The time zone of the days that it names.
    zone: str
    #: What links begin with.
    base: str


def _make(card: Card) -> str:
    return render(
        "web/card.html",
        card.chain,
        zone=card.zone,
        story=card.story,
        first=card.first,
        topic_links=dict(card.topics),
        link=partial(addresses.link, card.base),
    )


def _size(card: Card, made: str) -> int:
    # Most scripts take two bytes a letter in Python.
    return _BARE + 2 * (len(made) + len(card.story.body) + len(card.story.summary))


#: Cards by what they are made from, as HTML. Pure; raises RenderError.
make: Callable[[Card], str] = Kept(_make, size=_size, limit=_ROOM)
