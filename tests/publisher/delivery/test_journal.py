"""The journal: whatever was written of it is read, wherever its writer died."""

import fcntl
import os
import resource
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.config import Config
from publisher.delivery import journal, journal_reading
from publisher.delivery.journal import Attempt, Journal
from publisher.delivery.journal_reading import Records
from publisher.delivery.outgoing import Answer, Verdict
from publisher.errors import JournalError
from tests import make

SENT = Answer(verdict=Verdict.ACCEPTED, code=250, status="2.0.0", text="Ok: queued as 4F1")
#: What relays say, in every script, and what would break a line.
TEXTS = st.text(max_size=20)
ANSWERS = st.builds(
    Answer,
    verdict=st.sampled_from(Verdict),
    code=st.integers(0, 599),
    status=st.sampled_from(["", "2.0.0", "5.1.1"]),
    text=TEXTS,
)
#: An act on one of a few deliveries: it begins, or it ends.
ACTS = st.lists(st.tuples(st.integers(1, 4), st.none() | ANSWERS), max_size=12)


def written(path: Path, acts: Sequence[tuple[int, Answer | None]]) -> list[bytes]:
    """Write a journal's lines; return them."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    own = Journal(path, descriptor, sync=False)
    for number, answer in acts:
        if answer is None:
            own.begin(Attempt(id=number, attempt=1))
        else:
            own.end(Attempt(id=number, attempt=1), answer)
    own.close(settled=False)
    return path.read_bytes().splitlines(keepends=True)


@given(acts=ACTS, data=st.data())
def test_whatever_was_written_before_the_end_is_read_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory,
    acts: list[tuple[int, Answer | None]],
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    config, path = make.config(folder), folder / "one.journal"
    lines = written(path, acts)
    assert len(lines) == len(acts)
    cut = data.draw(st.integers(0, sum(map(len, lines))))
    head = (
        f"tidings-journal 1 {journal.boot()} {journal.database_digest(config)} unsynced\n".encode()
    )
    path.write_bytes(head + b"".join(lines)[:cut])
    whole = 0
    while sum(map(len, lines[: whole + 1])) <= cut and whole < len(lines):
        whole += 1
    begun: set[int] = set()
    ended = []
    for number, answer in acts[:whole]:
        if answer is None:
            begun.add(number)
        else:
            begun.discard(number)
            # What was given back never began.
            if answer.verdict is not Verdict.UNSENT:
                ended.append((number, answer.verdict, answer.code, answer.status))
    found = journal_reading.read(path)
    assert (found.certain, journal_reading.is_ours(path, config)) == (True, True)
    assert {attempt.id for attempt in found.begun} == begun
    read = [(attempt.id, each.verdict, each.code, each.status) for attempt, each in found.ended]
    assert read == ended


def test_what_the_store_has_is_not_told_again(config: Config) -> None:
    own = journal.create(config)
    for number in (1, 2, 3):
        own.begin(Attempt(id=number, attempt=1))
        own.end(Attempt(id=number, attempt=1), SENT)
    # Each says how many more, the last line how many in all.
    own.folded(1)
    own.folded(1)
    own.close(settled=False)
    ((attempt, answer),) = journal_reading.read(own.path).ended
    assert (attempt, answer) == (Attempt(id=3, attempt=1), SENT)


def test_while_its_worker_lives_a_journal_is_nobody_elses(config: Config) -> None:
    own = journal.create(config)
    assert journal_reading.names(config) == [own.worker]
    with journal_reading.of_dead(config, own.worker) as path:
        assert path is None
    own.close(settled=False)
    with journal_reading.of_dead(config, own.worker) as path:
        assert path == own.path
        with journal_reading.of_dead(config, own.worker) as other:
            assert other is None


def test_a_journal_that_another_has_just_read_and_removed_is_not_read_again(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = journal.create(config)
    own.close(settled=False)
    lock = fcntl.flock

    def late(file: IO[bytes], how: int) -> None:
        own.path.unlink()
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with journal_reading.of_dead(config, own.worker) as path:
        assert path is None


def test_a_journal_whose_worker_has_settled_everything_is_gone(config: Config) -> None:
    own = journal.create(config)
    own.close(settled=True)
    assert journal_reading.names(config) == []
    with journal_reading.of_dead(config, own.worker) as path:
        assert path is None


def test_a_journal_that_cannot_be_removed_is_let_go_of(config: Config) -> None:
    own = journal.create(config)
    own.path.unlink()
    own.path.mkdir()
    own.close(settled=True)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(own._descriptor)


@pytest.mark.parametrize(
    ("boot", "how", "certain"),
    [("other", "unsynced", False), ("other", "synced", True), (None, "unsynced", True)],
)
def test_after_the_death_of_the_machine_only_a_synced_journal_is_whole(
    config: Config, boot: str | None, how: str, certain: bool
) -> None:
    path = config.folder / "one.journal"
    boot = boot or journal.boot()
    path.write_text(f"tidings-journal 1 {boot} {journal.database_digest(config)} {how}\nS 1 1\n")
    assert journal_reading.read(path).certain is certain


def test_a_synced_journal_says_so(tmp_path: Path) -> None:
    config = make.config(tmp_path, delivery={"sync": True})
    own = journal.create(config)
    own.begin(Attempt(id=1, attempt=2))
    own.close(settled=False)
    assert own.path.read_text().splitlines()[0].endswith(" synced")
    assert journal_reading.read(own.path).begun == {Attempt(id=1, attempt=2)}


def test_a_journal_with_a_broken_line_says_nothing_for_certain(config: Config) -> None:
    own = journal.create(config)
    own.close(settled=False)
    with own.path.open("a") as file:
        file.write("S 1 1\nD 1 1 acc\x00pted\nD 2 1 accepted 250 - ok\n")
    found = journal_reading.read(own.path)
    assert not found.certain
    assert [attempt.id for attempt, _ in found.ended] == [2]


def test_a_journal_of_another_store_is_not_ours(config: Config, tmp_path: Path) -> None:
    own = journal.create(config)
    own.close(settled=False)
    other = make.config(tmp_path, database={"url": "sqlite:///other.db"})
    assert journal_reading.is_ours(own.path, config)
    assert not journal_reading.is_ours(own.path, other)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("postgresql://tidings:n:e@w@db/tidings", True),
        ("postgresql://tidings@db/tidings", True),
        ("postgresql://tidings:old@db2/tidings", False),
        ("postgresql://tidings:old@db/tidings2", False),
        # Their tables may be in schemas of their own.
        ("postgresql://others:old@db/tidings", False),
    ],
)
def test_a_database_is_the_same_whatever_its_password(tmp_path: Path, url: str, same: bool) -> None:
    before = make.config(tmp_path, database={"url": "postgresql://tidings:old@db/tidings"})
    own = journal.create(before)
    own.close(settled=False)
    after = make.config(tmp_path, database={"url": url})
    assert journal_reading.is_ours(own.path, after) is same


def test_a_journal_without_a_whole_head_says_nothing(config: Config) -> None:
    own = journal.create(config)
    own.close(settled=False)
    own.path.write_bytes(own.path.read_bytes().removesuffix(b"\n"))
    assert journal_reading.is_ours(own.path, config)
    assert journal_reading.read(own.path) == Records(certain=False, begun=frozenset(), ended=())


def test_where_nothing_tells_runs_of_the_machine_apart_no_unsynced_journal_is_certain(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_BOOT", tmp_path / "none")
    own = journal.create(config)
    own.close(settled=False)
    assert not journal_reading.read(own.path).certain
    own.path.write_bytes(own.path.read_bytes().removesuffix(b"\n"))
    assert not journal_reading.read(own.path).certain


def test_two_sqlite_files_share_no_journals(tmp_path: Path) -> None:
    def folder(url: str, **delivery: str) -> Path:
        return make.config(tmp_path, database={"url": url}, delivery=delivery).journal

    assert folder("sqlite:///a.db") == tmp_path / "a.db.journal"
    assert folder("sqlite:////srv/a.db") == Path("/srv/a.db.journal")
    assert folder("sqlite://") == tmp_path / "journal"
    assert folder("postgresql://tidings@db/tidings") == tmp_path / "journal"
    assert folder("sqlite:///a.db", journal="mine") == tmp_path / "mine"


def test_on_a_full_disk_nothing_begins(tmp_path: Path) -> None:
    own = Journal(tmp_path / "full", os.open("/dev/full", os.O_WRONLY), sync=False)
    with pytest.raises(JournalError, match="space"):
        own.begin(Attempt(id=1, attempt=1))
    own.close(settled=False)


def test_half_a_line_on_a_full_disk_takes_no_other_line_with_it(config: Config) -> None:
    own = journal.create(config)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        # There is room for three octets of the next line.
        resource.setrlimit(resource.RLIMIT_FSIZE, (own.path.stat().st_size + 3, limits[1]))
        with pytest.raises(JournalError, match="no space left"):
            own.begin(Attempt(id=1, attempt=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    own.end(Attempt(id=2, attempt=1), SENT)
    own.close(settled=False)
    found = journal_reading.read(own.path)
    assert (found.certain, found.begun) == (True, frozenset())
    assert [attempt.id for attempt, _ in found.ended] == [2]


def test_what_the_disk_did_not_take_has_not_begun(tmp_path: Path) -> None:
    # A pipe takes lines, and cannot be synced.
    reading, writing = os.pipe()
    own = Journal(tmp_path / "pipe", writing, sync=True)
    with pytest.raises(JournalError, match="pipe: Invalid argument"):
        own.begin(Attempt(id=1, attempt=1))
    own.close(settled=False)
    os.close(reading)


def test_a_journal_that_cannot_be_begun_leaves_nothing_behind(config: Config) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = len(list(Path("/dev/fd").iterdir()))
    try:
        # No file may hold more than three octets, as if the disk were full.
        resource.setrlimit(resource.RLIMIT_FSIZE, (3, limits[1]))
        for _ in range(3):
            with pytest.raises(JournalError, match="journal: "):
                journal.create(config)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(config.journal.iterdir()) == []
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_folder_that_nobody_can_write_to_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "tidings.db.journal").write_text("a file")
    with pytest.raises(JournalError, match=str(tmp_path)):
        journal.create(make.config(tmp_path))
