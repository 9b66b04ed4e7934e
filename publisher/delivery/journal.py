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
better (:mod:`publisher.delivery.recovery`). What it says, :mod:`publisher.delivery.journal_reading`
finds out.
"""

import fcntl
import hashlib
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from publisher import characters
from publisher.config import Config
from publisher.delivery.outgoing import Answer
from publisher.errors import JournalError

#: The end of the name of each journal.
SUFFIX = ".journal"
_BOOT = Path("/proc/sys/kernel/random/boot_id")

#: Characters of a relay's text that are kept.
_TEXT = 200

#: In a database's address; the user is none of it, who may have a schema of their own.
_PASSWORD = re.compile(r"(?<=://)([^/:@]*):[^/]*@")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt at one delivery."""

    id: int
    attempt: int


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise JournalError for what cannot be read or written."""
    try:
        yield
    except OSError as error:
        raise JournalError(f"{error.filename or path}: {error.strerror}") from error


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
        self._write(f"S {attempt.id} {attempt.attempt}\n", sync=self._sync)

    def end(self, attempt: Attempt, answer: Answer) -> None:
        """Note what became of it. Raises JournalError."""
        text = characters.clean_line(answer.text)[:_TEXT]
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
        with translated(self.path):
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
    path, beside = folder / f"{name}{SUFFIX}", folder / f"{name}.new"
    with translated(folder):
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        descriptor = os.open(beside, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            own = Journal(path, descriptor, sync=config.delivery.sync)
            own.write_head(database_digest(config))
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


def database_digest(config: Config) -> str:
    """Return what a head calls the database."""
    address = _PASSWORD.sub(r"\1@", config.database_url)
    return hashlib.sha256(address.encode()).hexdigest()[:16]
