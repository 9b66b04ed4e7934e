"""The door to the store: what opens, and transactions that are whole or not at all."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select, text, update

from store import topics
from store.database import Database, open_database
from store.engines import BUSY_TIMEOUT
from store.errors import BusyError, ConflictError, StoreError, TidingsError
from store.tables import item_topics
from store.tables import topics as topic_table
from tests import postgres
from tests.store import fill
from tests.store.beside import process

WRITER = """
import sys
from store import topics
from store.database import open_database
with open_database(sys.argv[1]).write() as tx:
    topics.put(tx, "half", {"en": "Half-way"})
    print("ready", flush=True)
    sys.stdin.read()
"""


def topic_keys(database: Database) -> list[str]:
    with database.read() as tx:
        return [topic.key for topic in topics.listing(tx)]


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


def test_a_server_that_is_gone_without_a_word_is_noticed_unless_the_url_says_otherwise() -> None:
    database = open_database("postgresql://tidings@db.example.org/news?keepalives_idle=99")
    address = database.address
    assert (address["host"], address["dbname"]) == ("db.example.org", "news")
    assert (address["keepalives_idle"], address["tcp_user_timeout"]) == ("99", "30000")
    database.close()
