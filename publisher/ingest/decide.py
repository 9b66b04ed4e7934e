"""What a draft is to the store: new, changed or the same. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from publisher.freshness import digest
from publisher.ingest.drafts import Draft
from store.records import Change, Item, Text, Translation, Workflow


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


def decide_all(
    group: Mapping[str, Draft], item: Item, known: Mapping[str, Translation], *, now: datetime
) -> list[Decision]:
    """Decide on the drafts of an item, its source first: the others are made from it. Pure."""
    texts, decisions = dict(known), []
    for draft in sorted(group.values(), key=lambda draft: draft.language != item.source_language):
        decisions.append(decide(draft, item, texts, now=now))
        texts[draft.language] = decisions[-1].text
    return decisions


def source_language(group: Mapping[str, Draft], languages: Sequence[str]) -> str:
    """Return the language that a new item was written in first.

    What its drafts say; else the first of the site's languages that it comes in.
    """
    stated = [draft.source_language for draft in group.values() if draft.source_language in group]
    return next(filter(None, stated), None) or next(tag for tag in languages if tag in group)


def decide(
    draft: Draft, item: Item, known: Mapping[str, Translation], *, now: datetime
) -> Decision:
    """Decide what a draft is to the text that the store has. Pure."""
    before = known.get(draft.language)
    fingerprint = digest(draft.words)
    revised = before is None or draft.words != words_of(before)
    text = Translation(
        **vars(draft.words),
        item_id=item.id,
        language=draft.language,
        dated=draft.dated,
        workflow=_workflow(draft, before, revised=revised),
        digest=fingerprint,
        source_digest=_made_from(draft, item, known, fingerprint),
        revision=1 if before is None else before.revision + revised,
        change=(Change.NEW if before is None else draft.change if revised else before.change),
        updated=before.updated if before and not revised else now,
    )
    if before is None:
        return Decision(verdict=Verdict.NEW, text=text, revised=True)
    verdict = Verdict.SAME if text == before else Verdict.CHANGED
    return Decision(verdict=verdict, text=text, revised=revised)


def words_of(text: Translation) -> Text:
    """Return the words of a text without what stands beside them."""
    return Text(**{name: getattr(text, name) for name in Text.__dataclass_fields__})


def _workflow(draft: Draft, before: Translation | None, *, revised: bool) -> Workflow:
    if draft.workflow:
        return draft.workflow
    # Who changes an approved text and does not say it is approved has it reviewed again.
    return Workflow.IN_REVIEW if before is None or revised else before.workflow


def _made_from(draft: Draft, item: Item, known: Mapping[str, Translation], fingerprint: str) -> str:
    """Return the digest of the source text that a draft was made from.

    A translator who changes the words is taken to have read the source as it stands, unless
    the draft says which it was made from; untouched words keep what they were made from.
    """
    if draft.language == item.source_language:
        return fingerprint
    if draft.source_digest:
        return draft.source_digest
    before, source = known.get(draft.language), known.get(item.source_language)
    if before is not None and before.digest == fingerprint:
        return before.source_digest
    return source.digest if source else ""
