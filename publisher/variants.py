"""Which readers of a language share an edition: those whose topics choose the same items. Pure.

items of the issue   1 asylum   2 work, health   3 (none)
topics of a reader   all            1 2 3   the whole: variant 0
                     work               2   a variant
                     health             2   the same variant
                     work, asylum   1   2   another
                     sport          -       no edition: nothing new for them
"""

from collections.abc import Sequence
from dataclasses import dataclass

from publisher.selection import Chosen
from store.records import Group, Item


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A distinct set of items, and who gets it."""

    picks: tuple[Chosen, ...]
    groups: tuple[Group, ...]


def variants(chosen: Sequence[Chosen], groups: Sequence[Group]) -> list[Variant]:
    """Return the distinct sets of items that readers of a language get, the whole one first.

    The whole is there even when nobody takes all topics: it is what the archive shows.
    """
    readers: dict[tuple[int, ...], list[Group]] = {tuple(range(len(chosen))): []}
    for group in groups:
        mine = tuple(at for at, pick in enumerate(chosen) if wants(group.topics, pick.item))
        if mine:
            readers.setdefault(mine, []).append(group)
    return [
        Variant(picks=tuple(chosen[at] for at in places), groups=tuple(mine))
        for places, mine in readers.items()
    ]


def wants(topics: Sequence[str], item: Item) -> bool:
    """Say whether somebody who takes these topics, or all, gets an item."""
    return not topics or not set(topics).isdisjoint(item.topics)
