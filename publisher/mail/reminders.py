"""Reminders to translators: which texts an issue waits for, until when, and what happens then.

They are made as letters to readers are, but nobody's row stands behind one: its Message-ID is of
the issue, the language, the day and who gets it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from publisher import characters
from publisher.config import Config
from publisher.mail import single
from publisher.mail.edition import title
from publisher.mail.keys import Key
from store.records import Missing, Newsletter

#: The folder of its templates.
NAME = "reminder"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A text that an issue waits for."""

    item: int
    #: In the language of its source, which is this one.
    title: str
    source_language: str


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """What translators into a language are told of an issue on a day."""

    issue_id: int
    newsletter: Newsletter
    language: str
    #: In the time zone of the newsletter, as in ISO 8601.
    day: str
    wanted: Sequence[Wanted]
    #: Until when the issue waits; None for as long as it takes.
    until: datetime | None
    #: What it does then with these texts: skip, or fall back on another language.
    then: Missing


def message(
    reminder: Reminder, address: str, config: Config, *, now: datetime, keys: Sequence[Key] = ()
) -> bytes:
    """Return the message of a reminder, which these keys sign.

    Raises RenderError, and UnwritableError.
    """
    language, newsletter = reminder.language, reminder.newsletter
    return single.message(
        NAME,
        language,
        to=address,
        message_id=_message_id(reminder, address, config.host),
        at=now,
        zone=newsletter.timezone,
        config=config,
        keys=keys,
        newsletter=characters.clean_line(title(newsletter, config.chain(language))),
        wanted=[replace(text, title=characters.clean_line(text.title)) for text in reminder.wanted],
        until=reminder.until,
        place=newsletter.timezone,
        then=reminder.then.value,
    )


def _message_id(reminder: Reminder, address: str, host: str) -> str:
    told = f"{reminder.language} {reminder.day} {address}"
    unique = hashlib.sha256(told.encode()).hexdigest()[:16]
    return f"<reminder.{reminder.issue_id}.{unique}@{host}>"
