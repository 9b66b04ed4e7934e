"""Translations: saved revision by revision, by whoever has read the last one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from publisher.freshness import digest
from store import revisions, translations
from store.database import Database
from store.errors import ConflictError
from store.records import Change, Mark, Text, Translation, Workflow
from tests import make
from tests.make import NOW
from tests.store import fill


def test_every_saved_text_is_a_revision_that_stays_readable(either: Database) -> None:
    with either.write() as tx:
        item = fill.item(tx)
        first = fill.text(tx, item, dated=NOW)
        fill.text(tx, item, "fr")
        second = fill.text(tx, item, revision=2, title="Dignity, now", change=Change.CORRECTION)

    wanted = [(item.id, "en", 1), (item.id, "en", 2), (item.id, "en", 3), (item.id, "fr", 1)]
    with either.read() as tx:
        assert translations.of(tx, [item.id])[item.id]["en"] == second
        words = revisions.words(tx, wanted)
    assert {key: of.title for key, of in words.items()} == {
        (item.id, "en", 1): first.title,
        (item.id, "en", 2): "Dignity, now",
        (item.id, "fr", 1): make.TITLES["fr"],
    }
    assert type(words[item.id, "en", 1]) is Text


@pytest.mark.parametrize("number", [1, 2])
def test_a_second_writer_of_the_same_revision_is_told_and_nothing_is_lost(
    either: Database, number: int
) -> None:
    with either.write() as tx:
        item = fill.item(tx)
        for revision in range(1, number + 1):
            mine = fill.text(tx, item, revision=revision, title="Mine")

    with pytest.raises(ConflictError, match="read it again"), either.write() as tx:
        fill.text(tx, item, revision=number, title="Theirs")

    with either.read() as tx:
        assert translations.of(tx, [item.id])[item.id] == {"en": mine}
        assert revisions.words(tx, [(item.id, "en", number)])[item.id, "en", number].title == "Mine"


def test_a_revision_cannot_be_left_out(either: Database) -> None:
    with either.write() as tx:
        item = fill.item(tx)
        fill.text(tx, item)

    with pytest.raises(ConflictError), either.write() as tx:
        fill.text(tx, item, revision=3)


def test_of_eight_editors_at_once_none_loses_a_word(either: Database) -> None:
    with either.write() as tx:
        item = fill.item(tx)
        fill.text(tx, item)

    def edit(editor: int) -> int:
        """Save ten texts, each until it is in; return how often somebody else was faster."""
        refused = saved = 0
        while saved < 10:
            try:
                with either.write() as tx:
                    text = translations.of(tx, [item.id])[item.id]["en"]
                    title, revision = f"Text {saved} of {editor}", text.revision + 1
                    translations.save(
                        tx, replace(text, title=title, revision=revision), author="ann"
                    )
                saved += 1
            except ConflictError:
                refused += 1
        return refused

    refusals = fill.at_once(8, edit)

    with either.read() as tx:
        assert translations.of(tx, [item.id])[item.id]["en"].revision == 81
        words = revisions.words(tx, [(item.id, "en", number) for number in range(1, 82)])
        if not tx.on_postgresql:
            assert sum(refusals) == 0  # BEGIN IMMEDIATE lets nobody come in between
    titles = {f"Text {saved} of {editor}" for saved in range(10) for editor in range(8)}
    assert {text.title for text in words.values()} == {make.TITLES["en"], *titles}


def test_what_stands_beside_a_text_changes_without_a_revision(either: Database) -> None:
    with either.write() as tx:
        item = fill.item(tx)
        text = fill.text(tx, item, workflow=Workflow.DRAFT)
        french = fill.text(tx, item, "fr")
        later = NOW + timedelta(hours=1)
        beside: dict[str, Any] = {"source_digest": "f" * 64, "dated": NOW, "updated": later}
        noted = replace(text, workflow=Workflow.APPROVED, **beside)
        translations.annotate(tx, replace(noted, title="Not to be written"))

    with either.read() as tx:
        assert translations.of(tx, [item.id])[item.id] == {"en": noted, "fr": french}


@pytest.mark.parametrize("change", [{"revision": 1}, {"revision": 3}, {"language": "ar"}])
def test_what_was_decided_about_another_revision_is_not_written(
    either: Database, change: dict[str, Any]
) -> None:
    """An approval is of the words that were read: somebody may have saved others meanwhile."""
    with either.write() as tx:
        item = fill.item(tx)
        fill.text(tx, item, workflow=Workflow.DRAFT)
        saved = fill.text(tx, item, revision=2, title="Anew", workflow=Workflow.DRAFT)

    approved = replace(saved, workflow=Workflow.APPROVED, **change)
    with pytest.raises(ConflictError, match="read it again"), either.write() as tx:
        translations.annotate(tx, approved)

    with either.read() as tx:
        assert translations.of(tx, [item.id])[item.id] == {"en": saved}


@pytest.mark.parametrize(
    ("change", "carried"),
    [(Change.MINOR, True), (Change.EDIT, False), (Change.CORRECTION, False)],
)
def test_a_minor_edit_keeps_current_exactly_what_was_made_from_the_text_before_it(
    either: Database, change: Change, carried: bool
) -> None:
    old, new, older = (digest(make.text("en", body=body)) for body in ("Old", "New", "Older"))
    with either.write() as tx:
        item, other = fill.item(tx), fill.item(tx, "other")
        for each in (item, other):
            fill.text(tx, each, body="Old", digest=old, source_digest=old)
            fill.text(tx, each, "fr", source_digest=old)
        fill.text(tx, item, "es", source_digest=older)
        fill.text(tx, item, "ar", made_from="fr", source_digest=old)

        anew: dict[str, Any] = {"revision": 2, "body": "New", "digest": new, "source_digest": new}
        fill.text(tx, item, change=change, **anew)

    with either.read() as tx:
        found = translations.of(tx, [item.id, other.id])
    made_of = {tag: text.source_digest for tag, text in found[item.id].items()}
    assert made_of == {"en": new, "fr": new if carried else old, "es": older, "ar": old}
    assert found[other.id]["fr"].source_digest == old


def test_what_is_remembered_of_revisions_comes_oldest_first(either: Database) -> None:
    with either.write() as tx:
        item, other = fill.item(tx), fill.item(tx, "other")
        first = fill.text(tx, item)
        french = fill.text(tx, item, "fr")
        second = make.translation(
            "en", item_id=item.id, revision=2, body="200", change=Change.CORRECTION
        )
        translations.save(tx, second, author="bea", note="It was 100.")

    def mark(text: Translation, author: str, note: str) -> Mark:
        return Mark(
            item_id=item.id,
            language=text.language,
            number=text.revision,
            digest=text.digest,
            author=author,
            change=text.change,
            note=note,
            saved=text.updated,
        )

    with either.read() as tx:
        found = revisions.marks(tx, [item.id, other.id])
    assert found[other.id] == []
    assert [m for m in found[item.id] if m.language == "en"] == [
        mark(first, "ann", ""),
        mark(second, "bea", "It was 100."),
    ]
    assert [m for m in found[item.id] if m.language == "fr"] == [mark(french, "ann", "")]
