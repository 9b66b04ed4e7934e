"""Claims: each delivery has one claimant, who settles it once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from store import claims, deliveries, issues, queueing, subscribers
from store.database import Database, open_database
from store.records import Delivery, DeliveryState, IssueState, Status
from tests import claimed
from tests.make import NOW
from tests.store import fill
from tests.store.mailed import DUE, MINUTE, claim, people, queued, settled, states


def test_what_is_due_is_claimed_in_turn_until_nothing_is_left(digest: Database) -> None:
    queued(digest, 2)

    with digest.write() as tx:
        first, second, none = (claim(tx) for _ in range(3))

    assert first
    assert second
    assert [first.email, second.email] == people(2)
    assert (first.state, first.attempts) == (DeliveryState.CLAIMED, 1)
    assert none is None


def test_nothing_is_claimed_before_it_is_due(digest: Database) -> None:
    queued(digest, 1)

    with digest.write() as tx:
        assert claim(tx, NOW - timedelta(microseconds=1)) is None
        assert claim(tx) is not None


def test_a_claim_can_keep_to_one_issue(digest: Database) -> None:
    queued(digest, 1)
    with digest.write() as tx:
        later = fill.issue(tx, slot=NOW + MINUTE)
        fill.edition(tx, later)
        queueing.queue(tx, later, due=DUE, now=NOW, size=1)

        mail = claim(tx, issue_id=later.id)
        assert mail
        assert mail.issue_id == later.id
        assert claim(tx, issue_id=later.id) is None
        assert claim(tx) is not None


def test_claimed_at_once_by_many_each_delivery_has_one_claimant(digest: Database) -> None:
    issue = queued(digest, 120, size=7)

    def work(number: int) -> list[Delivery]:
        mine: list[Delivery] = []
        while True:
            with digest.write() as tx:
                mails = claimed.claim(tx, NOW, worker=f"worker {number}")
            if not mails:
                return mine
            mine += mails

    found_by = fill.at_once(6, work)

    assert sorted(delivery.email for mine in found_by for delivery in mine) == people(120)
    with digest.read() as tx:
        found = deliveries.listing(tx, issue.id)
    assert {(row.state, row.attempts) for row in found} == {(DeliveryState.CLAIMED, 1)}


def test_a_claim_that_is_not_committed_holds_up_no_other(postgres_url: str) -> None:
    impatient = "options=-c%20lock_timeout%3D5s"
    database = open_database(f"{postgres_url}&{impatient}")
    with database.write() as tx:
        fill.newsletter(tx)
    queued(database, 2)

    with database.write() as one, database.write() as other:
        first, second = claim(one), claim(other)
        assert claim(other) is None
    database.close()

    assert first
    assert second
    assert [first.email, second.email] == people(2)


def test_who_left_after_queueing_is_not_written_to(digest: Database) -> None:
    issue = queued(digest, len(Status), size=len(Status))
    with digest.write() as tx:
        for delivery, status in zip(deliveries.listing(tx, issue.id), Status, strict=True):
            subscribers.change(tx, delivery.subscriber_id, status=status)

        mail = claim(tx)
        assert mail
        assert mail.email == people(len(Status))[list(Status).index(Status.ACTIVE)]
        assert claim(tx) is None


def test_what_is_due_to_those_who_left_is_cancelled_when_it_would_be_claimed(
    digest: Database,
) -> None:
    issue = queued(digest, 4, size=4)
    cancelled, claimed_ = DeliveryState.CANCELLED, DeliveryState.CLAIMED
    with digest.write() as tx:
        sent, later, *_ = mails = claimed.claim(tx, NOW)
        claimed.settle(tx, [sent], DeliveryState.SENT, now=NOW)
        claimed.settle(tx, [later], DeliveryState.POSTPONED, due=NOW + MINUTE, now=NOW)
        claimed.settle(tx, mails[2:], DeliveryState.POSTPONED, now=NOW)
        for delivery in mails[:3]:
            subscribers.change(tx, delivery.subscriber_id, status=Status.UNSUBSCRIBED)

        batch = claimed.batch(tx, NOW)
        assert batch
        taken, count = claims.take(tx, batch, NOW)
        assert ([mail.id for mail in taken], count) == ([mails[3].id], 1)
    expected = [DeliveryState.SENT, DeliveryState.POSTPONED, cancelled, claimed_]
    assert states(digest, issue) == expected
    with digest.write() as tx:
        claimed.settle(tx, taken, DeliveryState.SENT, now=NOW)
        assert claimed.claim(tx, NOW + MINUTE) == []
        found = deliveries.listing(tx, issue.id, state=cancelled)
    assert [delivery.id for delivery in found] == [later.id, mails[2].id]
    assert {delivery.detail for delivery in found} == {"left before sending"}


def test_what_was_postponed_is_claimed_again_when_it_is_due(digest: Database) -> None:
    queued(digest, 1)
    first = settled(digest, DeliveryState.POSTPONED, due=NOW + MINUTE)

    with digest.write() as tx:
        assert claim(tx, NOW + MINUTE - timedelta(microseconds=1)) is None
        again = claim(tx, NOW + MINUTE)

    # The reply of the attempt before stays to be read beside the new attempt.
    assert again == replace(first, attempts=2, detail="ok")


def test_what_has_ended_is_not_claimed_again(digest: Database) -> None:
    endings = [DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN]
    issue = queued(digest, len(endings))
    for ending in endings:
        settled(digest, ending)

    with digest.write() as tx:
        assert claim(tx, NOW + 1000 * MINUTE) is None
        found = deliveries.listing(tx, issue.id)
    assert [delivery.state for delivery in found] == endings
    assert {(delivery.code, delivery.detail) for delivery in found} == {(250, "ok")}


def test_what_is_no_longer_claimed_cannot_be_settled(digest: Database) -> None:
    issue = queued(digest, 1)
    sent = settled(digest, DeliveryState.SENT)

    with digest.write() as tx:
        assert claimed.settle(tx, [sent], DeliveryState.FAILED, now=NOW) == 0

    assert states(digest, issue) == [DeliveryState.SENT]


@pytest.mark.parametrize("state", [state for state in IssueState if state != "sending"])
def test_only_what_is_being_sent_is_claimed(digest: Database, state: IssueState) -> None:
    issue = queued(digest, 1)
    with digest.write() as tx:
        issues.move(tx, issue, state)
        assert claim(tx) is None
        assert deliveries.next_due(tx) is None
        issues.move(tx, issues.get(tx, issue.id), IssueState.SENDING)
        assert claim(tx) is not None
