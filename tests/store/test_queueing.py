"""Queueing: who gets which edition of an issue, and when."""

from typing import Any
from zoneinfo import available_timezones

import pytest
from sqlalchemy import event

from store import deliveries, editions, issues, queueing, subscribers
from store.database import Database
from store.errors import ConflictError
from store.records import Delivery, DeliveryState, Group, IssueState, Status, Subscription
from tests import make
from tests.make import NOW
from tests.store import fill
from tests.store.mailed import DUE, MINUTE, claim, due_of, people, queued, settled


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
