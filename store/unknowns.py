"""Mails that nobody can say of whether a relay has them.

What they are otherwise waiting for, ``due``, is for these the instant at which a relay that can
be asked is to be asked for them again.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, update

from store import deliveries
from store.database import Transaction
from store.records import DeliveryState, Unknown
from store.tables import deliveries as rows

_UNKNOWN = rows.c.state == DeliveryState.UNKNOWN


def standing(tx: Transaction, *, due: datetime | None = None) -> dict[int, int]:
    """Return how many there are by issue: all, or those to be asked for by an instant."""
    query = select(rows.c.issue_id, func.count().label("count")).where(_UNKNOWN)
    if due is not None:
        query = query.where(rows.c.due <= due)
    found = tx.rows(query.group_by(rows.c.issue_id).order_by(rows.c.issue_id))
    return {row["issue_id"]: row["count"] for row in found}


def of(tx: Transaction, issue_id: int) -> list[Unknown]:
    """Return those of an issue, in the order in which they were queued."""
    query = select(rows.c.id, rows.c.changed).where(rows.c.issue_id == issue_id, _UNKNOWN)
    since = {row["id"]: row["changed"] for row in tx.rows(query)}
    mails = deliveries.listing(tx, issue_id, state=DeliveryState.UNKNOWN)
    return [Unknown(delivery=mail, since=since[mail.id]) for mail in mails]


def ask_again(tx: Transaction, ids: Collection[int], due: datetime) -> None:
    """Have these be asked for again at an instant."""
    tx.run(update(rows).where(rows.c.id.in_(ids), _UNKNOWN).values(due=due))
