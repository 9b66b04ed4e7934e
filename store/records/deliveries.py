"""Deliveries: one mail to one person, the slices they are claimed in, how they end."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where one mail to one person stands."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    POSTPONED = "postponed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One edition to one subscriber, with what is needed to write the mail."""

    id: int
    issue_id: int
    edition_id: int
    subscriber_id: int
    state: DeliveryState
    #: The SMTP reply code of the last attempt, 0 before there was one.
    code: int
    #: The reply's text, or why there was none.
    detail: str
    attempts: int
    email: str
    name: str
    language: str
    #: The reader's time zone.
    timezone: str = "UTC"
    #: By what it went out when it last became unknown; empty before.
    way: str = ""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A slice of an edition's deliveries, as somebody holds it."""

    id: int
    issue_id: int
    edition_id: int
    #: The ids of its first and its last delivery.
    first: int
    last: int
    #: The journal of who holds it; empty when nobody does.
    worker: str
    #: Until when nobody of another host takes it; None when nobody holds it.
    lease: datetime | None
    #: Raised whenever somebody takes it.
    token: int
    #: By what its mails go out, as who took it last has said.
    way: str = ""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt at a delivery ended."""

    id: int
    #: Which attempt it was, from 1.
    attempt: int
    state: DeliveryState
    #: The SMTP reply code, 0 without one.
    code: int
    #: The reply's text, or why there was none.
    detail: str
    #: When it is to be tried again, if it is.
    due: datetime
    #: Whether nobody can be written to at its address; of this the delivery itself keeps nothing.
    is_dead: bool = False


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """A mail that nobody can say of whether a relay has it."""

    delivery: Delivery
    #: From that instant on nobody of us was sending it.
    since: datetime
    #: When it is to be asked for again.
    due: datetime
