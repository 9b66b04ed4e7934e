"""Locks between processes, which the death of their holder releases.

PostgreSQL: an advisory lock (documentation, 13.3.5). SQLite: flock on a file beside the database;
one in memory is of one process, whose threads have locks of its own.
"""

import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection, Engine, text

from store.driver_errors import translated
from store.engines import in_memory
from store.errors import StoreError

#: A server that holds a lock for somebody who is gone without a word soon gives it back.
_NOTICE_DEATH = (
    "select set_config('tcp_keepalives_idle', '10', true),"
    " set_config('tcp_keepalives_interval', '5', true),"
    " set_config('tcp_keepalives_count', '4', true),"
    " set_config('tcp_user_timeout', '30000', true)"
)


class Locks:
    """The locks of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._of_threads: dict[str, threading.Lock] = {}

    @contextmanager
    def hold(self, name: str) -> Iterator[Callable[[], None] | None]:
        """Give a function that raises StoreError once the lock is lost; None if another has it."""
        if self._engine.dialect.name == "postgresql":
            held = self._advisory(name)
        elif in_memory(self._engine.url):
            held = self._of_thread(name)
        else:
            held = self._beside_the_file(name)
        with held as won:
            yield won

    @contextmanager
    def _advisory(self, name: str) -> Iterator[Callable[[], None] | None]:
        with translated(), self._engine.connect() as connection, connection.begin():
            connection.execute(text(_NOTICE_DEATH))
            statement = text("select pg_try_advisory_xact_lock(:number)")
            won = connection.execute(statement, {"number": number(name)}).scalar()
            yield partial(_ask, connection) if won else None

    @contextmanager
    def _of_thread(self, name: str) -> Iterator[Callable[[], None] | None]:
        lock = self._of_threads.setdefault(name, threading.Lock())
        if not lock.acquire(blocking=False):
            yield None
            return
        try:
            yield _keep
        finally:
            lock.release()

    @contextmanager
    def _beside_the_file(self, name: str) -> Iterator[Callable[[], None] | None]:
        descriptor = _opened(f"{self._engine.url.database}.{name}.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield _keep
        finally:
            os.close(descriptor)


def _opened(path: str) -> int:
    """Return the descriptor of a lock's file. Raises StoreError.

    To lock it, reading is enough: whoever made it, an administrator by hand perhaps, must not
    keep out the user that owns the database.
    """
    try:
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error


def _ask(connection: Connection) -> None:
    with translated():
        connection.execute(text("select 1"))


def _keep() -> None:
    """Say nothing: this lock cannot be lost."""


def number(name: str) -> int:
    """Return what PostgreSQL knows a lock by."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
