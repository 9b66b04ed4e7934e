"""Batches: cut from what is queued, taken by one at a time, fairly, and always counted right."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, true, update

from store import (
    batches,
    cancelling,
    claims,
    deliveries,
    dues,
    issues,
    queueing,
    subscribers,
    tables,
    unknowns,
)
from store.database import Database, Transaction
from store.errors import ConflictError
from store.records import DeliveryState, Ending, Issue, IssueState, Status, Subscription
from tests import claimed, make
from tests.claimed import LEASE
from tests.make import NOW
from tests.store import fill

MINUTE = timedelta(minutes=1)
SENT, UNKNOWN = DeliveryState.SENT, DeliveryState.UNKNOWN


@pytest.fixture
def digest(either: Database) -> Database:
    """Give a store with a newsletter, and five readers of English and two of Arabic."""
    with either.write() as tx:
        fill.newsletter(tx)
    make.subscribe(either, [f"en{number}@example.org" for number in range(5)])
    make.subscribe(either, [f"ar{number}@example.org" for number in range(2)], language="ar")
    return either


def queued(tx: Transaction, *, number: int = 0, size: int = 2) -> Issue:
    """Queue an issue in both languages, in batches of two."""
    issue = fill.issue(tx, slot=NOW + number * MINUTE)
    for language in ("en", "ar"):
        fill.edition(tx, issue, language)
    due = {"en": {"": NOW}, "ar": {"": NOW}}
    queueing.queue(tx, issue, due=due, now=NOW, size=size)
    return issue


def check_counts(tx: Transaction) -> None:
    """Fail unless each batch says of its deliveries what they say themselves."""
    for batch in batches.lock(tx, true()):
        row = tx.row(select(tables.batches).where(tables.batches.c.id == batch.id))
        assert row is not None
        state, due = tables.deliveries.c.state, tables.deliveries.c.due
        mine = select(state, due).where(batches.members(batch))
        found = tx.rows(mine)
        assert row["size"] == len(found)
        for each in DeliveryState:
            assert row[each] == sum(entry["state"] == each for entry in found), (batch, each)
        waits = [entry["due"] for entry in found if entry["state"] in {"queued", "postponed"}]
        assert row["due"] == min(waits, default=None)


def test_the_batches_of_all_languages_go_side_by_side(digest: Database) -> None:
    with digest.write() as tx:
        queued(tx)
        check_counts(tx)
        taken = [[mail.email[:3] for mail in claimed.claim(tx, NOW)] for _ in range(4)]
        assert taken == [["en0", "en1"], ["ar0", "ar1"], ["en2", "en3"], ["en4"]]
        assert claimed.claim(tx, NOW) == []
        check_counts(tx)


def test_of_two_issues_each_has_its_turn(digest: Database) -> None:
    with digest.write() as tx:
        first, second = queued(tx), queued(tx, number=1)
        turns = []
        for number in range(6):
            batch = claimed.batch(tx, NOW + number * MINUTE)
            assert batch
            turns.append(batch.issue_id)
        assert turns == [first.id, second.id] * 3


def test_the_issue_that_was_not_served_for_longest_is_next(digest: Database) -> None:
    with digest.write() as tx:
        first, second = queued(tx), queued(tx, number=1)
        for number, issue in enumerate((first, second, first, second)):
            mails = claimed.claim(tx, NOW + number * MINUTE)
            assert {mail.issue_id for mail in mails} == {issue.id}
            claimed.settle(tx, mails, SENT, now=NOW)


def test_one_that_is_named_needs_no_turn(digest: Database) -> None:
    with digest.write() as tx:
        queued(tx)
        second = queued(tx, number=1)
        *_, last = (row["id"] for row in tx.rows(select(tables.batches.c.id).order_by("id")))
        assert len(batches.due_editions(tx, NOW)) == 4
        batch = claimed.batch(tx, NOW, batch_id=last)
        assert batch
        assert (batch.id, batch.issue_id) == (last, second.id)
        assert claimed.batch(tx, NOW, batch_id=last) is None
        issues.move(tx, second, IssueState.PAUSED)
        assert claimed.batch(tx, NOW, batch_id=last - 1) is None


def test_whoever_lost_a_batch_can_neither_renew_nor_release_it(digest: Database) -> None:
    with digest.write() as tx:
        queued(tx)
        batch = claimed.batch(tx, NOW)
        assert batch
        claims.take(tx, batch, NOW)
        assert batches.renew(tx, batch, 2 * LEASE, now=NOW)
        assert batch.lease
        renewed = replace(batch, lease=batch.lease + LEASE)
        assert batches.held(tx) == [renewed]
        # Who read it before knows nothing of that.
        assert claims.abandon(tx, batch, begun=None, now=NOW) == []
        assert len(claims.abandon(tx, renewed, begun=None, now=NOW)) == 2
        assert not batches.renew(tx, batch, 3 * LEASE, now=NOW)
        assert claims.abandon(tx, renewed, begun=None, now=NOW) == []
        check_counts(tx)
    with pytest.raises(ConflictError, match="another's by now"), digest.write() as tx:
        claims.release(tx, batch, now=NOW)


def test_whoever_lost_a_batch_and_has_it_anew_knows_one_from_the_other(digest: Database) -> None:
    with digest.write() as tx:
        queued(tx)
        before = claimed.batch(tx, NOW)
        assert before
        claims.release(tx, before, now=NOW)
        after = claimed.batch(tx, NOW, batch_id=before.id)
        assert after
        assert not batches.renew(tx, before, LEASE, now=NOW)
        assert batches.renew(tx, after, LEASE, now=NOW)


def test_it_is_known_who_holds_batches_and_of_which_editions(digest: Database) -> None:
    with digest.write() as tx:
        queued(tx)
        english = min(batches.due_editions(tx, NOW))
        assert batches.holders(tx) == set()
        for worker in ("one", "other", "one"):
            assert claimed.batch(tx, NOW, worker=worker, editions=[english])
        assert batches.holders(tx) == {("one", english), ("other", english)}


def test_what_was_not_begun_waits_again_and_counts_as_no_attempt(digest: Database) -> None:
    with digest.write() as tx:
        queued(tx)
        batch = claimed.batch(tx, NOW)
        assert batch
        first, second = claims.take(tx, batch, NOW)[0]
        claims.fold(tx, [ending(first.id, 1)], now=NOW)
        claims.release(tx, batch, now=NOW)
        check_counts(tx)
        again = claimed.claim(tx, NOW, batch_id=batch.id)
        assert [(mail.id, mail.attempts) for mail in again] == [(second.id, 1)]


def ending(delivery_id: int, attempt: int, state: DeliveryState = SENT) -> Ending:
    return Ending(
        id=delivery_id, attempt=attempt, state=state, code=250, detail='say "é"\\', due=NOW
    )


def test_many_ends_are_folded_at_once_each_into_its_own_attempt(digest: Database) -> None:
    with digest.write() as tx:
        issue = queued(tx)
        mails = [mail for _ in range(4) for mail in claimed.claim(tx, NOW)]
        first, second, third, *others = mails
        folded = claims.fold(
            tx,
            [
                ending(first.id, 1),
                ending(second.id, 2),
                ending(third.id, 1, UNKNOWN),
                *(ending(mail.id, 1, DeliveryState.FAILED) for mail in others),
            ],
            now=NOW,
        )
        assert sorted(folded) == sorted({mail.id for mail in mails} - {second.id})
        check_counts(tx)
        found = {mail.id: mail for mail in deliveries.listing(tx, issue.id)}
        assert found[first.id].state is SENT
        assert (found[first.id].code, found[first.id].detail) == (250, 'say "é"\\')
        assert found[second.id].state is DeliveryState.CLAIMED
        # Nothing is news twice; but what was unknown can turn out to have been sent.
        assert claims.fold(tx, [ending(first.id, 1, DeliveryState.FAILED)], now=NOW) == []
        assert claims.fold(tx, [ending(third.id, 1)], now=NOW) == [third.id]
        assert claims.fold(tx, [], now=NOW) == []
        check_counts(tx)


def test_who_resolves_leaves_or_is_put_off_is_counted_anew(digest: Database) -> None:
    with digest.write() as tx:
        issue = queued(tx)
        first, second = claimed.claim(tx, NOW)
        claimed.settle(tx, [first], UNKNOWN, now=NOW)
        claimed.settle(tx, [second], DeliveryState.POSTPONED, due=NOW + MINUTE, now=NOW)
        check_counts(tx)
        unknowns.resolve(tx, first.id, DeliveryState.QUEUED, now=NOW)
        check_counts(tx)
        cancelling.cancel_left(tx, [second.subscriber_id], "digest", now=NOW)
        check_counts(tx)
        dues.put_off_all(tx, issue, NOW + 2 * MINUTE)
        check_counts(tx)
        assert deliveries.next_due(tx) == NOW + 2 * MINUTE
        assert cancelling.cancel(tx, issue, NOW) == 6
        check_counts(tx)
        assert deliveries.next_due(tx) is None


def test_who_left_does_not_hold_up_a_batch_in_which_nothing_else_is_due(digest: Database) -> None:
    with digest.write() as tx:
        queued(tx)
        batch = claimed.batch(tx, NOW)
        assert batch
        for mail in claims.take(tx, batch, NOW)[0]:
            subscribers.change(tx, mail.subscriber_id, status=Status.BOUNCED)
        claims.release(tx, batch, now=NOW)
        again = claimed.batch(tx, NOW, batch_id=batch.id)
        assert again
        assert claims.take(tx, again, NOW) == ([], 2)
        claims.release(tx, again, now=NOW)
        check_counts(tx)
        assert claimed.batch(tx, NOW, batch_id=batch.id) is None


@pytest.mark.parametrize("corrects", [False, True])
def test_who_left_the_newsletter_while_its_mail_was_claimed_gets_it_no_more_but_a_correction(
    digest: Database, corrects: bool
) -> None:
    with digest.write() as tx:
        fill.newsletter(tx, key="alerts")
        issue = queued(tx)
        if corrects:
            about = {"corrects": fill.item(tx).id}
            tx.run(update(tables.issues).where(tables.issues.c.id == issue.id).values(**about))
        batch = claimed.batch(tx, NOW)
        assert batch
        gone, stays = claims.take(tx, batch, NOW)[0]
        for newsletter in ("alerts", "digest"):
            # Other topics, and another frequency, are the same newsletter.
            chosen = Subscription(newsletter=newsletter, topics=("labour",), frequency="weekly")
            for mail in (gone, stays):
                subscribers.subscribe(tx, mail.subscriber_id, chosen)
        subscribers.unsubscribe(tx, gone.subscriber_id, "digest")
        claims.release(tx, batch, now=NOW)
        again = claimed.batch(tx, NOW, batch_id=batch.id)
        assert again
        mails, cancelled = claims.take(tx, again, NOW)
        found = [mail.email for mail in mails]
        expected = [gone.email, stays.email] if corrects else [stays.email]
        assert (found, cancelled) == (expected, 2 - len(expected))
        check_counts(tx)


def test_a_delivery_is_found_in_its_batch_among_all_others(digest: Database) -> None:
    with digest.write() as tx:
        for number in range(3):
            queued(tx, number=number)
        every = batches.lock(tx, true())
        ids = [row["id"] for row in tx.rows(select(tables.deliveries.c.id))]
        for delivery_id in ids:
            (found,) = batches.lock_with(tx, tables.deliveries.c.id == delivery_id)
            mine = select(func.count().label("count")).where(
                batches.members(found), tables.deliveries.c.id == delivery_id
            )
            row = tx.row(mine)
            assert row is not None
            assert row["count"] == 1
        assert len(every) == 3 * 4
