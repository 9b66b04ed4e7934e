"""What one file takes on its way into its place; :mod:`publisher.placing` does it for many.

Places are strings, and the system is asked at once: what a ``Path`` takes for each of some
hundred files would add up to more than the system takes.
"""

import errno
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from publisher import packing
from publisher.errors import StoreError

#: What says that a folder is not there (any more), and that its file system syncs no folders.
_NO_FOLDER = {errno.ENOENT, errno.ENOTDIR, errno.EINVAL}

#: How a file is opened that is only held: whatever it is, this does not wait for anybody.
_HOLD = os.O_RDONLY | os.O_NONBLOCK


@dataclass(frozen=True)
class Task:
    """A file that is to be written beside its place."""

    place: str
    body: bytes
    #: Whether it holds the bytes gzipped.
    packed: bool = False


def write_all(tasks: tuple[Task, ...]) -> None:
    """Write files beside their places, durably. Raises StoreError."""
    for task in tasks:
        body = packing.pack(task.body) if task.packed else task.body
        with named("write", task.place):
            _write(beside(task.place), body)


def _write(path: str, body: bytes) -> None:
    _fill(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), body)


def _fill(descriptor: int, body: bytes) -> None:
    try:
        left = memoryview(body)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: str, body: bytes) -> None:
    """Write a file where there is none, durably, for its owner's eyes only. Raises OSError.

    It has its name once it is whole: half of it would be in the way of the whole.
    """
    with _own(path, 0o600) as (descriptor, written):
        _fill(descriptor, body)
        # A link, since a rename would take the place of what is there.
        os.link(written, path)


def put(path: str, body: bytes) -> None:
    """Have a file hold these bytes, whole and durably, or what it held. Raises OSError."""
    with _own(path, 0o666) as (descriptor, written):
        _fill(descriptor, body)
        os.replace(written, path)


@contextmanager
def _own(path: str, mode: int) -> Iterator[tuple[int, str]]:
    """Open a new file in the folder of a path, which nobody else has by this name."""
    folder, name = os.path.split(os.path.abspath(path))
    written = f"{folder}/.{name}.{os.getpid()}.new"
    with suppress(FileNotFoundError):
        os.unlink(written)
    try:
        yield os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), written
    finally:
        with suppress(OSError):
            os.unlink(written)
    sync_folder(folder)


def rename(place: str) -> None:
    """Put what is written beside a place in it."""
    written = beside(place)
    # Servers date a file by when it was written, which may be long ago by now: its readers had
    # the one before since, with a date that was no older.
    os.utime(written)
    os.replace(written, place)


def hold(place: str) -> int | None:
    """Keep what stands in a place from being freed; return its descriptor, None for nothing."""
    try:
        return os.open(place, _HOLD)
    except OSError:
        return None


def let_go(held: deque[int]) -> None:
    """Close files, while others may do so, too."""
    with suppress(IndexError):
        while True:
            os.close(held.popleft())


def beside(place: str) -> str:
    """Return where a file is written before it is put in its place."""
    folder, name = os.path.split(place)
    return f"{folder}/.{name}.new"


def sweep(place: str) -> None:
    """Take away what is written beside a place, if it is."""
    with suppress(OSError):
        os.unlink(beside(place))


def holds(place: str, body: bytes) -> bool:
    """Say whether a file holds these bytes."""
    try:
        return os.stat(place).st_size == len(body) and Path(place).read_bytes() == body
    except (FileNotFoundError, NotADirectoryError):
        return False


def sync_folder(path: str) -> None:
    """Have what a folder holds be on disk. Raises StoreError."""
    with named("write", path):
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
def named(act: str, path: str) -> Iterator[None]:
    """Turn what the system says into our error, with the file's name."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot {act} {path}: {error.strerror}") from error
