"""Schedulers of several hosts: one acts at a time, and the death of one is another's turn."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import scheduler
from publisher.config import Config
from publisher.errors import BusyError
from publisher.passes import Pass
from store import deliveries, issues, publications
from store.database import Database, open_database
from store.records import FEED, DeliveryState, IssueState
from tests import make
from tests.fakes import Answer, Relay, Web
from tests.served import wait_until

ROOT = Path(__file__).parents[2]

#: Those who hold such a lock in this database.
HOLDERS = (
    " from pg_locks as l join pg_database as d on d.oid = l.database"
    " where l.locktype = 'advisory' and d.datname = current_database()"
)

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["scheduler", "publisher.delivery.engine", __name__])

EMAILS = [f"{number}.{language}@example.org" for language in make.LANGUAGES for number in range(3)]


@pytest.fixture
def shared(postgres_url: str, config: Config) -> Iterator[Database]:
    """Give a store with an item in four languages, a newsletter whose slot is due, and readers."""
    database = open_database(postgres_url)
    make.start(database, config)
    for language in make.LANGUAGES:
        emails = [email for email in EMAILS if f".{language}@" in email]
        make.subscribe(database, emails, language=language)
        make.take(database, config, make.draft(language))
    yield database
    database.close()


def tick(url: str, config: Config) -> None:
    """Tick in a process of its own."""
    database = open_database(url)
    scheduler.tick(database, config, now=make.NOW)
    database.close()


def is_free(database: Database) -> bool:
    try:
        with database.exclusive("tick"):
            return True
    except BusyError:
        return False


def check_once(database: Database, relay: Relay) -> None:
    """Fail unless all is published, planned and sent exactly once."""
    with database.read() as tx:
        ledger = publications.standing(tx, [1], FEED)
        [issue] = issues.listing(tx)
        counts = deliveries.counts(tx)
    assert sorted(row.language for row in ledger.values()) == sorted(make.LANGUAGES)
    assert {row.telling for row in ledger.values()} == {1}
    assert issue.state is IssueState.SENT
    assert counts[DeliveryState.SENT] == sum(counts.values()) == len(EMAILS)
    assert relay.counts == dict.fromkeys(EMAILS, 1)


def test_a_scheduler_takes_over_when_the_one_that_acts_is_killed(
    shared: Database, postgres_url: str, config: Config
) -> None:
    with Web().open() as hub, Relay() as relay:
        # It holds up who tells it the news, in the middle of a tick.
        hub.pages["/"] = Answer(status=202, waits=60)
        told = make.config(
            config.folder, feeds={"hubs": (hub.url(),)}, ingest={"private_hosts": (hub.host,)}
        )
        first = _PROCESSES.Process(target=tick, args=(postgres_url, relay.serves(told)))
        first.start()
        wait_until(lambda: bool(hub.asked))

        done = scheduler.tick(shared, relay.serves(config), now=make.NOW)
        assert (done.published, done.issues, done.problems) == ([], [], [])
        assert len(done.busy) == 1

        first.kill()
        first.join(60)
        wait_until(lambda: is_free(shared))
        done = scheduler.tick(shared, relay.serves(config), now=make.NOW)
        # The first had published before it was killed.
        assert (done.published, done.problems, done.busy) == ([], [], [])
        assert done.sent == len(EMAILS)
        check_once(shared, relay)


def test_schedulers_that_look_at_once_act_once(
    shared: Database, postgres_url: str, config: Config
) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        several = [_PROCESSES.Process(target=tick, args=(postgres_url, served)) for _ in range(3)]
        for each in several:
            each.start()
        for each in several:
            each.join(60)
        assert [each.exitcode for each in several] == [0, 0, 0]
        scheduler.tick(shared, served, now=make.NOW)
        check_once(shared, relay)


def test_whoever_loses_the_lock_takes_no_further_step(shared: Database) -> None:
    done, taken = Pass(), list[str]()

    def lose() -> None:
        end = "select pg_terminate_backend(pid)" + HOLDERS
        with shared.write() as tx:
            assert len(tx.rows(text(end))) == 1
        wait_until(lambda: is_free(shared))

    def step() -> None:
        taken.append("a step")

    done.attempt_alone(shared, [step, lose, step])
    assert taken == ["a step"]
    assert len(done.problems + done.busy) == 1


def test_a_tick_beside_another_ends_with_the_code_for_trying_again(
    shared: Database, postgres_url: str, config: Config
) -> None:
    toml = f"""[site]
url = "https://news.example.org"
languages = ["en", "fr", "es", "ar"]
[database]
url = "{postgres_url}"
"""
    (config.folder / "tidings.toml").write_text(toml, encoding="utf-8")
    with shared.exclusive("tick"):
        ran = subprocess.run(
            [sys.executable, "-m", "publisher", "tick", "--now", make.NOW.isoformat()],
            cwd=config.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    assert ran.returncode == 75
    assert ran.stderr.count("another process is at work (tick)") == 1
