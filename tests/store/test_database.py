"""The door to the store: migrations, transactions, locks, errors and instants."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    CheckConstraint,
    Column,
    Integer,
    MetaData,
    inspect,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects import sqlite
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

import store
from store import topics
from store.database import Database, Transaction, open_database
from store.driver_errors import translate
from store.engines import BUSY_TIMEOUT
from store.errors import BusyError, ConflictError, SchemaError, StoreError, TidingsError
from store.schema import SCHEMA
from store.tables import Instant, item_topics, metadata
from store.tables import topics as topic_table
from tests import make, postgres
from tests.store import fill

ROOT = Path(__file__).parents[2]

#: Programs for other processes; each says when it is where it shall be, then waits.
HOLDER = """
import sys
from store.database import open_database
with open_database(sys.argv[1]).exclusive("delivery"):
    print("ready", flush=True)
    sys.stdin.read()
"""
WRITER = """
import sys
from store import topics
from store.database import open_database
with open_database(sys.argv[1]).write() as tx:
    topics.put(tx, "half", {"en": "Half-way"})
    print("ready", flush=True)
    sys.stdin.read()
"""
MIGRATOR = """
import sys
import alembic.command
from store.database import open_database
database = open_database(sys.argv[1])
print("ready", flush=True)
sys.stdin.read()
database.migrate()
"""

#: What errors are made of that want more than a message.
OTHER_ARGUMENTS: dict[type[SQLAlchemyError], tuple[Any, ...]] = {
    CircularDependencyError: ("refused", [], []),
    NoReferencedColumnError: ("refused", "items", "id"),
    NoReferencedTableError: ("refused", "items"),
    UnsupportedCompilationError: ("refused", int),
}

INSTANTS = st.datetimes(
    min_value=datetime(1, 1, 2),
    max_value=datetime(9999, 12, 30),
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a database that nobody has migrated."""
    if request.param == "sqlite":
        yield from opened(f"sqlite:///{tmp_path / 'empty.db'}")
    else:
        with postgres.copy(request.getfixturevalue("postgres_server"), None) as url:
            yield from opened(url)


def opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.close()


def url_of(database: Database) -> str:
    return database._engine.url.render_as_string(hide_password=False)


@contextmanager
def process(program: str, url: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program until it is ready; end it by SIGKILL at the latest when the block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", program, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "ready\n"
            yield running
        finally:
            running.kill()


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


def differences(tx: Transaction, wanted: MetaData) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True, "render_as_batch": True}
    found = compare_metadata(MigrationContext.configure(tx._connection, opts=options), wanted)
    # What wakes workers is the business of its own migrations.
    return [each for each in found if "procrastinate_" not in str(each)]


def shape(tx: Transaction) -> dict[str, Any]:
    """Return everything about the tables that the database can tell."""
    found = inspect(tx._connection)
    return {
        name: (
            [{**column, "type": repr(column["type"])} for column in found.get_columns(name)],
            found.get_pk_constraint(name),
            sorted((_written(index) for index in found.get_indexes(name)), key=str),
            sorted(found.get_unique_constraints(name), key=str),
            sorted(found.get_foreign_keys(name), key=str),
            found.get_check_constraints(name),
        )
        for name in found.get_table_names()
    }


def _written(index: Mapping[str, Any]) -> dict[str, Any]:
    """Return an index with the condition of a partial one as text: each reading has its own."""
    options = {key: str(value) for key, value in index.get("dialect_options", {}).items()}
    return {**index, "dialect_options": options}


def topic_keys(database: Database) -> list[str]:
    with database.read() as tx:
        return [topic.key for topic in topics.listing(tx)]


def kinds_of_error(root: type[SQLAlchemyError]) -> set[type[SQLAlchemyError]]:
    return {root}.union(*map(kinds_of_error, root.__subclasses__()))


def error(kind: type[SQLAlchemyError]) -> SQLAlchemyError:
    """Make an error of this kind that says ``refused``."""
    if issubclass(kind, DBAPIError):
        return kind("select 1", {}, Exception("refused"))
    if issubclass(kind, StatementError):
        return kind("refused", "select 1", {}, None)
    return kind(*OTHER_ARGUMENTS.get(kind, ("refused",)))


def test_the_migrations_lead_to_exactly_these_tables(empty: Database) -> None:
    empty.migrate()

    with empty.read() as tx:
        assert differences(tx, metadata) == []
        found = inspect(tx._connection)
        for table in metadata.sorted_tables:
            checks = {c.name for c in table.constraints if isinstance(c, CheckConstraint)}
            assert {c["name"] for c in found.get_check_constraints(table.name)} == checks


def test_tables_that_no_migration_makes_would_be_noticed(either: Database) -> None:
    changed = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(changed)
    changed.tables["topics"].append_column(Column("weight", Integer))
    changed.tables["items"].c.created.type = Integer()

    with either.read() as tx:
        found = differences(tx, changed)

    assert [(entry[0], entry[2:4]) for entry in found if entry[0] == "add_column"] != []
    assert [entry[0][0] for entry in found if isinstance(entry, list)] == ["modify_type"]


def test_migrating_a_second_time_changes_nothing(empty: Database) -> None:
    empty.migrate()
    with empty.write() as tx:
        fill.topic(tx, "health")
    with empty.read() as tx:
        before = shape(tx)

    empty.migrate()

    with empty.read() as tx:
        assert shape(tx) == before
    assert topic_keys(empty) == ["health"]


def test_hosts_that_migrate_at_once_do_not_disturb_each_other(empty: Database) -> None:
    url = url_of(empty)
    with process(MIGRATOR, url) as one, process(MIGRATOR, url) as other:
        for migrator in (one, other):
            assert migrator.stdin is not None
            migrator.stdin.close()
        assert [migrator.wait(timeout=30) for migrator in (one, other)] == [0, 0]

    empty.check_version()


def test_the_schema_is_the_newest_migration() -> None:
    versions = Path(store.__file__).parent / "migrations" / "versions"

    assert max(path.name for path in versions.glob("*.py")).startswith(f"{SCHEMA}_")


def test_a_database_that_nobody_made_is_refused_with_the_way_to_make_it(empty: Database) -> None:
    with pytest.raises(SchemaError, match=r"empty.*'tidings migrate'"):
        empty.check_version()


@pytest.mark.parametrize(
    ("version", "mend"), [("0000", "back it up, then run 'tidings migrate'"), ("9999", "newer")]
)
def test_a_database_of_another_version_is_refused_with_the_way_to_mend_it(
    either: Database, version: str, mend: str
) -> None:
    either.check_version()
    with either.write() as tx:
        tx.run(text(f"update alembic_version set version_num = '{version}'"))

    with pytest.raises(SchemaError, match=mend):
        either.check_version()


def test_a_database_of_a_newer_program_is_not_migrated(either: Database) -> None:
    with either.write() as tx:
        tx.run(text("update alembic_version set version_num = '9999'"))

    with pytest.raises(SchemaError, match="install the newer Tidings"):
        either.migrate()


def test_a_database_says_what_time_it_is_and_where_it_is(either: Database) -> None:
    # Its clock is this machine's, and may have been put back or forward by seconds in between.
    assert abs(either.clock() - datetime.now(UTC)) < timedelta(minutes=1)
    assert either.clock().utcoffset() == timedelta(0)
    assert either.name.startswith(("sqlite:///", "postgresql"))
    assert open_database("postgresql://a:secret@localhost/b").name.count("secret") == 0


def test_a_transaction_left_by_an_exception_leaves_nothing(either: Database) -> None:
    def fail_half_way() -> None:
        with either.write() as tx:
            fill.topic(tx, "health")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()

    assert topic_keys(either) == []


def test_a_writer_killed_half_way_leaves_nothing(store_url: str, either: Database) -> None:
    with process(WRITER, store_url) as writer:
        writer.kill()
        writer.wait()

    with either.write() as tx:
        fill.topic(tx, "whole")
    assert topic_keys(either) == ["whole"]


def test_of_many_writers_at_once_none_is_lost(either: Database) -> None:
    assert counted_at_once(either) == "200"


def test_of_many_writers_at_once_none_is_lost_in_memory(database: Database) -> None:
    assert counted_at_once(database) == "200"


def counted_at_once(database: Database) -> str:
    """Have 8 threads count to 25 in one row; return where they got to."""
    with database.write() as tx:
        topics.put(tx, "counter", {"count": "0"})

    def count_up(_number: int) -> None:
        for _ in range(25):
            with database.write() as tx:
                # The row lock is for PostgreSQL; on SQLite, which has none, BEGIN IMMEDIATE
                # alone has to do.
                row = tx.row(select(topic_table.c.names).with_for_update())
                assert row is not None
                names = {"count": str(int(row["names"]["count"]) + 1)}
                tx.run(update(topic_table).values(names=names))

    fill.at_once(8, count_up)

    with database.read() as tx:
        return topics.listing(tx)[0].names["count"]


def test_a_reader_sees_one_moment_whatever_others_write(either: Database) -> None:
    with either.write() as tx:
        fill.topic(tx, "health")

    with either.read() as reader:
        before = topics.listing(reader)
        with either.write() as tx:
            fill.topic(tx, "work")
        assert topics.listing(reader) == before

    assert topic_keys(either) == ["health", "work"]


def test_a_reader_can_write_nothing(either: Database) -> None:
    with pytest.raises(StoreError), either.read() as tx:
        fill.topic(tx, "health")

    with either.write() as tx:
        fill.topic(tx, "work")
    assert topic_keys(either) == ["work"]


def test_a_row_that_points_nowhere_is_refused(either: Database) -> None:
    with pytest.raises(ConflictError), either.write() as tx:
        tx.insert_new(item_topics, [{"item_id": 1, "topic": "none"}], returning="topic")


def test_sqlite_waits_keeps_a_journal_and_minds_foreign_keys(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'tidings.db'}")
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")

    with database.read() as tx:
        found = [next(iter(tx.rows(text(f"pragma {name}"))[0].values())) for name in pragmas]
    database.close()

    assert found == ["wal", 2, 1, BUSY_TIMEOUT * 1000]  # synchronous 2 is FULL


def test_many_who_open_a_new_file_at_once_all_get_in(tmp_path: Path) -> None:
    together = Barrier(4)

    def open_each(_number: int) -> None:
        for number in range(80):
            together.wait(timeout=30)
            database = open_database(f"sqlite:///{tmp_path}/{number}.db")
            with database.write():
                pass
            database.close()

    fill.at_once(4, open_each)


def test_a_writer_who_waited_in_vain_is_told_that_the_store_is_busy(
    migrated: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "tidings.db"
    path.write_bytes(migrated)
    first, second = open_database(f"sqlite:///{path}"), open_database(f"sqlite:///{path}")
    with second.read() as tx:
        tx.run(text("pragma busy_timeout = 0"))

    with first.write(), pytest.raises(BusyError), second.write():
        pass

    first.close()
    second.close()


def test_of_two_writers_who_wait_for_each_other_one_is_told_to_try_again(
    postgres_url: str,
) -> None:
    database = open_database(postgres_url)
    with database.write() as tx:
        fill.topic(tx, "health", "work")
    both_hold_one = Barrier(2)

    def rename(keys: tuple[str, str]) -> type[TidingsError] | None:
        try:
            with database.write() as tx:
                topics.put(tx, keys[0], {"fr": keys[0]})
                both_hold_one.wait(timeout=30)
                topics.put(tx, keys[1], {"fr": keys[1]})
        except TidingsError as refusal:
            return type(refusal)
        return None

    orders = (("health", "work"), ("work", "health"))
    outcomes = fill.at_once(2, lambda number: rename(orders[number]))
    database.close()

    assert set(outcomes) == {None, BusyError}


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


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tidings.db",
        "sqlite//tidings.db",
        "sqlite://host/tidings.db",
        "postgresql://host:port/tidings",
        "mysql://host/tidings",
        "nonsense://host/tidings",
    ],
)
def test_what_is_no_database_of_ours_is_refused(url: str) -> None:
    with pytest.raises(StoreError):
        open_database(url)


@pytest.mark.parametrize("url", ["sqlite+aiosqlite://", "postgresql+asyncpg://host/tidings"])
def test_whatever_driver_a_url_names_ours_is_taken(url: str) -> None:
    database = open_database(url)

    assert database._engine.driver in {"pysqlite", "psycopg"}
    database.close()


def test_a_refused_url_does_not_tell_its_password() -> None:
    with pytest.raises(StoreError) as refusal:
        open_database("postgresql:/tidings:secret@host/tidings")

    assert "secret" not in str(refusal.value)


def test_what_cannot_be_opened_is_said_in_our_words(tmp_path: Path) -> None:
    poem = tmp_path / "poem.txt"
    poem.write_text("No database, but a poem. " * 100, encoding="utf-8")

    for place in (f"{poem}", f"{tmp_path}/no/such/folder.db"):
        database = open_database(f"sqlite:///{place}")
        with pytest.raises(StoreError):
            database.check_version()


def test_a_server_that_is_not_there_may_come_back_but_a_database_will_not(
    postgres_server: str,
) -> None:
    away = open_database("postgresql://nobody@127.0.0.1:1/tidings")
    with pytest.raises(BusyError):
        away.check_version()

    unknown = open_database(postgres.url(postgres_server, "nowhere"))
    with pytest.raises(StoreError, match='"nowhere" does not exist'):
        unknown.check_version()


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


def test_instants_come_back_in_utc_to_the_microsecond(either: Database) -> None:
    instants = [
        make.NOW.replace(microsecond=1),
        datetime(2026, 11, 23, 13, 45, 0, 999_999, tzinfo=ZoneInfo("Asia/Kathmandu")),
        datetime(1969, 7, 20, 20, 17, 40, tzinfo=UTC),
        datetime(999, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ]
    columns = [literal(instant, Instant).label(str(n)) for n, instant in enumerate(instants)]

    with either.read() as tx:
        row = tx.row(select(*columns))

    assert row is not None
    assert list(row.values()) == instants
    assert {instant.tzinfo for instant in row.values()} == {UTC}


def test_an_instant_comes_back_in_utc_from_a_server_that_lives_elsewhere(
    postgres_url: str,
) -> None:
    database = open_database(f"{postgres_url}&options=-c%20timezone%3DAsia/Kathmandu")

    with database.read() as tx:
        zone = tx.row(text("show timezone"))
        row = tx.row(select(literal(make.NOW, Instant).label("instant")))
    database.close()

    assert (zone and zone["TimeZone"], row and row["instant"].tzinfo) == ("Asia/Kathmandu", UTC)


def test_an_instant_without_a_zone_is_refused(either: Database) -> None:
    naive = make.NOW.replace(tzinfo=None)

    with pytest.raises(StoreError, match="without a zone"), either.read() as tx:
        tx.row(select(literal(naive, Instant)))


@given(INSTANTS, INSTANTS)
def test_instants_as_text_stand_in_the_order_of_time(one: datetime, other: datetime) -> None:
    dialect = sqlite.dialect()
    kind = Instant()
    texts = [kind.process_bind_param(instant, dialect) for instant in (one, other)]

    assert {len(kept) for kept in texts} == {Instant.impl.length}
    assert (texts[0] < texts[1], texts[0] == texts[1]) == (one < other, one == other)
    assert [kind.process_result_value(kept, dialect) for kept in texts] == [one, other]


def test_a_server_that_is_gone_without_a_word_is_noticed_unless_the_url_says_otherwise() -> None:
    database = open_database("postgresql://tidings@db.example.org/news?keepalives_idle=99")
    address = database.address
    assert (address["host"], address["dbname"]) == ("db.example.org", "news")
    assert (address["keepalives_idle"], address["tcp_user_timeout"]) == ("99", "30000")
    database.close()
