"""What a draft is to the store: new, changed or the same. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from publisher.errors import InputError
from publisher.freshness import after_minor_edits, digest
from publisher.ingest.drafts import Draft, Rejected
from store.records import Change, Item, Mark, Text, Translation, Workflow


class Verdict(StrEnum):
    """What a draft is to the store."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of one text: the record to write, and whether its words are new."""

    verdict: Verdict
    text: Translation
    revised: bool
    note: str


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What becomes of an item's texts, and which of them cannot be taken."""

    decisions: tuple[Decision, ...]
    rejected: tuple[Rejected, ...]


def decide_all(
    group: Mapping[str, Draft],
    item: Item,
    known: Mapping[str, Translation],
    marks: Sequence[Mark],
    *,
    now: datetime,
) -> Decided:
    """Decide on the drafts of an item, each after the one that it is made from. Pure."""
    texts, decisions, rejected = dict(known), [], []
    for draft in _in_order(group, item, known):
        try:
            decision = decide(draft, item, texts, marks, now=now)
        except InputError as error:
            rejected.append(Rejected(source=draft.source, reason=str(error)))
            continue
        texts = carried(texts, decision)
        decisions.append(decision)
    return Decided(decisions=tuple(decisions), rejected=tuple(rejected))


def _in_order(
    group: Mapping[str, Draft], item: Item, known: Mapping[str, Translation]
) -> list[Draft]:
    ordered: dict[str, Draft] = {}
    waiting = dict(group)
    while waiting:
        free = [
            tag
            for tag, draft in waiting.items()
            if tag == item.source_language or _parent(draft, item, known) not in waiting
        ]
        # In a circle none is free: decide() refuses the one that closes it.
        for tag in free or list(waiting):
            ordered[tag] = waiting.pop(tag)
    return list(ordered.values())


def carried(texts: Mapping[str, Translation], decision: Decision) -> dict[str, Translation]:
    """Return an item's texts after a decision: a minor edit keeps what was made from it current.

    The store does the same when it saves (:func:`store.translations.save`).
    """
    text, before = decision.text, texts.get(decision.text.language)
    after = dict(texts)
    if decision.revised and before and text.change is Change.MINOR:
        after = {
            tag: replace(other, source_digest=text.digest)
            if (other.made_from, other.source_digest) == (text.language, before.digest)
            else other
            for tag, other in texts.items()
        }
    return {**after, text.language: text}


def source_language(group: Mapping[str, Draft], languages: Sequence[str]) -> str:
    """Return the language that a new item was written in first.

    What its drafts say; else the first of the site's languages that it comes in.
    """
    stated = [draft.source_language for draft in group.values() if draft.source_language in group]
    return next(filter(None, stated), None) or next(tag for tag in languages if tag in group)


def decide(
    draft: Draft,
    item: Item,
    known: Mapping[str, Translation],
    marks: Sequence[Mark],
    *,
    now: datetime,
) -> Decision:
    """Decide what a draft is to the text that the store has. Pure. Raises InputError."""
    before = known.get(draft.language)
    fingerprint = digest(draft.words)
    revised = before is None or draft.words != words_of(before)
    parent = _parent(draft, item, known)
    refuse_circle(draft.language, parent, item, known)
    workflow = _workflow(draft, before, revised=revised)
    text = Translation(
        **vars(draft.words),
        item_id=item.id,
        language=draft.language,
        dated=draft.dated,
        workflow=workflow,
        digest=fingerprint,
        source_digest=_made_of(draft, parent, known, marks, fingerprint),
        made_from=parent,
        revision=1 if before is None else before.revision + revised,
        change=before.change if before and not revised else _change(draft, before, fingerprint),
        updated=before.updated if before and not revised else now,
        approved=approved_at(workflow, None if revised else before, now=now),
    )
    if before is None:
        return Decision(verdict=Verdict.NEW, text=text, revised=True, note=draft.note)
    if draft.change is Change.RETRACTION and before.change is not Change.RETRACTION and not revised:
        raise InputError(
            "change",
            "a retraction needs a notice in place of the text: write it into the file, "
            "or use 'tidings item retract'",
        )
    verdict = Verdict.SAME if text == before else Verdict.CHANGED
    return Decision(verdict=verdict, text=text, revised=revised, note=draft.note)


def words_of(text: Translation) -> Text:
    """Return the words of a text without what stands beside them."""
    return Text(**{name: getattr(text, name) for name in Text.__dataclass_fields__})


def approved_at(
    workflow: Workflow, before: Translation | None, *, now: datetime
) -> datetime | None:
    """Return when a text was approved: once more where ``before`` is None, its words being new."""
    if workflow is not Workflow.APPROVED:
        return None
    return before.approved if before and before.approved else now


def _workflow(draft: Draft, before: Translation | None, *, revised: bool) -> Workflow:
    if before and before.workflow is Workflow.WITHDRAWN and draft.workflow is not Workflow.APPROVED:
        # Only an approval brings it back: otherwise who withdraws it before the next look,
        # and another who then edits it, would have left it where readers see it.
        return before.workflow
    if draft.workflow:
        return draft.workflow
    # Who changes an approved text and does not say it is approved has it reviewed again.
    return Workflow.IN_REVIEW if before is None or revised else before.workflow


def _change(draft: Draft, before: Translation | None, fingerprint: str) -> Change:
    if before is None:
        return Change.NEW
    if before.digest == fingerprint:
        # Only its address or its line breaks: nobody reads anything else than before.
        return Change.MINOR
    # Who does not say that a change is minor has translators look at it.
    return draft.change or Change.EDIT


def _parent(draft: Draft, item: Item, known: Mapping[str, Translation]) -> str:
    """Return the language of the text that a draft was made from."""
    if draft.language == item.source_language:
        return item.source_language
    before = known.get(draft.language)
    return draft.made_from or (before.made_from if before else item.source_language)


def refuse_circle(language: str, parent: str, item: Item, known: Mapping[str, Translation]) -> None:
    """Raise InputError where a text would be made from itself, by whatever detour."""
    seen: set[str] = set()
    above: str | None = parent if language != item.source_language else None
    while above and above != item.source_language and above not in seen:
        if above == language:
            reason = f"{parent} is itself made from {language}: name the text where it began"
            raise InputError("made_from", reason)
        seen.add(above)
        text = known.get(above)
        above = text.made_from if text else None


def _made_of(
    draft: Draft,
    parent: str,
    known: Mapping[str, Translation],
    marks: Sequence[Mark],
    fingerprint: str,
) -> str:
    """Return the digest of the text that a draft was made from.

    A translator who changes the words is taken to have read that text as it stands, unless
    the draft says which it was made from, or that the change is minor; untouched words keep
    what they were made from.
    """
    if parent == draft.language:
        return fingerprint
    if draft.source_digest:
        return after_minor_edits(draft.source_digest, [m for m in marks if m.language == parent])
    before, above = known.get(draft.language), known.get(parent)
    kept = before is not None and (before.digest == fingerprint or draft.change is Change.MINOR)
    if before is not None and kept and before.made_from == parent:
        return before.source_digest
    return above.digest if above else ""
