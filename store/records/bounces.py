"""Bounces: what came back of mails."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """A message that came back to us, and what it was taken for."""

    id: int
    at: datetime
    #: One of :class:`publisher.mail.returned.Kind`.
    kind: str
    #: Whom it is about, and which mail to them; None where nobody knows.
    subscriber_id: int | None
    delivery_id: int | None
    letter_id: int | None
    #: The address of that person as it is now; empty where nobody knows.
    email: str
    #: The address that the message itself names first.
    address: str
    #: RFC 3463; empty without one.
    status: str
    #: What a server said, or why nobody could make anything of it.
    detail: str
    #: The message's own subject, and the file or mailbox that it came from.
    subject: str
    source: str
