"""What a worker did with its mails, written down before and after: it outlives the worker.

    tidings-journal 1 BOOT DATABASE synced|unsynced
    S id attempt                                  the relay may have it from now on
    D id attempt verdict code status text         how it ended
    F count                                       so many of the D are in the store, without those
                                                  that are unsent: that is no ending

One file for each worker, one write for each line. The worker holds a lock on it (flock) while it
lives, frozen or not, so whoever gets the lock knows that it is dead. Lines that a process has
written survive its death; that of the machine only those that were synced.
"""

import fcntl
import hashlib
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from publisher import markup
from publisher.config import Config
from publisher.delivery.outgoing import Answer, Verdict
from publisher.errors import JournalError

_SUFFIX = ".journal"
_BOOT = Path("/proc/sys/kernel/random/boot_id")

#: Characters of a relay's text that are kept.
_TEXT = 200


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt at one delivery."""

    id: int
    attempt: int


@dataclass(frozen=True, kw_only=True)
class Records:
    """What a journal says."""

    #: Whether what it does not say certainly did not happen.
    certain: bool
    #: Whether it is of the database that it is read for.
    ours: bool
    #: Begun, and nothing more is known.
    begun: frozenset[Attempt]
    #: How others ended that the store may not know, in their order.
    ended: tuple[tuple[Attempt, Answer], ...]


class Journal:
    """A worker's own journal, open for writing."""

    def __init__(self, path: Path, descriptor: int, *, sync: bool) -> None:
        self.path = path
        self._descriptor = descriptor
        self._sync = sync
        self._size = 0
        self._folded = 0

    @property
    def worker(self) -> str:
        """The name by which batches know who holds them."""
        return self.path.stem

    def begin(self, attempt: Attempt) -> None:
        """Note that the relay may have a mail from now on. Raises JournalError: it must not."""
        self._write(f"S {attempt.id} {attempt.attempt}\n")
        if self._sync:
            os.fsync(self._descriptor)

    def end(self, attempt: Attempt, answer: Answer) -> None:
        """Note what became of it. Raises JournalError."""
        text = markup.clean_line(answer.text)[:_TEXT]
        status = answer.status or "-"
        self._write(
            f"D {attempt.id} {attempt.attempt} {answer.verdict} {answer.code} {status} {text}\n"
        )

    def folded(self, count: int) -> None:
        """Note that so many more of the ends are in the store. Raises JournalError."""
        self._folded += count
        self._write(f"F {self._folded}\n")

    def _write(self, line: str) -> None:
        data = line.encode()
        try:
            written = os.write(self._descriptor, data)
            if written < len(data):
                # Half a line would take the next one with it.
                os.ftruncate(self._descriptor, self._size)
                raise JournalError(f"{self.path}: no space left")
        except OSError as error:
            raise JournalError(f"{self.path}: {error.strerror}") from error
        self._size += written

    def close(self, *, settled: bool) -> None:
        """Let go of it; when all that it says is in the store, it is removed."""
        if settled:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


def create(config: Config) -> Journal:
    """Begin a journal, locked before anybody can find it. Raises JournalError."""
    folder, sync = config.journal, config.delivery.sync
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    path, beside = folder / f"{name}{_SUFFIX}", folder / f"{name}.new"
    how = "synced" if sync else "unsynced"
    head = f"tidings-journal 1 {boot() or '-'} {_database(config)} {how}\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        descriptor = os.open(beside, flags, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        beside.rename(path)
    except OSError as error:
        raise JournalError(f"{error.filename or folder}: {error.strerror}") from error
    journal = Journal(path, descriptor, sync=sync)
    journal._write(head)  # noqa: SLF001
    return journal


def boot() -> str:
    """Return what tells this run of the machine from others; empty where nothing does."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _database(config: Config) -> str:
    return hashlib.sha256(config.database_url.encode()).hexdigest()[:16]


def names(config: Config) -> list[str]:
    """Return the names of all workers that have a journal here, alive or dead."""
    return sorted(path.stem for path in config.journal.glob(f"*{_SUFFIX}"))


@dataclass(kw_only=True)
class _Reading:
    begun: dict[int, Attempt] = field(default_factory=dict)
    ended: list[tuple[Attempt, Answer]] = field(default_factory=list)
    folded: int = 0
    whole: bool = True

    def take(self, line: str) -> None:
        try:
            self._take(line)
        except ValueError:
            # No process writes such a line: the disk has lost something.
            self.whole = False

    def _take(self, line: str) -> None:
        kind, *words = line.split(" ", 6)
        if kind == "F":
            self.folded = int(words[0])
            return
        attempt = Attempt(id=int(words[0]), attempt=int(words[1]))
        if kind == "S":
            self.begun[attempt.id] = attempt
            return
        self.begun.pop(attempt.id, None)
        verdict, code, status, text = words[2:]
        answer = Answer(
            verdict=Verdict(verdict),
            code=int(code),
            status="" if status == "-" else status,
            text=text,
        )
        # What a broken connection gave back was never begun, and the store is not told of it.
        if answer.verdict is not Verdict.UNSENT:
            self.ended.append((attempt, answer))


def read(path: Path, config: Config) -> Records:
    """Return what a journal says. A last line that is torn was never acted upon.

    Raises JournalError when the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}") from error
    # What follows the last line's end was being written when the writer died, or the disk was full.
    head, *lines = data.decode("utf-8", "replace").split("\n")[:-1] or [""]
    _, _, booted, database, how = (head.split(" ") + [""] * 5)[:5]
    reading = _Reading()
    for line in lines:
        reading.take(line)
    return Records(
        certain=reading.whole and (how == "synced" or booted == boot() != ""),
        ours=database in {"", _database(config)},
        begun=frozenset(reading.begun.values()),
        ended=tuple(reading.ended[reading.folded :]),
    )


@contextmanager
def of_dead(config: Config, worker: str) -> Iterator[Path | None]:
    """Give a worker's journal, if it is dead, and keep others from reading it; else None.

    Raises JournalError when the file is somebody else's.
    """
    path = config.journal / f"{worker}{_SUFFIX}"
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            # Somebody else may have read and removed it just now.
            yield path if path.exists() else None
    except FileNotFoundError:
        yield None
    except PermissionError as error:
        raise JournalError(f"{path}: {error.strerror}") from error
