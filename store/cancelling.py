"""Cancelling what waits: of an issue that is not to go out, or for people who left."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, select, update

from store import batches, tables
from store.database import Transaction
from store.dues import WAITING
from store.records import Batch, DeliveryState, Issue, IssueState
from store.tables import deliveries, issues
from store.values import among

_WAITING = deliveries.c.state.in_(WAITING)

#: Nothing is due before it. For what has any instant, no index of SQLite's would be asked.
_EVER = datetime.min.replace(tzinfo=UTC)


def cancel(tx: Transaction, issue: Issue, now: datetime) -> int:
    """Cancel what waits of an issue; return how many.

    What a process has claimed ends as it ends, and what is unknown stays so.
    """
    return _cancel(tx, batches.lock(tx, batches.waits_of(issue.id)), "its issue was cancelled", now)


def cancel_late(tx: Transaction, now: datetime) -> int:
    """Cancel what came to wait once its issue was cancelled already; return how many."""
    ended = late(tx, IssueState.CANCELLED)
    if not ended:
        return 0
    waits = and_(batches.WAITS, among(tables.batches.c.issue_id, ended))
    return _cancel(tx, batches.lock(tx, waits), "its issue was cancelled", now)


def late(tx: Transaction, state: IssueState) -> list[int]:
    """Return the issues of which something waits that are in a state where nothing should."""
    # Looked up by when it is due: all issues that ever were are in such a state.
    waits = select(tables.batches.c.issue_id).where(tables.batches.c.due >= _EVER)
    found = {row["issue_id"] for row in tx.rows(waits)}
    if not found:
        return []
    query = select(issues.c.id).where(among(issues.c.id, found), issues.c.state == state)
    return [row["id"] for row in tx.rows(query.order_by(issues.c.id))]


def _cancel(
    tx: Transaction,
    locked: Sequence[Batch],
    detail: str,
    now: datetime,
    *,
    whose: ColumnElement[bool] | None = None,
) -> int:
    """Cancel what waits of these batches, or what of it is somebody's."""
    values = {"state": DeliveryState.CANCELLED, "detail": detail, "changed": now}
    where = _WAITING if whose is None else and_(_WAITING, whose)
    return batches.change(tx, locked, update(deliveries).where(where).values(**values))


def cancel_left(
    tx: Transaction, subscriber_ids: Collection[int], newsletter: str | None, *, now: datetime
) -> None:
    """Cancel what waits for people of a newsletter that they left, or of all.

    For all of them at once: each batch is locked, and counted anew, once.
    """
    theirs = select(tables.batches.c.issue_id).where(batches.WAITS)
    if newsletter is not None:
        theirs = theirs.join(issues).where(issues.c.newsletter == newsletter)
    # Named by its issue, it is found by the index that there is.
    whose = among(deliveries.c.subscriber_id, subscriber_ids)
    locked = batches.lock_with(tx, and_(whose, deliveries.c.issue_id.in_(theirs), _WAITING))
    _cancel(tx, locked, "left before sending", now, whose=whose)
