"""Instants: aware, kept in UTC, in order."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import literal, select, text
from sqlalchemy.dialects import sqlite

from store.database import Database, open_database
from store.errors import StoreError
from store.tables import Instant
from tests import make

INSTANTS = st.datetimes(
    min_value=datetime(1, 1, 2),
    max_value=datetime(9999, 12, 30),
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


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
