"""``python -m bench.load ours URL FILE`` or ``peer URL URL``: one import, or one bare load.

The peer takes the rows that the import has left in the first database, ready made, and loads
them into the second.
"""

import json
import resource
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time

import psycopg
from sqlalchemy import text

from bench import archive
from bench.processes import cpu_seconds
from publisher.subscriptions import import_csv
from store.database import open_database

_TABLES = {
    "subscribers": "id, email, name, language, timezone, status, consent_at, consent_source",
    "subscriptions": "newsletter, subscriber_id, topics, topic_key",
}
_BLOCK = 1 << 17


def main() -> None:
    """Load once; what was imported and opened before does not count."""
    what, first, second = sys.argv[1:]
    if what == "ours":
        seconds, cpu = _ours(first, Path(second))
    elif first.startswith("sqlite"):
        seconds, cpu = _executemany(first, second)
    else:
        seconds, cpu = _copy(first, second)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": round(peak, 1)}))


def _ours(url: str, people: Path) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        config = archive.found(Path(folder), url)
    database = open_database(url)
    started, used = perf_counter(), process_time()
    with people.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        outcome = import_csv(database, config, lines, str(people))
    seconds, cpu = perf_counter() - started, process_time() - used
    if not url.startswith("sqlite"):
        # The one connection that there was: what the server has worked for it.
        with database.read() as tx:
            cpu += cpu_seconds(tx.rows(text("select pg_backend_pid() as pid"))[0]["pid"])
    database.close()
    if outcome.rejected or not outcome.rows:
        raise RuntimeError(f"the import had problems: {outcome.rejected[:3]}")
    return seconds, cpu


def _copy(ours: str, theirs: str) -> tuple[float, float]:
    with psycopg.connect(ours) as source, psycopg.connect(theirs) as target:
        # Whatever the import made of them comes in the order in which it wrote them.
        ready = {table: _ready(source, table, columns) for table, columns in _TABLES.items()}
        started, used = perf_counter(), process_time()
        for table, columns in _TABLES.items():
            with target.cursor().copy(f"copy {table} ({columns}) from stdin".encode()) as copy:
                for block in _blocks(ready[table]):
                    copy.write(block)
        target.commit()
        seconds, cpu = perf_counter() - started, process_time() - used
        return seconds, cpu + cpu_seconds(target.info.backend_pid)


def _ready(source: psycopg.Connection, table: str, columns: str) -> bytes:
    with source.cursor().copy(f"copy {table} ({columns}) to stdout".encode()) as copy:
        return b"".join(bytes(block) for block in copy)


def _blocks(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), _BLOCK):
        yield content[start : start + _BLOCK]


def _executemany(ours: str, theirs: str) -> tuple[float, float]:
    source = sqlite3.connect(ours.removeprefix("sqlite:///"))
    ready = {
        table: source.execute(f"select {columns} from {table} order by rowid").fetchall()  # noqa: S608
        for table, columns in _TABLES.items()
    }
    target = sqlite3.connect(theirs.removeprefix("sqlite:///"))
    # As our own connections are.
    target.executescript("pragma synchronous=FULL; pragma foreign_keys=ON")
    started, used = perf_counter(), process_time()
    for table, columns in _TABLES.items():
        marks = ", ".join("?" for _ in columns.split(", "))
        target.executemany(f"insert into {table} ({columns}) values ({marks})", ready[table])  # noqa: S608
    target.commit()
    return perf_counter() - started, process_time() - used


if __name__ == "__main__":
    main()
