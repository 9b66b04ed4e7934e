"""The world breaks in the middle of an issue: the disk is full, the relay goes away."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from store import deliveries, queueing
from store.database import Database, open_database
from store.records import DeliveryState
from tests import make
from tests.fakes import Relay
from tests.served import wait_until
from tests.store import fill

ROOT = Path(__file__).parents[2]
PEOPLE = 300
CONNECTIONS = 3
#: Where the disk is full: no file may pass 8 blocks of 512 bytes, a third of what all mails need.
FULL = ("/bin/sh", "-c", 'ulimit -f 8 && exec "$0" "$@"')

TOML = """[site]
url = "https://news.example.org"
languages = ["en", "fr", "es", "ar"]
[database]
url = "{url}"
[mail]
tls = "none"
host = "127.0.0.1"
connections = {connections}
"""


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site on PostgreSQL, where whoever sends writes no file but its journal."""

    folder: Path
    database: Database

    def deliver(self, relay: Relay, *inside: str) -> "subprocess.Popen[bytes]":
        """Begin to send, inside of another command."""
        return subprocess.Popen(
            [*inside, sys.executable, "-B", "-m", "publisher", "deliver"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TIDINGS_MAIL__PORT": str(relay.port)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def emails(self, state: DeliveryState) -> set[str]:
        with self.database.read() as tx:
            return {mail.email for mail in deliveries.listing(tx, 1, state=state)}


@pytest.fixture
def site(postgres_url: str, tmp_path: Path) -> Iterator[Site]:
    text = TOML.format(url=postgres_url, connections=CONNECTIONS)
    (tmp_path / "tidings.toml").write_text(text, encoding="utf-8")
    database = open_database(postgres_url)
    with database.write() as tx:
        fill.newsletter(tx)
    make.subscribe(database, [f"p{number}@example.org" for number in range(PEOPLE)])
    with database.write() as tx:
        issue = fill.issue(tx)
        fill.edition(tx, issue)
        queueing.queue(tx, issue, due={"en": {"": make.NOW}}, now=make.NOW, size=100)
    yield Site(folder=tmp_path, database=database)
    database.close()


def ended(process: "subprocess.Popen[bytes]") -> tuple[int, str]:
    """Return how a process ended, and what it said."""
    _, said = process.communicate(timeout=120)
    return process.returncode, said.decode()


def test_on_a_full_disk_what_was_not_begun_waits_and_goes_out_later(site: Site) -> None:
    with Relay() as relay:
        code, said = ended(site.deliver(relay, *FULL))
        assert code == os.EX_TEMPFAIL, said
        assert ".journal: " in said
        some = relay.counts.keys()
        # A mail whose answer could not be noted was still told to the store.
        assert 0 < len(some) < PEOPLE
        assert site.emails(DeliveryState.SENT) == some
        assert site.emails(DeliveryState.UNKNOWN) == set()
        assert ended(site.deliver(relay))[0] == 0
        assert set(relay.counts.values()) == {1}
        assert len(relay.counts) == PEOPLE
    assert len(site.emails(DeliveryState.SENT)) == PEOPLE


def test_a_relay_that_goes_away_in_the_middle_costs_no_mail_and_doubles_none(site: Site) -> None:
    with Relay(takes=0.02) as gone:
        child = site.deliver(gone)
        wait_until(lambda: len(gone.accepted) > CONNECTIONS * 5)
    code, said = ended(child)
    assert code == os.EX_TEMPFAIL, said
    # What the relay had in hand it may have: each connection has one at the most.
    unknown = site.emails(DeliveryState.UNKNOWN)
    assert len(unknown) <= CONNECTIONS
    assert (
        site.emails(DeliveryState.SENT)
        <= gone.counts.keys()
        <= (site.emails(DeliveryState.SENT) | unknown)
    )
    with Relay() as back:
        assert ended(site.deliver(back))[0] == 0
        counts = Counter(email for email, _ in [*gone.accepted, *back.accepted])
    assert set(counts.values()) == {1}
    assert len(counts.keys() | unknown) == PEOPLE
    assert site.emails(DeliveryState.UNKNOWN) == unknown
    assert len(site.emails(DeliveryState.SENT)) == PEOPLE - len(unknown)
