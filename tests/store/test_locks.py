"""Locks: one holds each, and its death gives it back."""

import tempfile
from pathlib import Path
from time import monotonic

import pytest

from store.database import Database, open_database
from store.errors import BusyError, StoreError
from tests import rights
from tests.store import fill
from tests.store.beside import process

#: Programs for other processes; each says when it is where it shall be, then waits.
HOLDER = """
import sys
from store.database import open_database
with open_database(sys.argv[1]).exclusive("delivery"):
    print("ready", flush=True)
    sys.stdin.read()
"""


def enter_when_free(database: Database, name: str) -> None:
    """Take a lock and give it back; the server may need a moment to see that a client died."""
    deadline = monotonic() + 10
    while not admitted(database, name):
        assert monotonic() < deadline


def admitted(database: Database, name: str = "delivery") -> bool:
    try:
        with database.exclusive(name):
            return True
    except BusyError:
        return False


def test_a_lock_lets_one_in_and_tells_the_second(either: Database, database: Database) -> None:
    """Also where the database is only in memory."""

    def hold(held: Database) -> None:
        with held.exclusive("delivery"):
            assert fill.at_once(2, lambda _: admitted(held)) == [False, False]
            assert admitted(held, "site")
            with pytest.raises(BusyError, match="try again"), held.exclusive("delivery"):
                pass
        assert admitted(held)

    hold(either)
    hold(database)


def test_a_lock_is_given_back_when_its_block_fails(either: Database) -> None:
    with pytest.raises(ZeroDivisionError), either.exclusive("delivery"):
        raise ZeroDivisionError

    assert admitted(either)


def test_a_lock_holds_between_processes_and_dies_with_its_holder(
    store_url: str, either: Database
) -> None:
    with process(HOLDER, store_url) as holder:
        assert not admitted(either)
        assert admitted(either, "site")
        holder.kill()
        holder.wait()

        enter_when_free(either, "delivery")


def test_a_lock_that_an_administrator_made_by_hand_keeps_nobody_out() -> None:
    # Not in pytest's own folder, which is its user's alone.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        database = open_database(f"sqlite:///{folder}/tidings.db")
        assert admitted(database)
        for made in folder.glob("*.lock"):
            made.chmod(0o444)

        with rights.without_those_of_root():
            assert admitted(database)
        database.close()


def test_a_lock_that_cannot_be_had_is_an_error_that_names_its_file(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/tidings.db")
    (tmp_path / "tidings.db.site.lock").mkdir(mode=0o000)

    with pytest.raises(StoreError, match=r"tidings\.db\.site\.lock: "), database.exclusive("site"):
        pass
    database.close()
