"""A campaign by 1, 2 and 4 workers: how many mails a second, and what each part takes of it.

The workers are processes of ``tidings worker``, each with a folder of its own as on a host of its
own, that send the same issue from PostgreSQL to Postfix's ``smtp-sink``, which counts. The issue
is resumed once all of them are at work; the clock runs from the first mail that the sink counts
to the last. Each number of workers begins with a fresh copy of the database.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from bench import queued
from bench.conditions import libraries, program
from bench.processes import cpu_seconds, free_port, idle_seconds, peak_mb, running
from publisher import issuing
from publisher.config import Config
from publisher.mail import keys
from store import deliveries
from store.database import Database, open_database
from store.records import DeliveryState
from tests import postgres

#: Of each worker to the sink.
CONNECTIONS = 10

CONDITIONS = {
    "sink": f"smtp-sink -c, one process; Postfix {program('postconf', '-dh', 'mail_version')}",
    "database": "PostgreSQL of the tests, on this machine, fsync off",
    **libraries("procrastinate", "psycopg", "cryptography"),
    "mails": queued.ABOUT,
    "workers": f"'tidings worker', {CONNECTIONS} connections each; one batch of 500 at a time",
    "signed": "per_s: DKIM, RSA-2048; unsigned_per_s: a fifth of the mails, no signature",
    "per_s": "from the first mail that the sink counts to the last",
    "shares": "of all cores' time, what each part and others had, and what was idle; cpu_us: "
    "microseconds that each worked for a mail; wal: bytes of PostgreSQL's log for a mail",
    "peak_mb": "the largest resident set of any worker, its children among it",
}

_ROOT = Path(__file__).parents[1]
_SIZE, _QUICK = 1_000_000, 10_000
_WORKERS = (1, 2, 4)
_SELECTOR = "bench"
#: Connections of all but us.
_CONNECTED = (
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid()"
)
#: Seconds for workers to come, and for the store to hear of the last mails.
_PATIENCE = 120.0
#: Seconds without one more mail after which something is wrong.
_STILL = 60.0


@dataclass(frozen=True, kw_only=True)
class Run:
    """What some workers did together."""

    per_s: float
    peak_mb: float
    #: Of all cores' time, what workers, sink and PostgreSQL had, and others; and what nobody had.
    shares: dict[str, float]
    #: Microseconds that they worked for a mail.
    cpu_us: dict[str, int]
    #: Bytes of PostgreSQL's log (WAL) for a mail.
    wal: int
    #: Connections to the database that a worker holds.
    connections: int


def measure(*, quick: bool) -> dict[str, object]:
    """Return mails a second by workers, and the largest worker's megabytes."""
    return of(_QUICK if quick else _SIZE)


def of(people: int) -> dict[str, object]:
    """Measure with so many recipients."""
    if shutil.which("smtp-sink") is None:
        sys.stderr.write(
            "bench campaign needs smtp-sink; on Debian and Ubuntu: "
            "apt-get install --no-install-recommends postfix\n"
        )
        sys.exit(1)
    with ExitStack() as ends:
        base = ends.enter_context(postgres.server())
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="tidings-bench-")))
        signed = _campaign(base, folder / "signed", people, signs=True)
        unsigned = _campaign(base, folder / "unsigned", people // 5, signs=False)
    return {
        "recipients": people,
        "per_s": {number: round(run.per_s) for number, run in signed.items()},
        "peak_mb": max(run.peak_mb for run in [*signed.values(), *unsigned.values()]),
        "cores": os.cpu_count(),
        **_costs("", signed),
        "database_connections": max(run.connections for run in signed.values()),
        "unsigned_per_s": {number: round(run.per_s) for number, run in unsigned.items()},
        **_costs("unsigned_", unsigned),
    }


def _costs(prefix: str, runs: dict[str, Run]) -> dict[str, object]:
    return {
        f"{prefix}{name}": {number: getattr(run, name) for number, run in runs.items()}
        for name in ("shares", "cpu_us", "wal")
    }


@dataclass(frozen=True, kw_only=True)
class _Site:
    """What the configurations of all workers say."""

    folder: Path
    port: int
    signs: bool

    def write(self, folder: Path, url: str) -> Config:
        """Write a worker's configuration into its folder."""
        folder.mkdir(exist_ok=True)
        mail = {"host": "127.0.0.1", "port": self.port, "tls": "none", "connections": CONNECTIONS}
        dkim = ["[dkim]", f'selectors = ["{_SELECTOR}"]', f'folder = "{self.folder}/dkim"']
        return queued.written(folder, url, mail, *(dkim if self.signs else []))


def _campaign(base: str, folder: Path, people: int, *, signs: bool) -> dict[str, Run]:
    """Send one campaign by each number of workers, from copies of one database."""
    found = {}
    folder.mkdir()
    counter = folder / "counted"
    with _sink(counter) as (sink, port), postgres.copy(base, None) as origin:
        site = _Site(folder=folder, port=port, signs=signs)
        issue = _prepare(site, origin, people)
        for number in _WORKERS:
            name = origin.partition("?")[0].rpartition("/")[2]
            with postgres.copy(base, name) as url:
                places = [folder / f"{number}-{place}" for place in range(number)]
                for place in places:
                    site.write(place, url)
                with closing(open_database(url)) as database, _at_work(places, database) as workers:
                    parts = _parts(database, sink, workers)
                    run = _run(database, issue, people, _Counter(path=counter), parts)
            found[str(number)] = run
            # A long run that ends early has shown something.
            sys.stderr.write(f"{number} workers, signed: {signs}: {run}\n")
    return found


def _prepare(site: _Site, url: str, people: int) -> int:
    """Make a store with an issue that waits for so many, and is paused; return its id."""
    started = time.perf_counter()
    config = site.write(site.folder / "origin", url)
    if site.signs:
        keys.make(config, config.sender.rpartition("@")[2], _SELECTOR, ed25519=False)
    issue = queued.queue(config, people, now=datetime.now(UTC))
    seconds = time.perf_counter() - started
    with closing(open_database(url)) as database:
        issuing.pause(database, issue)
        sizes = {name: _size(database, name) for name in ("subscribers", "deliveries", "batches")}
    sys.stderr.write(f"{people} subscribed and queued in {seconds:.1f} s; bytes: {sizes}\n")
    return issue


def _size(database: Database, table: str) -> int:
    """Return the bytes of a table with its indexes."""
    return _number(database, f"select pg_total_relation_size('{table}')")


def _number(database: Database, query: str) -> int:
    with database.read() as tx:
        row = tx.row(text(f"select ({query}) as number"))
    return int(row["number"]) if row else 0


@contextmanager
def _sink(counter: Path) -> Iterator[tuple[int, int]]:
    """Run smtp-sink, which writes down its count; give its process id and its port."""
    port = free_port()
    # It does not like to be root.
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    command = ("smtp-sink", *user, "-c", f"127.0.0.1:{port}", "200")
    with (
        counter.open("wb") as out,
        running(command, port=port, folder=Path("/"), environment={}, out=out) as pid,
    ):
        yield pid, port


@contextmanager
def _at_work(places: Sequence[Path], database: Database) -> Iterator[list[int]]:
    """Run workers; give their process ids once all of them wait for work."""
    with ExitStack() as ends:
        processes = []
        for place in places:
            said = ends.enter_context((place / "said").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "publisher", "worker"],
                cwd=place,
                env={**os.environ, "PYTHONPATH": str(_ROOT)},
                stderr=said,
            )
            ends.callback(process.wait)
            ends.callback(process.terminate)
            processes.append(process)
        _wait(lambda: _present(database) >= len(places), "the workers do not come")
        yield [process.pid for process in processes]


def _present(database: Database) -> int:
    """Return how many workers wait for letters: each of them does, beside its batches."""
    return _number(database, "select count(*) from procrastinate_workers") // 2


def _wait(condition: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(otherwise)
        time.sleep(0.2)


@dataclass(kw_only=True)
class _Counter:
    """What smtp-sink has counted: it writes ``mesg=N`` over and over."""

    path: Path

    def look(self) -> int:
        """Return the last number."""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - 200, 0))
            found = re.findall(rb"mesg=(\d+)\s", file.read())
        return int(found[-1]) if found else 0


def _parts(database: Database, sink: int, workers: Sequence[int]) -> dict[str, list[int]]:
    """Return the processes of each part, by its name."""
    # A server that is somewhere else takes nothing of our cores.
    stat = Path(f"/proc/{_number(database, 'select pg_backend_pid()')}/stat")
    server = [int(stat.read_text().rpartition(")")[2].split()[1])] if stat.exists() else []
    return {"workers": [*workers], "sink": [sink], "postgresql": server}


def _run(
    database: Database,
    issue: int,
    people: int,
    counter: _Counter,
    parts: dict[str, list[int]],
) -> Run:
    before = counter.look()
    issuing.resume(database, issue, now=datetime.now(UTC))
    _wait(lambda: counter.look() > before, "the workers do not begin")
    # Mails of the first look are not of the time that is measured.
    early, used, started = counter.look() - before, _cpu(parts), time.perf_counter()
    idle, logged = idle_seconds(), _logged(database)
    _last(counter, before + people)
    seconds, after = time.perf_counter() - started, _cpu(parts)
    spared, connections = idle_seconds() - idle, _number(database, _CONNECTED)
    peak = max(peak_mb(pid) for pid in parts["workers"])
    _wait(lambda: _sent(database, issue) == people, "the store does not hear of all")
    mails, worked = people - early, {name: after[name] - used[name] for name in parts}
    return Run(
        per_s=mails / seconds,
        peak_mb=round(peak, 1),
        shares=_shares(worked, spared, seconds * (os.cpu_count() or 1)),
        cpu_us={name: round(cpu / mails * 1_000_000) for name, cpu in worked.items()},
        wal=(_logged(database) - logged) // mails,
        connections=round(connections / len(parts["workers"])),
    )


def _shares(worked: dict[str, float], idle: float, every: float) -> dict[str, float]:
    others = max(every - idle - sum(worked.values()), 0.0)
    of_all = {**worked, "others": others, "idle": idle}
    return {name: round(seconds / every, 2) for name, seconds in of_all.items()}


def _logged(database: Database) -> int:
    """Return how many bytes of log (WAL) the server has written."""
    return _number(database, "select pg_current_wal_lsn() - '0/0'::pg_lsn")


def _last(counter: _Counter, whole: int) -> None:
    """Wait for the last mail."""
    count, since = counter.look(), time.monotonic()
    while count < whole:
        time.sleep(0.02)
        if (now := counter.look()) > count:
            count, since = now, time.monotonic()
        elif time.monotonic() > since + _STILL:
            raise TimeoutError(f"{whole - count} mails do not come")


def _cpu(parts: dict[str, list[int]]) -> dict[str, float]:
    return {name: sum(map(cpu_seconds, pids)) for name, pids in parts.items()}


def _sent(database: Database, issue: int) -> int:
    with database.read() as tx:
        return deliveries.counts(tx, issue_id=issue)[DeliveryState.SENT]
