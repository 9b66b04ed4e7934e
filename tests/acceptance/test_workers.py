"""Workers of several processes share what is to be sent: nothing twice, nothing lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from publisher.config import Config, load
from store import batches, deliveries
from store.database import Database, open_database
from store.records import DeliveryState
from tests import make
from tests.fakes import Relay
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

    @contextmanager
    def worker(self) -> "Iterator[subprocess.Popen[bytes]]":
        """Run a worker; it is told to end at the end, and must do so well."""
        with (self.folder / "complaints").open("ab") as complaints:
            process = subprocess.Popen(
                [sys.executable, "-m", "publisher", "worker"],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stderr=complaints,
            )
        try:
            yield process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 0, (self.folder / "complaints").read_text()
        finally:
            process.kill()
            process.wait(60)

    def queue(self, people: int, *, size: int = 50) -> None:
        """Queue an issue for so many people."""
        make.subscribe(self.database, [f"p{number}@example.org" for number in range(people)])
        with self.database.write() as tx:
            issue = fill.issue(tx)
            fill.edition(tx, issue)
            due = {"en": {"": make.NOW}}
            deliveries.queue(tx, issue, due=due, now=make.NOW, size=size)

    def counts(self) -> dict[DeliveryState, int]:
        with self.database.read() as tx:
            return deliveries.counts(tx)

    def wait(self, people: int) -> None:
        """Wait until so many are sent or unknown, and no batch is held."""

        def done() -> bool:
            states = self.counts()
            with self.database.read() as tx:
                held = batches.held(tx)
            return states[DeliveryState.SENT] + states[DeliveryState.UNKNOWN] == people and not held

        wait_until(done)


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as relay:
        yield relay


@pytest.fixture
def house(postgres_url: str, relay: Relay, tmp_path: Path) -> Iterator[House]:
    settings = TOML.format(url=postgres_url, port=relay.port, connections=CONNECTIONS)
    (tmp_path / "tidings.toml").write_text(settings, encoding="utf-8")
    database = open_database(postgres_url)
    with database.write() as tx:
        fill.newsletter(tx)
    yield House(folder=tmp_path, database=database)
    database.close()


def test_two_workers_share_an_issue_and_each_mail_goes_once(house: House, relay: Relay) -> None:
    house.queue(1_000)
    with house.worker(), house.worker():
        house.wait(1_000)
    assert len(relay.counts) == 1_000
    assert set(relay.counts.values()) == {1}
    assert house.counts()[DeliveryState.SENT] == 1_000
