"""What people agreed to and took back: written once, never changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from store.database import Transaction
from store.errors import NotFoundError
from store.records import Act, Consent
from store.tables import consents


def record(
    tx: Transaction,
    subscriber_id: int,
    act: Act,
    *,
    at: datetime,
    how: str,
    choice: Mapping[str, Any],
    language: str = "",
    wording: str = "",
    asked: int | None = None,
) -> int:
    """Write what somebody said, from the fields of a consent; return its id."""
    values = {
        "subscriber_id": subscriber_id,
        "act": act,
        "at": at,
        "how": how,
        "choice": dict(choice),
        "language": language,
        "wording": wording,
        "asked": asked,
    }
    row = tx.row(insert(consents).values(**values).returning(consents.c.id))
    assert row is not None  # noqa: S101  (an INSERT that raised nothing returned its id)
    return int(row["id"])


def get(tx: Transaction, consent_id: int) -> Consent:
    """Return what somebody said. Raises NotFoundError."""
    row = tx.row(select(consents).where(consents.c.id == consent_id))
    if row is None:
        raise NotFoundError("consent", consent_id)
    return _consent(row)


def confirmed(tx: Transaction, asked: int) -> bool:
    """Say whether what was asked for has been confirmed."""
    return tx.row(select(consents.c.id).where(consents.c.asked == asked)) is not None


def of(tx: Transaction, subscriber_id: int) -> list[Consent]:
    """Return all that somebody said, oldest first."""
    query = select(consents).where(consents.c.subscriber_id == subscriber_id)
    return [_consent(row) for row in tx.rows(query.order_by(consents.c.id))]


def _consent(row: Mapping[Any, Any]) -> Consent:
    return Consent(**{**row, "act": Act(row["act"])})
