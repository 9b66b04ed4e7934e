"""What the dead leave is settled by what their journals say, and never guessed."""

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.config import Config
from publisher.delivery import journal, journal_reading, recovery
from publisher.delivery.journal import Attempt, Journal
from publisher.delivery.outgoing import Answer, Verdict
from publisher.errors import JournalError
from store import batches, claims, deliveries, queueing
from store.database import Database, open_database
from store.records import Delivery, DeliveryState
from tests import claimed, make, rights
from tests.store import fill

SENT = Answer(verdict=Verdict.ACCEPTED, code=250, status="2.0.0", text="Ok: queued as 4F1")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def queued(either: Database) -> Database:
    """Give a store with two batches of four."""
    fill_queue(either)
    return either


def fill_queue(database: Database) -> None:
    with database.write() as tx:
        fill.newsletter(tx)
        issue = fill.issue(tx)
        fill.edition(tx, issue)
    make.subscribe(database, [f"p{number}@example.org" for number in range(8)])
    with database.write() as tx:
        queueing.queue(tx, issue, due={"en": {"": make.NOW}}, now=make.NOW, size=4)


@pytest.fixture
def shared(postgres_url: str) -> Iterator[Database]:
    """Give the same in a database that several hosts share."""
    database = open_database(postgres_url)
    fill_queue(database)
    yield database
    database.close()


def begun(database: Database, config: Config) -> tuple[Journal, list[Delivery]]:
    """Return a worker's journal, and the batch that it has claimed."""
    own = journal.create(config)
    with database.write() as tx:
        return own, claimed.claim(tx, make.NOW, worker=own.worker)


def attempt(mail: Delivery) -> Attempt:
    return Attempt(id=mail.id, attempt=mail.attempts)


def states(database: Database) -> list[tuple[str, int]]:
    """Return how each delivery stands, and how many attempts count."""
    with database.read() as tx:
        found = deliveries.listing(tx, 1)
        counts = deliveries.counts(tx)
    assert sum(counts.values()) == len(found)
    for state, count in counts.items():
        assert count == sum(mail.state is state for mail in found)
    return [(mail.state, mail.attempts) for mail in found]


FREE = [("queued", 0)] * 4


def test_what_a_dead_worker_wrote_decides_what_becomes_of_its_mails(
    queued: Database, config: Config
) -> None:
    own, (done, later, open_, _) = begun(queued, config)
    for mail in (done, later, open_):
        own.begin(attempt(mail))
    own.end(attempt(done), SENT)
    own.end(attempt(later), Answer(verdict=Verdict.TEMPORARY, code=451, text="4.3.0 busy"))
    own.close(settled=False)

    assert recovery.recover(queued, config, now=make.NOW) == [open_.id]

    ended = [("sent", 1), ("postponed", 1), ("unknown", 1), ("queued", 0)]
    assert states(queued) == [*ended, *FREE]
    assert journal_reading.names(config) == []
    with queued.read() as tx:
        assert batches.held(tx) == []
    assert recovery.recover(queued, config, now=make.NOW) == []


def test_all_that_a_dead_worker_wrote_is_told_however_much_it_is(
    queued: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "_AT_ONCE", 3)
    own, mails = begun(queued, config)
    for mail in mails:
        own.begin(attempt(mail))
        own.end(attempt(mail), SENT)
    own.close(settled=False)
    assert recovery.recover(queued, config, now=make.NOW) == []
    assert states(queued) == [*[("sent", 1)] * 4, *FREE]


def test_what_a_connection_gave_back_was_never_begun(queued: Database, config: Config) -> None:
    own, (first, *_) = begun(queued, config)
    own.begin(attempt(first))
    own.end(attempt(first), Answer(verdict=Verdict.UNSENT, text="the relay closed"))
    own.close(settled=False)
    assert recovery.recover(queued, config, now=make.NOW) == []
    assert states(queued) == FREE * 2


def test_a_worker_that_lives_keeps_its_batch_whatever_its_lease_says(
    queued: Database, config: Config
) -> None:
    own, _ = begun(queued, config)
    assert recovery.recover(queued, config, now=make.NOW + timedelta(days=9)) == []
    assert states(queued) == [("claimed", 1)] * 4 + FREE
    own.close(settled=False)
    assert recovery.recover(queued, config, now=make.NOW) == []
    assert states(queued) == FREE * 2


def test_after_the_death_of_the_machine_all_that_was_claimed_is_unknown(
    queued: Database, config: Config
) -> None:
    own, (first, *others) = begun(queued, config)
    own.begin(attempt(first))
    own.end(attempt(first), SENT)
    own.close(settled=False)
    text = own.path.read_text().replace(journal.boot(), "another-boot")
    own.path.write_text(text)
    assert recovery.recover(queued, config, now=make.NOW) == [mail.id for mail in others]
    assert states(queued) == [("sent", 1), *[("unknown", 1)] * 3, *FREE]


def renamed(config: Config) -> Config:
    """Return a configuration that knows the same database by another address."""
    section = config.database.model_copy(update={"url": "postgresql://tidings@127.0.0.1/tidings"})
    delivery = config.delivery.model_copy(update={"journal": config.journal})
    return config.model_copy(update={"database": section, "delivery": delivery})


def test_a_dead_workers_batch_is_settled_though_the_database_has_another_address_since(
    queued: Database, config: Config
) -> None:
    own, (done, open_, *_) = begun(queued, config)
    for mail in (done, open_):
        own.begin(attempt(mail))
    own.end(attempt(done), SENT)
    own.close(settled=False)

    after = renamed(config)
    assert recovery.recover(queued, after, now=make.NOW) == [open_.id]

    ended = [("sent", 1), ("unknown", 1), *[("queued", 0)] * 2, *FREE]
    assert states(queued) == ended
    # The store may be a copy: in the one that it was made from this is still to be told.
    assert journal_reading.names(after) == [own.worker]
    assert recovery.recover(queued, after, now=make.NOW) == []
    assert recovery.recover(queued, config, now=make.NOW) == []
    assert states(queued) == ended
    assert journal_reading.names(after) == []


def test_a_worker_that_lives_keeps_its_batch_though_the_database_has_another_address_since(
    queued: Database, config: Config
) -> None:
    own, _ = begun(queued, config)
    late = make.NOW + timedelta(days=9)
    assert recovery.recover(queued, renamed(config), now=late) == []
    assert states(queued) == [("claimed", 1)] * 4 + FREE
    own.close(settled=False)


def test_the_journal_of_another_site_in_the_same_folder_is_neither_told_here_nor_removed(
    queued: Database, config: Config
) -> None:
    # The other site has mails of the same numbers, and its worker is dead.
    other = journal.create(renamed(config))
    mine, (first, second, *_) = begun(queued, config)
    for mail in (first, second):
        other.begin(attempt(mail))
    other.end(attempt(first), SENT)
    other.close(settled=False)
    said = other.path.read_bytes()

    late = make.NOW + timedelta(days=9)
    assert recovery.recover(queued, config, now=late) == []
    assert states(queued) == [("claimed", 1)] * 4 + FREE
    mine.close(settled=False)
    assert recovery.recover(queued, config, now=late) == []
    assert states(queued) == FREE * 2
    assert journal_reading.names(config) == [other.worker]
    assert other.path.read_bytes() == said


def test_a_journal_that_cannot_be_read_stops_only_those_whose_mails_it_tells_of(
    queued: Database, config: Config
) -> None:
    own, _ = begun(queued, config)
    # A folder nobody can read as a file, whoever they are.
    (config.journal / "another.journal").mkdir()
    assert recovery.recover(queued, config, now=make.NOW) == []
    own.close(settled=True)
    own.path.mkdir()
    with pytest.raises(JournalError, match=own.worker):
        recovery.recover(queued, config, now=make.NOW)
    assert states(queued) == [("claimed", 1)] * 4 + FREE


def test_what_another_host_had_is_unknown_after_a_while_and_what_it_did_counts_later(
    queued: Database, config: Config
) -> None:
    grace = timedelta(seconds=config.delivery.grace)
    with queued.write() as tx:
        batch = claimed.batch(tx, make.NOW, worker="elsewhere", lease=MINUTE - grace)
        assert batch
        first, second, *_ = mails = claims.take(tx, batch, make.NOW)[0]
    assert recovery.recover(queued, config, now=make.NOW) == []
    with queued.write() as tx:
        # As if a minute had gone by.
        assert batches.renew(tx, batch, -grace, now=make.NOW)
    assert recovery.recover(queued, config, now=make.NOW) == [mail.id for mail in mails]
    assert states(queued) == [("unknown", 1)] * 4 + FREE
    with queued.write() as tx:
        assert not batches.renew(tx, batch, MINUTE, now=make.NOW)
        # It wakes up, and tells what it knows: that is a fact.
        claimed.settle(tx, [first], DeliveryState.SENT, now=make.NOW)
        claimed.settle(tx, [second], DeliveryState.FAILED, now=make.NOW)
    assert states(queued) == [("sent", 1), ("failed", 1), *[("unknown", 1)] * 2, *FREE]


def test_whether_a_worker_of_another_host_lives_the_database_knows_whatever_hosts_take_it_for(
    shared: Database, config: Config
) -> None:
    ahead = make.NOW + timedelta(days=9)
    with shared.write() as tx:
        batch = claimed.batch(tx, make.NOW, worker="elsewhere")
        assert batch
        mails = claims.take(tx, batch, make.NOW)[0]
    # Whoever claimed it is behind who looks, and lives.
    assert recovery.recover(shared, config, now=ahead) == []
    with shared.write() as tx:
        assert batches.renew(tx, batch, claimed.LEASE, now=make.NOW)
    assert recovery.recover(shared, config, now=ahead) == []
    with shared.write() as tx:
        # It was ahead, and is dead.
        grace = timedelta(seconds=config.delivery.grace)
        assert batches.renew(tx, batch, -grace, now=ahead)
    assert recovery.recover(shared, config, now=make.NOW) == [mail.id for mail in mails]


def test_whoever_renews_at_the_moment_of_a_take_over_keeps_its_batch(queued: Database) -> None:
    with queued.write() as tx:
        batch = claimed.batch(tx, make.NOW, worker="elsewhere", lease=-MINUTE)
        assert batch
        claims.take(tx, batch, make.NOW)
    with queued.read() as tx:
        (late,) = batches.overdue(tx, timedelta(0), now=make.NOW)
    with queued.write() as tx:
        assert batches.renew(tx, batch, MINUTE, now=make.NOW)
        assert claims.abandon(tx, late, begun=None, now=make.NOW) == []
    assert states(queued) == [("claimed", 1)] * 4 + FREE


def test_a_journal_that_cannot_be_removed_keeps_nothing_from_being_sent(
    database: Database, config: Config
) -> None:
    fill_queue(database)
    # Not in pytest's own folder, which is its user's alone.
    with tempfile.TemporaryDirectory() as name:
        section = config.delivery.model_copy(update={"journal": Path(name)})
        elsewhere = config.model_copy(update={"delivery": section})
        own, (done, *_) = begun(database, elsewhere)
        own.begin(attempt(done))
        own.end(attempt(done), SENT)
        own.close(settled=False)
        own.path.chmod(0o444)
        Path(name).chmod(0o555)

        with rights.without_those_of_root():
            assert recovery.recover(database, elsewhere, now=make.NOW) == []
            assert recovery.recover(database, elsewhere, now=make.NOW) == []
        assert states(database)[:4] == [("sent", 1), *FREE[:3]]
        Path(name).chmod(0o755)
