"""Claimed deliveries: taken with their batch, folded in sets as they end, given back with it.

queued, postponed --take--> claimed --fold--> sent | failed | postponed | unknown
                                    --release--> queued     (it was never begun)
                                    --abandon--> unknown    (of the dead: perhaps it was)
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Executable, and_, bindparam, exists, select, text, update
from sqlalchemy.dialects import sqlite

from store import batches
from store.database import Transaction
from store.deliveries import read, whole
from store.dues import WAITING
from store.errors import ConflictError
from store.records import Batch, Delivery, DeliveryState, Ending, Status
from store.tables import Instant, deliveries, issues, subscribers
from store.values import among

_INSTANT, _SQLITE = Instant(), sqlite.dialect()

#: What becomes of an attempt that certainly never began: it does not count.
_NEVER_BEGUN = {"state": DeliveryState.QUEUED, "attempts": deliveries.c.attempts - 1}

#: That a relay has taken it is true of what is unknown, and of what waits to be tried again.
_FOLD = (
    " set state = o.state, code = o.code, detail = o.detail, due = o.due, changed = :now"
    " from o where deliveries.id = o.id and deliveries.attempts = o.attempt"
    " and (deliveries.state in ('claimed', 'unknown')"
    " or (deliveries.state in ('queued', 'postponed') and o.state = 'sent'))"
    " returning deliveries.id"
)
_ON_POSTGRESQL = (
    "with o as (select * from unnest(cast(:ids as int[]), cast(:attempts as int[]),"  # noqa: S608
    " cast(:states as text[]), cast(:codes as int[]), cast(:details as text[]),"
    " cast(:dues as timestamptz[])) as u(id, attempt, state, code, detail, due))"
    f" update deliveries{_FOLD}"
)
#: Unless it is materialised, SQLite reads the JSON anew for each row.
_ON_SQLITE = (
    "with o as materialized (select json_extract(value, '$[0]') as id,"  # noqa: S608
    " json_extract(value, '$[1]') as attempt, json_extract(value, '$[2]') as state,"
    " json_extract(value, '$[3]') as code, json_extract(value, '$[4]') as detail,"
    " json_extract(value, '$[5]') as due"
    f" from json_each(:rows)) update deliveries{_FOLD}"
)


def take(tx: Transaction, batch: Batch, now: datetime) -> tuple[list[Delivery], int]:
    """Claim what is due of a batch; return it, in turn, and how many were cancelled instead.

    Those are the ones for who may no longer be written to.
    """
    due = and_(batches.members(batch), deliveries.c.state.in_(WAITING), deliveries.c.due <= now)
    gone = exists().where(
        subscribers.c.id == deliveries.c.subscriber_id, subscribers.c.status != Status.ACTIVE
    )
    left = {"state": DeliveryState.CANCELLED, "detail": "left before sending", "changed": now}
    cancelled = tx.run(update(deliveries).where(due, gone).values(**left))
    claimed = {"state": DeliveryState.CLAIMED, "attempts": deliveries.c.attempts + 1, "code": 0}
    tx.run(update(deliveries).where(due).values(**claimed, changed=now))
    batches.recount(tx, [batch])
    query = whole().where(batches.members(batch), deliveries.c.state == DeliveryState.CLAIMED)
    return [read(row) for row in tx.rows(query.order_by(deliveries.c.id))], cancelled


def fold(tx: Transaction, endings: Sequence[Ending], *, now: datetime) -> list[int]:
    """Write how claimed deliveries ended; return the ids of those that it was news of.

    An ending is a fact about one attempt, whoever holds the batch by now: it settles that
    attempt, also when it was called unknown meanwhile, and no other.
    """
    if not endings:
        return []
    ids = {ending.id for ending in endings}
    locked = batches.lock_with(tx, among(deliveries.c.id, ids))
    _keep_way(tx, locked, endings)
    found = [row["id"] for row in tx.rows(_folding(tx, endings, now))]
    batches.recount(tx, locked)
    return found


def _keep_way(tx: Transaction, locked: Sequence[Batch], endings: Sequence[Ending]) -> None:
    """Keep by what those went out that become unknown: their batch is another's next."""
    doubtful = {ending.id for ending in endings if ending.state is DeliveryState.UNKNOWN}
    for batch in locked if doubtful else ():
        # Who has claimed them holds their batch, or is dead and held it last.
        claimed = and_(batches.members(batch), deliveries.c.state == DeliveryState.CLAIMED)
        mine = and_(claimed, among(deliveries.c.id, doubtful))
        tx.run(update(deliveries).where(mine).values(way=batch.way))


def _folding(tx: Transaction, endings: Sequence[Ending], now: datetime) -> Executable:
    if tx.on_postgresql:
        columns: dict[str, Any] = {
            "ids": [ending.id for ending in endings],
            "attempts": [ending.attempt for ending in endings],
            "states": [ending.state.value for ending in endings],
            "codes": [ending.code for ending in endings],
            "details": [ending.detail for ending in endings],
            "dues": [ending.due for ending in endings],
        }
        return text(_ON_POSTGRESQL).bindparams(now=now, **columns)
    rows = [
        (each.id, each.attempt, each.state, each.code, each.detail, _written(each.due))
        for each in endings
    ]
    return text(_ON_SQLITE).bindparams(now=_written(now), rows=json.dumps(rows))


def _written(moment: datetime) -> str:
    return str(_INSTANT.process_bind_param(moment, _SQLITE))


def release(
    tx: Transaction, batch: Batch, *, later: Mapping[int, datetime] | None = None, now: datetime
) -> None:
    """Let a batch go; what is still claimed of it was never begun, and waits again.

    ``later`` says, by its id, what of that is not due before an instant. Raises ConflictError
    when the batch is another's by now.
    """
    if not batches.lock(tx, batches.still(batch)):
        raise ConflictError(f"batch {batch.id} is another's by now")
    if later:
        mine = and_(_claimed(batch), deliveries.c.id == bindparam("mail"))
        put_off = update(deliveries).where(mine).values(due=bindparam("until"))
        tx.run(put_off, [{"mail": number, "until": due} for number, due in later.items()])
    _give_back(tx, batch, now)


def abandon(
    tx: Transaction, batch: Batch, *, begun: Collection[int] | None, now: datetime
) -> list[int]:
    """Let go a batch whose holder is dead; return which of its deliveries nobody knows of.

    Those are the claimed ones that were ``begun``, where it is None all that are claimed.
    """
    if not batches.lock(tx, batches.still(batch)):
        return []
    claimed = _claimed(batch)
    if begun is not None:
        claimed = and_(claimed, among(deliveries.c.id, begun))
    detail = "the process died while the relay may have had the message"
    values = {"state": DeliveryState.UNKNOWN, "detail": detail, "changed": now, "way": batch.way}
    doubtful = update(deliveries).where(claimed).values(**values).returning(deliveries.c.id)
    found = sorted(row["id"] for row in tx.rows(doubtful))
    _give_back(tx, batch, now)
    return found


def _give_back(tx: Transaction, batch: Batch, now: datetime) -> None:
    tx.run(update(deliveries).where(_claimed(batch)).values(**_NEVER_BEGUN, changed=now))
    batches.let_go(tx, batch)


def _claimed(batch: Batch) -> ColumnElement[bool]:
    return and_(batches.members(batch), deliveries.c.state == DeliveryState.CLAIMED)


def stopped(tx: Transaction, issue_ids: Collection[int]) -> set[int]:
    """Return which of these issues are not being sent any more."""
    query = select(issues.c.id).where(
        among(issues.c.id, issue_ids), issues.c.id.in_(batches.SENDING)
    )
    return {*issue_ids} - {row["id"] for row in tx.rows(query)}
