"""Jobs: made with the rows that they are about, one for each, in an order that is fair."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from store import batches, jobs, letters, queueing, tables
from store.database import Database, Transaction, open_database
from store.records import Issue, IssueState
from tests import claimed, make
from tests.make import NOW
from tests.store import fill

MINUTE = timedelta(minutes=1)


@pytest.fixture
def unattended(postgres_url: str) -> Iterator[Database]:
    """Give a store with four readers, and no worker."""
    database = open_database(postgres_url)
    with database.write() as tx:
        fill.newsletter(tx)
    make.subscribe(database, [f"p{number}@example.org" for number in range(4)])
    yield database
    database.close()


@pytest.fixture
def attended(unattended: Database) -> Database:
    """Give a store that a worker looks after."""
    with unattended.write() as tx:
        tx.run(text("select procrastinate_register_worker_v1()"))
    return unattended


def queued(tx: Transaction, *, number: int = 0, size: int = 2) -> Issue:
    """Queue an issue for all four."""
    issue = fill.issue(tx, slot=NOW + number * MINUTE)
    fill.edition(tx, issue)
    queueing.queue(tx, issue, due={"en": {"": NOW}}, now=NOW, size=size)
    return issue


def waiting(database: Database) -> list[dict[str, Any]]:
    """Return what the jobs are about that wait, in the order in which they are fetched."""
    query = "select args from procrastinate_jobs where status = 'todo' order by priority desc, id"
    with database.read() as tx:
        return [row["args"] for row in tx.rows(text(query))]


def about(*batch_ids: int) -> list[dict[str, Any]]:
    return [{"batch": batch_id} for batch_id in batch_ids]


def test_each_batch_that_is_due_gets_one_job(attended: Database) -> None:
    with attended.write() as tx:
        queued(tx)
        assert jobs.wake(tx, now=NOW - MINUTE) == 0
        assert jobs.wake(tx, now=NOW) == 2
        assert jobs.wake(tx, now=NOW) == 0
    with attended.write() as tx:
        assert jobs.wake(tx, now=NOW) == 0
    assert waiting(attended) == about(1, 2)


def test_what_is_rolled_back_has_no_job(attended: Database) -> None:
    def fail() -> None:
        with attended.write() as tx:
            queued(tx)
            assert jobs.wake(tx, now=NOW) == 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert waiting(attended) == []


def test_where_no_worker_is_there_are_no_jobs(unattended: Database) -> None:
    with unattended.write() as tx:
        queued(tx)
        assert jobs.wake(tx, now=NOW) == 0
        jobs.wake_for_letters(tx)
    assert waiting(unattended) == []


def test_on_sqlite_there_are_no_jobs(database: Database) -> None:
    with database.write() as tx:
        assert jobs.wake(tx, now=NOW) == 0
        jobs.wake_for_due_letters(tx, now=NOW)


def test_what_is_paused_or_taken_or_done_has_nothing_for_a_job_to_do(attended: Database) -> None:
    with attended.write() as tx:
        taken, paused = queued(tx), queued(tx, number=1)
        assert [jobs.is_due(tx, number, now=NOW) for number in (1, 2, 3, 4, 5)] == [
            *[True] * 4,
            False,
        ]
        assert claimed.batch(tx, NOW, issue_id=taken.id)
        tx.run(
            update(tables.issues)
            .where(tables.issues.c.id == paused.id)
            .values(state=IssueState.PAUSED)
        )
        assert [jobs.is_due(tx, number, now=NOW) for number in (1, 2, 3, 4)] == [
            False,
            True,
            False,
            False,
        ]
        assert not jobs.is_due(tx, 2, now=NOW - MINUTE)
        assert jobs.wake(tx, now=NOW) == 1
    assert waiting(attended) == about(2)


def test_a_job_that_runs_is_enough_for_its_batch(attended: Database) -> None:
    with attended.write() as tx:
        queued(tx)
        jobs.wake(tx, now=NOW)
        fetch = text("select * from procrastinate_fetch_job_v2(array['batches'], 1)")
        row = tx.row(fetch)
        assert row
        assert row["args"] == {"batch": 1}
        assert jobs.wake(tx, now=NOW) == 0
        tx.run(text(f"select procrastinate_finish_job_v1({row['id']}, 'succeeded', true)"))
        assert jobs.wake(tx, now=NOW) == 1


def test_a_small_issue_does_not_wait_for_the_end_of_a_big_one(attended: Database) -> None:
    with attended.write() as tx:
        queued(tx, size=1)
        jobs.wake(tx, now=NOW)
        queued(tx, number=1, size=4)
        jobs.wake(tx, now=NOW)
    assert waiting(attended) == about(1, 5, 2, 3, 4)


def test_letters_have_a_job_that_goes_before_all_batches(attended: Database) -> None:
    with attended.write() as tx:
        queued(tx)
        jobs.wake(tx, now=NOW)
        for _ in range(2):
            letters.queue(
                tx, 1, "welcome", language="ar", email="p0@example.org", details={}, now=NOW
            )
    assert waiting(attended) == [{}, *about(1, 2)]


def test_letters_that_are_due_again_get_a_job(attended: Database) -> None:
    with attended.write() as tx:
        letters.queue(tx, 1, "welcome", language="en", email="p@example.org", details={}, now=NOW)
        tx.run(text("delete from procrastinate_jobs"))
        jobs.wake_for_due_letters(tx, now=NOW - MINUTE)
    assert waiting(attended) == []
    with attended.write() as tx:
        jobs.wake_for_due_letters(tx, now=NOW)
    assert waiting(attended) == [{}]


def test_a_letter_that_somebody_has_claimed_gets_a_job_that_finds_out_whether_they_live(
    attended: Database,
) -> None:
    with attended.write() as tx:
        letters.queue(tx, 1, "welcome", language="ar", email="p@example.org", details={}, now=NOW)
        assert letters.claim(tx, NOW)
        tx.run(text("delete from procrastinate_jobs"))
        jobs.wake_for_due_letters(tx, now=NOW)
    assert waiting(attended) == [{}]


def test_who_writes_a_letter_waits_for_nobody(attended: Database) -> None:
    def write(tx: Transaction) -> None:
        letters.queue(tx, 1, "welcome", language="es", email="p@example.org", details={}, now=NOW)

    with attended.write() as first:
        write(first)
        with attended.write() as second:
            write(second)
    assert waiting(attended) == [{}]


def test_two_that_make_jobs_at_once_make_none_twice(attended: Database) -> None:
    with attended.write() as tx:
        queued(tx, size=1)

    def wake(_: int) -> int:
        with attended.write() as tx:
            return jobs.wake(tx, now=NOW)

    assert sum(fill.at_once(4, wake)) == 4
    assert waiting(attended) == about(1, 2, 3, 4)


def test_a_batch_that_is_given_back_gets_another_job(attended: Database) -> None:
    with attended.write() as tx:
        queued(tx, size=4)
        batch = claimed.batch(tx, NOW)
        assert batch
        assert jobs.wake(tx, now=NOW) == 0
        batches.let_go(tx, batch)
        assert jobs.wake(tx, now=NOW) == 1
