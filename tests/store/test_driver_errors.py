"""SQLAlchemy's errors become ours, each of them."""

from typing import Any

import pytest
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
