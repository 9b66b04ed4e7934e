"""Mails that nobody can say of whether a relay has them.

What they are otherwise waiting for, ``due``, is for these the instant at which a relay that can
be asked is to be asked for them again. Which batches have some, an index of these alone says.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, func, literal_column, select, update

from store.batches import lock_with, recount
from store.database import Transaction
from store.deliveries import read, whole
from store.errors import ConflictError, NotFoundError
from store.records import DeliveryState, Unknown
from store.tables import batches
from store.tables import deliveries as rows
from store.values import among

_UNKNOWN = rows.c.state == DeliveryState.UNKNOWN
#: As the index says it: with a parameter no database would know that it serves.
_HAS_SOME = batches.c.unknown > literal_column("0")
_MEMBERS = and_(
    rows.c.edition_id == batches.c.edition_id,
    rows.c.id.between(batches.c.first, batches.c.last),
)


def standing(tx: Transaction, *, due: datetime | None = None) -> dict[int, int]:
    """Return how many there are by issue: all, or those to be asked for by an instant."""
    # Asked by itself: as a part of the join SQLite would rather walk through all deliveries.
    some = [row["id"] for row in tx.rows(select(batches.c.id).where(_HAS_SOME))]
    if not some:
        return {}
    query = select(batches.c.issue_id, func.count().label("count")).join(rows, _MEMBERS)
    query = query.where(among(batches.c.id, some), _UNKNOWN)
    if due is not None:
        query = query.where(rows.c.due <= due)
    found = tx.rows(query.group_by(batches.c.issue_id).order_by(batches.c.issue_id))
    return {row["issue_id"]: row["count"] for row in found}


def ways(tx: Transaction, issue_id: int) -> list[str]:
    """Return by what those of an issue went out."""
    mine = and_(batches.c.issue_id == issue_id, _HAS_SOME, _UNKNOWN)
    query = select(rows.c.way).distinct().select_from(batches).join(rows, _MEMBERS)
    return sorted(row["way"] for row in tx.rows(query.where(mine)))


def left(tx: Transaction, ids: Collection[int]) -> int:
    """Return how many of these deliveries are still unknown."""
    row = tx.row(select(func.count().label("count")).where(among(rows.c.id, ids), _UNKNOWN))
    return int(row["count"]) if row else 0


def of(tx: Transaction, issue_id: int) -> list[Unknown]:
    """Return those of an issue, in the order in which they were queued."""
    query = select(rows.c.id, rows.c.changed, rows.c.due).join(batches, _MEMBERS)
    query = query.where(batches.c.issue_id == issue_id, _HAS_SOME, _UNKNOWN)
    found = {row["id"]: row for row in tx.rows(query)}
    if not found:
        return []
    mails = [read(row) for row in tx.rows(whole().where(among(rows.c.id, [*found])))]
    mails.sort(key=lambda mail: mail.id)
    return [
        Unknown(delivery=mail, since=found[mail.id]["changed"], due=found[mail.id]["due"])
        for mail in mails
    ]


def ask_again(tx: Transaction, ids: Collection[int], due: datetime) -> None:
    """Have these be asked for again at an instant."""
    tx.run(update(rows).where(among(rows.c.id, ids), _UNKNOWN).values(due=due))


def resolve(
    tx: Transaction,
    delivery_id: int,
    state: DeliveryState,
    *,
    now: datetime,
    due: datetime | None = None,
    detail: str = "resolved by hand",
    attempt: int | None = None,
) -> int:
    """Give an unknown delivery a state; return the id of its issue.

    ``due`` says when it goes again, if it does, unless at once; ``detail`` who knows it,
    ``attempt`` of which of its attempts, unless it is the last.
    Raises NotFoundError when there is no such delivery, ConflictError when it is not unknown, or
    was tried once more since.
    """
    locked = lock_with(tx, rows.c.id == delivery_id)
    if not locked:
        raise NotFoundError("delivery", delivery_id)
    mine = and_(rows.c.id == delivery_id, _UNKNOWN)
    if attempt is not None:
        mine = and_(mine, rows.c.attempts == attempt)
    values = {"state": state, "detail": detail, "due": due or now, "changed": now}
    row = tx.row(update(rows).where(mine).values(**values).returning(rows.c.issue_id))
    if row is None:
        raise ConflictError(f"delivery {delivery_id} is not unknown: nothing to resolve")
    recount(tx, locked)
    return int(row["issue_id"])
