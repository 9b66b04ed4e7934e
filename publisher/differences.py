"""What readers of an issue were sent against the text as it is now."""

import difflib
from dataclasses import dataclass

from publisher.errors import NotFoundError
from publisher.ingest.decide import words_of
from store import issues, publications, revisions, translations
from store.database import Database
from store.records import Text


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
        sent = revisions.words(tx, {key})[key]
        now = translations.of(tx, [item_id])[item_id][row.shown_language]
    return Difference(
        sent=Version(language=row.shown_language, revision=row.revision, words=sent),
        now=Version(language=now.language, revision=now.revision, words=words_of(now)),
        lines=tuple(difflib.unified_diff(_lines(sent), _lines(now), "sent", "now", lineterm="")),
    )


def _lines(words: Text) -> list[str]:
    return [words.title, "", words.summary, "", *words.body.split("\n")]
