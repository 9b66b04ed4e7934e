"""Tell those who were sent a text that was wrong.

    ledger: who got which revision --> who has been told since? --> an issue of its own:
                                                                    one edition for each language,
                                                                    to those who have not

Its editions pass the pre-flight, or nobody is told.

Once: the ledger's next telling in the newsletter's channel is unique, and whoever has a
delivery of a correction is owed it no more. So asking twice does nothing twice, and asking
later finds those who were sent the wrong text late.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from publisher import inspection
from publisher.config import Config
from publisher.editions import keep, openings, reader_zones, stories_of
from publisher.errors import ConflictError, PreflightError
from publisher.mail.edition import Rendered, render_correction
from publisher.policy import Fired
from publisher.story import correction_note
from publisher.telling import Case, source_revision, why
from store import (
    deliveries,
    issues,
    items,
    newsletters,
    publications,
    queueing,
    revisions,
    translations,
)
from store.database import Database, Transaction
from store.records import (
    Change,
    DeliveryState,
    Issue,
    Mark,
    Newsletter,
    Publication,
    newsletter_channel,
)


@dataclass(frozen=True, kw_only=True)
class Owed:
    """What readers of a newsletter's edition have to be told."""

    newsletter: str
    language: str
    #: Why they are not told yet; empty when they can be.
    waits_for: str
    #: How many were sent the wrong text, may be written to now, and have not been told. Who reads
    #: two newsletters counts in both, until one of them has told.
    readers: int
    #: How many of those were queued the correction just now.
    queued: int = 0
    #: How many are yet to be sent the wrong text, or were and pause: they are told once they have
    #: it, and are back.
    waiting: int = 0
    #: Of how many nobody knows whether they have it: they are told once somebody does.
    unknown: int = 0
    #: At which frequency they get the newsletter; empty: by its own schedule.
    frequency: str = ""


@dataclass(frozen=True, kw_only=True)
class _Debt:
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


def notify(
    database: Database, config: Config, item_id: int, *, now: datetime, dry_run: bool = False
) -> tuple[list[Owed], list[Issue]]:
    """Mail an item's correction to those who were sent the wrong text, in their language, once.

    Returns what was owed, and the issues made, which the next delivery sends. What is not
    ready in a language, who has not been sent the wrong text yet, and who pauses, is told by
    asking again.
    ``dry_run`` makes nothing. Raises NotFoundError, and PreflightError where a mail is not fit to
    be sent; nobody is told then, as of an issue.
    """
    owed: list[Owed] = []
    made: list[Issue] = []
    with database.write() as tx:
        case = _case(tx, item_id)
        for newsletter in newsletters.listing(tx):
            for frequency in newsletter.schedules:
                issue = None
                for debt in _debts(tx, case, newsletter, frequency, now):
                    found = _owed(tx, case, newsletter, debt, now=now)
                    if found.readers and not debt.waits_for and not dry_run:
                        issue = issue or issues.add_correction(
                            tx, newsletter.key, item_id, frequency=frequency, slot=now, now=now
                        )
                        queued = _tell(tx, case, issue, newsletter, debt, config=config, now=now)
                        found = replace(found, queued=queued)
                    if found.readers or found.waiting or found.unknown:
                        owed.append(found)
                made += [issue] if issue else []
    return owed, made


def _case(tx: Transaction, item_id: int) -> Case:
    return Case(
        item=items.get(tx, item_id),
        texts=translations.of(tx, [item_id])[item_id],
        marks=revisions.marks(tx, [item_id])[item_id],
    )


def _debts(
    tx: Transaction, case: Case, newsletter: Newsletter, frequency: str, now: datetime
) -> list[_Debt]:
    """Return by language of the readers what a newsletter told that has been corrected since."""
    by_language: dict[str, list[Publication]] = {}
    channel = newsletter_channel(newsletter.key, frequency)
    for row in publications.tellings(tx, [case.item.id], channel):
        by_language.setdefault(row.language, []).append(row)
    return [
        _Debt(
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
    if _is_retracted(case, last):
        return ""
    if case.item.embargo and now < case.item.embargo:
        return "embargo"
    reason = why(case.item, case.texts, last.shown_language)
    return "" if reason == Fired.READY else reason


def _is_retracted(case: Case, last: Publication) -> bool:
    """Say whether the text was retracted, or its source was. Pure."""
    tags = (last.shown_language, case.item.source_language)
    return any(case.retraction(tag) is not None for tag in tags)


def _owed(
    tx: Transaction, case: Case, newsletter: Newsletter, debt: _Debt, *, now: datetime
) -> Owed:
    mails = deliveries.of_edition(tx, debt.sent_in, debt.language, case.item.id)
    here, away = queueing.misled(
        tx, case.item.id, debt.sent_in, language=debt.language, since=debt.since, now=now
    )
    return Owed(
        newsletter=newsletter.key,
        frequency=debt.frequency,
        language=debt.language,
        waits_for=debt.waits_for,
        readers=here,
        waiting=away + sum(mails[state] for state in deliveries.UNFINISHED),
        unknown=mails[DeliveryState.UNKNOWN],
    )


def _tell(
    tx: Transaction,
    case: Case,
    issue: Issue,
    newsletter: Newsletter,
    debt: _Debt,
    *,
    config: Config,
    now: datetime,
) -> int:
    """Write the telling, keep the edition, queue it; return for how many."""
    telling, wrong = _next(case, debt.told[-1], issue, now), debt.wrong[-1]
    if publications.record(tx, [telling]) != [telling]:
        raise ConflictError(f"item {case.item.id}: its correction went out just now")
    (story,) = stories_of(tx, [telling], config)
    note = "" if story.retracted else correction_note(case.marks, wrong, telling)
    rendered = render_correction(
        newsletter,
        debt.language,
        story,
        note=note,
        sent=wrong.told,
        config=config,
        issue_id=issue.id,
    )
    _require_fit(tx, issue, newsletter, (debt.language, rendered), config)
    edition_id = keep(tx, issue, debt.language, rendered, tells=[case.item.id])
    return queueing.queue_correction(
        tx,
        issue,
        edition_id,
        sent_in=debt.sent_in,
        language=debt.language,
        since=debt.since,
        due=openings(newsletter, debt.language, reader_zones(tx, newsletter), now=now),
        now=now,
    )


def _require_fit(
    tx: Transaction,
    issue: Issue,
    newsletter: Newsletter,
    edition: tuple[str, Rendered],
    config: Config,
) -> None:
    """Raise PreflightError unless the mail passes what those of an issue must pass."""
    if reasons := inspection.faults(tx, issue, newsletter, [edition], config):
        what = f"the correction of item {issue.corrects} in {newsletter.key}"
        # Its issue is taken back with all else, so there is none to look at.
        hint = "nobody was mailed; mend the text or the template, then ask again"
        raise PreflightError(what, reasons, hint=hint)


def _next(case: Case, last: Publication, issue: Issue, now: datetime) -> Publication:
    retracted = _is_retracted(case, last)
    own = case.retraction(last.shown_language)
    text = case.texts[last.shown_language]
    composed = retracted and own is None
    return replace(
        last,
        telling=last.telling + 1,
        revision=last.revision if composed else text.revision,
        source_revision=source_revision(case, text.language, last.source_revision),
        rule=Fired.SOURCE_RETRACTED if composed else last.rule,
        change=Change.RETRACTION if retracted else Change.CORRECTION,
        told=now,
        updated=now,
        issue_id=issue.id,
    )
