"""What readers were sent against the text now, and the mail that puts it right.

    ledger: who got which revision --> is a correction owed? --> an issue of its own:
                                                                 one edition for each language,
                                                                 to those who were sent it wrong

Once: the ledger's next telling in the newsletter's channel is unique, so whoever asks twice
finds nothing owed.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from publisher.config import Config
from publisher.editions import keep, stories_of
from publisher.errors import ConflictError, NotFoundError
from publisher.freshness import Freshness, freshness
from publisher.mail.edition import render_correction
from publisher.policy import Fired
from publisher.story import correction_note
from publisher.telling import Case
from store import deliveries, issues, items, newsletters, publications
from store.database import Database, Transaction
from store.records import (
    Change,
    DeliveryState,
    Issue,
    Newsletter,
    Publication,
    Text,
    newsletter_channel,
)


@dataclass(frozen=True, kw_only=True)
class Version:
    """A text as readers got it, or as it is now."""

    language: str
    revision: int
    words: Text


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What readers of an issue got, and the same text now."""

    sent: Version
    now: Version
    #: A unified diff of title, summary and text; empty where they are the same.
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Owed:
    """What readers of a newsletter's edition have to be told."""

    newsletter: str
    language: str
    #: Why they are not told yet; empty when they can be.
    waits_for: str
    #: How many people were queued the correction, when it was asked for.
    queued: int = 0
    #: Of how many nobody knows whether they got the wrong text: they are told nothing.
    unknown: int = 0


def compare(database: Database, item_id: int, language: str, issue_id: int) -> Difference:
    """Return what an issue's readers in a language got of an item, against the text now.

    Raises NotFoundError when the issue told them nothing of it.
    """
    with database.read() as tx:
        issues.get(tx, issue_id)
        told = [
            row
            for row in publications.of_issue(tx, issue_id)
            if (row.item_id, row.language) == (item_id, language)
        ]
        if not told:
            raise NotFoundError("item in the edition", f"{item_id}/{language} of issue {issue_id}")
        row = told[-1]
        key = (item_id, row.shown_language, row.revision)
        sent = items.words(tx, {key})[key]
        now = items.texts(tx, [item_id])[item_id][row.shown_language]
    return Difference(
        sent=Version(language=row.shown_language, revision=row.revision, words=sent),
        now=Version(language=now.language, revision=now.revision, words=now),
        lines=tuple(difflib.unified_diff(_lines(sent), _lines(now), "sent", "now", lineterm="")),
    )


def _lines(words: Text) -> list[str]:
    return [words.title, "", words.summary, "", *words.body.split("\n")]


def notify(
    database: Database, config: Config, item_id: int, *, now: datetime, dry_run: bool = False
) -> tuple[list[Owed], list[Issue]]:
    """Mail an item's correction to those who were sent the wrong text, in their language, once.

    Returns what was owed, and the issues made, which the next delivery sends. What is not
    ready in a language is told when it is: by asking again. ``dry_run`` makes nothing.
    """
    owed: list[Owed] = []
    made: list[Issue] = []
    with database.write() as tx:
        case = _case(tx, item_id)
        for newsletter in newsletters.listing(tx):
            tellings = _by_language(tx, item_id, newsletter)
            wrong = {tag: rows for tag, rows in tellings.items() if _is_owed(case, rows[-1])}
            ready = {tag: rows for tag, rows in wrong.items() if not _waits(case, rows[-1])}
            issue = None
            if ready and not dry_run:
                issue = issues.add_correction(tx, newsletter.key, item_id, slot=now, now=now)
                made.append(issue)
            for tag, rows in wrong.items():
                queued = (
                    _tell(tx, case, issue, newsletter, rows, config=config, now=now)
                    if issue and tag in ready
                    else 0
                )
                owed.append(
                    Owed(
                        newsletter=newsletter.key,
                        language=tag,
                        waits_for=_waits(case, rows[-1]),
                        queued=queued,
                        unknown=_unknown(tx, rows, tag),
                    )
                )
    return owed, made


def _case(tx: Transaction, item_id: int) -> Case:
    return Case(
        item=items.get(tx, item_id),
        texts=items.texts(tx, [item_id])[item_id],
        marks=items.marks(tx, [item_id])[item_id],
    )


def _by_language(
    tx: Transaction, item_id: int, newsletter: Newsletter
) -> dict[str, list[Publication]]:
    """Return what a newsletter has told of an item, oldest first, by language of its readers."""
    rows: dict[str, list[Publication]] = {}
    for row in publications.tellings(tx, [item_id], newsletter_channel(newsletter.key)):
        rows.setdefault(row.language, []).append(row)
    return rows


def _is_owed(case: Case, last: Publication) -> bool:
    """Say whether readers were sent what has been corrected or retracted since. Pure."""
    if last.change is Change.RETRACTION:
        return False
    source = case.item.source_language
    since = case.since(last.shown_language, last.revision)
    since |= case.since(source, last.source_revision)
    return bool(since & {Change.CORRECTION, Change.RETRACTION})


def _waits(case: Case, last: Publication) -> str:
    """Say what keeps readers from being told, nothing when they can be. Pure."""
    if _notice(case, last):
        return ""
    text = case.texts[last.shown_language]
    stand = freshness(case.item, case.texts, last.shown_language)
    if stand is not Freshness.CURRENT:
        return stand.value
    return "" if case.approved(text.language) else text.workflow.value


def _notice(case: Case, last: Publication) -> bool:
    """Say whether the text was retracted, or its source was. Pure."""
    tags = (last.shown_language, case.item.source_language)
    return any(case.retraction(tag) is not None for tag in tags)


def _tell(
    tx: Transaction,
    case: Case,
    issue: Issue,
    newsletter: Newsletter,
    rows: Sequence[Publication],
    *,
    config: Config,
    now: datetime,
) -> int:
    """Write the telling, keep the edition, queue it; return for how many."""
    last = rows[-1]
    telling = _next(case, last, issue, now)
    if publications.record(tx, [telling]) != [telling]:
        raise ConflictError(f"item {case.item.id}: its correction went out just now")
    (story,) = stories_of(tx, [telling], config)
    note = correction_note(case.marks, telling.shown_language, telling.revision)
    rendered = render_correction(
        newsletter, last.language, story, note=note, sent=last.told, config=config
    )
    edition_id = keep(tx, issue, last.language, rendered, items=1)
    return deliveries.queue_correction(
        tx,
        issue,
        edition_id,
        sent_in=[row.issue_id for row in rows if row.issue_id is not None],
        language=last.language,
        since=_changed(case, last),
        now=now,
    )


def _next(case: Case, last: Publication, issue: Issue, now: datetime) -> Publication:
    retracted = _notice(case, last)
    own = case.retraction(last.shown_language)
    text = case.texts[last.shown_language]
    composed = retracted and own is None
    return replace(
        last,
        telling=last.telling + 1,
        revision=last.revision if composed else text.revision,
        source_revision=case.source.revision if case.source else last.source_revision,
        rule=Fired.SOURCE_RETRACTED if composed else last.rule,
        change=Change.RETRACTION if retracted else Change.CORRECTION,
        told=now,
        updated=now,
        issue_id=issue.id,
    )


def _changed(case: Case, last: Publication) -> datetime:
    """Return when what readers had was first corrected since."""
    known = {last.shown_language: last.revision, case.item.source_language: last.source_revision}
    return min(
        mark.saved
        for mark in case.marks
        if mark.number > known.get(mark.language, mark.number)
        and mark.change in {Change.CORRECTION, Change.RETRACTION}
    )


def _unknown(tx: Transaction, rows: Sequence[Publication], language: str) -> int:
    sent_in = [row.issue_id for row in rows if row.issue_id is not None]
    found = (deliveries.listing(tx, id_, state=DeliveryState.UNKNOWN) for id_ in sent_in)
    return sum(mail.language == language for mails in found for mail in mails)
