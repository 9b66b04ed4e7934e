"""What a tick costs by the size of the archive: with nothing due, and with one item due.

The due item has texts in four languages; its tick ends when its feeds and pages are on disk.
A process that has ticked before keeps the entries of its feeds; a new one, as cron starts it,
makes all of them: both are measured.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import scheduler
from bench import archive
from publisher.config import Config
from publisher.ingest import intake
from publisher.passes import Pass
from publisher.press import plan
from store.database import Database, open_database
from tests import postgres

CONDITIONS = {
    "archive": archive.ABOUT,
    "database": "SQLite, a file, synchronous=FULL",
    "postgresql": "of the tests, on this machine, fsync off; up to 10,000 items",
    "languages": ", ".join(archive.LANGUAGES),
    "idle": "median of 20 ticks of a process that has ticked before",
    "due": "median of 7 ticks of that process, each with one item in four languages",
    "waiting": "median of 20 ticks, nothing due, a digest's issue waits for one translation",
    "due_fresh": "median of 3: the first tick of a new process, its imports not counted",
    "due_command": "median of 3: 'tidings tick' from its start to its exit",
    "cpu time": "keys with cpu count the process's own time, which other work hardly disturbs",
}

Figures = dict[str, dict[str, float]]

_IDLE, _DUE, _FRESH = 20, 7, 3
#: The largest archives that PostgreSQL is filled with: filling takes far longer than ticking.
_POSTGRESQL, _POSTGRESQL_QUICK = 10_000, 1_000
_numbers = count(1)


def measure(*, quick: bool) -> Figures:
    """Return milliseconds, by items in the archive."""
    figures: Figures = defaultdict(dict)
    sizes = (1_000, 10_000) if quick else (1_000, 10_000, 100_000)
    for size in sizes:
        with _site(size) as (database, config):
            found = {**_running(database, config), **_fresh(database, config)}
            found.update(_waiting(database, config))
        if size <= (_POSTGRESQL_QUICK if quick else _POSTGRESQL):
            found.update(_on_postgresql(size))
        for key, value in found.items():
            figures[key][str(size)] = round(value, 2)
        # A long run that ends early has shown something.
        sys.stderr.write(f"{size} items: {found}\n")
    return dict(figures)


@contextmanager
def _site(size: int, database_url: str = "") -> Iterator[tuple[Database, Config]]:
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder:
        config = archive.found(Path(folder), database_url)
        database = open_database(config.database_url)
        database.migrate()
        archive.fill(database, size)
        scheduler.tick(database, config, now=archive.NOW)
        yield database, config
        database.close()


def _running(database: Database, config: Config) -> dict[str, float]:
    def tick() -> None:
        _check(scheduler.tick(database, config, now=archive.NOW))

    idle = [_timed(tick) for _ in range(_IDLE)]
    due = []
    for _ in range(_DUE):
        _add(database, config)
        due.append(_timed(tick))
    return {**_medians("idle", idle), **_medians("due", due)}


def _on_postgresql(size: int) -> dict[str, float]:
    with postgres.server() as base, postgres.copy(base, None) as url, _site(size, url) as made:
        found = _running(*made)
    return {key.replace("_ms", "_postgresql_ms"): value for key, value in found.items()}


def _waiting(database: Database, config: Config) -> dict[str, float]:
    intake.take(database, config, archive.drafts("waits", ("en", "fr", "es")), now=archive.NOW)
    plan(database, archive.DIGEST, [archive.NOW + timedelta(seconds=1)])
    later = archive.NOW + timedelta(seconds=2)

    def tick() -> None:
        _check(scheduler.tick(database, config, now=later), waits=1)

    tick()
    return _medians("waiting", [_timed(tick) for _ in range(_IDLE)])


def _fresh(database: Database, config: Config) -> dict[str, float]:
    path, instant = str(config.folder / "tidings.toml"), archive.NOW.isoformat()
    ticks, commands = [], []
    for _ in range(_FRESH):
        _add(database, config)
        done = json.loads(_run("bench.once", path, instant))
        if done["problems"] or done["published"] != len(archive.LANGUAGES):
            raise RuntimeError(f"the tick had problems: {done}")
        ticks.append((done["ms"], done["cpu_ms"]))
        _add(database, config)
        started = perf_counter()
        _run("publisher", "tick", "--config", path, "--now", instant)
        commands.append((perf_counter() - started) * 1000)
    return {**_medians("due_fresh", ticks), "due_command_ms": median(commands)}


def _run(module: str, *arguments: str) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)  # noqa: S603
    return done.stdout


def _add(database: Database, config: Config) -> None:
    drafts = archive.drafts(f"due-{next(_numbers)}")
    intake.take(database, config, drafts, now=archive.NOW)


def _check(done: Pass, *, waits: int = 0) -> None:
    if done.problems or done.busy or len(done.issues) != waits:
        raise RuntimeError(f"the tick had problems: {done}")


def _timed(act: Callable[[], None]) -> tuple[float, float]:
    """Return how long something takes, and how much of it the processor worked for us."""
    started, used = perf_counter(), process_time()
    act()
    return (perf_counter() - started) * 1000, (process_time() - used) * 1000


def _medians(name: str, times: list[tuple[float, float]]) -> dict[str, float]:
    wall, cpu = (median(part) for part in zip(*times, strict=True))
    return {f"{name}_ms": wall, f"{name}_cpu_ms": cpu}
