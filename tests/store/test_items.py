"""Items and their texts: minted once, saved revision by revision, found when they are due."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from publisher.freshness import digest
from store import entries, items, publications, stale, topics
from store.database import Database
from store.errors import ConflictError, NotFoundError
from store.records import FEED, Change, Kind, Mark, Text, Translation, Workflow
from store.stale import Marks
from tests import make
from tests.make import NOW
from tests.store import fill


def test_a_new_item_gets_an_id_and_a_tag_made_of_it(either: Database) -> None:
    with either.write() as tx:
        first = fill.item(tx, "dignity", embargo=NOW, url="https://example.org/1", image="a.png")
        second = fill.item(tx, "shelter", kind=Kind.EVENT)

    assert first.tag == f"{fill.PREFIX}/{first.id}"
    assert second.tag == f"{fill.PREFIX}/{second.id}"
    with either.read() as tx:
        assert items.get(tx, first.id) == first
        assert items.by_key(tx, "shelter") == second
        assert items.many(tx, [first.id, second.id, 999]) == {first.id: first, second.id: second}


def test_a_key_in_use_is_refused_and_nothing_is_left(either: Database) -> None:
    with either.write() as tx:
        fill.item(tx, "dignity")

    def add_both() -> None:
        with either.write() as tx:
            fill.item(tx, "shelter")
            fill.item(tx, "dignity")

    with pytest.raises(ConflictError):
        add_both()

    with either.read() as tx:
        assert [item.key for item in items.listing(tx)] == ["dignity"]


def test_a_source_may_use_the_tag_of_another_item_as_its_key(either: Database) -> None:
    """A feed of our own that is read again names its entries by our tags."""
    with either.write() as tx:
        ours = fill.item(tx, "dignity")
        theirs = fill.item(tx, ours.tag)

    assert theirs.key == ours.tag
    assert theirs.tag != ours.tag


def test_an_item_that_is_not_there_is_named(either: Database) -> None:
    with pytest.raises(NotFoundError) as missing, either.read() as tx:
        items.get(tx, 7)

    assert (missing.value.kind, missing.value.key) == ("item", 7)


def test_topics_come_sorted_and_are_replaced_as_a_whole(either: Database) -> None:
    with either.write() as tx:
        fill.topic(tx, "asylum", "health", "work")
        first = fill.item(tx, "dignity", topics=("work", "asylum"))
        second = fill.item(tx, "shelter", topics=("work",))
        assert first.topics == ("asylum", "work")
        assert items.on_topic(tx, "work") == [first.id, second.id]

    with either.write() as tx:
        items.change(tx, first.id, topics=["health"], kind=Kind.PROJECT)

    with either.read() as tx:
        changed = items.get(tx, first.id)
        assert (changed.topics, changed.kind) == (("health",), Kind.PROJECT)
        assert items.get(tx, second.id) == second
        assert items.on_topic(tx, "work") == [second.id]


def test_a_topic_keeps_the_names_it_has_beside_new_ones(either: Database) -> None:
    with either.write() as tx:
        topics.put(tx, "work", {"en": "Work", "fr": "Travail"})
        topics.put(tx, "work", {"en": "Labour", "es": "Trabajo"})
        topics.add_unnamed(tx, {"work": {"en": "Toil"}, "health": {"en": "Health"}})

    with either.read() as tx:
        names = {topic.key: topic.names for topic in topics.listing(tx)}
    assert list(names) == ["health", "work"]
    assert names["work"] == {"en": "Labour", "fr": "Travail", "es": "Trabajo"}


def test_every_saved_text_is_a_revision_that_stays_readable(either: Database) -> None:
    with either.write() as tx:
        item = fill.item(tx)
        first = fill.text(tx, item, dated=NOW)
        fill.text(tx, item, "fr")
        second = fill.text(tx, item, revision=2, title="Dignity, now", change=Change.CORRECTION)

    wanted = [(item.id, "en", 1), (item.id, "en", 2), (item.id, "en", 3), (item.id, "fr", 1)]
    with either.read() as tx:
        assert items.texts(tx, [item.id])[item.id]["en"] == second
        words = items.words(tx, wanted)
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
        assert items.texts(tx, [item.id])[item.id] == {"en": mine}
        assert items.words(tx, [(item.id, "en", number)])[item.id, "en", number].title == "Mine"


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
                    text = items.texts(tx, [item.id])[item.id]["en"]
                    title, revision = f"Text {saved} of {editor}", text.revision + 1
                    items.save(tx, replace(text, title=title, revision=revision), author="ann")
                saved += 1
            except ConflictError:
                refused += 1
        return refused

    refusals = fill.at_once(8, edit)

    with either.read() as tx:
        assert items.texts(tx, [item.id])[item.id]["en"].revision == 81
        words = items.words(tx, [(item.id, "en", number) for number in range(1, 82)])
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
        items.annotate(tx, replace(noted, title="Not to be written"))

    with either.read() as tx:
        assert items.texts(tx, [item.id])[item.id] == {"en": noted, "fr": french}


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
        items.annotate(tx, approved)

    with either.read() as tx:
        assert items.texts(tx, [item.id])[item.id] == {"en": saved}


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
        found = items.texts(tx, [item.id, other.id])
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
        items.save(tx, second, author="bea", note="It was 100.")

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
        found = items.marks(tx, [item.id, other.id])
    assert found[other.id] == []
    assert [m for m in found[item.id] if m.language == "en"] == [
        mark(first, "ann", ""),
        mark(second, "bea", "It was 100."),
    ]
    assert [m for m in found[item.id] if m.language == "fr"] == [mark(french, "ann", "")]


def test_an_embargo_is_set_and_lifted(either: Database) -> None:
    with either.write() as tx:
        item, other = fill.item(tx), fill.item(tx, "other", embargo=NOW)
        items.embargo(tx, item.id, NOW + timedelta(hours=1))
        assert items.get(tx, item.id).embargo == NOW + timedelta(hours=1)
        items.embargo(tx, item.id, None)
        assert items.get(tx, item.id) == item
        assert items.get(tx, other.id) == other


def test_an_item_is_known_by_the_place_that_a_text_came_from_through_every_revision(
    either: Database,
) -> None:
    with either.write() as tx:
        item, other = fill.item(tx), fill.item(tx, "other")
        text = fill.text(tx, item)
        fill.text(tx, item, "fr")
        fill.text(tx, other)
        items.came_from(tx, item.id, "fr", origin="news/dignity", fingerprint="1")
        items.came_from(tx, other.id, "en", origin="news/other", fingerprint="2")
        items.came_from(tx, item.id, "fr", origin="", fingerprint="3")
        fill.text(tx, item, "fr", revision=2, title="Encore")

    with either.read() as tx:
        assert items.by_origin(tx, "news/dignity") == item
        assert items.by_origin(tx, "news/other") == other
        assert items.by_origin(tx, "news/none") is None
        assert items.fingerprints(tx, item.id) == {"en": "", "fr": "3"}
        assert items.texts(tx, [item.id])[item.id]["en"] == text


def test_items_are_listed_by_the_language_and_state_of_one_text(either: Database) -> None:
    with either.write() as tx:
        both, english, bare = (fill.item(tx, key) for key in ("both", "english", "bare"))
        fill.text(tx, both)
        fill.text(tx, both, "fr", workflow=Workflow.DRAFT)
        fill.text(tx, english)

    def keys(language: str | None, workflow: Workflow | None) -> list[str]:
        with either.read() as tx:
            return [item.key for item in items.listing(tx, language=language, workflow=workflow)]

    assert keys(None, None) == ["both", "english", bare.key]
    assert keys("fr", None) == ["both"]
    assert keys(None, Workflow.APPROVED) == ["both", "english"]
    assert keys("fr", Workflow.DRAFT) == ["both"]
    assert keys("fr", Workflow.APPROVED) == []


def test_items_and_texts_are_counted(either: Database) -> None:
    with either.write() as tx:
        assert items.counts(tx) == (0, 0)
        item = fill.item(tx)
        fill.item(tx, "shelter")
        fill.text(tx, item)
        fill.text(tx, item, revision=2)
        fill.text(tx, item, "fr")

    with either.read() as tx:
        assert items.counts(tx) == (2, 2)


def test_due_items_come_longest_waiting_first_and_no_more_than_asked_for(
    either: Database,
) -> None:
    minute = timedelta(minutes=1)
    with either.write() as tx:
        a, b, c, d, never = (fill.item(tx, key).id for key in "abcde")
        items.look(tx, a, NOW)
        items.look(tx, b, NOW - minute)
        items.look(tx, c, NOW)
        items.look(tx, d, NOW + minute)

        assert items.due(tx, NOW, limit=10) == [b, a, c]
        assert items.due(tx, NOW, limit=2) == [b, a]
        items.look(tx, b, None)
        assert items.due(tx, NOW + minute, limit=10) == [a, c, d]
    assert never not in (a, b, c, d)


def test_the_tick_can_be_made_to_look_at_everything(either: Database) -> None:
    with either.write() as tx:
        waiting, quiet = fill.item(tx, "waiting").id, fill.item(tx, "quiet").id
        items.look(tx, waiting, NOW + timedelta(days=1))

        items.look_at_all(tx, NOW)

        assert items.due(tx, NOW, limit=10) == [waiting, quiet]


def test_two_ticks_at_once_look_at_each_item_once(either: Database) -> None:
    with either.write() as tx:
        ids = [fill.item(tx, f"item-{number}").id for number in range(60)]
        for item_id in ids:
            items.look(tx, item_id, NOW)

    def tick(_number: int) -> list[int]:
        looked_at: list[int] = []
        while True:
            with either.write() as tx:
                found = items.due(tx, NOW, limit=10)
                for item_id in found:
                    items.look(tx, item_id, None)
            if not found:
                return looked_at
            looked_at += found

    seen = fill.at_once(3, tick)

    assert sorted(item_id for mine in seen for item_id in mine) == ids


def test_an_archive_of_any_size_can_be_asked_for_at_once(either: Database) -> None:
    """Databases bound how many parameters a statement takes: PostgreSQL at 65,535."""
    ids = range(1, 70_001)
    with either.write() as tx:
        item = fill.item(tx)
        text = fill.text(tx, item)
        row = make.publication(item_id=item.id)
        publications.record(tx, [row])
        stale.mark_items(tx, [item.id])
        entries.append(tx, [(("en", ""), item.id)])

        assert items.many(tx, ids) == {item.id: item}
        assert items.texts(tx, ids)[item.id] == {"en": text}
        assert publications.standing(tx, ids, FEED) == {(item.id, "en"): row}
        assert [entry.ordinal for entry in entries.of_items(tx, ids)] == [1]
        stale.take_back(tx, Marks(items=dict.fromkeys(ids, 1), issues={}))
        assert not stale.is_any(tx)
