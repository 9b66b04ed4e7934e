"""Open the database, and the only way in: transactions.

    with database.read() as tx:     a consistent snapshot
    with database.write() as tx:    BEGIN IMMEDIATE on SQLite: writers queue, none is lost
    with database.exclusive("delivery"):    one process at a time, released by its death

A transaction that is left by an exception leaves nothing behind.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    Executable,
    RowMapping,
    Table,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

from store import schema
from store.driver_errors import storable, translated
from store.engines import engine_at, in_memory
from store.errors import BusyError, StoreError
from store.loading import load
from store.locks import Locks, number

#: Rows that are fetched together where many may come.
_AT_ONCE = 500

#: Rows of one INSERT: a database takes some ten thousand values in a statement.
_TOGETHER = 500


class Transaction:
    """What keepers work with; nobody outside the store looks inside."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, statement: Executable) -> Sequence[RowMapping]:
        """Return all rows of a statement."""
        return self._execute(statement).mappings().all()

    def each(self, statement: Executable) -> Iterator[RowMapping]:
        """Yield the rows of a statement that may have more than memory should hold."""
        options = {"yield_per": _AT_ONCE}
        with self._execute(statement, options=options) as result:
            yield from result.mappings()

    def row(self, statement: Executable) -> RowMapping | None:
        """Return the first row of a statement, or None."""
        return self._execute(statement).mappings().first()

    def run(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        """Run a statement, once for each of ``rows`` if given; return how many rows it changed."""
        if rows is not None and not rows:
            return 0
        # Without the option nobody knows the count of an INSERT ... SELECT on PostgreSQL.
        options = {"preserve_rowcount": True}
        return self._execute(statement, rows and list(rows), options=options).rowcount

    def _execute(
        self,
        statement: Executable,
        rows: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None,
        *,
        options: Mapping[str, Any] | None = None,
    ) -> CursorResult[Any]:
        with storable():
            return self._connection.execute(statement, rows, execution_options=options)

    def insert_new(
        self, table: Table, rows: Sequence[Mapping[str, Any]], *, returning: str
    ) -> list[Any]:
        """Insert what collides with no unique constraint; return column ``returning`` of that."""
        if not rows:
            return []
        insert = postgresql.insert if self.on_postgresql else sqlite.insert
        statement = insert(table).on_conflict_do_nothing().returning(table.c[returning])
        if len(rows) == 1:
            # Written once and kept, unlike one with all its values in it.
            return list(self._execute(statement, rows[0]).scalars())
        parts = (rows[start : start + _TOGETHER] for start in range(0, len(rows), _TOGETHER))
        return [
            found
            for part in parts
            for found in self._execute(statement.values(list(part))).scalars()
        ]

    def load(self, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
        """Insert many rows, all new, in the quickest way that the database has.

        They are given as columns of one length. Values that do not go as they are must be
        hashable: JSON of tuples. Raises ConflictError when a row is there already.
        """
        load(self._connection, table, columns)

    def queue(self, name: str) -> None:
        """Wait until no other transaction that queues for this name is under way.

        On SQLite all that write do. PostgreSQL: an advisory lock (documentation, 13.3.5).
        """
        if self.on_postgresql:
            self.run(text("select pg_advisory_xact_lock(:number)").bindparams(number=number(name)))

    def queue_if_free(self, name: str) -> bool:
        """Do as :meth:`queue` where nobody has to be waited for; return whether it is so."""
        if not self.on_postgresql:
            return True
        statement = text("select pg_try_advisory_xact_lock(:number) as won")
        row = self.row(statement.bindparams(number=number(name)))
        return bool(row and row["won"])

    @property
    def on_postgresql(self) -> bool:
        """Whether the database is PostgreSQL; SQLite otherwise."""
        return self._connection.dialect.name == "postgresql"


class Database:
    """One database, opened."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._locks = Locks(engine)
        # All that ask a database in memory have one connection: its transactions take turns.
        self._turn = threading.RLock() if in_memory(engine.url) else nullcontext()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Give a snapshot that no writer disturbs."""
        options: dict[str, Any] = {}
        if self._engine.dialect.name == "postgresql":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._transaction(options) as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Give a transaction that is committed when its block ends well, else rolled back."""
        with self._transaction({"tidings_write": True}) as tx:
            yield tx

    @contextmanager
    def _transaction(self, options: Mapping[str, Any]) -> Iterator[Transaction]:
        with (
            self._turn,
            translated(self.name),
            self._engine.connect() as connection,
            connection.execution_options(**options).begin(),
        ):
            yield Transaction(connection)

    @contextmanager
    def exclusive(self, name: str) -> Iterator[Callable[[], None]]:
        """Hold a lock between processes; the death of its holder releases it.

        Raises BusyError at once when another holds it. Gives a function that raises StoreError
        once the lock is lost with its connection: another may have it then.
        """
        with self._locks.hold(name) as won:
            if not won:
                raise BusyError(f"another process is at work ({name}); try again in a moment")
            yield won

    @property
    def on_postgresql(self) -> bool:
        """Whether it is PostgreSQL, which several hosts can share; SQLite otherwise."""
        return self._engine.dialect.name == "postgresql"

    @property
    def address(self) -> Mapping[str, Any]:
        """Where the database is, in libpq's parameters."""
        _, parameters = self._engine.dialect.create_connect_args(self._engine.url)
        return {name: value for name, value in parameters.items() if name != "context"}

    @cached_property
    def name(self) -> str:
        """Where the database is, without its password."""
        url = self._engine.url
        return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)

    def clock(self) -> datetime:
        """Return what time it is where the database runs, to the second at least."""
        with self.read() as tx:
            row = tx.row(select(func.current_timestamp().label("now")))
        if row is None:
            raise StoreError("the database does not say what time it is")
        found: datetime = row["now"]
        # SQLite tells it in UTC, and does not say so.
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)

    def version(self) -> str | None:
        """Return the migration that the database stands at, None for an empty one."""
        with self.read() as tx:
            return schema.version(tx._connection)  # noqa: SLF001

    def check_version(self) -> None:
        """Raise SchemaError unless the database is of this program's version."""
        schema.check(self.version())

    def migrate(self) -> None:
        """Bring the database to this program's version; one transaction, all or nothing.

        Raises SchemaError when the database is of a newer version.
        """
        schema.refuse_newer(self.version())
        with self.write() as tx:
            # Of several hosts that migrate at once the first does.
            tx.queue("migrate")
            schema.migrate(tx._connection)  # noqa: SLF001

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


def open_database(url: str) -> Database:
    """Open the database at a SQLAlchemy URL: ``sqlite:///PATH`` or ``postgresql://...``.

    Raises StoreError when the URL is neither, or nobody can open it.
    """
    with translated():
        return Database(engine_at(url))
