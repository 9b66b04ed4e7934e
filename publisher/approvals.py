"""Four eyes: who may approve what an issue tells in a language, and whether somebody has.

what would be frozen --> its digest --> approved by somebody who is none of its authors?

An approval holds for a digest, not for an issue. So any edit voids it by making the content
another, without anything to remember; and when the edit is taken back, the approval holds
again, since exactly that was seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from publisher import characters
from publisher.editions import Draft
from store import approvals, revisions
from store.database import Transaction
from store.records import Approval, Issue, Mark, Publication, Words


@dataclass(frozen=True, kw_only=True)
class Consent:
    """How a language of an issue stands."""

    language: str
    #: Of the edition with all items, as it would be frozen now.
    digest: str
    #: Who wrote the words, and who saved the last revision of each text: they may not approve it.
    authors: tuple[str, ...]
    #: None while nobody has approved exactly this.
    approval: Approval | None

    def is_author(self, name: str) -> bool:
        """Say whether somebody would approve their own work."""
        return _folded(name) in map(_folded, self.authors)


def consents(tx: Transaction, issue: Issue, made: Sequence[Draft]) -> list[Consent]:
    """Return how each language of an issue stands, given its editions as they would be frozen."""
    given = approvals.of(tx, issue.id)
    found = []
    for draft in made:
        if draft.variant == 0:
            digest = draft.rendered.sha256
            found.append(
                Consent(
                    language=draft.language,
                    digest=digest,
                    authors=tuple(sorted(_authors(tx, issue, draft))),
                    approval=given.get((draft.language, digest)),
                )
            )
    return found


def _authors(tx: Transaction, issue: Issue, draft: Draft) -> set[str]:
    marks = revisions.marks(tx, {row.item_id for row in draft.tells})
    words = issue.words.get(draft.language, Words())
    authors = {mark.author for row in draft.tells for mark in marks[row.item_id] if _is(mark, row)}
    return (authors | {*words.authors.values()}) - {""}


def _is(mark: Mark, row: Publication) -> bool:
    return (mark.language, mark.number) == (row.shown_language, row.revision)


def _folded(name: str) -> str:
    return characters.clean_line(name).casefold()
