"""What a policy answers for an item in a language. Pure.

the item is ready there                  Show it                        fired "ready"
it is not, and the rule says skip        Skip: not told there
it is not, and the rule says fallback    Show the first ready language of the chain,
                                         labelled; Wait if there is none  "fallback"
it is not, and the rule says hold        Wait until it is ready, or until the deadline;
                                         after that, fallback or skip     "deadline"
its embargo is not over                  Wait until then, whatever the rest says
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from publisher.rules import Rule
from store.records import Missing

#: Why an item waits that is under one, however ready it is.
EMBARGO = "embargo"


class Fired(StrEnum):
    """Why a text went out: what the ledger keeps of each telling."""

    READY = "ready"
    FALLBACK = "fallback"
    #: A fallback after the deadline of a rule that held.
    DEADLINE = "deadline"
    #: The text is as it was; its source has been corrected, and readers are told so.
    SOURCE_CORRECTED = "source-corrected"
    #: The text goes, since its source has been retracted.
    SOURCE_RETRACTED = "source-retracted"
    #: Nothing is shown any more: the text was withdrawn, or put under an embargo.
    TAKEN_BACK = "taken-back"


@dataclass(frozen=True)
class Show:
    """Let the text in ``language`` out, by ``rule``."""

    language: str
    rule: Fired


@dataclass(frozen=True)
class Skip:
    """Say nothing in this language."""

    reason: str


@dataclass(frozen=True)
class Wait:
    """Say nothing yet; ``until`` None means until somebody acts."""

    reason: str
    until: datetime | None = None
    #: Whether the rule asks to wait, so that an issue waits as a whole.
    holds: bool = False


Answer = Show | Skip | Wait


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What happens in a language where an item is not ready."""

    rule: Rule
    #: Where to look for another text, nearest first.
    chain: tuple[str, ...]

    def answer(
        self,
        language: str,
        ready: Collection[str],
        *,
        reason: str,
        embargo: datetime | None,
        since: datetime | None,
        now: datetime,
    ) -> Answer:
        """Answer for one item in a language, given the languages that it is ready in.

        ``reason`` says why it is not ready in this one, for those who wait; ``since`` is when
        the waiting began, None before there was anything to wait with.
        """
        if embargo is not None and now < embargo:
            return Wait(EMBARGO, embargo)
        if language in ready:
            return Show(language, Fired.READY)
        rule = self.rule
        if rule.missing is not Missing.HOLD:
            return self._without(rule.missing, Fired.FALLBACK, ready, reason)
        until = rule.deadline.after(since) if rule.deadline and since else None
        if until is None or now < until:
            return Wait(reason, until, holds=True)
        return self._without(rule.then, Fired.DEADLINE, ready, reason)

    def _without(
        self, missing: Missing, fired: Fired, ready: Collection[str], reason: str
    ) -> Answer:
        if missing is Missing.SKIP:
            return Skip(reason)
        found = next((other for other in self.chain if other in ready), None)
        # Nothing to fall back on: whoever is to approve a text must know what waits.
        return Show(found, fired) if found else Wait("not approved in any language")
