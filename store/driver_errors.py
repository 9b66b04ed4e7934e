"""SQLAlchemy's errors become ours: the one seam."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError

from store.errors import BusyError, ConflictError, StoreError


@contextmanager
def translated() -> Iterator[None]:
    """Raise our errors instead of SQLAlchemy's."""
    try:
        yield
    except SQLAlchemyError as error:
        raise translate(error) from error


def translate(error: SQLAlchemyError) -> StoreError | ConflictError | BusyError:
    """Return our error for one of SQLAlchemy's."""
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
    if "database is locked" in line or "deadlock detected" in line or unreachable:
        return BusyError(f"the database is busy: {line}")
    return StoreError(line)
