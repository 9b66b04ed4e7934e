"""The words of items: a text in each language, its revisions, how it stands to its source."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Workflow(StrEnum):
    """How far the people have come with a text."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


class Change(StrEnum):
    """What a new revision means to those who read the one before."""

    NEW = "new"
    #: Silent, for readers and for translators: what was made from it stays current.
    MINOR = "minor"
    #: Silent for readers; translators have to look.
    EDIT = "edit"
    #: Readers must know.
    CORRECTION = "correction"
    #: The text is taken back: its words are the notice that says so.
    RETRACTION = "retraction"
    #: Only in the ledger: nothing is shown to this audience any more.
    WITHDRAWAL = "withdrawal"


class Freshness(StrEnum):
    """How a text stands to the source text of its item; computed, never stored."""

    MISSING = "missing"
    CURRENT = "current"
    OUTDATED = "outdated"


@dataclass(frozen=True, kw_only=True)
class Text:
    """The words of an item in one language."""

    title: str
    #: Plain text, one or two sentences.
    summary: str
    #: CommonMark.
    body: str
    #: The text's name in addresses: lower-case letters, digits and hyphens of any script.
    slug: str
    #: What the item's image shows, for those who do not see it.
    image_alt: str


@dataclass(frozen=True, kw_only=True)
class Translation(Text):
    """An item's text in one language as it stands now; the source text is one too."""

    item_id: int
    language: str
    #: The date the text itself bears, if any.
    dated: datetime | None
    workflow: Workflow
    #: Digest of this text (:func:`publisher.freshness.digest`).
    digest: str
    #: Digest of the text that this one was made from, as it was then.
    source_digest: str
    #: The language of that text: not always the source's (relay translation).
    made_from: str
    #: Number of the newest revision, from 1.
    revision: int
    #: What the newest revision means to readers of the one before.
    change: Change
    updated: datetime
    #: When it was approved, None while it is not.
    approved: datetime | None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a text came from."""

    item_id: int
    language: str
    title: str
    #: The place without its language: a path or an address.
    origin: str


@dataclass(frozen=True, kw_only=True)
class Stand:
    """How an item stands in a language."""

    item_id: int
    language: str
    freshness: Freshness


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What is remembered of a saved revision beside its words."""

    item_id: int
    language: str
    number: int
    digest: str
    author: str
    change: Change
    #: What a correction corrects, in the language of the text; empty where nobody said.
    note: str
    saved: datetime
