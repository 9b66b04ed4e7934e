"""Newsletters: what they are about, when they go out and by which rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

#: What the frequency of who chose none is called where a name is wanted.
OWN = "default"


def newsletter_channel(key: str, frequency: str = "") -> str:
    """Return the ledger's name for who gets newsletter ``key`` at a frequency.

    Each is told for itself what it has not had.
    """
    return f"newsletter:{key}/{frequency}" if frequency else f"newsletter:{key}"


class UnknownRule(StrEnum):
    """What becomes of a mail that nobody can say of whether a relay has it."""

    #: A relay that can be asked is asked; without one it is held.
    ASK = "ask"
    #: A person has to say.
    HOLD = "hold"
    #: It is sent again, even if somebody then gets it twice.
    RETRY = "retry"


@dataclass(frozen=True, kw_only=True)
class Newsletter:
    """A recurring mailing."""

    key: str
    #: Its title in each language.
    names: Mapping[str, str]
    languages: tuple[str, ...]
    #: Topic keys; empty means all.
    topics: tuple[str, ...]
    #: When it goes out: a sentence (:mod:`publisher.schedules`) or a cron expression.
    schedule: str
    #: The IANA zone that the schedule is meant in.
    timezone: str
    #: What happens where an item is not ready: rules as sentences (:mod:`publisher.policy`),
    #: by language; ``*`` stands for all others.
    rules: Mapping[str, str]
    #: Items that entered the store before are not its business, nor slots.
    since: datetime
    #: Who it comes from, as ``Name <address>``, by language; ``*`` stands for all others.
    senders: Mapping[str, str] = field(default_factory=dict)
    #: Who answers to it go to, likewise.
    replies: Mapping[str, str] = field(default_factory=dict)
    #: The folder of ``templates/email`` that its editions are made by.
    template: str = "digest"
    #: Whether each language of an issue waits for somebody else than the authors to approve it.
    approval: bool = False
    #: The schedules of the other frequencies that it is offered at, by their names.
    frequencies: Mapping[str, str] = field(default_factory=dict)
    #: In a language with fewer items an issue has no edition; they stay for the next.
    minimum: int = 1
    #: When its mail may go out: sentences (:mod:`publisher.windows`) by language of the
    #: edition; ``*`` stands for all others.
    windows: Mapping[str, str] = field(default_factory=dict)
    #: What becomes of its mails that nobody can say of.
    unknown: UnknownRule = UnknownRule.ASK

    def window(self, language: str) -> str | None:
        """Return when mail in a language may go out; None: at any time."""
        return self.windows.get(language) or self.windows.get("*")

    @property
    def schedules(self) -> Mapping[str, str]:
        """Every frequency with its schedule; the one for who chose none has an empty name."""
        return {"": self.schedule, **self.frequencies}
