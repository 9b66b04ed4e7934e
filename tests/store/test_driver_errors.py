"""SQLAlchemy's errors become ours, each of them."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import (
    CircularDependencyError,
    DBAPIError,
    IntegrityError,
    NoReferencedColumnError,
    NoReferencedTableError,
    OperationalError,
    SQLAlchemyError,
    StatementError,
    UnsupportedCompilationError,
)

from store import topics
from store.database import Database, open_database
from store.driver_errors import translate
from store.errors import BusyError, ConflictError, StoreError

#: What errors are made of that want more than a message.
OTHER_ARGUMENTS: dict[type[SQLAlchemyError], tuple[Any, ...]] = {
    CircularDependencyError: ("refused", [], []),
    NoReferencedColumnError: ("refused", "items", "id"),
    NoReferencedTableError: ("refused", "items"),
    UnsupportedCompilationError: ("refused", int),
}


def kinds_of_error(root: type[SQLAlchemyError]) -> set[type[SQLAlchemyError]]:
    return {root}.union(*map(kinds_of_error, root.__subclasses__()))


def error(kind: type[SQLAlchemyError]) -> SQLAlchemyError:
    """Make an error of this kind that says ``refused``."""
    if issubclass(kind, DBAPIError):
        return kind("select 1", {}, Exception("refused"))
    if issubclass(kind, StatementError):
        return kind("refused", "select 1", {}, None)
    return kind(*OTHER_ARGUMENTS.get(kind, ("refused",)))


@pytest.mark.parametrize(
    "kind", sorted(kinds_of_error(SQLAlchemyError), key=str), ids=lambda kind: kind.__name__
)
def test_every_error_of_the_library_becomes_one_of_ours(kind: type[SQLAlchemyError]) -> None:
    ours = translate(error(kind))

    assert type(ours) is (ConflictError if issubclass(kind, IntegrityError) else StoreError)
    assert "refused" in str(ours)
    assert "\n" not in str(ours)


def test_a_lock_of_the_database_becomes_busy() -> None:
    locked = OperationalError("select 1", {}, Exception("database is locked"))

    assert type(translate(locked)) is BusyError


def test_a_server_that_nobody_answers_at_is_not_called_busy() -> None:
    said = 'connection failed: connection to server at "127.0.0.1" failed: Connection refused'
    away = translate(OperationalError("select 1", {}, Exception(said)))
    assert (type(away), str(away)) == (BusyError, f"the database does not answer: {said}")


def test_a_folder_that_is_not_there_is_named_with_what_mends_it(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/none/a.db")
    with pytest.raises(StoreError) as refused:
        database.version()
    assert str(refused.value) == (
        f"sqlite:///{tmp_path}/none/a.db: unable to open database file: "
        "make the folder, let this user write there, or correct the path (database.url)"
    )


def test_a_file_that_is_no_database_is_named_with_what_mends_it(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"title,body\n" * 100)
    database = open_database(f"sqlite:///{tmp_path}/a.db")
    with pytest.raises(StoreError, match=f"^sqlite:///{tmp_path}/a.db: file is not a database: "):
        database.version()


def test_a_file_that_may_not_be_written_is_named_with_what_mends_it(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path}/a.db").migrate()
    # Also who may write everything may not write this.
    database = open_database(f"sqlite:///file:{tmp_path}/a.db?mode=ro&uri=true")
    with pytest.raises(StoreError) as refused, database.write() as tx:
        tx.run(text("delete from topics"))
    assert f"{tmp_path}/a.db" in str(refused.value)
    assert "run as the user that owns the file and its folder" in str(refused.value)


def test_half_a_character_is_refused_by_one_of_our_errors(either: Database) -> None:
    with pytest.raises(StoreError, match="not UTF-8"), either.write() as tx:
        topics.put(tx, "caf\udce9", {})
