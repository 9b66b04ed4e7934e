"""The files of a log: the one that is written, and those beside it that were rotated.

mail.log                                    is written
mail.log.1, mail.log.2.gz, mail.log-20261129.xz, mail.log.20261129-060000
                                            were, and are read where they may tell something
mail.log.3.zst, mail.log.old                nobody knows what is in them
"""

import bz2
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

#: What unpacks, by ending.
_OPENERS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    ".gz": gzip.open,  # type: ignore[dict-item]
    ".xz": lzma.open,
    ".bz2": bz2.open,
}
_ROTATED = re.compile(r"[.-][\d-]+(?:\.gz|\.xz|\.bz2)?")

#: What is raised where a packed file is damaged, and does not name it.
_DAMAGES = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


def files(log: Path, since: datetime) -> Iterator[Iterable[bytes]]:
    """Yield the lines of each file of a log that was written to since an instant, oldest first.

    Raises OSError, also where the packing of one is damaged.
    """
    # Opened before the others: if it is rotated meanwhile, it is read as what it was.
    with log.open("rb") as present:
        for path in _older(log, since, present.fileno()):
            yield _lines(path)
        yield present


def unread(log: Path, since: datetime) -> list[Path]:
    """Return the files beside a log that may be a part of it, and that nobody can read.

    Those that were written to since an instant. Raises OSError.
    """
    beside = (path for path in _beside(log) if not _is_rotated(log, path) and path.is_file())
    return sorted(path for path in beside if path.stat().st_mtime >= since.timestamp())


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from _OPENERS[path.suffix](file) if path.suffix in _OPENERS else file
    except _DAMAGES as error:
        raise OSError(f"{path}: {error}") from error


def _older(log: Path, since: datetime, present: int) -> list[Path]:
    """Return the rotated files of a log that were written to since an instant, oldest first."""
    own = Path(f"/dev/fd/{present}").stat().st_ino
    found = [(path.stat(), path) for path in _beside(log) if _is_rotated(log, path)]
    fresh = [
        (stat.st_mtime, path)
        for stat, path in found
        if stat.st_mtime >= since.timestamp() and stat.st_ino != own
    ]
    return [path for _, path in sorted(fresh)]


def _beside(log: Path) -> Iterator[Path]:
    starts = (f"{log.name}.", f"{log.name}-")
    return (path for path in log.parent.iterdir() if path.name.startswith(starts))


def _is_rotated(log: Path, path: Path) -> bool:
    return bool(_ROTATED.fullmatch(path.name.removeprefix(log.name)))
