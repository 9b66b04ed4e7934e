"""Workers of several processes share what is to be sent: nothing twice, nothing lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

import scheduler
from publisher.config import Config
from publisher.config_file import load
from publisher.delivery.watchdog import STOOD_STILL
from store import batches, deliveries, queueing
from store.database import Database, open_database
from store.errors import TidingsError
from store.records import Batch, DeliveryState, IssueState
from tests import make, people, postgres
from tests.fakes import Relay, Silent
from tests.served import wait_until
from tests.store import fill

ROOT = Path(__file__).parents[2]
CONNECTIONS = 2

TOML = """[site]
url = "https://news.example.org"
languages = ["en", "fr", "es", "ar"]
[database]
url = "{url}"
[mail]
tls = "none"
host = "127.0.0.1"
port = {port}
connections = {connections}
[delivery]
workers = true
"""


@dataclass(frozen=True, kw_only=True)
class House:
    """A site on PostgreSQL whose mails workers send."""

    folder: Path
    database: Database

    @property
    def config(self) -> Config:
        return load(self.folder / "tidings.toml")

    @property
    def told(self) -> str:
        """What workers have said."""
        return (self.folder / "told").read_text(encoding="utf-8")

    @contextmanager
    def worker(self, **mail: str) -> "Iterator[subprocess.Popen[bytes]]":
        """Run a worker. Unless it is dead by then, it is told to end, and must do so well."""
        settings = {f"TIDINGS_MAIL__{name.upper()}": value for name, value in mail.items()}
        with (self.folder / "told").open("ab") as told:
            process = subprocess.Popen(
                [sys.executable, "-m", "publisher", "worker"],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **settings},
                stderr=told,
            )
        try:
            yield process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 0, self.told
        finally:
            process.kill()
            process.wait(60)

    def settle(self, *delivery: str) -> None:
        """Add lines to the configuration, below ``[delivery]``."""
        with (self.folder / "tidings.toml").open("a", encoding="utf-8") as settings:
            settings.write("\n".join([*delivery, ""]))

    def queue(self, people: int, *, size: int = 50) -> None:
        """Queue an issue for so many people."""
        make.subscribe(self.database, [f"p{number}@example.org" for number in range(people)])
        with self.database.write() as tx:
            issue = fill.issue(tx)
            fill.edition(tx, issue)
            due = {"en": {"": make.NOW}}
            queueing.queue(tx, issue, due=due, now=make.NOW, size=size)

    def counts(self) -> dict[DeliveryState, int]:
        with self.database.read() as tx:
            return deliveries.counts(tx)

    def emails(self, state: DeliveryState) -> set[str]:
        with self.database.read() as tx:
            return {mail.email for mail in deliveries.listing(tx, 1, state=state)}

    def held(self) -> list[Batch]:
        with self.database.read() as tx:
            return batches.held(tx)

    def wait(self, people: int) -> None:
        """Wait until so many are sent or unknown, and no batch is held."""
        wait_until(lambda: sum(self.ended()) == people and not self.held())

    def ended(self) -> tuple[int, int]:
        """Return how many are sent, and of how many nobody knows."""
        states = self.counts()
        return states[DeliveryState.SENT], states[DeliveryState.UNKNOWN]


def a_house(url: str, relay: Relay, folder: Path) -> House:
    settings = TOML.format(url=url, port=relay.port, connections=CONNECTIONS)
    (folder / "tidings.toml").write_text(settings, encoding="utf-8")
    database = open_database(url)
    with database.write() as tx:
        fill.newsletter(tx)
    return House(folder=folder, database=database)


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as relay:
        yield relay


@pytest.fixture
def house(postgres_url: str, relay: Relay, tmp_path: Path) -> Iterator[House]:
    house = a_house(postgres_url, relay, tmp_path)
    yield house
    house.database.close()


def check(house: House, relay: Relay, people: int) -> None:
    """Fail unless nothing is lost and nothing doubled."""
    sent, unknown = house.emails(DeliveryState.SENT), house.emails(DeliveryState.UNKNOWN)
    assert len(sent) + len(unknown) == people
    assert set(relay.counts.values()) == {1}
    # Whom we call sent has it; whoever has it is called sent, or openly unknown.
    assert sent <= relay.counts.keys() <= sent | unknown


def test_two_workers_share_an_issue_and_each_mail_goes_once(house: House, relay: Relay) -> None:
    house.queue(400)
    with house.worker(), house.worker():
        house.wait(400)
    check(house, relay, 400)
    assert house.ended() == (400, 0)


def test_what_a_killed_worker_had_another_ends(house: House, relay: Relay) -> None:
    house.queue(400)
    with house.worker() as victim, house.worker():
        wait_until(lambda: len(relay.accepted) > 100)
        kill(victim)
        house.wait(400)
    check(house, relay, 400)
    assert house.ended()[1] <= CONNECTIONS


def test_what_a_worker_had_whose_relay_did_not_answer_before_it_was_killed_is_unknown(
    house: House, relay: Relay
) -> None:
    house.queue(200)
    with Silent() as silent:
        with house.worker(port=str(silent.port)) as victim:
            wait_until(lambda: len(silent.accepted) == CONNECTIONS)
            kill(victim)
            silent.answers.set()
        with house.worker():
            house.wait(200)
        assert house.emails(DeliveryState.UNKNOWN) == {*silent.counts}
    assert house.ended() == (200 - CONNECTIONS, CONNECTIONS)
    assert set(relay.counts.values()) == {1}
    assert f"{CONNECTIONS} mails may or may not have been sent" in house.told


def test_a_frozen_worker_keeps_its_batch_and_goes_on_with_it(house: House, relay: Relay) -> None:
    """The others of its host see that it lives, though its lease is over."""
    house.settle("lease = 1", "grace = 0")
    # One of 800 and one of 100: who has the first asks for no other before the most of it is made.
    house.queue(900, size=800)
    with Silent() as silent, house.worker(port=str(silent.port)) as frozen:
        wait_until(lambda: len(silent.accepted) == CONNECTIONS)
        frozen.send_signal(signal.SIGSTOP)
        with house.worker():
            wait_until(lambda: house.ended() == (100, 0))
            [kept] = house.held()
            wait_until(lambda: kept.lease is not None and kept.lease < datetime.now(UTC))
        assert [batch.id for batch in house.held()] == [kept.id]
        silent.answers.set()
        frozen.send_signal(signal.SIGCONT)
        house.wait(900)
        both = relay.counts + silent.counts
    assert house.ended() == (900, 0)
    assert set(both.values()) == {1}


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """Give a server that tests may stop."""
    with postgres.own_server() as server:
        yield server


@pytest.fixture
def stoppable(server: postgres.Server, relay: Relay, tmp_path: Path) -> Iterator[House]:
    with postgres.template(server.base) as name:
        house = a_house(postgres.url(server.base, name), relay, tmp_path)
        yield house
        house.database.close()


def test_a_database_that_is_gone_for_a_while_costs_nothing(
    stoppable: House, server: postgres.Server, relay: Relay
) -> None:
    house = stoppable
    house.queue(200)
    with house.worker():
        wait_until(lambda: len(relay.accepted) > 50)
        server.stop()
        wait_until(lambda: "database is lost" in house.told)
        server.start()
        # Of the connections that died, each tells us so once.
        wait_until(lambda: answers(house))
        house.wait(200)
    check(house, relay, 200)
    assert house.ended() == (200, 0)


def test_a_worker_whose_database_stands_still_ends_itself(
    stoppable: House, server: postgres.Server, relay: Relay
) -> None:
    stoppable.settle("watchdog = 10")
    with stoppable.worker() as stuck:
        people.ask(stoppable.database, stoppable.config)
        wait_until(lambda: len(relay.accepted) == 1)
        server.signal(signal.SIGSTOP)
        try:
            assert stuck.wait(60) == STOOD_STILL
        finally:
            server.signal(signal.SIGCONT)
    assert "stood still for 10 seconds" in stoppable.told


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait(60)


def answers(house: House) -> bool:
    try:
        return bool(house.counts())
    except TidingsError:
        return False


def test_a_worker_that_is_told_to_end_gives_back_what_it_has_not_begun(
    house: House, relay: Relay
) -> None:
    house.queue(300, size=300)
    relay.takes = 0.25
    with house.worker():
        wait_until(lambda: len(relay.accepted) > 10)
    sent, unknown = house.ended()
    assert sent == len(relay.accepted) < 300
    assert (unknown, house.held()) == (0, [])
    relay.takes = 0.0
    with house.worker():
        house.wait(300)
    check(house, relay, 300)


def test_a_worker_sends_letters_as_they_are_written(house: House, relay: Relay) -> None:
    with house.worker():
        for number, language in enumerate(("en", "fr", "es", "ar"), start=1):
            people.ask(house.database, house.config, f"{language}@example.org", language=language)
            wait_until(partial(lambda count: len(relay.accepted) == count, number))
    assert set(relay.counts.values()) == {1}


def test_a_tick_leaves_to_workers_what_is_to_be_sent(house: House, relay: Relay) -> None:
    make.take(house.database, house.config, make.draft("en"))
    house.queue(4)
    people.ask(house.database, house.config)
    done = scheduler.tick(house.database, house.config, now=make.NOW)
    assert (done.sent, done.letters, done.problems, relay.accepted) == (0, 0, [], [])
    with house.worker():
        wait_until(lambda: len(relay.accepted) == 5)
        house.wait(4)
    done = scheduler.tick(house.database, house.config, now=make.NOW)
    assert [pressed.issue.state for pressed in done.issues] == [IssueState.SENT]


def test_a_worker_that_finds_the_configuration_wrong_ends_and_says_so(
    house: House, relay: Relay
) -> None:
    house.queue(4)
    with house.worker(password_file="nowhere", username="tidings") as worker:
        assert worker.wait(60) == 78
    assert "mail.password_file" in house.told
    assert relay.accepted == []


def test_on_sqlite_there_are_no_workers(migrated: bytes, tmp_path: Path) -> None:
    (tmp_path / "tidings.db").write_bytes(migrated)
    site = TOML.partition("[database]")[0]
    (tmp_path / "tidings.toml").write_text(site, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "publisher", "worker"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 78
    assert "workers need a PostgreSQL" in ran.stderr
    assert "Traceback" not in ran.stderr
