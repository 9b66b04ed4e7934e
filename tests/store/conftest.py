"""Stores for the store's tests: one that nobody has migrated, one with a newsletter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import Database, open_database
from tests import postgres
from tests.store import fill


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


@pytest.fixture
def digest(either: Database) -> Database:
    """Give a store with a newsletter."""
    with either.write() as tx:
        fill.newsletter(tx)
    return either
