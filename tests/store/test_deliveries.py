"""Deliveries: counted, read by pages, put off and cancelled while they wait."""

from typing import Any

from sqlalchemy import event, true, update

from store import batches, cancelling, deliveries, dues, queueing, subscribers, tables
from store.database import Database
from store.records import Delivery, DeliveryState
from tests import claimed
from tests.make import NOW
from tests.store import fill
from tests.store.mailed import DUE, MINUTE, claim, due_of, queued, queued_again, settled, states


def test_what_is_due_and_waits_is_put_off_and_nothing_else(digest: Database) -> None:
    issue = queued(digest, 4, size=4)
    with digest.write() as tx:
        sent, later, *_ = mails = claimed.claim(tx, NOW)
        claimed.settle(tx, [sent], DeliveryState.SENT, now=NOW)
        claimed.settle(tx, [later], DeliveryState.POSTPONED, due=NOW + 2 * MINUTE, now=NOW)
        claimed.settle(tx, mails[2:], DeliveryState.POSTPONED, now=NOW)
        subscribers.change(tx, sent.subscriber_id + 3, timezone="Asia/Tokyo")
        [batch] = batches.lock(tx, true())
        assert dues.zones(tx, batch, NOW) == ["Asia/Tokyo", "UTC"]
        assert dues.zones(tx, batch, NOW - MINUTE) == []
        dues.put_off(tx, sent.edition_id, {"UTC": NOW + MINUTE}, now=NOW)
        dues.put_off(tx, sent.edition_id + 1, {"Asia/Tokyo": NOW + MINUTE}, now=NOW)
        assert dues.zones(tx, batch, NOW) == ["Asia/Tokyo"]
    assert due_of(digest, issue) == [NOW, NOW + 2 * MINUTE, NOW + MINUTE, NOW]


def test_deliveries_are_counted_by_state_and_by_issue(digest: Database) -> None:
    first = queued(digest, 3)
    settled(digest, DeliveryState.SENT)
    settled(digest, DeliveryState.POSTPONED, due=NOW + MINUTE)
    with digest.write() as tx:
        second = fill.issue(tx, slot=NOW + MINUTE)
        fill.edition(tx, second)
        queueing.queue(tx, second, due=DUE, now=NOW, size=2)

    none = dict.fromkeys(DeliveryState, 0)
    one_each = {DeliveryState.SENT: 1, DeliveryState.POSTPONED: 1, DeliveryState.QUEUED: 1}
    with digest.read() as tx:
        assert deliveries.counts(tx, issue_id=first.id) == {**none, **one_each}
        assert deliveries.counts(tx) == {**none, **one_each, DeliveryState.QUEUED: 4}
        assert deliveries.counts(tx, issue_id=999) == none
        assert deliveries.waiting(tx, issue_id=first.id) == 2
        assert deliveries.waiting(tx) == 5


def test_the_mails_of_an_issue_are_read_by_pages_in_their_order(digest: Database) -> None:
    queued(digest, 7, size=2)
    issue = queued_again(digest, size=3)
    with digest.write() as tx:
        # Another edition, of which the mails stand among those of the first by their numbers.
        other = fill.edition(tx, issue, "fr")
        mine = tables.deliveries.c.issue_id == issue.id
        tx.run(
            update(tables.deliveries)
            .where(mine, tables.deliveries.c.id % 2 == 0)
            .values(edition_id=other)
        )
        (one, *_) = batches.lock(tx, tables.batches.c.issue_id == issue.id)
        tx.run(update(tables.batches).where(batches.still(one)).values(edition_id=other))
    with digest.read() as tx:
        whole = deliveries.listing(tx, issue.id)
        assert len({mail.edition_id for mail in whole}) == 2
        for state, expected in (
            (None, whole),
            (DeliveryState.QUEUED, whole),
            (DeliveryState.SENT, []),
        ):
            found: list[Delivery] = []
            while page := deliveries.page(
                tx, issue.id, after=found[-1].id if found else 0, limit=3, state=state
            ):
                assert len(page) <= 3
                found += page
            assert found == expected
        assert deliveries.page(tx, 999, after=0, limit=3) == []


def test_a_page_of_mails_is_found_along_their_key(database: Database) -> None:
    """By the issue all of them would be found and sorted for each page."""
    with database.write() as tx:
        fill.newsletter(tx)
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _cur: object, text: str, values: Any, *_: object) -> None:
        if text.startswith("SELECT"):
            asked.append((text, values))

    issue = queued(database, 7, size=2)
    event.listen(database._engine, "before_cursor_execute", note)
    with database.read() as tx:
        assert len(deliveries.page(tx, issue.id, after=2, limit=3)) == 3
    event.remove(database._engine, "before_cursor_execute", note)
    raw = database._engine.raw_connection()
    plan = [
        row[3]
        for query, values in asked
        for row in raw.cursor().execute(f"EXPLAIN QUERY PLAN {query}", values)
        if "deliveries" in row[3]
    ]
    raw.close()
    assert plan == [
        "SEARCH deliveries USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
        "SEARCH deliveries USING INTEGER PRIMARY KEY (rowid=?)",
    ]


def test_the_next_due_is_the_earliest_that_waits(digest: Database) -> None:
    issue = queued(digest, 2)
    with digest.read() as tx:
        assert deliveries.next_due(tx) == NOW
        assert deliveries.next_due(tx, issue_id=999) is None

    settled(digest, DeliveryState.POSTPONED, due=NOW + 2 * MINUTE)
    settled(digest, DeliveryState.POSTPONED, due=NOW + MINUTE)
    with digest.read() as tx:
        assert deliveries.next_due(tx, issue_id=issue.id) == NOW + MINUTE

    settled(digest, DeliveryState.SENT, now=NOW + 2 * MINUTE)
    settled(digest, DeliveryState.FAILED, now=NOW + 2 * MINUTE)
    with digest.read() as tx:
        assert deliveries.next_due(tx) is None


def test_what_waits_of_an_issue_can_be_put_off_and_cancelled(digest: Database) -> None:
    issue, other = queued(digest, 3), queued_again(digest)
    done = settled(digest, DeliveryState.SENT)
    with digest.write() as tx:
        dues.put_off_all(tx, issue, NOW + MINUTE)
        assert claim(tx, issue_id=issue.id) is None
        mail = claim(tx, NOW + MINUTE, issue_id=issue.id)
        assert cancelling.cancel(tx, issue, NOW) == 1
    assert mail
    assert done.id != mail.id
    assert states(digest, issue) == ["sent", "claimed", "cancelled"]
    assert states(digest, other) == ["queued"] * 3
