"""Many values in one statement, though the databases bound how many parameters it takes.

PostgreSQL 65,535; SQLite 32,766 unless built otherwise.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    TableValuedAlias,
    any_,
    bindparam,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql

from store.database import Transaction


def among(column: ColumnElement[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a column is one of ``ids``, however many those are.

    They stand in the statement itself.
    """
    values = bindparam(
        None, list(ids), type_=column.type, unique=True, expanding=True, literal_execute=True
    )
    return column.in_(values)


def is_one_of(tx: Transaction, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that a column is one of some thousand values: one parameter."""
    if tx.on_postgresql:
        return column == any_(literal(list(values), postgresql.ARRAY(column.type)))
    listed = func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(select(listed.c.value))


def as_table(columns: Sequence[Column[Any]], rows: Sequence[Sequence[Any]]) -> TableValuedAlias:
    """Return rows as a table of PostgreSQL's, made of one array a column."""
    arrays = [
        literal(list(values), postgresql.ARRAY(one.type))
        for one, values in zip(columns, zip(*rows, strict=True), strict=True)
    ]
    names = [column(one.name, one.type) for one in columns]
    return func.unnest(*arrays).table_valued(*names).render_derived()
