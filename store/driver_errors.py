"""SQLAlchemy's errors become ours: the one seam."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError

from store.errors import BusyError, ConflictError, StoreError

#: What SQLite says where the file is at fault, without naming it; and what mends it.
_MEND = {
    "unable to open database file": "make the folder, let this user write there, "
    "or correct the path (database.url)",
    "file is not a database": "correct the path (database.url)",
    "attempt to write a readonly database": "run as the user that owns the file and its folder",
    "database or disk is full": "make room on its disk",
    "disk I/O error": "see that its disk has room and is whole",
}


@contextmanager
def translated(place: str = "") -> Iterator[None]:
    """Raise our errors instead of SQLAlchemy's; ``place`` is the database's, if one is known."""
    try:
        yield
    except SQLAlchemyError as error:
        raise translate(error, place) from error


@contextmanager
def storable() -> Iterator[None]:
    """Raise StoreError for values that the drivers refuse by errors of Python's own."""
    try:
        yield
    except OverflowError as error:
        # SQLite's, of a number of more than 64 bits.
        raise StoreError("no number in the store is as large as one that was asked for") from error
    except UnicodeEncodeError as error:
        # Both drivers', of half a character: a byte of another encoding on the command line.
        raise StoreError("a text holds bytes that are not UTF-8; nothing was stored") from error


def translate(error: SQLAlchemyError, place: str = "") -> StoreError | ConflictError | BusyError:
    """Return our error for one of SQLAlchemy's, with the place where that is at fault."""
    cause = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    line = cause.strip().partition("\n")[0]
    if isinstance(error, IntegrityError):
        return ConflictError(line)
    # A server that answers FATAL is there, but knows no such user or database: waiting is no help.
    unreachable = (
        isinstance(error, OperationalError)
        and "connection" in line.lower()
        and "FATAL:" not in line
    )
    if unreachable:
        return BusyError(f"the database does not answer: {line}")
    if "database is locked" in line or "deadlock detected" in line:
        return BusyError(f"the database is busy: {line}")
    if line in _MEND and place:
        return StoreError(f"{place}: {line}: {_MEND[line]}")
    return StoreError(line)
