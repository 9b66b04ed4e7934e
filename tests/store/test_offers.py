"""Marks on what newsletters have yet to look at."""

from datetime import timedelta

from store import offers
from store.database import Database
from tests.make import NOW
from tests.store import fill

MOMENT = timedelta(microseconds=1)


def test_an_item_is_offered_to_the_newsletters_that_were_there_when_it_came(
    either: Database,
) -> None:
    with either.write() as tx:
        fill.newsletter(tx, key="old", since=NOW)
        fill.newsletter(tx, key="new", since=NOW + MOMENT)
        early = fill.item(tx, "early", created=NOW).id
        late = fill.item(tx, "late", created=NOW + MOMENT).id
        other = fill.item(tx, "other", created=NOW + MOMENT).id
        offers.offer(tx, [early, late])

        assert list(offers.offered(tx, "old").values()) == [early, late]
        assert list(offers.offered(tx, "new").values()) == [late]

        offers.offer_all(tx, "new")
        assert sorted(offers.offered(tx, "new").values()) == [late, late, other]
        assert list(offers.offered(tx, "old").values()) == [early, late]


def test_an_item_is_offered_to_each_frequency_and_taken_back_from_each_by_itself(
    either: Database,
) -> None:
    with either.write() as tx:
        fill.newsletter(tx, frequencies={"weekly": "fri 07:00", "monthly": "first fri 07:00"})
        fill.newsletter(tx, key="alerts")
        item = fill.item(tx).id
        offers.offer(tx, [item])
        found = [offers.offered(tx, "digest", name) for name in ("", "weekly", "monthly", "none")]
        assert [list(marks.values()) for marks in found] == [[item], [item], [item], []]

        offers.take_back(tx, found[1])
        assert list(offers.offered(tx, "digest").values()) == [item]
        assert offers.offered(tx, "digest", "weekly") == {}
        assert list(offers.offered(tx, "alerts").values()) == [item]


def test_a_mark_that_came_in_between_stays(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
        item = fill.item(tx).id
        offers.offer(tx, [item])
        seen = offers.offered(tx, "digest")
        offers.offer(tx, [item])
        offers.take_back(tx, seen)
        left = offers.offered(tx, "digest")

        assert list(left.values()) == [item]
        assert left.keys().isdisjoint(seen)


def test_a_mark_never_gets_the_number_of_one_taken_back(either: Database) -> None:
    """Who took note of the old mark and is late must not take back the new one."""
    with either.write() as tx:
        fill.newsletter(tx)
        item = fill.item(tx).id
        offers.offer(tx, [item])
        seen = offers.offered(tx, "digest")
        offers.take_back(tx, seen)
        offers.offer(tx, [item])
        offers.take_back(tx, seen)

        assert list(offers.offered(tx, "digest").values()) == [item]
