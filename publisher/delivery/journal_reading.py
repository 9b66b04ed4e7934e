"""What the journals of workers say, to those who come after them."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from publisher.config import Config
from publisher.delivery.journal import SUFFIX, Attempt, boot, database_digest, translated
from publisher.delivery.outgoing import Answer, Verdict
from publisher.errors import JournalError

#: Octets that a head has at the most.
_HEAD = 200


@dataclass(frozen=True, kw_only=True)
class Records:
    """What a journal says."""

    #: Whether what it does not say certainly did not happen.
    certain: bool
    #: Begun, and nothing more is known.
    begun: frozenset[Attempt]
    #: How others ended that the store may not know, in their order.
    ended: tuple[tuple[Attempt, Answer], ...]


def names(config: Config) -> list[str]:
    """Return the names of all workers that have a journal here, alive or dead."""
    return sorted(path.stem for path in config.journal.glob(f"*{SUFFIX}"))


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
    with translated(path), path.open("rb") as file:
        return _head(file.readline(_HEAD))[3] in {"", database_digest(config)}


def read(path: Path) -> Records:
    """Return what a journal says. A last line that is torn was never acted upon.

    Raises JournalError when the file cannot be read.
    """
    with translated(path):
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
    path = config.journal / f"{worker}{SUFFIX}"
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
