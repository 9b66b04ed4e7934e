r"""Batches: slices of an edition's deliveries, which are taken, counted and given back as one.

    free --claim--> held --let_go--> free

Nothing that runs often walks through deliveries: what is due, and how many are in which state,
the batches say. A claim is one UPDATE of one row, so two claimants never get the same; it raises
the batch's token, by which whoever held it before knows that it is lost. Whatever changes a
delivery first locks its batch, so the counts are those of the rows.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    and_,
    func,
    null,
    select,
    text,
    true,
    update,
)

from store import leases
from store.database import Transaction
from store.records import Batch, DeliveryState, IssueState
from store.tables import batches, deliveries, issues
from store.values import among

_FIELDS = [batches.c[name] for name in Batch.__dataclass_fields__]
_STATES = [state.value for state in DeliveryState]

#: The issues that are being sent; all others wait, due or not.
SENDING = select(issues.c.id).where(issues.c.state == IssueState.SENDING)

#: Something of it waits.
WAITS = batches.c.due.is_not(None)

#: Somebody holds it; nobody does. Not as ``!=`` and ``=``: that of all that ever were hardly any
#: are held, an index tells by the range alone, and nearly all are free.
_HELD = batches.c.worker > ""
_FREE = batches.c.worker <= ""

_RECOUNT = (
    f"update batches set (due, {', '.join(_STATES)}) = (select "  # noqa: S608  (our own names)
    "min(case when d.state in ('queued', 'postponed') then d.due end), "
    + ", ".join(f"count(case when d.state = '{state}' then 1 end)" for state in _STATES)
    + " from deliveries as d where d.id between batches.first and batches.last"
    " and d.edition_id = batches.edition_id) where batches.id = :id"
)


def lock(tx: Transaction, which: ColumnElement[bool]) -> list[Batch]:
    """Keep others from changing these batches until the transaction ends; return them."""
    query = select(*_FIELDS).where(which).order_by(batches.c.id).with_for_update()
    return [Batch(**row) for row in tx.rows(query)]


def lock_with(tx: Transaction, which: ColumnElement[bool]) -> list[Batch]:
    """Lock the batches of the deliveries that are ``which``; return them."""
    holder = (
        select(batches.c.id)
        .where(batches.c.edition_id == deliveries.c.edition_id, batches.c.last >= deliveries.c.id)
        .order_by(batches.c.last)
        .limit(1)
        .scalar_subquery()
    )
    rows = tx.rows(select(holder.label("id")).distinct().where(which))
    return lock(tx, among(batches.c.id, [row["id"] for row in rows])) if rows else []


def waits_of(issue_id: int) -> ColumnElement[bool]:
    """Return the condition that something waits of a batch of an issue."""
    return and_(WAITS, batches.c.issue_id == issue_id)


def members(batch: Batch) -> ColumnElement[bool]:
    """Return the condition that a delivery is one of a batch."""
    inside = deliveries.c.id.between(batch.first, batch.last)
    return and_(inside, deliveries.c.edition_id == batch.edition_id)


def change(tx: Transaction, locked: Sequence[Batch], statement: Update) -> int:
    """Update the deliveries of batches that are locked; return how many.

    Slice by slice: no database finds out from a join that each is one range of its key.
    """
    count = sum(tx.run(statement.where(members(batch))) for batch in locked)
    recount(tx, locked)
    return count


def recount(tx: Transaction, locked: Sequence[Batch]) -> None:
    """Count the deliveries of batches anew, and when the next is due; they are locked."""
    tx.run(text(_RECOUNT), [{"id": batch.id} for batch in locked])


def claim(
    tx: Transaction,
    worker: str,
    *,
    lease: timedelta,
    now: datetime,
    way: str = "",
    issue_id: int | None = None,
    batch_id: int | None = None,
    editions: Collection[int] | None = None,
) -> Batch | None:
    """Take a batch of which something is due (of one issue, or this very one), or None.

    ``editions`` says of which it may be; any, unless given. ``way`` says by what its mails go out:
    it is kept before any of them does.

    The next of the issue that has the fewest taken, and among those was not served for longest.
    """
    query = select(batches.c.id).where(
        _FREE,
        batches.c.due <= now,
        batches.c.issue_id.in_(SENDING),
        true() if issue_id is None else batches.c.issue_id == issue_id,
        true() if editions is None else among(batches.c.edition_id, editions),
    )
    # Whose turn it is need not be asked for one that is named.
    query = _in_turn(query) if batch_id is None else query.where(batches.c.id == batch_id)
    chosen = query.limit(1).with_for_update(skip_locked=True, of=batches)
    values = {
        "worker": worker,
        "way": way,
        "token": batches.c.token + 1,
        "lease": leases.until(tx, lease, now),
        "served": now,
    }
    mine = batches.c.id == chosen.scalar_subquery()
    row = tx.row(update(batches).where(mine).values(**values).returning(*_FIELDS))
    return Batch(**row) if row else None


def _in_turn(query: Select[Any]) -> Select[Any]:
    share = (
        select(
            batches.c.issue_id,
            func.count().filter(_HELD).label("taken"),
            func.max(batches.c.served).label("served"),
        )
        .where(batches.c.issue_id.in_(SENDING))
        .group_by(batches.c.issue_id)
        .subquery("share")
    )
    by_share = (share.c.taken, share.c.served.is_not(None), share.c.served)
    return query.join(share, share.c.issue_id == batches.c.issue_id).order_by(
        *by_share, batches.c.due, batches.c.id
    )


def due_editions(tx: Transaction, now: datetime, *, issue_id: int | None = None) -> list[int]:
    """Return the editions of which something could be claimed, as :func:`claim` would."""
    query = select(batches.c.edition_id).distinct().order_by(batches.c.edition_id)
    is_due = and_(_FREE, batches.c.due <= now, batches.c.issue_id.in_(SENDING))
    mine = true() if issue_id is None else batches.c.issue_id == issue_id
    return [row["edition_id"] for row in tx.rows(query.where(is_due, mine))]


def still(batch: Batch) -> ColumnElement[bool]:
    """Return the condition that a batch is held as it was read."""
    return and_(
        batches.c.id == batch.id,
        batches.c.token == batch.token,
        batches.c.worker == batch.worker,
    )


def renew(tx: Transaction, batch: Batch, lease: timedelta, *, now: datetime) -> bool:
    """Hold a batch for longer; return whether it is still held by who asks."""
    until = leases.until(tx, lease, now)
    return tx.run(update(batches).where(still(batch)).values(lease=until)) == 1


def let_go(tx: Transaction, batch: Batch) -> None:
    """Free a batch that is locked. Whoever held it, should he wake up, has an older token."""
    values = {"worker": "", "lease": null(), "token": batches.c.token + 1}
    tx.run(update(batches).where(batches.c.id == batch.id).values(**values))
    recount(tx, [batch])


def holders(tx: Transaction) -> set[tuple[str, int]]:
    """Return who holds batches, and of which editions."""
    columns = (batches.c.worker, batches.c.edition_id)
    rows = tx.rows(select(*columns).distinct().where(_HELD))
    return {(row["worker"], row["edition_id"]) for row in rows}


def held(tx: Transaction, *, worker: str | None = None) -> list[Batch]:
    """Return the batches that somebody holds, or that one does."""
    return _read(tx, _HELD if worker is None else batches.c.worker == worker)


def overdue(tx: Transaction, grace: timedelta, *, now: datetime) -> list[Batch]:
    """Return the held batches whose lease has been over for that long."""
    return _read(tx, and_(_HELD, leases.is_over(tx, grace, now)))


def _read(tx: Transaction, whose: ColumnElement[bool]) -> list[Batch]:
    # Put in order here: to have them in theirs, SQLite would rather walk through all.
    found = [Batch(**row) for row in tx.rows(select(*_FIELDS).where(whose))]
    return sorted(found, key=lambda batch: batch.id)
