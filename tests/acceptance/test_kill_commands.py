"""Kill the commands themselves, at any moment: nobody gets a mail twice, and none is lost."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import scheduler
from store import deliveries
from store.database import open_database
from store.records import DeliveryState
from tests import make
from tests.fakes import Relay

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


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "publisher", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def test_deliver_killed_again_and_again_sends_nothing_twice_and_loses_nothing(
    migrated: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "tidings.db"
    path.write_bytes(migrated)
    database = open_database(f"sqlite:///{path}")
    config = make.config(tmp_path)
    make.start(database, config, languages=("en",))
    make.subscribe(database, [f"p{number}@example.org" for number in range(PEOPLE)])
    make.take(database, config, make.draft("en"))
    with Relay() as relay:
        absent = config.model_copy(
            update={"mail": config.mail.model_copy(update={"host": "127.0.0.1", "port": 1})}
        )
        assert scheduler.tick(database, absent, now=make.NOW).queued == PEOPLE
        settings = TOML.format(port=relay.port, connections=CONNECTIONS)
        (tmp_path / "tidings.toml").write_text(settings, encoding="utf-8")
        chance = random.Random(7)
        interrupted = 0
        for _ in range(KILLS):
            before = len(relay.accepted)
            child = start(tmp_path, "deliver")
            deadline = time.monotonic() + 30
            # At some moment after this many more were accepted, wherever the child is then.
            wanted = before + chance.randrange(1, PEOPLE // KILLS)
            while len(relay.accepted) < wanted and child.poll() is None:
                assert time.monotonic() < deadline
            child.send_signal(signal.SIGKILL)
            interrupted += child.wait() == -signal.SIGKILL
            assert child.stderr is not None
            child.stderr.close()
        last = start(tmp_path, "deliver")
        _, complaints = last.communicate(timeout=120)
        assert last.returncode == 0, complaints
        counts = relay.counts
    assert interrupted == KILLS
    assert set(counts.values()) == {1}
    with database.read() as tx:
        states = deliveries.counts(tx)
        mails = deliveries.listing(tx, 1)
    database.close()
    assert states[DeliveryState.SENT] + states[DeliveryState.UNKNOWN] == PEOPLE
    assert states[DeliveryState.UNKNOWN] <= KILLS * CONNECTIONS
    sent = {mail.email for mail in mails if mail.state is DeliveryState.SENT}
    unknown = {mail.email for mail in mails if mail.state is DeliveryState.UNKNOWN}
    # Whom we call sent has it; whoever has it is called sent, or openly unknown.
    assert sent <= counts.keys() <= sent | unknown
