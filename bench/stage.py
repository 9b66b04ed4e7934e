"""A site where mails are sent while something happens to those who send them."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.processes import free_port, wait_for
from store import deliveries
from store.database import Database
from store.dues import WAITING
from store.errors import TidingsError
from store.records import DeliveryState
from tests import postgres

#: Of each process to the relay.
CONNECTIONS = 10

#: Seconds that all may take once nothing happens any more.
PATIENCE = 300.0

_ROOT = Path(__file__).parents[1]
_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(_ROOT)}
_UNDONE = (*WAITING, DeliveryState.CLAIMED)

Figures = dict[str, int]


@dataclass(kw_only=True)
class Book:
    """The relay that writes down whom it took mails for, and what it wrote."""

    path: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Let it take mails."""
        command = (sys.executable, "-m", "bench.recording", str(self.port), str(self.path))
        self.process = subprocess.Popen(command, cwd=_ROOT, env=_ENVIRONMENT)  # noqa: S603
        wait_for(self.port)

    def kill(self) -> None:
        """Let it be gone; what it wrote stays."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def mail(self) -> dict[str, object]:
        """The settings of ``[mail]`` for it."""
        return settings(self.port)

    def accepted(self) -> Counter[str]:
        """Return how many mails it took for each recipient."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return Counter(line.partition(" ")[0] for line in lines)


def settings(port: int) -> dict[str, object]:
    """Return the settings of ``[mail]`` for a relay here."""
    return {"host": "127.0.0.1", "port": port, "tls": "none", "connections": CONNECTIONS}


@dataclass(kw_only=True)
class Sender:
    """A process that sends, and is started again when it has ended."""

    command: Sequence[str]
    folder: Path
    #: What it is run by, such as a shell with limits.
    inside: Sequence[str] = ()
    #: How far off its clock is, each time it is started; none: it reads the machine's.
    jumps: Iterator[timedelta] | None = None
    process: "subprocess.Popen[bytes] | None" = None
    #: How often it ended since it could not go on.
    gave_up: int = 0
    #: When it was started, in seconds of a clock that only goes on.
    started: float = 0.0

    def start(self) -> None:
        """Start it."""
        self.started = time.monotonic()
        with (self.folder / "said").open("ab") as said:
            self.process = subprocess.Popen(  # noqa: S603
                [*self.inside, sys.executable, "-m", "publisher", *self.command, *self._moment()],
                cwd=self.folder,
                env=_ENVIRONMENT,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )

    def _moment(self) -> Sequence[str]:
        """Return the option that sets its clock."""
        if self.jumps is None:
            return ()
        return ("--now", (datetime.now(UTC) + next(self.jumps)).isoformat())

    def keep(self) -> None:
        """Start it again if it has ended by itself: another may have had all that was due."""
        code = self.process.poll() if self.process else 0
        if code in {0, os.EX_TEMPFAIL}:
            self.gave_up += code == os.EX_TEMPFAIL
            self.start()
        elif code is not None:
            said = (self.folder / "said").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"tidings {' '.join(self.command)} ended with {code}: {said}")

    def signal(self, number: int) -> None:
        """Send it a signal."""
        if self.process:
            self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it, wherever it is."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass(kw_only=True)
class Taken:
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


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A site with an issue that waits, those who send it, and where to see what comes of it."""

    senders: Sequence[Sender]
    database: Database
    issue: int
    book: Book
    taken: Taken
    #: The database's server, where it can be stopped.
    server: "postgres.Server | None" = None
    #: Where mails lie that were taken and are not in the book yet; of a relay that is asked.
    queue: Path | None = None

    def wait(self, mails: int) -> None:
        """Wait until so many were taken; those who end meanwhile are started again."""
        self.until(lambda: self.taken.look() >= mails, 0.002)

    def finish(self) -> None:
        """Let them send until nothing waits; with a relay that can be asked nothing is unknown."""
        with suppress(TimeoutError):
            # What is not done by then is told of in the figures.
            self.until(self._is_done, 0.3)

    def until(self, condition: Callable[[], bool], pause: float) -> None:
        """Wait for something. Raises TimeoutError."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"after {self.taken.count} mails it did not go on")
            for sender in self.senders:
                sender.keep()
            time.sleep(pause)

    def _is_done(self) -> bool:
        left = _UNDONE if self.queue is None else (*_UNDONE, DeliveryState.UNKNOWN)
        # Each connection of ours tells once that the database was gone.
        with suppress(TidingsError), self.database.read() as tx:
            counts = deliveries.counts(tx, issue_id=self.issue)
            return not any(counts[state] for state in left) and not self._queued()
        return False

    def _queued(self) -> bool:
        """Return whether the relay still has mails that it is to hand on."""
        folders = ("maildrop", "incoming", "active", "deferred")
        return self.queue is not None and any(
            path.is_file() for name in folders for path in (self.queue / name).rglob("*")
        )

    def judged(self) -> Figures:
        """Hold the relay's book against the store."""
        accepted = self.book.accepted()
        with self.database.read() as tx:
            states = {mail.email: mail.state for mail in deliveries.listing(tx, self.issue)}
        unknown = {email for email, state in states.items() if state is DeliveryState.UNKNOWN}
        return {
            "lost": len(states.keys() - accepted.keys() - unknown),
            "doubled": sum(count > 1 for count in accepted.values()),
            "unknown": len(unknown),
            "unknown_accepted": len(unknown & accepted.keys()),
            "hidden": len(unknown ^ self._shown()),
            "sent": sum(state is DeliveryState.SENT for state in states.values()),
        }

    def _shown(self) -> set[str]:
        """Return whom the command shows that tells of unknown mails."""
        command = ("delivery", "list", "--issue", str(self.issue), "--state", "unknown", "--json")
        said = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "publisher", *command],
            cwd=self.senders[0].folder,
            env=_ENVIRONMENT,
            stdout=subprocess.PIPE,
            check=True,
        )
        return {json.loads(line)["email"] for line in said.stdout.splitlines()}
