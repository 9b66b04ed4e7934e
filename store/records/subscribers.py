"""People: who they are, what they want, and what they agreed to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Whether a subscriber may be written to: only when ``active``."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """A person on the mailing list."""

    id: int
    email: str
    name: str
    language: str
    timezone: str
    status: Status
    consent_at: datetime | None
    consent_source: str


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What a subscriber wants: a newsletter, and which topics of it (empty: all)."""

    newsletter: str
    topics: tuple[str, ...]
    #: How often: one that the newsletter offers; empty: by its own schedule.
    frequency: str = ""


class Act(StrEnum):
    """What somebody said of getting mail."""

    #: Asked for on a form; it counts once it is confirmed.
    ASKED = "asked"
    CONFIRMED = "confirmed"
    #: Chosen by somebody whose address is known to be theirs.
    CHOSEN = "chosen"
    #: Entered by staff, for somebody who agreed elsewhere.
    ENTERED = "entered"
    WITHDRAWN = "withdrawn"
    #: Said by nobody: mail to the address came back, so it is written to no more.
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What somebody agreed to, or took back: never changed, also when the person is erased."""

    id: int
    subscriber_id: int
    act: Act
    at: datetime
    #: ``form``, ``link`` or ``command``.
    how: str
    #: The language of ``wording``.
    language: str
    #: The words that were agreed to, exactly as they were shown; empty where none were.
    wording: str
    #: Language and time zone, and by newsletter the topics; nothing that names the person.
    choice: Mapping[str, Any]
    #: The row that this one confirms.
    asked: int | None


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A key that links are signed with; tokens name it by its id."""

    id: int
    #: 32 random bytes, in hexadecimal.
    secret: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """Active subscribers of a newsletter who are to be told the same."""

    #: Theirs, not always one that there is an edition in.
    language: str
    #: Sorted; empty for all.
    topics: tuple[str, ...]
    #: How many they are.
    people: int
