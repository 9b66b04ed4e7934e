"""An item as the store has it, and what is asked of it to decide what it tells. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher import freshness
from publisher.policy import Answer, Fired, Policy, Skip
from store.records import Change, Item, Mark, Translation, Workflow


@dataclass(frozen=True, kw_only=True)
class Case:
    """An item as the store has it: all that a decision is made from."""

    item: Item
    texts: Mapping[str, Translation]
    #: Its revisions in every language, oldest first.
    marks: Sequence[Mark]

    @property
    def source(self) -> Translation | None:
        """The source text, if it is approved."""
        return self.approved(self.item.source_language)

    def approved(self, language: str) -> Translation | None:
        """Return the text in a language, if it is approved."""
        text = self.texts.get(language)
        return text if text and text.workflow is Workflow.APPROVED else None

    def retraction(self, language: str) -> Translation | None:
        """Return the notice that takes a text back, if it is approved."""
        text = self.approved(language)
        return text if text and text.change is Change.RETRACTION else None

    def since(self, language: str, revision: int) -> set[Change]:
        """Return what has been done to a text after a revision."""
        return {
            mark.change
            for mark in self.marks
            if mark.language == language and mark.number > revision
        }

    def is_withdrawn(self, language: str) -> bool:
        """Say whether the text in a language was taken out."""
        text = self.texts.get(language)
        return text is not None and text.workflow is Workflow.WITHDRAWN

    def was_corrected(self, revision: int) -> bool:
        """Say whether the source text was corrected after a revision, and that is approved."""
        changes = self.since(self.item.source_language, revision)
        return self.source is not None and Change.CORRECTION in changes


def why(item: Item, texts: Mapping[str, Translation], language: str) -> str:
    """Say why an item is not ready in a language; ``ready`` when it is."""
    text = texts.get(language)
    stand = freshness.freshness(item, texts, language)
    if text is None or stand is not freshness.Freshness.CURRENT:
        return stand.value
    return Fired.READY.value if text.workflow is Workflow.APPROVED else text.workflow.value


def source_revision(case: Case, language: str, known: int) -> int:
    """Return the source text's revision that an audience has been told of with a text.

    A text that is current says what the source says, be that approved or not.
    """
    source = case.texts.get(case.item.source_language)
    stand = freshness.freshness(case.item, case.texts, language)
    says_so = stand is freshness.Freshness.CURRENT or case.source is not None
    return source.revision if source and says_so else known


def answer(case: Case, language: str, policy: Policy, *, now: datetime) -> Answer:
    """Return what a policy answers for an item in a language: nothing for one taken back."""
    if case.retraction(case.item.source_language):
        return Skip("retracted")
    ready = freshness.ready(case.item, case.texts)
    return policy.answer(
        language,
        ready,
        reason=why(case.item, case.texts, language),
        embargo=case.item.embargo,
        since=freshness.waiting_since(case.item, ready),
        now=now,
    )
