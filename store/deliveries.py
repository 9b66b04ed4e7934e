r"""Deliveries: one edition to one subscriber.

    queued --take--> claimed --fold--> sent | failed | postponed | unknown
       \--------------> cancelled

They are taken and settled in batches (:mod:`store.batches`, :mod:`store.claims`), and counted
there. Whatever changes some here locks their batches first.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select, true, update

from store import batches, tables
from store.database import Transaction
from store.dues import WAITING
from store.records import Delivery, DeliveryState
from store.tables import deliveries, edition_items, editions, issues, subscribers
from store.values import among

_FIELDS = [
    *(deliveries.c[name] for name in ("id", "issue_id", "edition_id", "subscriber_id")),
    *(deliveries.c[name] for name in ("state", "code", "detail", "attempts", "way")),
    *(subscribers.c.email, subscribers.c.name, subscribers.c.timezone, editions.c.language),
]


def of(tx: Transaction, subscriber_id: int) -> list[Mapping[str, Any]]:
    """Return what somebody was sent, oldest first: newsletter, slot, language, state, changed."""
    query = (
        select(
            issues.c.newsletter,
            issues.c.slot,
            editions.c.language,
            editions.c.subject,
            deliveries.c.state,
            deliveries.c.changed,
        )
        .join(issues, issues.c.id == deliveries.c.issue_id)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(deliveries.c.subscriber_id == subscriber_id)
    )
    return [dict(row) for row in tx.rows(query.order_by(deliveries.c.id))]


def forget(tx: Transaction, subscriber_id: int) -> None:
    """Take out of somebody's deliveries what a relay said of their address."""
    # Named by all issues that there are, it is found by the index that there is.
    mine = and_(
        deliveries.c.subscriber_id == subscriber_id, deliveries.c.issue_id.in_(select(issues.c.id))
    )
    tx.run(update(deliveries).where(mine).values(detail=""))


def counts(tx: Transaction, *, issue_id: int | None = None) -> dict[DeliveryState, int]:
    """Return how many deliveries are in each state, of one issue or of all."""
    mine = true() if issue_id is None else tables.batches.c.issue_id == issue_id
    return _counted(tx, select(tables.batches.c.id).where(mine))


def of_edition(
    tx: Transaction, issue_ids: Collection[int], language: str, item_id: int
) -> dict[DeliveryState, int]:
    """Return how many deliveries are in each state of these issues in a language.

    Of those editions that tell of an item.
    """
    query = (
        select(tables.batches.c.id)
        .join(editions, editions.c.id == tables.batches.c.edition_id)
        .join(edition_items, edition_items.c.edition_id == editions.c.id)
        .where(
            tables.batches.c.issue_id.in_(issue_ids),
            editions.c.language == language,
            edition_items.c.item_id == item_id,
        )
    )
    return _counted(tx, query)


def _counted(tx: Transaction, which: Select[Any]) -> dict[DeliveryState, int]:
    sums = [func.sum(tables.batches.c[state.value]).label(state.value) for state in DeliveryState]
    row = tx.row(which.with_only_columns(*sums))
    return {state: int(row[state.value] or 0) if row else 0 for state in DeliveryState}


def recipients(tx: Transaction, issue_id: int) -> dict[int, int]:
    """Return by edition of an issue for how many people it was queued."""
    edition_id, size = tables.batches.c.edition_id, func.sum(tables.batches.c.size)
    query = select(edition_id, size.label("count")).where(tables.batches.c.issue_id == issue_id)
    return {row["edition_id"]: int(row["count"]) for row in tx.rows(query.group_by(edition_id))}


def next_due(tx: Transaction, *, issue_id: int | None = None) -> datetime | None:
    """Return when the next waiting delivery is due, None when nothing waits.

    Of the issues that are being sent: what is paused waits for no instant.
    """
    due = tables.batches.c.due
    query = select(due).where(batches.WAITS, tables.batches.c.issue_id.in_(batches.SENDING))
    if issue_id is not None:
        query = query.where(tables.batches.c.issue_id == issue_id)
    row = tx.row(query.order_by(due).limit(1))
    return row["due"] if row else None


def waiting(tx: Transaction, *, issue_id: int | None = None) -> int:
    """Return how many deliveries wait, of one issue or of all."""
    found = counts(tx, issue_id=issue_id)
    return sum(found[state] for state in WAITING)


def listing(
    tx: Transaction, issue_id: int, *, state: DeliveryState | None = None
) -> list[Delivery]:
    """Return an issue's deliveries, all or those in a state."""
    query = whole().where(deliveries.c.issue_id == issue_id).order_by(deliveries.c.id)
    if state:
        query = query.where(deliveries.c.state == state)
    return [read(row) for row in tx.rows(query)]


def page(
    tx: Transaction,
    issue_id: int,
    *,
    after: int,
    limit: int,
    state: DeliveryState | None = None,
) -> list[Delivery]:
    """Return the next of an issue's deliveries by id, all or those in a state.

    They are looked for along the key, from the first of its batches to the last: by the issue a
    database would find all of them for each page, and sort them.
    """
    slices = select(
        tables.batches.c.edition_id,
        func.min(tables.batches.c.first).label("first"),
        func.max(tables.batches.c.last).label("last"),
    ).where(tables.batches.c.issue_id == issue_id)
    ends = tx.rows(slices.group_by(tables.batches.c.edition_id))
    if not ends:
        return []
    first, last = min(row["first"] for row in ends), max(row["last"] for row in ends)
    mine = and_(
        deliveries.c.id.between(max(after + 1, first), last),
        among(deliveries.c.edition_id, [row["edition_id"] for row in ends]),
        deliveries.c.state == state if state else true(),
    )
    # By themselves: joined with what they need, neither database goes along the key.
    query = select(deliveries.c.id).where(mine).order_by(deliveries.c.id).limit(limit)
    ids = [row["id"] for row in tx.rows(query)]
    found = tx.rows(whole().where(among(deliveries.c.id, ids)).order_by(deliveries.c.id))
    return [read(row) for row in found]


def find(tx: Transaction, delivery_id: int) -> Delivery | None:
    """Return a delivery, None where there is none."""
    row = tx.row(whole().where(deliveries.c.id == delivery_id))
    return read(row) if row else None


def find_all(tx: Transaction, delivery_ids: Collection[int]) -> list[Delivery]:
    """Return those of these deliveries that there are, by their ids."""
    query = whole().where(among(deliveries.c.id, delivery_ids))
    return [read(row) for row in tx.rows(query.order_by(deliveries.c.id))]


def whole() -> Select[Any]:
    """Return the query for deliveries with all that is needed to write their mails."""
    return (
        select(*_FIELDS)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .join(editions, editions.c.id == deliveries.c.edition_id)
    )


def read(row: Mapping[Any, Any]) -> Delivery:
    """Return the delivery of a row of such a query."""
    return Delivery(**{**row, "state": DeliveryState(row["state"])})
