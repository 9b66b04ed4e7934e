"""Kill an import between its batches: what is in is whole, and the rest can be run again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from publisher.subscriptions.importing import BATCH
from store import members
from store.database import Database, open_database
from tests import make

ROOT = Path(__file__).parents[2]
PEOPLE = 2 * BATCH + 7

TOML = '[site]\nurl = "https://news.example.org"\nlanguages = ["en", "fr", "es", "ar"]\n'
TOML += '[database]\nurl = "{url}"\n'


HEADER = "email,language,newsletters\n"


def rows(count: int) -> Iterator[str]:
    return (f"p{number:06}@example.org,fr,digest\n" for number in range(count))


def start(folder: Path, file: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "publisher", "subscriber", "import", file, "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )


def taken(database: Database, limit: int = PEOPLE + 1) -> int:
    with database.read() as tx:
        found = members.page(tx, limit=limit)
    # With a person come their subscriptions, in one transaction.
    assert all(member.topics == {"digest": ()} for member in found)
    return len(found)


def test_an_import_that_was_killed_is_run_again_and_everybody_is_in_once(
    store_url: str, tmp_path: Path
) -> None:
    (tmp_path / "tidings.toml").write_text(TOML.format(url=store_url), encoding="utf-8")
    database = open_database(store_url)
    make.start(database, make.config(tmp_path))
    # A pipe says nothing after its second batch has begun: there the child waits to be killed.
    os.mkfifo(tmp_path / "pipe.csv")
    path = tmp_path / "pipe.csv"
    with start(tmp_path, path.name) as child, path.open("w", encoding="utf-8") as pipe:
        pipe.writelines([HEADER, *rows(BATCH + BATCH // 2)])
        pipe.flush()
        deadline = time.monotonic() + 60
        while not taken(database, limit=1):
            assert time.monotonic() < deadline
            assert child.poll() is None
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert taken(database) == BATCH
    (tmp_path / "people.csv").write_text("".join([HEADER, *rows(PEOPLE)]), encoding="utf-8")
    with start(tmp_path, "people.csv") as again:
        answer, _ = again.communicate(timeout=120)
    done = json.loads(answer)
    assert (done["rows"], done["added"], done["same"]) == (PEOPLE, PEOPLE - BATCH, BATCH)
    assert taken(database) == PEOPLE
    database.close()
