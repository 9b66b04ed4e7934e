"""Kill a tick at every transaction boundary, run it again: nothing twice, nothing lost.

The child process is really killed (SIGKILL), before and after each commit, on SQLite and on
PostgreSQL, with a real relay on loopback.
"""

import gzip
import itertools
import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event

import scheduler
from publisher.config import Config
from publisher.errors import BusyError
from store import deliveries, issues, items, publications
from store.database import Database, open_database
from store.records import FEED, DeliveryState, Issue, IssueState, newsletter_channel
from tests import make, postgres
from tests.fakes import Relay
from tests.served import wait_until

#: Children are forked from a clean server that has imported all that they need.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["scheduler", "publisher.delivery.engine", __name__])

PEOPLE = {
    "en": ["one.en@example.org", "two.en@example.org"],
    "fr": ["one.fr@example.org"],
    "ar": ["one.ar@example.org"],
}


def tick_until_killed(url: str, config: Config, boundary: int, told: str) -> None:
    """Tick in this process; die at the given boundary, or write how many there were."""
    database = open_database(url)
    passed = 0

    def at_boundary(*_: object) -> None:
        nonlocal passed
        if passed == boundary:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    # Before each COMMIT, and when the connection comes back after it.
    event.listen(database._engine, "commit", at_boundary)
    event.listen(database._engine, "checkin", at_boundary)
    scheduler.tick(database, config, now=make.NOW)
    Path(told).write_text(str(passed), encoding="ascii")


def run_child(url: str, config: Config, boundary: int, told: Path) -> int | None:
    """Return how many boundaries there were, None when the child was killed at one."""
    told.unlink(missing_ok=True)
    arguments = (url, config, boundary, str(told))
    child = _PROCESSES.Process(target=tick_until_killed, args=arguments)
    child.start()
    child.join(60)
    if child.exitcode == -signal.SIGKILL:
        return None
    assert child.exitcode == 0
    return int(told.read_text(encoding="ascii"))


def fill(database: Database, config: Config) -> None:
    """Leave work of every kind for the tick: items, an issue, people."""
    make.start(database, config, languages=("en", "fr", "ar"))
    for language, emails in PEOPLE.items():
        make.subscribe(database, emails, language=language)
    make.take(database, config, make.draft("en"), make.draft("ar"))
    make.take(database, config, make.draft("en", key="second"), make.draft("fr", key="second"))


@dataclass(frozen=True)
class Outcome:
    """All that must be the same, however often somebody was killed."""

    ledger: tuple[object, ...]
    deliveries: tuple[tuple[str, str], ...]
    state: IssueState
    files: tuple[tuple[bytes, bytes], ...]


def outcome(database: Database, config: Config) -> Outcome:
    with database.read() as tx:
        ids = [item.id for item in items.listing(tx)]
        ledger = [
            (row.item_id, row.language, row.channel, row.telling, row.shown_language)
            for channel in (FEED, newsletter_channel("digest"))
            for row in publications.standing(tx, ids, channel).values()
        ]
        (issue,) = issues.listing(tx)
        mails = [(mail.email, mail.language) for mail in deliveries.listing(tx, issue.id)]
    files = [
        (anonymous(str(path.relative_to(config.public)).encode(), issue), read(path, issue))
        for path in sorted(config.public.rglob("*"))
        if path.is_file()
    ]
    return Outcome(tuple(sorted(ledger)), tuple(mails), issue.state, tuple(files))


def read(path: Path, issue: Issue) -> bytes:
    body = path.read_bytes()
    return anonymous(gzip.decompress(body) if path.suffix == ".gz" else body, issue)


def anonymous(text: bytes, issue: Issue) -> bytes:
    """Take an issue's number out: PostgreSQL gives none twice, not even after a rollback."""
    return text.replace(b"newsletters/digest/%d/" % issue.id, b"newsletters/digest/N/")


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, migrated: bytes, tmp_path: Path) -> Iterator[object]:
    """Give a function that makes a fresh copy of a filled store and returns its URL."""
    config = make.config(tmp_path)
    if request.param == "sqlite":
        origin = tmp_path / "origin.db"
        origin.write_bytes(migrated)
        database = open_database(f"sqlite:///{origin}")
        fill(database, config)
        database.close()
        image = origin.read_bytes()

        def copy(number: int) -> str:
            path = tmp_path / f"copy{number}.db"
            path.write_bytes(image)
            return f"sqlite:///{path}"

        yield copy
        return
    base: str = request.getfixturevalue("postgres_server")
    with postgres.template(base) as name:
        database = open_database(postgres.url(base, name))
        fill(database, config)
        database.close()
        made = []

        def clone(_number: int) -> str:
            made.append(postgres.copy(base, name))
            return made[-1].__enter__()

        yield clone
        for context in made:
            context.__exit__(None, None, None)


def is_free(database: Database) -> bool:
    """Say whether nobody ticks."""
    try:
        with database.exclusive("tick"):
            return True
    except BusyError:
        return False


def test_a_tick_killed_at_any_boundary_and_run_again_does_everything_exactly_once(
    filled: object, tmp_path: Path
) -> None:
    assert callable(filled)
    told = tmp_path / "told"
    with Relay() as relay:
        whole = make.config(tmp_path / "whole", mail={"connections": 1})
        undisturbed = filled(0)
        assert run_child(undisturbed, relay.serves(whole), -1, told)
        database = open_database(undisturbed)
        expected = outcome(database, whole)
        database.close()
        assert relay.counts == {email: 1 for emails in PEOPLE.values() for email in emails}
    assert expected.state is IssueState.SENT

    # How many there are depends on how often the engine looks around while it sends.
    for boundary in itertools.count():
        with Relay() as relay:
            config = relay.serves(make.config(tmp_path / f"{boundary}", mail={"connections": 1}))
            url = filled(boundary + 1)
            if run_child(url, config, boundary, told) is not None:
                break
            database = open_database(url)
            # PostgreSQL takes its time to notice that a lock's holder is dead.
            wait_until(partial(is_free, database))
            done = scheduler.tick(database, config, now=make.NOW)
            assert done.problems == []
            assert outcome(database, config) == expected
            with database.read() as tx:
                counts = deliveries.counts(tx)
            database.close()
            # Never twice; what nobody can know is at most one mail for each connection.
            assert set(relay.counts.values()) <= {1}
            assert counts[DeliveryState.SENT] + counts[DeliveryState.UNKNOWN] == 4
            assert counts[DeliveryState.UNKNOWN] <= 1
            assert counts[DeliveryState.SENT] <= len(relay.accepted) <= 4
    # As many as a tick has at the least, or the rules above were idle.
    assert boundary > 40
