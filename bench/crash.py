"""What sends is killed, again and again at random moments: nothing is lost, nothing sent twice.

Processes of ``tidings`` send to a relay that writes down whom it took a mail for; each is killed
(SIGKILL) while mails go out, or while it starts and recovers what the one before it left, and
started again, until nothing waits any more. Then the relay's book is held against the store.

*Lost* is a mail that the relay never took and that is not shown as unknown, *doubled* one that
it took more than once. Any of them ends the benchmark with exit code 1; so does a mail that is
unknown but not shown, and more of these than there were connections to killed processes.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import queued, recording
from bench.conditions import program
from bench.processes import free_port, running
from store import deliveries
from store.database import Database, open_database
from store.dues import WAITING
from store.records import DeliveryState, UnknownRule
from tests import postfix, postgres

CONNECTIONS = 10

CONDITIONS = {
    "embedded": "'tidings deliver' on SQLite, one process",
    "distributed": "two 'tidings worker' on PostgreSQL (of the tests, fsync off), each with a "
    "folder and journals of its own, as two hosts have them",
    "postfix_ask": "'tidings deliver' on SQLite, one process, to a Postfix of its own that hands "
    "on to the relay that writes everything down; rule 'ask'; "
    f"Postfix {program('postconf', '-dh', 'mail_version')}",
    "relay": "a line of the mail's recipient is written with one write(2), then "
    f"{recording.PAUSE * 1000:.0f} ms pass until it answers; PIPELINING",
    "mails": queued.ABOUT,
    "moments": "three in four after a random number of mails, one in four at a random moment of "
    "the first seconds of a process; seed 6",
}

_SEED = 6
_ROOT = Path(__file__).parents[1]
#: Seconds that all may take once nobody is killed any more.
_PATIENCE = 300.0
#: Seconds in which a process imports what it needs, recovers and claims.
_BEGINNING = 3.0
_UNDONE = (*WAITING, DeliveryState.CLAIMED)

Figures = dict[str, int]


def measure(*, quick: bool) -> dict[str, Figures]:
    """Return of each way to send what was lost, doubled and unknown, and how often was killed."""
    people, kills = (2_000, 8) if quick else (20_000, 40)
    figures = {}
    for name, stage in _STAGES.items():
        chance = random.Random(_SEED)  # noqa: S311  (the same moments each time, nearly)
        try:
            with (
                tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder,
                stage(Path(folder), people) as made,
            ):
                figures[name] = _trial(made, people, kills, chance)
        except NotImplementedError as error:
            sys.stderr.write(f"{name}: {error}\n")
            continue
        sys.stderr.write(f"{name}: {figures[name]}\n")
    return figures


def faults(figures: dict[str, Figures]) -> list[str]:
    """Return what must not be."""
    found = []
    for name, of in figures.items():
        most = 0 if name == "postfix_ask" else of["kills"] * of["connections"]
        found += [f"{name}: {of[key]} {key}" for key in ("lost", "doubled", "hidden") if of[key]]
        if of["unknown"] > most:
            found.append(f"{name}: {of['unknown']} unknown, of {most} at the most")
    return found


# Where is sent.


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """A site with an issue that waits, those who send it, and where to see what comes of it."""

    #: Folders with a configuration, one for each process.
    folders: Sequence[Path]
    #: The command that sends.
    command: Sequence[str]
    database: Database
    issue: int
    #: The relay's book.
    book: Path
    #: What tells in a file that one mail more was taken.
    taken: tuple[Path, bytes]
    #: Where mails lie that were taken and are not in the book yet.
    queue: Path | None = None


@contextmanager
def _book(folder: Path) -> Iterator[tuple[int, Path]]:
    """Run the relay that writes down whom it took mails for; give its port and its book."""
    book, port = folder / "book", free_port()
    book.touch()
    command = (sys.executable, "-m", "bench.recording", str(port), str(book))
    with running(command, port=port, folder=_ROOT, environment={}):
        yield port, book


def _mail(port: int) -> dict[str, object]:
    return {"host": "127.0.0.1", "port": port, "tls": "none", "connections": CONNECTIONS}


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _embedded(folder: Path, people: int) -> Iterator[_Stage]:
    url = f"sqlite:///{folder}/tidings.db"
    with _book(folder) as (port, book):
        config = queued.written(folder, url, _mail(port))
        issue = queued.queue(config, people, now=datetime.now(UTC))
        with _opened(url) as database:
            yield _Stage(
                folders=[folder],
                command=["deliver"],
                database=database,
                issue=issue,
                book=book,
                taken=(book, b"\n"),
            )


@contextmanager
def _distributed(folder: Path, people: int) -> Iterator[_Stage]:
    hosts = [folder / "one", folder / "two"]
    with (
        _book(folder) as (port, book),
        postgres.server() as base,
        postgres.copy(base, None) as url,
    ):
        for host in hosts:
            host.mkdir()
            config = queued.written(host, url, _mail(port))
        issue = queued.queue(config, people, now=datetime.now(UTC))
        with _opened(url) as database:
            yield _Stage(
                folders=hosts,
                command=["worker"],
                database=database,
                issue=issue,
                book=book,
                taken=(book, b"\n"),
            )


@contextmanager
def _postfix_ask(folder: Path, people: int) -> Iterator[_Stage]:
    if os.geteuid() != 0 or shutil.which("postfix") is None:
        raise NotImplementedError("needs Postfix, and the right to start one")
    url = f"sqlite:///{folder}/tidings.db"
    with (
        _book(folder) as (port, book),
        postfix.server(default_transport=f"smtp:[127.0.0.1]:{port}") as relay,
    ):
        config = queued.written(folder, url, {**_mail(relay.port), "ask": relay.log})
        now = datetime.now(UTC)
        issue = queued.queue(config, people, now=now, unknown=UnknownRule.ASK)
        with _opened(url) as database:
            yield _Stage(
                folders=[folder],
                command=["deliver"],
                database=database,
                issue=issue,
                book=book,
                taken=(relay.log, b"(queue active)\n"),
                queue=relay.log.parent / "queue",
            )


_STAGES = {"embedded": _embedded, "distributed": _distributed, "postfix_ask": _postfix_ask}


# Who sends.


@dataclass(kw_only=True)
class _Sender:
    """A process that sends, and is started again when it has ended."""

    command: Sequence[str]
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0

    def start(self) -> None:
        """Start it."""
        self.started = time.monotonic()
        with (self.folder / "said").open("wb") as said:
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "publisher", *self.command],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(_ROOT)},
                stdout=subprocess.DEVNULL,
                stderr=said,
            )

    def keep(self) -> None:
        """Start it again if it has ended by itself: another may have had all that was due."""
        code = self.process.poll() if self.process else 0
        if code in {0, os.EX_TEMPFAIL}:
            self.start()
        elif code is not None:
            said = (self.folder / "said").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"tidings {' '.join(self.command)} ended with {code}: {said}")

    def kill(self) -> None:
        """Kill it, wherever it is."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass(kw_only=True)
class _Taken:
    """How many mails were taken so far, by a file that grows; a mark ends a line."""

    path: Path
    mark: bytes
    count: int = 0
    _at: int = 0

    def look(self) -> int:
        """Return how many there are by now."""
        if not self.path.exists():
            return 0
        with self.path.open("rb") as file:
            file.seek(self._at)
            new = file.read()
        # The last line may be half written.
        whole = new[: new.rfind(b"\n") + 1]
        self._at += len(whole)
        self.count += whole.count(self.mark)
        return self.count


# What is done to them.


def _trial(stage: _Stage, people: int, kills: int, chance: random.Random) -> Figures:
    senders = [_Sender(command=stage.command, folder=folder) for folder in stage.folders]
    path, mark = stage.taken
    taken = _Taken(path=path, mark=mark)
    started = time.monotonic()
    with ExitStack() as ends:
        for sender in senders:
            ends.callback(sender.kill)
            sender.start()
        done = 0
        while done < kills and taken.look() < people:
            victim = _victim(senders, chance)
            _wait(victim, senders, taken, _moment(people, kills - done, taken, chance))
            victim.kill()
            victim.start()
            done += 1
        sys.stderr.write(f"killed {done} times, with {taken.look()} of {people} taken\n")
        _finish(stage, senders)
    return {
        "kills": done,
        "recipients": people,
        "connections": CONNECTIONS,
        **_judged(stage),
        "seconds": round(time.monotonic() - started),
    }


def _victim(senders: Sequence[_Sender], chance: random.Random) -> _Sender:
    """Choose who dies: mostly the one that has been sending for longest."""
    if chance.random() < 0.25:  # noqa: PLR2004
        return chance.choice(senders)
    return min(senders, key=lambda sender: sender.started)


@dataclass(frozen=True, kw_only=True)
class _Moment:
    """When somebody dies: so long after a start, or when so many mails were taken."""

    after: float
    taken: int = 0


def _moment(people: int, kills: int, taken: _Taken, chance: random.Random) -> _Moment:
    if chance.random() < 0.25:  # noqa: PLR2004
        return _Moment(after=chance.uniform(0, _BEGINNING))
    mean = (people - taken.look()) // (kills + 1)
    more = chance.randint(1, max(2 * mean, 1))
    return _Moment(after=chance.uniform(0, 0.02), taken=taken.count + more)


def _wait(victim: _Sender, senders: Sequence[_Sender], taken: _Taken, moment: _Moment) -> None:
    """Wait for the moment; those who end by themselves meanwhile are started again."""
    until = time.monotonic() + _PATIENCE
    if moment.taken:
        while taken.look() < moment.taken:
            if time.monotonic() > until:
                raise TimeoutError(f"after {taken.count} mails it did not go on")
            for sender in senders:
                sender.keep()
            time.sleep(0.002)
        time.sleep(moment.after)
        return
    time.sleep(max(victim.started + moment.after - time.monotonic(), 0.0))


def _finish(stage: _Stage, senders: Sequence[_Sender]) -> None:
    """Let them send until nothing waits; with a relay that can be asked nothing is unknown."""
    left = {*_UNDONE} if stage.queue is None else {*_UNDONE, DeliveryState.UNKNOWN}
    until = time.monotonic() + _PATIENCE
    while True:
        with stage.database.read() as tx:
            counts = deliveries.counts(tx, issue_id=stage.issue)
        if not any(counts[state] for state in left) and not _queued(stage):
            return
        if time.monotonic() > until:
            # What is not done by now is told of in the figures.
            sys.stderr.write(f"it does not end: {counts}\n")
            return
        for sender in senders:
            sender.keep()
        time.sleep(0.3)


def _queued(stage: _Stage) -> bool:
    """Return whether the relay still has mails that it is to hand on."""
    folders = ("maildrop", "incoming", "active", "deferred")
    return stage.queue is not None and any(
        path.is_file() for name in folders for path in (stage.queue / name).rglob("*")
    )


def _judged(stage: _Stage) -> Figures:
    """Hold the relay's book against the store."""
    lines = stage.book.read_text(encoding="utf-8").splitlines()
    accepted = Counter(line.partition(" ")[0] for line in lines)
    with stage.database.read() as tx:
        states = {mail.email: mail.state for mail in deliveries.listing(tx, stage.issue)}
    unknown = {email for email, state in states.items() if state is DeliveryState.UNKNOWN}
    return {
        "lost": len(states.keys() - accepted.keys() - unknown),
        "doubled": sum(count > 1 for count in accepted.values()),
        "unknown": len(unknown),
        "unknown_accepted": len(unknown & accepted.keys()),
        "hidden": len(unknown ^ _shown(stage)),
        "sent": sum(state is DeliveryState.SENT for state in states.values()),
    }


def _shown(stage: _Stage) -> set[str]:
    """Return whom the command shows that tells of unknown mails."""
    command = ("delivery", "list", "--issue", str(stage.issue), "--state", "unknown", "--json")
    said = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "publisher", *command],
        cwd=stage.folders[0],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return {json.loads(line)["email"] for line in said.stdout.splitlines()}
