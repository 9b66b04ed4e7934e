"""Open the database, and the only way in: transactions.

    with database.read() as tx:     a consistent snapshot
    with database.write() as tx:    BEGIN IMMEDIATE on SQLite: writers queue, none is lost
    with database.exclusive("delivery"):    one process at a time, released by its death

A transaction that is left by an exception leaves nothing behind.
"""

import fcntl
import hashlib
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Executable,
    RowMapping,
    StaticPool,
    Table,
    bindparam,
    create_engine,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    OperationalError,
    SQLAlchemyError,
)

from store.errors import BusyError, ConflictError, SchemaError, StoreError
from store.loading import load
from store.tables import metadata

#: The migration that this program's tables need; the newest file in migrations/versions.
SCHEMA = "0012"

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
_NOTICE_DEATH = (
    "select set_config('tcp_keepalives_idle', '10', true),"
    " set_config('tcp_keepalives_interval', '5', true),"
    " set_config('tcp_keepalives_count', '4', true),"
    " set_config('tcp_user_timeout', '30000', true)"
)

#: Rows that are fetched together where many may come.
_AT_ONCE = 500


class Transaction:
    """What keepers work with; nobody outside the store looks inside."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, statement: Executable) -> Sequence[RowMapping]:
        """Return all rows of a statement."""
        return self._connection.execute(statement).mappings().all()

    def each(self, statement: Executable) -> Iterator[RowMapping]:
        """Yield the rows of a statement that may have more than memory should hold."""
        options = {"yield_per": _AT_ONCE}
        with self._connection.execute(statement, execution_options=options) as result:
            yield from result.mappings()

    def row(self, statement: Executable) -> RowMapping | None:
        """Return the first row of a statement, or None."""
        return self._connection.execute(statement).mappings().first()

    def run(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        """Run a statement, once for each of ``rows`` if given; return how many rows it changed."""
        if rows is not None and not rows:
            return 0
        # Without the option nobody knows the count of an INSERT ... SELECT on PostgreSQL.
        result = self._connection.execute(
            statement, rows and list(rows), execution_options={"preserve_rowcount": True}
        )
        return result.rowcount

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
            return list(self._connection.execute(statement, rows[0]).scalars())
        return list(self._connection.execute(statement.values(list(rows))).scalars())

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
            self.run(text("select pg_advisory_xact_lock(:number)").bindparams(number=_number(name)))

    def queue_if_free(self, name: str) -> bool:
        """Do as :meth:`queue` where nobody has to be waited for; return whether it is so."""
        if not self.on_postgresql:
            return True
        statement = text("select pg_try_advisory_xact_lock(:number) as won")
        row = self.row(statement.bindparams(number=_number(name)))
        return bool(row and row["won"])

    @property
    def on_postgresql(self) -> bool:
        """Whether the database is PostgreSQL; SQLite otherwise."""
        return self._connection.dialect.name == "postgresql"


class Database:
    """One database, opened."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._locks: dict[str, threading.Lock] = {}
        # All that ask a database in memory have one connection: its transactions take turns.
        self._turn = threading.RLock() if _in_memory(engine.url) else nullcontext()

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
            _translated(),
            self._engine.connect() as connection,
            connection.execution_options(**options).begin(),
        ):
            yield Transaction(connection)

    @contextmanager
    def exclusive(self, name: str) -> Iterator[Callable[[], None]]:
        """Hold a lock between processes; the death of its holder releases it.

        A PostgreSQL advisory lock (documentation, 13.3.5), or flock on a file beside the
        SQLite database. Raises BusyError at once when another holds it. Gives a function that
        raises StoreError once the lock is lost with its connection: another may have it then.
        """
        with self._lock(name) as won:
            if not won:
                raise BusyError(f"another process is at work ({name}); try again in a moment")
            yield won

    @contextmanager
    def _lock(self, name: str) -> Iterator[Callable[[], None] | None]:
        if self._engine.dialect.name == "postgresql":
            with _translated(), self._engine.connect() as connection, connection.begin():
                connection.execute(text(_NOTICE_DEATH))
                statement = text("select pg_try_advisory_xact_lock(:number)")
                won = connection.execute(statement, {"number": _number(name)}).scalar()
                yield partial(_ask, connection) if won else None
        elif _in_memory(self._engine.url):
            lock = self._locks.setdefault(name, threading.Lock())
            if not lock.acquire(blocking=False):
                yield None
                return
            try:
                yield _keep
            finally:
                lock.release()
        else:
            with Path(f"{self._engine.url.database}.{name}.lock").open(
                "w", encoding="ascii"
            ) as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    yield None
                else:
                    yield _keep

    @property
    def on_postgresql(self) -> bool:
        """Whether it is PostgreSQL, which several hosts can share; SQLite otherwise."""
        return self._engine.dialect.name == "postgresql"

    @property
    def address(self) -> Mapping[str, Any]:
        """Where the database is, in libpq's parameters."""
        _, parameters = self._engine.dialect.create_connect_args(self._engine.url)
        return {name: value for name, value in parameters.items() if name != "context"}

    @property
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
            if not self._engine.dialect.has_table(tx._connection, "alembic_version"):  # noqa: SLF001
                return None
            row = tx.row(text("select version_num from alembic_version"))
            return row["version_num"] if row else None

    def check_version(self) -> None:
        """Raise SchemaError unless the database is of this program's version."""
        found = self.version()
        if found is None:
            raise SchemaError("the database is empty: make it with 'tidings migrate'")
        if found < SCHEMA:
            raise SchemaError(
                f"the database is at version {found}, this program needs {SCHEMA}: "
                "back it up, then run 'tidings migrate'"
            )
        _refuse_newer(found)

    def migrate(self) -> None:
        """Bring the database to this program's version; one transaction, all or nothing.

        Raises SchemaError when the database is of a newer version.
        """
        # Alembic takes a second to import, and only this needs it.
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config  # noqa: PLC0415

        settings = Config()
        settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        _refuse_newer(self.version())
        with self.write() as tx:
            # Of several hosts that migrate at once the first does.
            tx.queue("migrate")
            settings.attributes["connection"] = tx._connection  # noqa: SLF001
            settings.attributes["metadata"] = metadata
            command.upgrade(settings, "head")

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()


def _ask(connection: Connection) -> None:
    with _translated():
        connection.execute(text("select 1"))


def _keep() -> None:
    """Say nothing: this lock cannot be lost."""


def _number(name: str) -> int:
    """Return what PostgreSQL knows a lock by."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def _refuse_newer(found: str | None) -> None:
    if found and found > SCHEMA:
        raise SchemaError(
            f"the database is at version {found}, newer than this program ({SCHEMA}): "
            "install the newer Tidings"
        )


def among(column: ColumnElement[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a column is one of ``ids``, however many those are.

    They stand in the statement itself: the databases bound how many parameters it takes
    (PostgreSQL 65,535; SQLite 32,766 unless built otherwise).
    """
    values = bindparam(
        None, list(ids), type_=column.type, unique=True, expanding=True, literal_execute=True
    )
    return column.in_(values)


def open_database(url: str) -> Database:
    """Open the database at a SQLAlchemy URL: ``sqlite:///PATH`` or ``postgresql://...``.

    Raises StoreError when the URL is neither, or nobody can open it.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The URL may hold a password, so the message must not hold the URL.
        raise StoreError(
            "not a database URL; such are sqlite:///PATH and postgresql://USER@HOST/NAME"
        ) from error
    with _translated():
        if address.get_backend_name() == "sqlite":
            return Database(_sqlite(address.set(drivername="sqlite+pysqlite")))
        if address.get_backend_name() == "postgresql":
            known = address.set(drivername="postgresql+psycopg", query=_ALIVE | address.query)
            return Database(create_engine(known))
    raise StoreError(f"cannot keep news in {address.get_backend_name()!r}: sqlite or postgresql")


def _in_memory(address: URL) -> bool:
    return address.get_backend_name() == "sqlite" and address.database in {None, "", ":memory:"}


def _sqlite(address: URL) -> Engine:
    # A database in memory lives in one connection, so all must share it.
    options: dict[str, Any] = {"poolclass": StaticPool} if _in_memory(address) else {}
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


@contextmanager
def _translated() -> Iterator[None]:
    """Turn SQLAlchemy's errors into ours: the one seam."""
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
