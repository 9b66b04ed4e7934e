"""Issues of newsletters, and the editions that these are frozen into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class IssueState(StrEnum):
    """Where an issue stands; the ways between are drawn in :mod:`publisher.issue_states`."""

    PLANNED = "planned"
    AWAITING_TRANSLATIONS = "awaiting_translations"
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Blocking:
    """What an issue waits for."""

    item: int
    language: str
    reason: str
    #: When it waits no longer; None: until somebody acts.
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Words:
    """What somebody wrote for an issue in a language; what is empty, Tidings writes."""

    subject: str = ""
    preheader: str = ""
    #: CommonMark, above the items.
    intro: str = ""
    #: Who wrote which of these last, by its name here; of what is empty, nobody.
    authors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One number of a newsletter; unique by (newsletter, frequency, slot)."""

    id: int
    newsletter: str
    slot: datetime
    state: IssueState
    blocking: tuple[Blocking, ...]
    #: When the editions were frozen: the Date of its mails.
    frozen: datetime | None
    #: The item that it corrects, for those who had the wrong text; None for a regular issue.
    corrects: int | None
    #: For who chose which frequency; empty: the newsletter's own schedule.
    frequency: str = ""
    #: Whether somebody planned it, not the schedule.
    by_hand: bool = False
    #: The items that somebody chose, in their order; None where it takes all that is new.
    items: tuple[int, ...] | None = None
    #: By language.
    words: Mapping[str, Words] = field(default_factory=dict)
    #: Not to be sent before; None for as soon as it is frozen.
    send_at: datetime | None = None

    @property
    def dated(self) -> datetime:
        """The Date of its mails: when it was frozen, or was to be sent after that."""
        frozen = self.frozen or self.slot
        return max(frozen, self.send_at) if self.send_at else frozen


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Somebody has approved exactly this content of an issue in a language."""

    language: str
    #: :attr:`publisher.mail.edition.Rendered.sha256` of what they saw.
    digest: str
    approved_by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Edition:
    """An issue in one language, for readers of some topics, frozen and kept for ever."""

    id: int
    issue_id: int
    language: str
    subject: str
    preheader: str
    html: str
    text: str
    #: SHA-256 over the four above, in hexadecimal.
    sha256: str
    #: How many items it tells of.
    items: int
    #: 0 for the edition with all items of its language; others hold some of them.
    variant: int = 0


@dataclass(frozen=True, kw_only=True)
class Headline:
    """An issue in a list of those that have an edition in a language."""

    issue_id: int
    slot: datetime
    subject: str
