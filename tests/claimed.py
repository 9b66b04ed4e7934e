"""Deliveries as a worker claims and ends them, for tests of what comes before and after."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from store import batches, claims, tables
from store.database import Transaction
from store.records import Batch, Delivery, DeliveryState, Ending

#: Who claims in tests, unless another is named.
WORKER = "worker"
LEASE = timedelta(minutes=1)


def delivery(number: int = 1, **changes: Any) -> Delivery:
    """Return a delivery that is claimed, in no store; its reader has the same number."""
    values: dict[str, Any] = {
        "issue_id": 1,
        "edition_id": 1,
        "subscriber_id": number,
        "state": DeliveryState.CLAIMED,
        "code": 0,
        "detail": "",
        "attempts": 1,
        "email": f"p{number}@example.org",
        "name": "",
        "language": "en",
    }
    return Delivery(id=number, **{**values, **changes})


def batch(
    tx: Transaction,
    now: datetime,
    *,
    worker: str = WORKER,
    lease: timedelta = LEASE,
    **which: Any,
) -> Batch | None:
    """Take the next batch of which something is due."""
    return batches.claim(tx, worker, lease=lease, now=now, **which)


def claim(tx: Transaction, now: datetime, *, worker: str = WORKER, **which: Any) -> list[Delivery]:
    """Claim what is due of the next batch; return it, or nothing where none is due."""
    taken = batch(tx, now, worker=worker, **which)
    return claims.take(tx, taken, now)[0] if taken else []


def settle(
    tx: Transaction,
    mails: Sequence[Delivery],
    state: DeliveryState,
    *,
    now: datetime,
    due: datetime | None = None,
    code: int = 250,
    detail: str = "ok",
) -> int:
    """End claimed deliveries all alike, and let go of each batch of which everything has ended."""
    endings = [
        Ending(
            id=mail.id,
            attempt=mail.attempts,
            state=state,
            code=code,
            detail=detail,
            due=due or now,
        )
        for mail in mails
    ]
    count = len(claims.fold(tx, endings, now=now))
    for held in batches.held(tx):
        still = tables.deliveries.c.state == DeliveryState.CLAIMED
        query = select(func.count().label("count")).where(batches.members(held), still)
        row = tx.row(query)
        if row and not row["count"]:
            claims.release(tx, held, now=now)
    return count
