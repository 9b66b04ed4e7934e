"""Subscribers from a CSV file, against a bare load of the very rows that come of it.

The import reads the file, checks each row, looks each address up and loads what is new, some
thousand rows a transaction. Its peers get those rows ready made, in the form that their
database takes quickest, and do nothing but load them into empty tables with the same keys and
indexes, in one transaction. Each runs in a process of its own.
"""

import csv
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from bench import archive
from bench.conditions import libraries
from publisher.launching import start
from store.database import open_database
from tests import make, postgres

CONDITIONS = {
    **libraries("psycopg"),
    "rows": "1,000,000 (quick: 100,000), each with one newsletter; 4 languages, a quarter each",
    "repetitions": "median of 3 for the quick size, 1 for the full one",
    "postgresql": "of the tests, on this machine, fsync off; the peer: COPY of ready bytes",
    "sqlite": "a file, WAL, synchronous=FULL; the peer: executemany of ready tuples",
    "cpu": "keys with cpu compare the time that the processors worked, the server's for PostgreSQL "
    "among it, which other work hardly disturbs",
    "peak": "the importing process's largest resident set, its libraries among it",
}

_ROWS, _QUICK = 1_000_000, 100_000
_NAMES = {
    "en": ("Zoe Hartley", "Daniel Mwangi", "Kim Roth"),
    "fr": ("Aïcha Benaïssa", "Luc Gagnon", "Chloé Lefèvre"),
    "es": ("Íñigo Muñoz", "Ana Torres", "José Ibáñez"),
    "ar": ("أمينة حسن", "يوسف خليل", "ليلى منصور"),
}
_ZONES = ("Europe/Brussels", "Africa/Nairobi", "America/Bogota", "Asia/Amman", "")
_COLUMNS = ("email", "language", "newsletters", "name", "timezone", "consent_at", "consent_source")
#: Nearly everybody agreed at a moment of their own, in these twenty years.
_AGREED, _YEARS = datetime(2006, 1, 1, tzinfo=UTC), 20 * 365 * 86_400

Figures = dict[str, float]


def measure(*, quick: bool) -> Figures:
    """Return throughputs against the peers', seconds, and megabytes."""
    rows, times = (_QUICK, 3) if quick else (_ROWS, 1)
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder:
        people = Path(folder) / "people.csv"
        _write(people, rows)
        figures = {
            **_compared("sqlite", "vs_sqlite_executemany", people, times),
            **_compared("postgresql", "vs_copy", people, times),
        }
    figures["peak_mb"] = max(figures["sqlite_peak_mb"], figures["postgresql_peak_mb"])
    return figures


def _write(path: Path, rows: int) -> None:
    chance = random.Random(5)  # noqa: S311  (the same file each time)
    languages = sorted(_NAMES)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(
            ["email", "language", "newsletters", "name", "timezone", "consent_at", "consent_source"]
        )
        for number in range(rows):
            language = languages[number % 4]
            user = f"{chance.choice('abcdefghijklmnop')}{chance.getrandbits(40):x}.{number}"
            name = f"{chance.choice(_NAMES[language])} {number}"
            agreed = _AGREED + timedelta(seconds=chance.randrange(_YEARS))
            email = f"{user}@example{number % 97}.org"
            zone = _ZONES[number % len(_ZONES)]
            out.writerow(
                [email, language, "weekly", name, zone, agreed.isoformat(), "website form"]
            )


def _compared(kind: str, key: str, people: Path, times: int) -> Figures:
    found: dict[str, list[float]] = {}
    for _ in range(times):
        with _stores(kind, people.parent) as (ours, theirs):
            done = _run("ours", ours, str(people))
            again = _run("ours", ours, str(people))
            peer = _run("peer", ours, theirs)
        for name, value in {
            key: peer["seconds"] / done["seconds"],
            f"{key}_cpu": peer["cpu"] / done["cpu"],
            f"{kind}_seconds": done["seconds"],
            f"{kind}_bare_seconds": peer["seconds"],
            f"{kind}_again_seconds": again["seconds"],
            f"{kind}_peak_mb": max(done["peak_mb"], again["peak_mb"]),
        }.items():
            found.setdefault(name, []).append(value)
    figures = {name: round(median(values), 3) for name, values in found.items()}
    sys.stderr.write(f"{kind}: {figures}\n")
    return figures


@contextmanager
def _stores(kind: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Give the URLs of two stores with a newsletter and nobody in them."""
    if kind == "postgresql":
        with (
            postgres.server() as base,
            postgres.copy(base, None) as ours,
            postgres.copy(base, None) as theirs,
        ):
            for url in (ours, theirs):
                _found(url)
            yield ours, theirs
        return
    with tempfile.TemporaryDirectory(dir=folder) as place:
        urls = f"sqlite:///{place}/ours.db", f"sqlite:///{place}/theirs.db"
        for url in urls:
            _found(url)
        yield urls


def _found(url: str) -> None:
    database = open_database(url)
    database.migrate()
    with tempfile.TemporaryDirectory() as folder:
        start(database, archive.found(Path(folder), url), make.newsletter(key="weekly"))
    database.close()


def _run(what: str, *arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.load", what, *arguments]
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)  # noqa: S603
    found: dict[str, float] = json.loads(done.stdout)
    return found
