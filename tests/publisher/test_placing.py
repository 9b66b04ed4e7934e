"""Public files in place: whole, all of a batch or none, durable before the block ends."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import beside
from publisher.errors import StoreError
from publisher.placing import Placing


def place(folder: Path, *files: tuple[str, bytes | None], batch: int = 500) -> list[bool]:
    with Placing(folder, batch=batch) as placing:
        return [placing.put(folder / path, body) for path, body in files]


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_files_are_in_place_when_the_block_ends_and_not_before(tmp_path: Path) -> None:
    public = tmp_path / "public"
    place(public, ("a.txt", b"old"))
    with Placing(public) as placing:
        assert placing.put(public / "a.txt", b"new")
        assert placing.put(public / "b" / "c.txt", b"new")
        assert (public / "a.txt").read_bytes() == b"old"
        assert not (public / "b" / "c.txt").exists()
    assert files(public) == {"a.txt": b"new", "b/c.txt": b"new"}


def test_a_block_that_ends_badly_leaves_what_was_there(tmp_path: Path) -> None:
    place(tmp_path, ("a.txt", b"old"), ("b.txt", b"old"))
    (tmp_path / ".d.txt.new").mkdir()
    with pytest.raises(StoreError):
        # The last one cannot be written beside: a folder has that name.
        place(tmp_path, ("a.txt", b"new"), ("b.txt", None), ("c.txt", b"new"), ("d.txt", b"new"))
    assert files(tmp_path) == {"a.txt": b"old", "b.txt": b"old"}


def test_what_is_right_already_keeps_its_age(tmp_path: Path) -> None:
    assert place(tmp_path, ("a.txt", b"one"), ("gone.txt", None)) == [True, False]
    os.utime(tmp_path / "a.txt", ns=(1, 1))
    assert place(tmp_path, ("a.txt", b"one"), ("gone.txt", None)) == [False, False]
    assert (tmp_path / "a.txt").stat().st_mtime_ns == 1
    assert place(tmp_path, ("a.txt", b"two"), ("gone.txt", b"")) == [True, True]


def test_a_full_batch_is_put_in_place_at_once(tmp_path: Path) -> None:
    with Placing(tmp_path, batch=2) as placing:
        placing.put(tmp_path / "a.txt", b"1")
        assert not (tmp_path / "a.txt").exists()
        placing.put(tmp_path / "b.txt", b"2")
        assert files(tmp_path).keys() == {"a.txt", "b.txt"}


def test_a_file_is_dated_by_when_it_came_into_its_place(tmp_path: Path) -> None:
    with Placing(tmp_path) as placing:
        placing.put(tmp_path / "a.txt", b"1")
        placing.put(tmp_path / "b.txt", b"1")
        time.sleep(0.2)
        before = time.time_ns() - 50_000_000
    assert (tmp_path / "a.txt").stat().st_mtime_ns > before


@pytest.mark.parametrize("last", [b"new", None])
def test_no_old_file_is_held_when_the_block_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: bytes | None
) -> None:
    hold, descriptors = beside.hold, []

    def note(path: str) -> int | None:
        found = hold(path)
        descriptors.extend([] if found is None else [found])
        return found

    monkeypatch.setattr(beside, "hold", note)
    names = [f"{number}.txt" for number in range(40)]
    place(tmp_path, *((name, b"old") for name in names))
    assert descriptors == []
    place(tmp_path, *((name, b"new") for name in names[1:]), (names[0], last))
    assert len(descriptors) == 40
    for descriptor in set(descriptors):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


@given(
    before=st.dictionaries(st.sampled_from("abc"), st.binary(max_size=2)),
    puts=st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.binary(max_size=2))),
    batch=st.integers(1, 4),
)
def test_the_last_word_on_a_file_holds(
    tmp_path_factory: pytest.TempPathFactory,
    before: dict[str, bytes],
    puts: list[tuple[str, bytes | None]],
    batch: int,
) -> None:
    folder = tmp_path_factory.mktemp("public")
    place(folder, *before.items())
    place(folder, *puts, batch=batch)
    last = {**before, **dict(puts)}
    assert files(folder) == {path: body for path, body in last.items() if body is not None}


@pytest.mark.parametrize("body", [b"text", None])
def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path, body: bytes | None) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(StoreError, match=r"cannot (write|remove) .*a\.txt"):
        place(tmp_path, ("a.txt", body), ("b.txt", b"new"))
    assert files(tmp_path) == {}


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "public").write_bytes(b"")
    with pytest.raises(StoreError, match=r"cannot write .*public/fr/a\.txt"):
        place(tmp_path / "public", ("fr/a.txt", b"new"))
    assert place(tmp_path / "public", ("fr/a.txt", None)) == [False]


def held(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & os.O_NONBLOCK)


class Watch:
    """What a process asks of the system, in order, as Python's audit hooks tell it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.on = False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.on:
            return
        if event == "os.rename":
            self.calls.append(("rename", Path(str(arguments[1])).name))
        elif event == "os.remove":
            self.calls.append(("remove", Path(str(arguments[0])).name))
        elif event == "open" and arguments[1] is None and not held(arguments[2]):
            # What is opened by its descriptor is synced; but for what another takes the place of.
            self.calls.append(("sync", Path(str(arguments[0])).name))


WATCH = Watch()
sys.addaudithook(WATCH)


@pytest.fixture
def watch() -> Iterator[list[tuple[str, str]]]:
    WATCH.calls.clear()
    WATCH.on = True
    yield WATCH.calls
    WATCH.on = False
    WATCH.calls.clear()


def test_bytes_are_on_disk_before_their_name_and_names_before_the_end(
    tmp_path: Path, watch: list[tuple[str, str]]
) -> None:
    public = tmp_path / "public"
    place(public, ("fr/b.txt", b"1"), ("fr/a.txt", b"2"))
    assert sorted(watch[:2]) == [("sync", ".a.txt.new"), ("sync", ".b.txt.new")]
    assert watch[2:4] == [("rename", "b.txt"), ("rename", "a.txt")]
    # The folder around the new one, too.
    assert sorted(watch[4:]) == [("sync", "fr"), ("sync", "public"), ("sync", tmp_path.name)]


def test_a_removal_is_on_disk_before_the_end(tmp_path: Path, watch: list[tuple[str, str]]) -> None:
    place(tmp_path, ("a.txt", b"1"))
    watch.clear()
    place(tmp_path, ("a.txt", None))
    assert watch == [("remove", "a.txt"), ("sync", tmp_path.name)]


def test_folders_of_what_is_right_already_are_on_disk_before_the_end(
    tmp_path: Path, watch: list[tuple[str, str]]
) -> None:
    """Whoever was killed after the renames has not made them last."""
    place(tmp_path, ("fr/a.txt", b"1"))
    watch.clear()
    place(tmp_path, ("fr/a.txt", b"1"))
    assert sorted(watch) == [("sync", "fr"), ("sync", tmp_path.name)]


def test_a_process_that_is_forked_off_writes_with_threads_of_its_own(tmp_path: Path) -> None:
    place(tmp_path, ("a.txt", b"1"))
    # A new interpreter, since one with other threads must not be forked.
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from publisher.placing import Placing\n"
        "folder = Path(sys.argv[1])\n"
        "with Placing(folder) as placing:\n"
        "    placing.put(folder / 'b.txt', b'2')\n"
        "child = os.fork()\n"
        "with Placing(folder) as placing:\n"
        "    placing.put(folder / ('parent.txt' if child else 'child.txt'), b'3')\n"
        "child and sys.exit(os.waitpid(child, 0)[1])\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=60)
    assert files(tmp_path).keys() == {"a.txt", "b.txt", "parent.txt", "child.txt"}
