"""Tell those who were sent a text that was wrong.

    ledger: who got which revision --> who has been told since? --> an issue of its own:
                                                                    one edition for each language,
                                                                    to those who have not

Its editions pass the pre-flight, or nobody is told.

Once: the ledger's next telling in the newsletter's channel is unique, and whoever has a
delivery of a correction is owed it no more. So asking twice does nothing twice, and asking
later finds those who were sent the wrong text late.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from publisher import debts, inspection, windows
from publisher.cases import Case, source_revision
from publisher.config import Config
from publisher.debts import Debt
from publisher.editions import keep, reader_zones, stories_of
from publisher.errors import ConflictError, PreflightError
from publisher.ledger import correction_note
from publisher.mail.edition import Rendered, render_correction
from publisher.policy import Fired
from store import (
    deliveries,
    dues,
    issues,
    items,
    newsletters,
    publications,
    queueing,
    revisions,
    translations,
)
from store.database import Database, Transaction
from store.records import Change, DeliveryState, Issue, Newsletter, Publication


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
                for debt in debts.owed_to(tx, case, newsletter, frequency, now):
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


def _owed(
    tx: Transaction, case: Case, newsletter: Newsletter, debt: Debt, *, now: datetime
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
        waiting=away + sum(mails[state] for state in dues.UNFINISHED),
        unknown=mails[DeliveryState.UNKNOWN],
    )


def _tell(
    tx: Transaction,
    case: Case,
    issue: Issue,
    newsletter: Newsletter,
    debt: Debt,
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
        due=windows.of_newsletter(newsletter, debt.language, reader_zones(tx, newsletter), now=now),
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
    retracted = debts.is_retracted(case, last)
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
