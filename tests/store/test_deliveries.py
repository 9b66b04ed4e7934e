"""Deliveries: queued for those who want them, claimed once, settled by who claimed."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

import pytest
from sqlalchemy import event, select, true, update

from store import (
    batches,
    cancelling,
    claims,
    deliveries,
    dues,
    editions,
    issues,
    queueing,
    subscribers,
    tables,
)
from store.database import Database, Transaction, open_database
from store.errors import ConflictError
from store.records import Delivery, DeliveryState, Group, Issue, IssueState, Status, Subscription
from tests import claimed, make
from tests.make import NOW
from tests.store import fill

MINUTE = timedelta(minutes=1)
#: When mail may go out to whom: at once to all.
DUE = {"en": {"": NOW}}


def people(count: int) -> list[str]:
    return [f"reader{number:03}@example.org" for number in range(count)]


def queued(database: Database, count: int, *, slot: datetime = NOW, size: int = 1) -> Issue:
    """Queue an issue's English edition for the readers there are, and for new ones.

    In batches of one, unless another ``size`` is given.
    """
    with database.write() as tx:
        issue = fill.issue(tx, slot=slot)
        fill.edition(tx, issue)
    make.subscribe(database, people(count))
    with database.write() as tx:
        queueing.queue(tx, issue, due=DUE, now=NOW, size=size)
    return issue


def queued_again(database: Database, *, size: int = 1) -> Issue:
    """Queue another issue for the readers there are."""
    with database.write() as tx:
        issue = fill.issue(tx, slot=NOW + MINUTE)
        fill.edition(tx, issue)
        queueing.queue(tx, issue, due=DUE, now=NOW, size=size)
    return issue


def claim(tx: Transaction, now: datetime = NOW, *, issue_id: int | None = None) -> Delivery | None:
    """Claim the next delivery, of a batch of one."""
    mails = claimed.claim(tx, now, issue_id=issue_id)
    return mails[0] if mails else None


def settled(
    database: Database, state: DeliveryState, *, due: datetime = NOW, now: datetime = NOW
) -> Delivery:
    """Claim the next delivery and settle it."""
    with database.write() as tx:
        delivery = claim(tx, now)
        assert delivery is not None
        assert claimed.settle(tx, [delivery], state, due=due, now=now) == 1
    return delivery


def states(database: Database, issue: Issue) -> list[DeliveryState]:
    with database.read() as tx:
        return [delivery.state for delivery in deliveries.listing(tx, issue.id)]


@pytest.fixture
def digest(either: Database) -> Database:
    """Give a store with a newsletter."""
    with either.write() as tx:
        fill.newsletter(tx)
    return either


def test_an_edition_is_queued_for_the_active_readers_of_its_languages(digest: Database) -> None:
    with digest.write() as tx:
        fill.newsletter(tx, key="alerts")
        issue = fill.issue(tx)
        edition = fill.edition(tx, issue, "fr", spoken=["fr", "fr-CH"])
    french = make.subscribe(digest, ["a@example.org"], language="fr")
    swiss = make.subscribe(digest, ["b@example.org"], language="fr-CH")
    make.subscribe(digest, ["c@example.org"], language="en")
    make.subscribe(digest, ["d@example.org"], language="fr", newsletter="alerts")
    closed = [status for status in Status if status is not Status.ACTIVE]
    gone = make.subscribe(digest, [f"{status}@example.org" for status in closed], language="fr")
    with digest.write() as tx:
        for subscriber_id, status in zip(gone, closed, strict=True):
            subscribers.change(tx, subscriber_id, status=status)

        assert queueing.queue(tx, issue, due=DUE, now=NOW) == 2

    with digest.read() as tx:
        assert deliveries.recipients(tx, issue.id) == {edition: 2}
        first, second = deliveries.listing(tx, issue.id)
    assert [first.subscriber_id, second.subscriber_id] == [*french, *swiss]
    assert first == Delivery(
        id=first.id,
        issue_id=issue.id,
        edition_id=edition,
        subscriber_id=french[0],
        state=DeliveryState.QUEUED,
        code=0,
        detail="",
        attempts=0,
        email="a@example.org",
        name="",
        language="fr",
    )


def due_of(database: Database, issue: Issue) -> list[datetime]:
    """Return when the deliveries of an issue are due, by address: claimed one after the other."""
    with database.read() as tx:
        query = select(tables.deliveries.c.due).join(tables.subscribers)
        mine = query.where(tables.deliveries.c.issue_id == issue.id)
        return [row["due"] for row in tx.rows(mine.order_by(tables.subscribers.c.email))]


def test_an_edition_is_due_by_the_zone_of_each_reader(digest: Database) -> None:
    zones = sorted(available_timezones())
    with digest.write() as tx:
        issue = fill.issue(tx)
        fill.edition(tx, issue)
    ids = make.subscribe(digest, people(len(zones) + 1))
    moments = {zone: NOW + number * MINUTE for number, zone in enumerate(zones)}
    with digest.write() as tx:
        for subscriber_id, zone in zip(ids, [*zones, "Nowhere/Gone"], strict=True):
            subscribers.change(tx, subscriber_id, timezone=zone)
        assert subscribers.zones(tx) == sorted([*zones, "Nowhere/Gone"])
        due = {"en": {"": NOW - MINUTE, **moments}}
        queued = queueing.queue(tx, issue, due=due, now=NOW)
    assert queued == len(ids)
    assert due_of(digest, issue) == [*moments.values(), NOW - MINUTE]


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


def test_the_editions_of_a_language_are_due_as_it_says_and_by_zone(digest: Database) -> None:
    with digest.write() as tx:
        issue = fill.issue(tx)
        fill.edition(tx, issue)
        fill.edition(tx, issue, "ar", spoken=["ar", "de"])
        fill.edition(tx, issue, "ar", topics=["work"], variant=1)
    amman = "Asia/Amman"
    readers = (
        *(("ar", "", amman), ("ar", "work", amman), ("ar", "", "UTC")),
        *(("de", "", "UTC"), ("en", "", "UTC"), ("en", "", amman)),
    )
    for number, (language, topics, zone) in enumerate(readers):
        email = f"{number}@example.org"
        make.subscribe(digest, [email], language=language, topics=topics.split(), timezone=zone)
    due = {
        "en": {"": NOW, amman: NOW + MINUTE},
        "ar": {"": NOW + 2 * MINUTE, amman: NOW + 3 * MINUTE},
    }
    with digest.write() as tx:
        assert queueing.queue(tx, issue, due=due, now=NOW) == len(readers)
    minutes = [(moment - NOW) // MINUTE for moment in due_of(digest, issue)]
    assert minutes == [3, 3, 2, 2, 0, 1]


def test_an_edition_is_queued_for_who_chose_its_frequency(digest: Database) -> None:
    weekly, _ = make.subscribe(digest, people(2))
    wanted = Subscription(newsletter="digest", topics=(), frequency="weekly")
    with digest.write() as tx:
        [issue_id] = issues.plan(tx, "digest", {NOW: IssueState.SENDING}, frequency="weekly")
        issue, own = issues.get(tx, issue_id), fill.issue(tx)
        subscribers.subscribe(tx, weekly, wanted)
        assert subscribers.subscriptions_of(tx, weekly) == (wanted,)
        for each in (issue, own):
            fill.edition(tx, each)
            assert queueing.queue(tx, each, due=DUE, now=NOW) == 1
            (group,) = subscribers.groups(tx, "digest", each.frequency, now=make.NOW)
            assert group == Group(language="en", topics=(), people=1)
        assert subscribers.groups(tx, "digest", "monthly", now=make.NOW) == []
        assert [mail.subscriber_id for mail in deliveries.listing(tx, issue.id)] == [weekly]


def test_the_editions_of_an_issue_are_queued_by_one_statement_and_cut_by_another(
    digest: Database,
) -> None:
    with digest.write() as tx:
        issue = fill.issue(tx)
        fill.edition(tx, issue)
        fill.edition(tx, issue, "fr")
    make.subscribe(digest, people(3))
    statements: list[str] = []

    @event.listens_for(digest._engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        statements.append(statement)

    with digest.write() as tx:
        statements.clear()
        queueing.queue(tx, issue, due=DUE, now=NOW)

    writing = [statement for statement in statements if statement.startswith("INSERT")]
    assert ["SELECT" in statement for statement in writing] == [True, True]
    assert [statement.split()[2] for statement in writing] == ["deliveries", "batches"]


def test_nobody_gets_a_second_edition_of_an_issue(digest: Database) -> None:
    issue = queued(digest, 2)
    make.subscribe(digest, ["new@example.org"])

    def queue_in_french() -> None:
        with digest.write() as tx:
            fill.edition(tx, issue, "fr", spoken=["en", "fr"])
            queueing.queue(tx, issue, due=DUE, now=NOW)

    with pytest.raises(ConflictError):
        queue_in_french()

    with digest.read() as tx:
        assert [row.language for row in deliveries.listing(tx, issue.id)] == ["en", "en"]
        assert [edition.language for edition in editions.of(tx, issue.id)] == ["en"]


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


def test_each_reader_gets_the_edition_for_their_language_and_topics(digest: Database) -> None:
    with digest.write() as tx:
        issue = fill.issue(tx)
        whole = fill.edition(tx, issue, "fr", spoken=["fr", "fr-CH"])
        part = fill.edition(tx, issue, "fr", topics=["asylum", "work"], variant=1)
    sets = ((), ("work", "asylum"), ("work",), ("asylum", "work"))
    readers = [
        make.subscribe(digest, [f"{number}@example.org"], language="fr", topics=topics)[0]
        for number, topics in enumerate(sets)
    ]
    with digest.write() as tx:
        assert queueing.queue(tx, issue, due={"fr": {"": NOW + MINUTE}}, now=NOW) == 3
        found = {row.subscriber_id: row.edition_id for row in deliveries.listing(tx, issue.id)}
        assert found == {readers[0]: whole, readers[1]: part, readers[3]: part}
        assert deliveries.recipients(tx, issue.id) == {whole: 1, part: 2}
        assert editions.topics_of(tx, issue.id) == {whole: [[]], part: [["asylum", "work"]]}
        assert claim(tx) is None
        assert claim(tx, NOW + MINUTE) is not None


@pytest.mark.parametrize("state", [state for state in IssueState if state != "sending"])
def test_only_what_is_being_sent_is_claimed(digest: Database, state: IssueState) -> None:
    issue = queued(digest, 1)
    with digest.write() as tx:
        issues.move(tx, issue, state)
        assert claim(tx) is None
        assert deliveries.next_due(tx) is None
        issues.move(tx, issues.get(tx, issue.id), IssueState.SENDING)
        assert claim(tx) is not None


def test_who_got_an_edition_without_an_item_was_not_misled_by_it(digest: Database) -> None:
    with digest.write() as tx:
        first, other = fill.item(tx, "first").id, fill.item(tx, "other").id
        issue = fill.issue(tx)
        fill.edition(tx, issue, "fr", tells=[first, other])
        fill.edition(tx, issue, "fr", topics=["work"], variant=1, tells=[other])
    make.subscribe(digest, ["all@example.org"], language="fr")
    make.subscribe(digest, ["work@example.org"], language="fr", topics=["work"])
    with digest.write() as tx:
        queueing.queue(tx, issue, due=DUE, now=NOW)
    settled(digest, DeliveryState.SENT)
    settled(digest, DeliveryState.SENT)
    given: dict[str, Any] = {"language": "fr", "since": NOW, "now": NOW}
    with digest.read() as tx:
        assert queueing.misled(tx, first, [issue.id], **given) == (1, 0)
        assert queueing.misled(tx, other, [issue.id], **given) == (2, 0)
        sent = DeliveryState.SENT
        assert deliveries.of_edition(tx, [issue.id], "fr", first)[sent] == 1
        assert deliveries.of_edition(tx, [issue.id], "fr", other)[sent] == 2


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
