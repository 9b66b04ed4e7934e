"""Messages in files: each is found, however they are kept, and none fills the memory."""

import io
import tracemalloc
from pathlib import Path

import pytest

from publisher.bounces import sources
from publisher.errors import InputError
from publisher.mail.received import LONGEST

FROM = b"From MAILER-DAEMON Mon Nov 23 08:00:00 2026\n"
ONE, TWO = b"Subject: one\n\none\n", b"Subject: two\n\ntwo\n"


def names(found: list[tuple[str, bytes]], folder: Path) -> list[str]:
    return [name.removeprefix(f"{folder}/") for name, _ in found]


def test_a_file_is_a_message(tmp_path: Path) -> None:
    path = tmp_path / "one.eml"
    path.write_bytes(ONE)
    assert list(sources.messages(path)) == [(str(path), ONE)]


def test_a_maildir_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    for name, raw in {"new/1": ONE, "cur/2:2,S": TWO, "tmp/3": b"half"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    found = list(sources.messages(tmp_path))
    assert (names(found, tmp_path), [raw for _, raw in found]) == (
        ["new/1", "cur/2:2,S"],
        [ONE, TWO],
    )
    assert len(list(tmp_path.rglob("*"))) == 6


def test_a_folder_is_read_with_those_in_it(tmp_path: Path) -> None:
    for name, raw in {"b/2.eml": TWO, "a.eml": ONE, ".hidden": b"x", "c/box": FROM + ONE}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    found = list(sources.messages(tmp_path))
    assert names(found, tmp_path) == ["a.eml", "b/2.eml", "c/box, message 1"]


def test_an_mbox_is_taken_apart(tmp_path: Path) -> None:
    # The second holds a line that begins as those between messages do, quoted, and one that
    # only nearly does.
    second = TWO + b"\n>From MAILER-DAEMON Mon Nov 23 08:00:00 2026\n\nFrom here on it is easy\n"
    path = tmp_path / "box"
    path.write_bytes(FROM + ONE + b"\n" + FROM + second + b"\n" + FROM + ONE)
    found = [raw for _, raw in sources.messages(path)]
    assert found[0] == ONE + b"\n"
    assert found[1] == second.replace(b">From", b"From") + b"\n"
    assert found[2] == ONE


@pytest.mark.parametrize("raw", [ONE, FROM + ONE, FROM + ONE + b"\n" + FROM + TWO])
def test_a_pipe_gives_one_or_many(raw: bytes) -> None:
    found = list(sources.piped(io.BytesIO(raw)))
    assert len(found) == max(1, raw.count(FROM))
    assert found[0][1].startswith(ONE)


def test_a_pipe_is_read_to_its_end() -> None:
    pipe = io.BytesIO(ONE + b"x" * 3 * LONGEST)
    ((_, raw),) = sources.piped(pipe)
    assert len(raw) < 2 * LONGEST
    assert pipe.read() == b""


def test_nothing_is_no_message(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert list(sources.messages(tmp_path)) == []


def test_a_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: No such file"):
        list(sources.messages(tmp_path / "nowhere"))


def test_of_a_long_mbox_one_message_at_most_is_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "box"
    with path.open("wb") as file:
        for _ in range(20):
            file.write(FROM + ONE + b"x" * 2_000_000 + b"\n\n")
    tracemalloc.start()
    sizes = [len(raw) for _, raw in sources.messages(path)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(sizes) == 20
    assert max(sizes) < LONGEST + 100_000
    assert peak < 5 * LONGEST
