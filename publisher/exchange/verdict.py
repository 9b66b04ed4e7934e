"""What a translation that comes back is to the store. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from publisher.errors import InputError
from publisher.exchange.basis import Case
from publisher.exchange.returned import Work
from publisher.exchange.ticket import Ticket
from publisher.ingest.decide import Decision, decide
from publisher.ingest.drafts import Draft
from publisher.ingest.limits import refuse_unfit_words
from store.records import Mark, Text, Workflow


def judge(
    case: Case, marks: Sequence[Mark], ticket: Ticket, done: Work, *, source: str, now: datetime
) -> Decision | None:
    """Return what becomes of a translation, None where nothing does. Pure.

    A whole one goes to review, whatever its text was before; one that is not finished is a
    draft and counts as outdated. Raises InputError.
    """
    if not done.touched:
        return None
    refuse_long(done.words)
    decision = _decide(case, marks, ticket, done, source=source, now=now)
    present = case.texts.get(ticket.target_language)
    if present is None or decision.revised:
        return decision
    made_of = (present.made_from, present.source_digest)
    confirmed = not moved(case, ticket) and made_of != (
        decision.text.made_from,
        decision.text.source_digest,
    )
    # The same words are news where they stand for another source, or are finished now.
    finished = present.workflow is Workflow.DRAFT
    return decision if not done.left and (confirmed or finished) else None


def moved(case: Case, ticket: Ticket) -> bool:
    """Say whether somebody has saved the text since it went out. Pure."""
    present = case.texts.get(ticket.target_language)
    return (present.revision if present else 0) != ticket.target_revision


def _decide(
    case: Case, marks: Sequence[Mark], ticket: Ticket, done: Work, *, source: str, now: datetime
) -> Decision:
    item, present = case.item, case.texts.get(ticket.target_language)
    words = replace(done.words, slug=present.slug) if present else done.words
    draft = Draft(
        source=source,
        key=item.key,
        origin="",
        slug="",
        language=ticket.target_language,
        words=words,
        dated=(present or case.texts[ticket.source_language]).dated,
        kind=item.kind,
        topics={},
        embargo=item.embargo,
        url=item.url,
        image=item.image,
        workflow=Workflow.DRAFT if done.left else Workflow.IN_REVIEW,
        source_language=None,
        source_digest=ticket.source_digest,
        made_from=ticket.source_language,
        change=None,
        note="",
    )
    decision = decide(draft, item, case.texts, marks, now=now)
    if not done.left:
        return decision
    known = present is not None and present.made_from == ticket.source_language
    unfinished = present.source_digest if present and known else ""
    return replace(decision, text=replace(decision.text, source_digest=unfinished))


def refuse_long(words: Text) -> None:
    """Raise InputError for what no text of ours can hold."""
    try:
        refuse_unfit_words(words)
    except InputError as error:
        raise InputError(f"unit {error.source}", error.reason) from error
    if not words.title:
        raise InputError("unit title", "has no words that could be shown: write some")
