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
takes the system as long as it takes us to make what is in it. Threads give up the old ones, too:
a file goes when the last who holds it lets go, and to free its blocks takes longer than to
rename.
"""

import errno
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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

#: How a file is opened that is only held: whatever it is, this does not wait for anybody.
_HOLD = os.O_RDONLY | os.O_NONBLOCK


@dataclass(frozen=True)
class _Task:
    """A file that is to be written beside its place."""

    place: str
    body: bytes
    #: Whether it holds the bytes gzipped.
    packed: bool = False


class Placing:
    """Files on their way into a folder, for a ``with`` block.

    All are in place and durable when the block ends. When it ends by an exception, what still
    stands beside is swept away, and the files that were there stay.

    Inside, places are strings: what :class:`~pathlib.Path` takes for each would add up to more
    than the system takes.
    """

    def __init__(self, folder: Path, *, batch: int = BATCH) -> None:
        self._folder = str(folder)
        self._batch = batch
        #: By where it goes, what is written beside; None for a file that goes away.
        self._waiting: dict[str, Future[None] | None] = {}
        #: Folders that are to be on disk in the end, and those that are surely there.
        self._folders: set[str] = set()
        self._there: set[str] = set()
        #: Descriptors of files that others have taken the places of.
        self._old: deque[int] = deque()
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
            _let_go(self._old)
            for place, writing in self._waiting.items():
                if writing:
                    _sweep(place)

    def put_packed(self, place: Path, body: bytes | None, *, anew: bool = False) -> bool:
        """Have a file hold these bytes, and one beside it the same gzipped; see :meth:`put`.

        The packed one comes into its place first: so where the other is right already, both
        are, and nothing is packed but ``anew``.
        """
        name = str(place)
        packed = f"{name}.gz"
        changes = self._changes(name, body)
        if body is not None and changes and not anew:
            self._write(_Task(packed, body, packed=True), _Task(name, body))
            return True
        if changes or anew or not os.path.exists(packed):
            self._put(packed, None if body is None else packing.pack(body))
        self._put(name, body)
        return changes

    def put(self, place: Path, body: bytes | None) -> bool:
        """Have a file hold these bytes, or (None) be gone; return whether that changes it.

        A file that holds them already is left alone, so that its age tells when it changed.
        Raises StoreError.
        """
        return self._put(str(place), body)

    def _changes(self, place: str, body: bytes | None) -> bool:
        with _named("remove" if body is None else "write", place):
            return os.path.lexists(place) if body is None else not _holds(place, body)

    def _put(self, place: str, body: bytes | None) -> bool:
        changes = self._changes(place, body)
        if body is not None and changes:
            self._write(_Task(place, body))
        else:
            self._begin(place)
            if changes:
                self._waiting[place] = None
            self._settle_full()
        return changes

    def _write(self, *tasks: _Task) -> None:
        """Have a thread write files beside their places, which are in one folder."""
        for task in tasks:
            self._begin(task.place)
        self._make_folder(tasks[0].place)
        writing = self._threads.submit(_write_all, tasks)
        self._waiting.update((task.place, writing) for task in tasks)
        self._settle_full()

    def _begin(self, place: str) -> None:
        """Take back what waits for a place: what comes last holds."""
        writing = self._waiting.pop(place, None)
        if writing:
            writing.result()
            os.unlink(_beside(place))
        folder = os.path.dirname(place)
        while folder not in self._folders:
            self._folders.add(folder)
            if folder == self._folder:
                break
            folder = os.path.dirname(folder)

    def _make_folder(self, place: str) -> None:
        folder = os.path.dirname(place)
        if folder not in self._there:
            with _named("write", place):
                missing = folder
                while not os.path.exists(missing):
                    missing = os.path.dirname(missing)
                    self._folders.add(missing)
                os.makedirs(folder, exist_ok=True)
            self._there.add(folder)

    def _settle_full(self) -> None:
        if len(self._waiting) >= self._batch:
            self._settle()

    def _settle(self) -> None:
        for writing in self._waiting.values():
            if writing:
                writing.result()
        for place, writing in list(self._waiting.items()):
            with _named("write" if writing else "remove", place):
                self._hold_old(place)
                if writing:
                    _rename(place)
                else:
                    Path(place).unlink(missing_ok=True)
            del self._waiting[place]
        # The list raises what a thread raised.
        list(self._threads.map(_sync_folder, self._folders))
        self._folders.clear()

    def _hold_old(self, place: str) -> None:
        """Keep what stands in a place from being freed while its place is taken."""
        with suppress(OSError):
            self._old.append(os.open(place, _HOLD))
        if len(self._old) >= _AT_ONCE:
            self._threads.submit(_let_go, self._old)


def _let_go(old: deque[int]) -> None:
    """Close files, while others may do so, too."""
    with suppress(IndexError):
        while True:
            os.close(old.popleft())


def _write_all(tasks: tuple[_Task, ...]) -> None:
    """Write files beside their places, durably."""
    for task in tasks:
        body = packing.pack(task.body) if task.packed else task.body
        with _named("write", task.place):
            _write(_beside(task.place), body)


def _write(path: str, body: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        left = memoryview(body)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename(place: str) -> None:
    """Put what is written beside a place in it."""
    beside = _beside(place)
    # Servers date a file by when it was written, which may be long ago by now: its readers had
    # the one before since, with a date that was no older.
    os.utime(beside)
    os.replace(beside, place)


def _beside(place: str) -> str:
    folder, name = os.path.split(place)
    return f"{folder}/.{name}.new"


def _sweep(place: str) -> None:
    with suppress(OSError):
        os.unlink(_beside(place))


def _holds(place: str, body: bytes) -> bool:
    try:
        return os.stat(place).st_size == len(body) and Path(place).read_bytes() == body
    except (FileNotFoundError, NotADirectoryError):
        return False


def _sync_folder(path: str) -> None:
    with _named("write", path):
        try:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            if error.errno not in _NO_FOLDER:
                raise


@contextmanager
def _named(act: str, path: str) -> Iterator[None]:
    """Turn what the system says into our error, with the file's name."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot {act} {path}: {error.strerror}") from error
