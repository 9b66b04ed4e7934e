"""Items: minted once, known by key and place, found when they are due."""

from datetime import timedelta

import pytest

from store import entries, items, origins, publications, stale, topics, translations
from store.database import Database
from store.errors import ConflictError, NotFoundError
from store.records import FEED, Kind, Workflow
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
        origins.came_from(tx, item.id, "fr", origin="news/dignity", fingerprint="1")
        origins.came_from(tx, other.id, "en", origin="news/other", fingerprint="2")
        origins.came_from(tx, item.id, "fr", origin="", fingerprint="3")
        fill.text(tx, item, "fr", revision=2, title="Encore")

    with either.read() as tx:
        assert items.by_origin(tx, "news/dignity") == item
        assert items.by_origin(tx, "news/other") == other
        assert items.by_origin(tx, "news/none") is None
        assert origins.fingerprints(tx, item.id) == {"en": "", "fr": "3"}
        assert translations.of(tx, [item.id])[item.id]["en"] == text


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
        assert translations.of(tx, ids)[item.id] == {"en": text}
        assert publications.standing(tx, ids, FEED) == {(item.id, "en"): row}
        assert [entry.ordinal for entry in entries.of_items(tx, ids)] == [1]
        stale.take_back(tx, Marks(items=dict.fromkeys(ids, 1), issues={}))
        assert not stale.is_any(tx)
