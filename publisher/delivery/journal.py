"""What a worker did with its mails, written down before and after: it outlives the worker.

    tidings-journal 1 BOOT DATABASE synced|unsynced
    S id attempt                                  the relay may have it from now on
    D id attempt verdict code status text         how it ended
    F count                                       so many of the D are in the store, without those
                                                  that are unsent: that is no ending

One file for each worker, one write for each line. The worker holds a lock on it (flock) while it
lives, frozen or not, so whoever gets the lock knows that it is dead. Lines that a process has
written survive its death; that of the machine only those that were synced.

DATABASE says by which address the writer knew its store, so that sites may share a folder. An
address may change, a worker's name is given once: who finds that name in its own store knows
better (:mod:`publisher.delivery.recovery`).
"""

import fcntl
import hashlib
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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

#: Octets that a head has at the most.
_HEAD = 200

#: In a database's address; the user is none of it, who may have a schema of their own.
_PASSWORD = re.compile(r"(?<=://)([^/:@]*):[^/]*@")


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
    #: Begun, and nothing more is known.
    begun: frozenset[Attempt]
    #: How others ended that the store may not know, in their order.
    ended: tuple[tuple[Attempt, Answer], ...]


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JournalError(f"{error.filename or path}: {error.strerror}") from error


class Journal:
    """A worker's own journal, open for writing by one thread."""

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
        self._write(f"S {attempt.id} {attempt.attempt}\n", sync=self._sync)

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

    def write_head(self, database: str) -> None:
        """Note whose it is, and what it is worth, before anything else. Raises JournalError."""
        how = "synced" if self._sync else "unsynced"
        self._write(f"tidings-journal 1 {boot() or '-'} {database} {how}\n")

    def _write(self, line: str, *, sync: bool = False) -> None:
        data = line.encode()
        with _translated(self.path):
            written = os.write(self._descriptor, data)
            if written < len(data):
                # Half a line would take the next one with it.
                os.ftruncate(self._descriptor, self._size)
                raise JournalError(f"{self.path}: no space left")
            self._size += written
            if sync:
                os.fsync(self._descriptor)

    def close(self, *, settled: bool) -> None:
        """Let go of it; when all that it says is in the store, it is removed.

        If it cannot be, whoever reads it finds no news in it.
        """
        if settled:
            with suppress(OSError):
                self.path.unlink()
        os.close(self._descriptor)


def create(config: Config) -> Journal:
    """Begin a journal, locked and with its head before anybody can find it.

    Raises JournalError; then nothing is left of it.
    """
    folder = config.journal
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    path, beside = folder / f"{name}{_SUFFIX}", folder / f"{name}.new"
    with _translated(folder):
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        descriptor = os.open(beside, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            own = Journal(path, descriptor, sync=config.delivery.sync)
            own.write_head(_database(config))
            beside.rename(path)
        except BaseException:
            # While the disk is full this happens again and again.
            os.close(descriptor)
            beside.unlink(missing_ok=True)
            raise
    return own


def boot() -> str:
    """Return what tells this run of the machine from others; empty where nothing does."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _database(config: Config) -> str:
    address = _PASSWORD.sub(r"\1@", config.database_url)
    return hashlib.sha256(address.encode()).hexdigest()[:16]


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


def is_ours(path: Path, config: Config) -> bool:
    """Return whether a journal says that it is of this database. Raises JournalError.

    One without a head holds nothing that anybody could miss.
    """
    with _translated(path), path.open("rb") as file:
        return _head(file.readline(_HEAD))[3] in {"", _database(config)}


def read(path: Path) -> Records:
    """Return what a journal says. A last line that is torn was never acted upon.

    Raises JournalError when the file cannot be read.
    """
    with _translated(path):
        head, *lines = path.read_bytes().split(b"\n")
    _, _, booted, _, how = _head(head + b"\n" if lines else b"")
    reading = _Reading()
    # What follows the last line's end was being written when the writer died, or the disk was full.
    for line in lines[:-1]:
        reading.take(line.decode("utf-8", "replace"))
    return Records(
        certain=reading.whole and (how == "synced" or booted == boot() != ""),
        begun=frozenset(reading.begun.values()),
        ended=tuple(reading.ended[reading.folded :]),
    )


def _head(line: bytes) -> list[str]:
    """Return the five words of a head; empty ones, where it is torn."""
    whole = line.decode("utf-8", "replace") if line.endswith(b"\n") else ""
    return (whole.rstrip("\n").split(" ") + [""] * 5)[:5]


@contextmanager
def of_dead(config: Config, worker: str) -> Iterator[Path | None]:
    """Give a worker's journal, if it is dead, and keep others from reading it; else None.

    Raises JournalError when it cannot be read, such as one that is somebody else's.
    """
    path = config.journal / f"{worker}{_SUFFIX}"
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        # Somebody else may have read and removed it just now.
        yield path if path.exists() else None
