"""Many new rows at once: COPY on PostgreSQL, one statement for some rows at a time on SQLite."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import JSON, Column, Connection, Table
from sqlalchemy.exc import DBAPIError

from store.tables import Instant

#: So many values of a column of JSON are remembered in the form that the driver takes.
_REMEMBERED = 1024

#: Rows that one statement of a load on SQLite takes: with more of them it gets no quicker, and the
#: values of the widest table are a third of what a statement may have (32,766).
_AT_A_TIME = 1000

#: Kilobytes of memory for the pages of a SQLite database that much is loaded into. The pages of
#: an index that takes a load in any order do not fit into the 2,000 of default.
_CACHE = 16_384


def load(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows that are given as columns of one length. Raises SQLAlchemyError."""
    if not any(columns.values()):
        return
    cells = [_bound(connection, table.c[name], values) for name, values in columns.items()]
    rows = zip(*cells, strict=True)
    target = f"{table.name} ({', '.join(columns)})"
    if connection.dialect.name == "postgresql":
        _copy(connection, f"copy {target} from stdin", rows)
    else:
        _insert(connection, f"insert into {target} values ", list(rows))  # noqa: S608  (our own names)


def _bound(connection: Connection, column: Column[Any], values: Sequence[Any]) -> Iterable[Any]:
    """Return a column as the driver takes it."""
    dialect = connection.dialect
    if isinstance(column.type, Instant):
        return column.type.bound(values, dialect)
    bind = column.type.dialect_impl(dialect).bind_processor(dialect)
    if bind is None:
        return values
    # JSON takes long to write, and few have a choice of topics that nobody else has.
    return map(lru_cache(_REMEMBERED)(bind) if isinstance(column.type, JSON) else bind, values)


def _copy(connection: Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    driver = connection.dialect.loaded_dbapi
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except driver.Error as error:
        raise DBAPIError.instance(statement, None, error, driver.Error) from error
    finally:
        cursor.close()


def _insert(connection: Connection, head: str, rows: Sequence[tuple[Any, ...]]) -> None:
    connection.exec_driver_sql(f"pragma cache_size = -{_CACHE}")
    marks = f"({', '.join('?' * len(rows[0]))})"
    whole = len(rows) - len(rows) % _AT_A_TIME
    several = [
        tuple(chain.from_iterable(rows[start : start + _AT_A_TIME]))
        for start in range(0, whole, _AT_A_TIME)
    ]
    if several:
        connection.exec_driver_sql(head + ", ".join([marks] * _AT_A_TIME), several)
    if rows[whole:]:
        connection.exec_driver_sql(head + marks, list(rows[whole:]))
