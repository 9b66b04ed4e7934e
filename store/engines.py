"""The engines under a database: how its connections are made, and how they begin."""

import sqlite3
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from store.errors import StoreError

#: Seconds that a writer waits for another before it gives up with BusyError.
BUSY_TIMEOUT = 30

#: How often the switch of a SQLite file to write-ahead logging gives way to another's.
_SWITCHES = 10

#: So that a connection whose other end is gone without a word is known to be so after half a
#: minute, by libpq and by the server; both would wait for hours.
_ALIVE = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}


def engine_at(url: str) -> Engine:
    """Return the engine of a SQLAlchemy URL: ``sqlite:///PATH`` or ``postgresql://...``.

    Raises StoreError when the URL is neither, SQLAlchemyError for one that no driver takes.
    """
    try:
        url.encode()
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The URL may hold a password, so the message must not hold the URL.
        raise StoreError(
            "not a database URL; such are sqlite:///PATH and postgresql://USER@HOST/NAME"
        ) from error
    if address.get_backend_name() == "sqlite":
        return _sqlite(address.set(drivername="sqlite+pysqlite"))
    if address.get_backend_name() == "postgresql":
        known = address.set(drivername="postgresql+psycopg", query=_ALIVE | address.query)
        return create_engine(known)
    raise StoreError(f"cannot keep news in {address.get_backend_name()!r}: sqlite or postgresql")


def in_memory(address: URL) -> bool:
    """Return whether a database is one of SQLite's that ends with its connection."""
    return address.get_backend_name() == "sqlite" and address.database in {None, "", ":memory:"}


def _sqlite(address: URL) -> Engine:
    # A database in memory lives in one connection, so all must share it.
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory(address) else {}
    engine = create_engine(
        address,
        connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False},
        **options,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401
    # The driver shall not begin transactions behind our back: _begin_sqlite does.
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    # Of two that open a new file at once SQLite refuses one without waiting, since both read
    # what they want to change. BEGIN EXCLUSIVE does wait; then the other has done it.
    for _ in range(_SWITCHES):
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        cursor.execute("BEGIN EXCLUSIVE")
        cursor.execute("ROLLBACK")
    cursor.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: Connection) -> None:
    # A deferred BEGIN that later writes can fail half-way, or lose an update; IMMEDIATE waits.
    writes = connection.get_execution_options().get("tidings_write")
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
