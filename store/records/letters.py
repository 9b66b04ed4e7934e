"""Letters: mails to single people, which are no part of an issue."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.records.deliveries import DeliveryState


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail to one person, which is no part of an issue."""

    id: int
    subscriber_id: int
    #: The name of its folder of templates: ``confirm``, ``welcome``.
    name: str
    language: str
    email: str
    #: What its templates are told.
    details: Mapping[str, Any]
    #: When it was queued: its Date.
    created: datetime
    state: DeliveryState
    #: The SMTP reply code of the last attempt, 0 before there was one, and what it said.
    code: int
    detail: str
    attempts: int
