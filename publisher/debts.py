"""What a newsletter told its readers that has been corrected or retracted since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher.cases import Case, why
from publisher.policy import Fired
from store import publications
from store.database import Transaction
from store.records import Change, Mark, Newsletter, Publication, newsletter_channel


@dataclass(frozen=True, kw_only=True)
class Debt:
    """What a newsletter has told the readers of one language of an item that was wrong."""

    frequency: str
    language: str
    #: All that it told them of it, oldest first.
    told: Sequence[Publication]
    #: Of that, what has been corrected or retracted since.
    wrong: Sequence[Publication]
    waits_for: str
    #: When the last thing that they were told was first corrected.
    since: datetime

    @property
    def sent_in(self) -> list[int]:
        """The issues that held it."""
        return [row.issue_id for row in self.wrong if row.issue_id is not None]


def owed_to(
    tx: Transaction, case: Case, newsletter: Newsletter, frequency: str, now: datetime
) -> list[Debt]:
    """Return by language of the readers what a newsletter told that has been corrected since."""
    by_language: dict[str, list[Publication]] = {}
    channel = newsletter_channel(newsletter.key, frequency)
    for row in publications.tellings(tx, [case.item.id], channel):
        by_language.setdefault(row.language, []).append(row)
    return [
        Debt(
            frequency=frequency,
            language=language,
            told=told,
            wrong=wrong,
            waits_for=_waits(case, told[-1], now),
            since=min(mark.saved for mark in _put_right(case, wrong[-1])),
        )
        for language, told in by_language.items()
        if (wrong := [row for row in told if _put_right(case, row)])
    ]


def _put_right(case: Case, row: Publication) -> list[Mark]:
    """Return the corrections and retractions of what a row told, and of its source. Pure."""
    if row.change is Change.RETRACTION:
        return []
    known = {
        case.item.source_language: row.source_revision,
        row.shown_language: row.revision,
    }
    return [
        mark
        for mark in case.marks
        if mark.number > known.get(mark.language, mark.number)
        and mark.change in {Change.CORRECTION, Change.RETRACTION}
    ]


def _waits(case: Case, last: Publication, now: datetime) -> str:
    """Say what keeps readers from being told, nothing when they can be. Pure."""
    if is_retracted(case, last):
        return ""
    if case.item.embargo and now < case.item.embargo:
        return "embargo"
    reason = why(case.item, case.texts, last.shown_language)
    return "" if reason == Fired.READY else reason


def is_retracted(case: Case, last: Publication) -> bool:
    """Say whether the text was retracted, or its source was. Pure."""
    tags = (last.shown_language, case.item.source_language)
    return any(case.retraction(tag) is not None for tag in tags)
