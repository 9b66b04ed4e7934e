"""What hubs have yet to hear, on both databases."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from store import pings, tables
from store.database import Database
from store.records import Ping
from tests import make
from tests.make import NOW
from tests.store import fill

HUB, OTHER = "https://hub.example.org/", "https://other.example.net/push?key=1"
FEEDS = ["https://news.example.org/fr/feed.atom", "https://news.example.org/ar/feed.json"]
LATER = NOW + timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)


def put(database: Database, *, now: datetime = NOW) -> None:
    with database.write() as tx:
        pings.put(tx, [HUB, OTHER], FEEDS, now=now)


def claim(database: Database, hub: str = HUB, *, now: datetime = NOW, limit: int = 9) -> list[Ping]:
    with database.write() as tx:
        return pings.claim(tx, hub, now=now, until=now + timedelta(minutes=1), limit=limit)


def left(database: Database) -> list[Ping]:
    with database.read() as tx:
        rows = tx.rows(select(tables.pings).order_by(tables.pings.c.id))
    return [Ping(**row) for row in rows]


def pairs(found: list[Ping]) -> list[tuple[str, str]]:
    return [(ping.hub, ping.topic) for ping in found]


def test_each_hub_is_to_hear_of_each_feed_once(either: Database) -> None:
    with either.write() as tx:
        pings.put(tx, [HUB, HUB, OTHER], [*FEEDS, FEEDS[0]], now=NOW)
    put(either)
    found = left(either)
    assert sorted(pairs(found)) == sorted((hub, feed) for hub in (HUB, OTHER) for feed in FEEDS)
    assert {(ping.attempts, ping.due) for ping in found} == {(0, NOW)}


@pytest.mark.parametrize(("hubs", "feeds"), [([], FEEDS), ([HUB], []), ([], [])])
def test_without_hubs_or_feeds_nothing_is_written(
    either: Database, hubs: list[str], feeds: list[str]
) -> None:
    with either.write() as tx:
        pings.put(tx, hubs, feeds, now=NOW)
        assert not pings.is_any_due(tx, NOW)
    assert left(either) == []


def test_nothing_is_due_before_its_time(either: Database) -> None:
    put(either, now=LATER)
    with either.read() as tx:
        assert not pings.is_any_due(tx, LATER - MOMENT)
        assert pings.is_any_due(tx, LATER)
    assert claim(either, now=LATER - MOMENT) == []


def test_a_claim_takes_the_oldest_of_one_hub_and_leaves_nothing_to_a_second(
    either: Database,
) -> None:
    put(either)
    [first] = claim(either, limit=1)
    [second] = claim(either, limit=1)
    assert (first.topic, second.topic) == (FEEDS[0], FEEDS[1])
    assert first.hub == second.hub == HUB
    assert claim(either) == []
    assert len(claim(either, OTHER)) == 2


def test_whoever_dies_with_a_claim_leaves_it_to_another_a_minute_later(either: Database) -> None:
    put(either)
    taken = claim(either)
    assert claim(either, now=LATER - MOMENT) == []
    assert {ping.id for ping in claim(either, now=LATER)} == {ping.id for ping in taken}


def test_of_several_at_once_only_one_gets_a_ping(either: Database) -> None:
    put(either)
    taken = fill.at_once(4, lambda _: claim(either))
    assert sorted(len(found) for found in taken) == [0, 0, 0, 2]


def test_what_is_done_is_gone_and_what_is_postponed_waits(either: Database) -> None:
    put(either)
    told, failed = claim(either)
    tried = Ping(**{**vars(failed), "attempts": 3, "due": LATER})
    with either.write() as tx:
        pings.done(tx, [told.id])
        pings.postpone(tx, [tried])
    assert [ping for ping in left(either) if ping.hub == HUB] == [tried]
    assert len(left(either)) == 3


@pytest.mark.parametrize("outcome", ["done", "postponed"])
def test_a_change_while_the_hub_is_being_told_is_told_again(either: Database, outcome: str) -> None:
    put(either)
    taken = claim(either)
    put(either, now=NOW + MOMENT)
    with either.write() as tx:
        if outcome == "done":
            pings.done(tx, [ping.id for ping in taken])
        else:
            pings.postpone(tx, [Ping(**{**vars(p), "attempts": 1, "due": LATER}) for p in taken])
    again = claim(either, now=NOW + MOMENT)
    assert pairs(again) == pairs(taken)
    assert {ping.attempts for ping in again} == {0}
    assert {ping.id for ping in again}.isdisjoint(ping.id for ping in taken)


def test_a_new_ping_never_gets_the_number_of_one_that_is_done(either: Database) -> None:
    """Who is late with the old one must not take the new one out."""
    put(either)
    taken = {ping.id for ping in left(either)}
    with either.write() as tx:
        pings.done(tx, taken)
    put(either)
    with either.write() as tx:
        pings.done(tx, taken)
    assert len(left(either)) == 4


def test_two_who_put_the_same_at_once_do_not_collide(either: Database) -> None:
    fill.at_once(4, lambda _: put(either))
    assert len(left(either)) == 4


def test_a_hub_that_was_taken_from_the_settings_hears_no_more(either: Database) -> None:
    put(either)
    with either.write() as tx:
        pings.keep_only(tx, [OTHER])
    assert {ping.hub for ping in left(either)} == {OTHER}
    with either.write() as tx:
        pings.keep_only(tx, [])
    assert left(either) == []


class Tellers:
    """Several who tell one hub at once, fail and die; and what the hub has heard of each feed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOW
        #: How often each feed has changed, and the change that the hub has seen.
        self.changed = dict.fromkeys(FEEDS, 0)
        self.heard = dict.fromkeys(FEEDS, 0)
        self.under_way: list[list[tuple[Ping, int]]] = []

    def put(self, number: int) -> None:
        feed = FEEDS[number % len(FEEDS)]
        self.changed[feed] += 1
        with self.database.write() as tx:
            pings.put(tx, [HUB], [feed], now=self.now)

    def claim(self, number: int) -> None:
        taken = claim(self.database, now=self.now, limit=number)
        self.under_way.append([(ping, self.changed[ping.topic]) for ping in taken])

    def wait(self, number: int) -> None:
        self.now += timedelta(seconds=number * 20)

    def finish(self, number: int) -> None:
        for ping, seen in self._one(number):
            self.heard[ping.topic] = max(self.heard[ping.topic], seen)
            with self.database.write() as tx:
                pings.done(tx, [ping.id])

    def fail(self, number: int) -> None:
        due = self.now + timedelta(minutes=4)
        with self.database.write() as tx:
            pings.postpone(tx, [replace(ping, due=due) for ping, _ in self._one(number)])

    def die(self, number: int) -> None:
        self._one(number)

    def _one(self, number: int) -> list[tuple[Ping, int]]:
        return self.under_way.pop(number % len(self.under_way)) if self.under_way else []

    @property
    def unheard(self) -> set[str]:
        return {feed for feed in FEEDS if self.heard[feed] < self.changed[feed]}


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "claim", "wait", "finish", "fail", "die"]), st.integers(1, 5)
        ),
        min_size=15,
        max_size=40,
    )
)
def test_the_last_change_of_a_feed_is_heard_after_it_was_made_whatever_happens(
    migrated: bytes, acts: list[tuple[str, int]]
) -> None:
    with make.a_store(migrated) as database:
        tellers = Tellers(database)
        for act, number in acts:
            getattr(tellers, act)(number)
            assert tellers.unheard <= {ping.topic for ping in left(database)}
        tellers.under_way.clear()
        for act, number in (("wait", 180), ("claim", 9), ("finish", 0)):
            getattr(tellers, act)(number)
        assert tellers.unheard == set()
        assert left(database) == []
