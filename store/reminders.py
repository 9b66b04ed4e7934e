"""Which translators were reminded of an issue on which day.

A day is written as in ISO 8601; whose day it is, the caller knows.
"""

from sqlalchemy import ColumnElement, and_, delete, select

from store.database import Transaction
from store.tables import reminders


def is_claimed(tx: Transaction, issue_id: int, language: str, day: str) -> bool:
    """Say whether somebody has reminded them on that day, or is about to."""
    query = select(reminders.c.issue_id).where(_this(issue_id, language, day))
    return tx.row(query) is not None


def claim(tx: Transaction, issue_id: int, language: str, day: str) -> bool:
    """Take it upon oneself to remind them on that day; False where another has."""
    row = {"issue_id": issue_id, "language": language, "day": day}
    return bool(tx.insert_new(reminders, [row], returning="issue_id"))


def give_back(tx: Transaction, issue_id: int, language: str, day: str) -> None:
    """Let them be reminded on that day after all: nobody was."""
    tx.run(delete(reminders).where(_this(issue_id, language, day)))


def _this(issue_id: int, language: str, day: str) -> ColumnElement[bool]:
    columns = reminders.c
    return and_(columns.issue_id == issue_id, columns.language == language, columns.day == day)
