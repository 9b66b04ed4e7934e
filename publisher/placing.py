"""Put public files in place: each whole, many at a time, durable before anybody relies on it.

    written beside and on disk, all of them --> renamed over, in order --> folders on disk

Why in this order. The marks that say which files are behind are taken back for good, so what
they stood for must survive a loss of power by then:

- A file's bytes are on disk before its name leads to them. The other way round, a file system
  may keep the new name and lose the bytes: readers would find an empty file.
- A rename, a removal or a new folder is on disk only when the folder around it is. Otherwise
  the old file could come back, and with no mark left nobody would write the new one again.
- Folders of files that were right already are no exception: a process that was killed after
  its renames left them right, and not yet for good.

Why many at a time. Every fsync waits for a turn of the file system's journal, and those that
wait at once share one: a hundred files take about a tenth of the time they take one by one.
And they are written by threads, while whoever puts them makes the next: to make a new file
takes the system as long as it takes us to make what is in it.
"""

import errno
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Self

from publisher import packing
from publisher.errors import StoreError

#: Files that may stand beside, before they are renamed together: a pass of the scheduler fits,
#: and a rebuild of a large site does not double its folder.
BATCH = 500

#: Files and folders that are brought to the disk at once.
_AT_ONCE = 16

#: What says that a folder is not there (any more), and that its file system syncs no folders.
_NO_FOLDER = {errno.ENOENT, errno.ENOTDIR, errno.EINVAL}


class Placing:
    """Files on their way into a folder, for a ``with`` block.

    All are in place and durable when the block ends. When it ends by an exception, what still
    stands beside is swept away, and the files that were there stay.
    """

    def __init__(self, folder: Path, *, batch: int = BATCH) -> None:
        self._folder = folder
        self._batch = batch
        #: By where it goes, what is written beside; None for a file that goes away.
        self._waiting: dict[Path, Future[Path] | None] = {}
        #: Folders that are to be on disk in the end, and those that are surely there.
        self._folders: set[Path] = set()
        self._there: set[Path] = set()
        self._threads = ThreadPoolExecutor(_AT_ONCE)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put the last files in place, or sweep them away."""
        try:
            if kind is None:
                self._settle()
        finally:
            self._threads.shutdown(cancel_futures=True)
            for place, writing in self._waiting.items():
                if writing:
                    _sweep(place)

    def put_packed(self, place: Path, body: bytes | None, *, anew: bool = False) -> bool:
        """Have a file hold these bytes, and one beside it the same gzipped; see :meth:`put`.

        The packed one comes into its place first: so where the other is right already, both
        are, and nothing is packed but ``anew``.
        """
        packed = place.with_name(f"{place.name}.gz")
        changes = self._changes(place, body)
        if changes or anew or not packed.exists():
            self.put(packed, None if body is None else packing.pack(body))
        self._put(place, body, changes=changes)
        return changes

    def put(self, place: Path, body: bytes | None) -> bool:
        """Have a file hold these bytes, or (None) be gone; return whether that changes it.

        A file that holds them already is left alone, so that its age tells when it changed.
        Raises StoreError.
        """
        changes = self._changes(place, body)
        self._put(place, body, changes=changes)
        return changes

    def _changes(self, place: Path, body: bytes | None) -> bool:
        with _named("remove" if body is None else "write", place):
            return os.path.lexists(place) if body is None else not _holds(place, body)

    def _put(self, place: Path, body: bytes | None, *, changes: bool) -> None:
        with _named("remove" if body is None else "write", place):
            self._forget(place)
            if changes:
                self._waiting[place] = None if body is None else self._beside(place, body)
        if place.parent not in self._folders:
            above = [place.parent, *place.parent.parents]
            self._folders.update(above[: above.index(self._folder) + 1])
        if len(self._waiting) >= self._batch:
            self._settle()

    def _beside(self, place: Path, body: bytes) -> Future[Path]:
        if place.parent not in self._there:
            missing = takewhile(lambda folder: not folder.exists(), place.parents)
            self._folders.update(folder.parent for folder in missing)
            place.parent.mkdir(parents=True, exist_ok=True)
            self._there.add(place.parent)
        return self._threads.submit(_write, place, body)

    def _forget(self, place: Path) -> None:
        """Take back what waits for a place: what comes last holds."""
        writing = self._waiting.pop(place, None)
        if writing:
            writing.result().unlink()

    def _settle(self) -> None:
        ready = {place: writing and writing.result() for place, writing in self._waiting.items()}
        for place, beside in ready.items():
            with _named("write" if beside else "remove", place):
                if beside:
                    # Servers date a file by when it was written, which may be long ago by now:
                    # its readers had the one before since, with a date that was no older.
                    os.utime(beside)
                    beside.replace(place)
                else:
                    place.unlink(missing_ok=True)
            del self._waiting[place]
        # The list raises what a thread raised.
        list(self._threads.map(_sync_folder, self._folders))
        self._folders.clear()


def _write(place: Path, body: bytes) -> Path:
    """Write beside a place, durably; return where."""
    beside = _beside(place)
    with _named("write", place):
        beside.write_bytes(body)
        _sync(beside)
    return beside


def _beside(place: Path) -> Path:
    return place.with_name(f".{place.name}.new")


def _sweep(place: Path) -> None:
    with suppress(OSError):
        _beside(place).unlink()


def _holds(place: Path, body: bytes) -> bool:
    try:
        return place.stat().st_size == len(body) and place.read_bytes() == body
    except (FileNotFoundError, NotADirectoryError):
        return False


def _sync_folder(path: Path) -> None:
    with _named("write", path):
        try:
            _sync(path)
        except OSError as error:
            if error.errno not in _NO_FOLDER:
                raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _named(act: str, path: Path) -> Iterator[None]:
    """Turn what the system says into our error, with the file's name."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot {act} {path}: {error.strerror}") from error
