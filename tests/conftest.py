"""What tests share: real stores, a real relay, and a site in a temporary folder.

Property tests try the same examples in every run, so that one who changes nothing sees nothing
change. To look for new ones: ``HYPOTHESIS_PROFILE=explore ./run test``.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from publisher.config import Config
from store.database import Database, open_database
from tests import make, postgres, scratch

# No test is judged by how long it takes: the machine may be busy with something else.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", _PATIENT, derandomize=True)
settings.register_profile("explore", _PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_configure() -> None:
    scratch.begin()


class _Notes(logging.Handler):
    """A log that is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def unforeseen() -> Iterator[list[logging.LogRecord]]:
    """Give the steps of ticks that failed unforeseen; who expects some takes them out.

    They end no tick, so without this a test that looks at something else would not see them.
    """
    notes, log = _Notes(), logging.getLogger("publisher.passes")
    log.addHandler(notes)
    yield notes.records
    log.removeHandler(notes)
    assert notes.records == []


@pytest.fixture(scope="session")
def migrated() -> bytes:
    """Return the bytes of a migrated, empty SQLite database."""
    database = open_database("sqlite://")
    database.migrate()
    raw = database._engine.raw_connection()
    image: bytes = raw.driver_connection.serialize()  # type: ignore[union-attr]
    raw.close()
    database.close()
    return image


@pytest.fixture
def database(migrated: bytes) -> Iterator[Database]:
    """Give an empty store in memory."""
    with make.a_store(migrated) as database:
        yield database


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.server() as base:
        yield base


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    with postgres.template(postgres_server) as name:
        yield name


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """Give the URL of an empty store on PostgreSQL."""
    with postgres.copy(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, migrated: bytes, tmp_path: Path) -> str:
    """Return the URL of an empty store that several processes can open, on either database."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    path = tmp_path / "tidings.db"
    path.write_bytes(migrated)
    return f"sqlite:///{path}"


@pytest.fixture
def either(store_url: str) -> Iterator[Database]:
    """Give an empty store, on SQLite and on PostgreSQL."""
    database = open_database(store_url)
    yield database
    database.close()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return the configuration of a site in en, fr, es and ar."""
    return make.config(tmp_path)
