"""Places in feeds: given once, in the order of telling, and never again."""

from store import entries, topics
from store.database import Database
from store.entries import Feed
from store.records import FeedEntry
from tests.store import fill

ALL, TOPIC, FRENCH = ("en", ""), ("en", "labour"), ("fr", "")


def place(feed: Feed, ordinal: int, item_id: int) -> FeedEntry:
    language, topic = feed
    return FeedEntry(language=language, topic=topic, ordinal=ordinal, item_id=item_id)


def test_each_feed_counts_by_itself(either: Database) -> None:
    with either.write() as tx:
        fill.topic(tx, "labour", "asylum")
        a, b = fill.item(tx, "a").id, fill.item(tx, "b").id
        made = entries.append(tx, [(ALL, a), (TOPIC, a), (ALL, b), (FRENCH, b)])
        assert made == [
            place(ALL, 1, a), place(TOPIC, 1, a), place(ALL, 2, b), place(FRENCH, 1, b)
        ]  # fmt: skip
        assert entries.append(tx, [(FRENCH, a)]) == [place(FRENCH, 2, a)]

    with either.read() as tx:
        assert entries.ends(tx, ["en", "fr", "ar"]) == {ALL: 2, TOPIC: 1, FRENCH: 2}
        assert entries.ends(tx, ["fr"]) == {FRENCH: 2}
        assert entries.last(tx, ("ar", "")) == 0
        assert entries.of_items(tx, [a]) == [place(ALL, 1, a), place(TOPIC, 1, a),
                                             place(FRENCH, 2, a)]  # fmt: skip
        assert entries.of_items(tx, []) == []


def test_writers_at_once_get_places_without_a_gap(either: Database) -> None:
    with either.write() as tx:
        ids = [fill.item(tx, f"item-{number}").id for number in range(12)]

    def append(number: int) -> None:
        for item_id in ids[number::4]:
            with either.write() as tx:
                entries.append(tx, [(ALL, item_id)])

    fill.at_once(4, append)
    with either.read() as tx:
        found = entries.of_items(tx, ids)
    assert sorted(entry.ordinal for entry in found) == list(range(1, 13))


def test_parts_are_those_that_hold_an_item_of_a_feed(either: Database) -> None:
    with either.write() as tx:
        ids = [fill.item(tx, f"item-{number}").id for number in range(12)]
        assert entries.parts(tx, size=3) == []
        entries.append(tx, [(ALL, ids[0]), (FRENCH, ids[1]), (ALL, ids[5]), (ALL, ids[11])])
        assert entries.parts(tx, size=3) == [1, 2, 4]
        assert entries.parts(tx, size=1) == [1, 2, 6, 12]
        assert entries.parts(tx, size=100) == [1]


def test_an_item_in_several_feeds_is_held_once(either: Database) -> None:
    with either.write() as tx:
        ids = [fill.item(tx, f"item-{number}").id for number in range(4)]
        entries.append(tx, [(ALL, ids[0]), (FRENCH, ids[0]), (ALL, ids[2]), (ALL, ids[3])])
        assert entries.held(tx, ids[0], ids[2]) == {ids[0], ids[2]}
        assert entries.held(tx, ids[1], ids[1]) == set()


def test_a_topic_without_news_has_no_feed(either: Database) -> None:
    with either.write() as tx:
        fill.topic(tx, "labour")
        assert [topic.key for topic in topics.listing(tx)] == ["labour"]
        assert entries.ends(tx, ["en"]) == {}
