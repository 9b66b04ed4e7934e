"""The ledger: what was told to whom, what waits, and the order of feeds."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from store.records.texts import Change

#: The channel of feeds and public pages in the ledger.
FEED = "feed"


class Missing(StrEnum):
    """What a policy does in a language where an item is not ready."""

    HOLD = "hold"
    SKIP = "skip"
    FALLBACK = "fallback"


@dataclass(frozen=True, kw_only=True)
class FeedEntry:
    """The place of an item in a feed. It is given once, and never another item's."""

    language: str
    #: Empty in the feed of all news of the language.
    topic: str
    #: From 1, in the order in which readers were told.
    ordinal: int
    item_id: int


@dataclass(frozen=True, kw_only=True)
class Publication:
    """A row of the ledger: this item was told to this audience, in this language and revision."""

    item_id: int
    #: The audience's language.
    language: str
    channel: str
    #: 1 for the first time, 2 when it was told anew (corrected, or no longer a fallback).
    telling: int
    #: The language of the text that was shown.
    shown_language: str
    revision: int
    #: The newest revision of the source text at that time.
    source_revision: int
    #: Which rule let it out: one of :class:`publisher.policy.Fired`.
    rule: str
    change: Change
    #: When it was told.
    told: datetime
    #: The date that readers see; never moves.
    published: datetime
    #: Moves when readers must look again.
    updated: datetime
    issue_id: int | None

    @property
    def is_gone(self) -> bool:
        """Whether the text is no longer shown: taken back, with a notice or without."""
        return self.change in {Change.RETRACTION, Change.WITHDRAWAL}


@dataclass(frozen=True, kw_only=True)
class Hold:
    """An item that waits in a language, why, and until when (``None``: until somebody acts)."""

    item_id: int
    language: str
    until: datetime | None
    reason: str
