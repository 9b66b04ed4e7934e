"""One file comes into its place: whole, or what was there stays."""

import multiprocessing
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from publisher import beside

BODY = b"a" * 1000
_PROCESSES = multiprocessing.get_context("fork")


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def killed_half_way(write: Callable[[str, bytes], None], path: Path) -> int | None:
    """Write in a process that is killed once half of the bytes are written."""

    def child() -> None:
        whole = os.write

        def half(descriptor: int, data: bytes) -> int:
            whole(descriptor, bytes(data)[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
            return 0

        os.write = half  # type: ignore[assignment]
        write(str(path), BODY)

    process = _PROCESSES.Process(target=child)
    process.start()
    process.join(30)
    return process.exitcode


@pytest.mark.parametrize("write", [beside.put, beside.write_new])
def test_who_is_killed_half_way_leaves_nothing_in_the_way_of_the_whole(
    tmp_path: Path, write: Callable[[str, bytes], None]
) -> None:
    path = tmp_path / "a.pem"
    assert killed_half_way(write, path) == -signal.SIGKILL
    assert not path.exists()
    write(str(path), BODY)
    assert path.read_bytes() == BODY


@pytest.mark.parametrize("write", [beside.put, beside.write_new])
def test_what_a_full_disk_does_not_take_leaves_no_part(
    tmp_path: Path, write: Callable[[str, bytes], None]
) -> None:
    with full_disk(100), pytest.raises(OSError, match="File too large"):
        write(str(tmp_path / "a.xlf"), BODY)
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_takes_no_place_and_one_that_is_put_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.xlf"
    beside.put(str(path), b"old")
    with pytest.raises(FileExistsError):
        beside.write_new(str(path), b"new")
    assert path.read_bytes() == b"old"
    beside.put(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]
