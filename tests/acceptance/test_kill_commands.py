"""Kill the commands themselves, at any moment: nobody gets a mail twice, and none is lost."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

import scheduler
from store import deliveries, queueing
from store.database import Database, open_database
from store.records import DeliveryState
from tests import make
from tests.fakes import Relay, Silent
from tests.served import wait_until
from tests.store import fill

ROOT = Path(__file__).parents[2]
PEOPLE = 400
KILLS = 8
CONNECTIONS = 3

TOML = """[site]
url = "https://news.example.org"
languages = ["en", "fr", "es", "ar"]
[mail]
tls = "none"
host = "127.0.0.1"
port = {port}
connections = {connections}
"""


def start(folder: Path, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
    """Begin a command; ``settings`` of ``[mail]`` take the place of those in the file."""
    mail = {f"TIDINGS_MAIL__{name.upper()}": value for name, value in settings.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "publisher", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **mail},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site with an issue that is queued for many."""

    folder: Path
    database: Database

    def settle(self, relay: Relay, *more: str) -> None:
        """Write its configuration, for a relay."""
        settings = TOML.format(port=relay.port, connections=CONNECTIONS)
        text = "\n".join([settings, *more])
        (self.folder / "tidings.toml").write_text(text, encoding="utf-8")

    def counts(self) -> dict[DeliveryState, int]:
        with self.database.read() as tx:
            return deliveries.counts(tx)

    def emails(self, state: DeliveryState) -> set[str]:
        with self.database.read() as tx:
            return {mail.email for mail in deliveries.listing(tx, 1, state=state)}


@pytest.fixture
def site(migrated: bytes, tmp_path: Path) -> Iterator[Site]:
    path = tmp_path / "tidings.db"
    path.write_bytes(migrated)
    database = open_database(f"sqlite:///{path}")
    config = make.config(tmp_path)
    make.start(database, config, languages=("en",))
    make.subscribe(database, [f"p{number}@example.org" for number in range(PEOPLE)])
    make.take(database, config, make.draft("en"))
    assert scheduler.tick(database, config, now=make.NOW, sends=False).queued == PEOPLE
    yield Site(folder=tmp_path, database=database)
    database.close()


def finish(process: "subprocess.Popen[bytes]") -> None:
    _, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, complaints


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate(timeout=60)


def freeze(site: Site, process: "subprocess.Popen[bytes]") -> None:
    """Stop a process at a moment at which it has no SQLite file locked for all others."""
    while True:
        process.send_signal(signal.SIGSTOP)
        with (
            sqlite3.connect(site.folder / "tidings.db", timeout=0) as beside,
            suppress(sqlite3.OperationalError),
        ):
            beside.execute("BEGIN IMMEDIATE")
            return
        process.send_signal(signal.SIGCONT)


def test_deliver_killed_again_and_again_sends_nothing_twice_and_loses_nothing(
    site: Site,
) -> None:
    with Relay() as relay:
        site.settle(relay)
        chance = random.Random(7)
        interrupted = 0
        for _ in range(KILLS):
            before = len(relay.accepted)
            child = start(site.folder, "deliver")
            deadline = time.monotonic() + 120
            # At some moment after this many more were accepted, wherever the child is then.
            wanted = before + chance.randrange(1, PEOPLE // KILLS)
            while len(relay.accepted) < wanted and child.poll() is None:
                assert time.monotonic() < deadline
            child.send_signal(signal.SIGKILL)
            interrupted += child.wait() == -signal.SIGKILL
            assert child.stderr is not None
            child.stderr.close()
        finish(start(site.folder, "deliver"))
        counts = relay.counts
    assert interrupted == KILLS
    assert set(counts.values()) == {1}
    states = site.counts()
    assert states[DeliveryState.SENT] + states[DeliveryState.UNKNOWN] == PEOPLE
    assert states[DeliveryState.UNKNOWN] <= KILLS * CONNECTIONS
    sent, unknown = site.emails(DeliveryState.SENT), site.emails(DeliveryState.UNKNOWN)
    # Whom we call sent has it; whoever has it is called sent, or openly unknown.
    assert sent <= counts.keys() <= sent | unknown


def test_of_who_is_killed_before_the_relay_answers_a_mail_for_each_connection_is_unknown(
    site: Site,
) -> None:
    with Silent() as silent, Relay() as relay:
        site.settle(relay)
        child = start(site.folder, "deliver", port=str(silent.port))
        wait_until(lambda: len(silent.accepted) == CONNECTIONS)
        kill(child)
        silent.answers.set()
        finish(start(site.folder, "deliver"))
        assert site.emails(DeliveryState.UNKNOWN) == {*silent.counts}
        assert site.emails(DeliveryState.SENT) == {*relay.counts}
        assert set(relay.counts.values()) == {1}
    assert site.counts()[DeliveryState.SENT] == PEOPLE - CONNECTIONS
    assert list((site.folder / "tidings.db.journal").iterdir()) == []


def test_who_was_frozen_keeps_its_batch_and_goes_on_with_it(site: Site) -> None:
    """The others see that it lives, though its lease is over."""
    make.subscribe(site.database, [f"q{number}@example.org" for number in range(PEOPLE)])
    with site.database.write() as tx:
        # Two more issues, of which it has one in hand at the most.
        for number in (1, 2):
            issue = fill.issue(tx, slot=make.NOW + timedelta(days=number))
            fill.edition(tx, issue)
            queueing.queue(tx, issue, due={"en": {"": make.NOW}}, now=make.NOW)
    with Silent() as silent, Relay() as relay:
        site.settle(relay, "[delivery]", "lease = 1", "grace = 0")
        frozen = start(site.folder, "deliver", port=str(silent.port))
        wait_until(lambda: len(silent.accepted) == CONNECTIONS)
        freeze(site, frozen)
        finish(start(site.folder, "deliver"))
        states = site.counts()
        assert states[DeliveryState.UNKNOWN] == 0
        assert states[DeliveryState.SENT] == len(relay.accepted) > 0
        silent.answers.set()
        frozen.send_signal(signal.SIGCONT)
        finish(frozen)
        accepted = [*relay.accepted, *silent.accepted]
    # The same message is the same mail: nobody has one of them twice.
    assert len({*accepted}) == len(accepted) == site.counts()[DeliveryState.SENT]
    assert site.counts()[DeliveryState.SENT] == sum(site.counts().values())


def test_several_deliver_at_once(site: Site) -> None:
    with site.database.write() as tx:
        for number in (1, 2, 3):
            issue = fill.issue(tx, slot=make.NOW + timedelta(days=number))
            fill.edition(tx, issue)
            queueing.queue(tx, issue, due={"en": {"": make.NOW}}, now=make.NOW, size=50)
    with Relay() as relay:
        site.settle(relay)
        several = [start(site.folder, "deliver") for _ in range(3)]
        for each in several:
            finish(each)
        finish(start(site.folder, "deliver"))
        assert len({*relay.accepted}) == len(relay.accepted) == 4 * PEOPLE
    assert site.counts()[DeliveryState.SENT] == 4 * PEOPLE


def test_who_is_told_to_stop_ends_what_is_under_way_and_no_mail_is_in_doubt(site: Site) -> None:
    with Relay(takes=0.05) as relay:
        site.settle(relay)
        child = start(site.folder, "deliver")
        wait_until(lambda: len(relay.accepted) > CONNECTIONS)
        child.terminate()
        _, complaints = child.communicate(timeout=60)
        assert child.returncode == 75, complaints
        assert b"told to stop" in complaints
        sent = site.counts()[DeliveryState.SENT]
        assert CONNECTIONS < sent == len(relay.accepted) < PEOPLE
    assert site.counts()[DeliveryState.QUEUED] == PEOPLE - sent


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["deliver", "tick"])
def test_told_to_stop_it_ends_what_is_under_way_and_leaves_no_mail_in_doubt(
    site: Site, command: str, number: int
) -> None:
    with Relay(takes=0.2) as relay:
        site.settle(relay)
        child = start(site.folder, command)
        wait_until(lambda: len(relay.accepted) >= CONNECTIONS)
        child.send_signal(number)
        _, complaints = child.communicate(timeout=60)
        assert child.returncode == 75, complaints
        assert complaints.decode() == "tidings: told to stop: what was not under way waits\n"
        taken = len(relay.accepted)
    assert CONNECTIONS <= taken < PEOPLE
    left = {state: count for state, count in site.counts().items() if count}
    assert left == {DeliveryState.SENT: taken, DeliveryState.QUEUED: PEOPLE - taken}
