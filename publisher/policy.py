"""What a policy answers for an item in a language. Pure.

the item is ready there                  Show it                    rule "ready"
it is not, and missing = skip            Skip: not told there
it is not, and missing = hold            Wait: until it is ready
it is not, and missing = fallback        Show the first ready language of the chain,
labelled; rule "fallback"; Wait if there is none
its embargo is not over                  Wait: until then, whatever the rest says
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from store.records import Missing

READY = "ready"
FALLBACK = "fallback"


@dataclass(frozen=True)
class Show:
    """Let the text in ``language`` out, by ``rule``."""

    language: str
    rule: str


@dataclass(frozen=True)
class Skip:
    """Say nothing in this language."""

    reason: str


@dataclass(frozen=True)
class Wait:
    """Say nothing yet; ``until`` None means until somebody acts."""

    reason: str
    until: datetime | None = None


Answer = Show | Skip | Wait


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What happens in a language where an item is not ready."""

    missing: Missing
    #: Where to look for another text, nearest first.
    chain: tuple[str, ...]

    def answer(
        self,
        language: str,
        ready: Collection[str],
        *,
        reason: str,
        embargo: datetime | None,
        now: datetime,
    ) -> Answer:
        """Answer for one item in a language, given the languages that it is ready in.

        ``reason`` says why it is not ready in this one, for those who wait.
        """
        if embargo is not None and now < embargo:
            return Wait("embargo", embargo)
        if language in ready:
            return Show(language, READY)
        if self.missing is Missing.HOLD:
            return Wait(reason)
        if self.missing is Missing.FALLBACK:
            found = next((other for other in self.chain if other in ready), None)
            if found:
                return Show(found, FALLBACK)
            # Nothing to fall back on: whoever is to approve a text must know what waits.
            return Wait("not approved in any language")
        return Skip(reason)
