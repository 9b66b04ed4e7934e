"""The version of the tables: migrations lead to it, and no other is worked with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, inspect, text

import store
from store import topics
from store.database import Database, Transaction
from store.errors import SchemaError
from store.schema import SCHEMA
from store.tables import metadata
from tests.store import fill
from tests.store.beside import process, url_of

MIGRATOR = """
import sys
import alembic.command
from store.database import open_database
database = open_database(sys.argv[1])
print("ready", flush=True)
sys.stdin.read()
database.migrate()
"""


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
        assert [topic.key for topic in topics.listing(tx)] == ["health"]


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
