"""Any number of values in one statement: databases bound how many parameters that takes.

PostgreSQL 65,535; SQLite 32,766 unless built otherwise.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, bindparam


def among(column: ColumnElement[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a column is one of ``ids``, however many those are.

    They stand in the statement itself: the databases bound how many parameters it takes
    (PostgreSQL 65,535; SQLite 32,766 unless built otherwise).
    """
    values = bindparam(
        None, list(ids), type_=column.type, unique=True, expanding=True, literal_execute=True
    )
    return column.in_(values)
