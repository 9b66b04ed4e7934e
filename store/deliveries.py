r"""Deliveries: one edition to one subscriber.

    queued --claim--> claimed --settle--> sent | failed | postponed
       \--------------> cancelled            \--orphaned--> unknown

A claim is one UPDATE of one row, so two claimants never get the same; it joins on the
subscriber's status, so nobody who left after queueing is written to.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from store.database import Transaction
from store.dues import WAITING, by_zone
from store.errors import ConflictError
from store.records import Delivery, DeliveryState, Issue, Status
from store.tables import deliveries, editions, issues, subscribers, subscriptions

#: States that a delivery may yet leave by itself.
UNFINISHED = (*WAITING, DeliveryState.CLAIMED)

_FIELDS = [
    *(deliveries.c[name] for name in ("id", "issue_id", "edition_id", "subscriber_id")),
    *(deliveries.c[name] for name in ("state", "code", "detail", "attempts")),
    *(subscribers.c.email, subscribers.c.name, editions.c.language),
]


def queue(
    tx: Transaction,
    issue: Issue,
    edition_id: int,
    *,
    languages: Collection[str],
    due: Mapping[str, datetime],
    now: datetime,
) -> int:
    """Queue an edition for the active subscribers who read one of ``languages``; return how many.

    Of those who chose the issue's frequency. ``due`` says by their time zones when it may go
    out to them, under an empty name for all other zones. One INSERT ... SELECT, however many
    zones. Who has a delivery of this issue already gets no other.
    """
    wanted = (
        _to_queue(issue, edition_id, due, now)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .where(
            subscriptions.c.newsletter == issue.newsletter,
            subscriptions.c.frequency == issue.frequency,
            subscribers.c.language.in_(languages),
        )
    )
    return _queue(tx, wanted)


def queue_correction(
    tx: Transaction,
    issue: Issue,
    edition_id: int,
    *,
    sent_in: Collection[int],
    language: str,
    since: datetime,
    due: Mapping[str, datetime],
    now: datetime,
) -> int:
    """Queue a correction for those whom :func:`misled` counts; return how many.

    ``due`` is as for :func:`queue`.
    """
    people = _misled(issue.corrects, sent_in, language, since)
    return _queue(tx, _to_queue(issue, edition_id, due, now).where(people))


def misled(
    tx: Transaction,
    item_id: int,
    sent_in: Collection[int],
    *,
    language: str,
    since: datetime,
) -> int:
    """Return how many active people were sent one of these issues in a language, and never told.

    Told is whoever was queued a correction of the item ``since`` then, by whatever newsletter.
    """
    query = select(func.count().label("count")).select_from(subscribers)
    active = subscribers.c.status == Status.ACTIVE
    row = tx.row(query.where(active, _misled(item_id, sent_in, language, since)))
    return row["count"] if row else 0


def _misled(
    item_id: int | None, sent_in: Collection[int], language: str, since: datetime
) -> ColumnElement[bool]:
    had = (
        select(deliveries.c.subscriber_id)
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(
            deliveries.c.issue_id.in_(sent_in),
            editions.c.language == language,
            deliveries.c.state == DeliveryState.SENT,
        )
    )
    told = (
        select(deliveries.c.subscriber_id)
        .join(issues, issues.c.id == deliveries.c.issue_id)
        .where(issues.c.corrects == item_id, issues.c.frozen >= since)
    )
    return and_(subscribers.c.id.in_(had), subscribers.c.id.not_in(told))


def _to_queue(
    issue: Issue, edition_id: int, due: Mapping[str, datetime], now: datetime
) -> Select[Any]:
    return select(
        literal(issue.id),
        literal(edition_id),
        subscribers.c.id,
        literal(DeliveryState.QUEUED.value),
        literal(0),
        literal(""),
        literal(0),
        by_zone(due, due[""]),
        literal(now, deliveries.c.changed.type),
    ).where(subscribers.c.status == Status.ACTIVE, _is_here(now))


def _is_here(now: datetime) -> ColumnElement[bool]:
    until = subscribers.c.paused_until
    return or_(until.is_(None), until <= now)


def _queue(tx: Transaction, wanted: Select[Any]) -> int:
    names = ["issue_id", "edition_id", "subscriber_id", "state", "code", "detail", "attempts"]
    rows = wanted.order_by(subscribers.c.id)
    return tx.run(insert(deliveries).from_select([*names, "due", "changed"], rows))


def cancel_departed(tx: Transaction, now: datetime) -> int:
    """Cancel what waits for people who may no longer be written to; return how many."""
    departed = select(subscribers.c.id).where(subscribers.c.status != Status.ACTIVE)
    where = and_(deliveries.c.state.in_(WAITING), deliveries.c.subscriber_id.in_(departed))
    values = {"state": DeliveryState.CANCELLED, "detail": "left before sending", "changed": now}
    return tx.run(update(deliveries).where(where).values(**values))


def cancel_left(
    tx: Transaction, subscriber_id: int, newsletter: str | None, *, now: datetime
) -> None:
    """Cancel what waits for somebody of a newsletter that they left, or of all."""
    where = and_(deliveries.c.subscriber_id == subscriber_id, deliveries.c.state.in_(WAITING))
    if newsletter is not None:
        theirs = select(issues.c.id).where(issues.c.newsletter == newsletter)
        where = and_(where, deliveries.c.issue_id.in_(theirs))
    values = {"state": DeliveryState.CANCELLED, "detail": "left before sending", "changed": now}
    tx.run(update(deliveries).where(where).values(**values))


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
    mine = deliveries.c.subscriber_id == subscriber_id
    tx.run(update(deliveries).where(mine).values(detail=""))


def claim(tx: Transaction, now: datetime, *, issue_id: int | None = None) -> Delivery | None:
    """Take the next delivery that is due (of one issue, or of any), or None."""
    chosen = (
        select(deliveries.c.id)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(
            deliveries.c.state.in_(WAITING),
            deliveries.c.due <= now,
            subscribers.c.status == Status.ACTIVE,
        )
        .order_by(deliveries.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=deliveries)
    )
    if issue_id is not None:
        chosen = chosen.where(deliveries.c.issue_id == issue_id)
    taken = (
        update(deliveries)
        .where(deliveries.c.id == chosen.scalar_subquery())
        .values(
            state=DeliveryState.CLAIMED, attempts=deliveries.c.attempts + 1, changed=now, code=0
        )
        .returning(deliveries.c.id)
    )
    row = tx.row(taken)
    return _one(tx, row["id"]) if row else None


def settle(
    tx: Transaction,
    delivery: Delivery,
    state: DeliveryState,
    *,
    code: int,
    detail: str,
    due: datetime,
    now: datetime,
) -> None:
    """Write how a claimed delivery ended. Raises ConflictError when it is no longer claimed."""
    mine = and_(deliveries.c.id == delivery.id, deliveries.c.state == DeliveryState.CLAIMED)
    values = {"state": state, "code": code, "detail": detail, "due": due, "changed": now}
    if tx.run(update(deliveries).where(mine).values(**values)) != 1:
        raise ConflictError(f"delivery {delivery.id} is no longer claimed")


def resolve(tx: Transaction, delivery_id: int, state: DeliveryState, *, now: datetime) -> None:
    """Give an unknown delivery a state. Raises ConflictError when it is not unknown."""
    unknown = deliveries.c.state == DeliveryState.UNKNOWN
    mine = and_(deliveries.c.id == delivery_id, unknown)
    values = {"state": state, "detail": "resolved by hand", "due": now, "changed": now}
    if tx.run(update(deliveries).where(mine).values(**values)) != 1:
        raise ConflictError(f"delivery {delivery_id} is not unknown: nothing to resolve")


def orphaned(tx: Transaction, now: datetime) -> int:
    """Mark as unknown what a dead process had claimed; return how many.

    Right only while no other process delivers: the caller holds the lock ``delivery``.
    """
    where = deliveries.c.state == DeliveryState.CLAIMED
    detail = "the process died while the relay may have had the message"
    values = {"state": DeliveryState.UNKNOWN, "detail": detail, "changed": now}
    return tx.run(update(deliveries).where(where).values(**values))


def counts(tx: Transaction, *, issue_id: int | None = None) -> dict[DeliveryState, int]:
    """Return how many deliveries are in each state, of one issue or of all."""
    query = select(deliveries.c.state, func.count().label("count")).group_by(deliveries.c.state)
    if issue_id is not None:
        query = query.where(deliveries.c.issue_id == issue_id)
    return _counted(tx, query)


def of_edition(
    tx: Transaction, issue_ids: Collection[int], language: str
) -> dict[DeliveryState, int]:
    """Return how many deliveries of these issues' editions in a language are in each state."""
    query = (
        select(deliveries.c.state, func.count().label("count"))
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .where(deliveries.c.issue_id.in_(issue_ids), editions.c.language == language)
        .group_by(deliveries.c.state)
    )
    return _counted(tx, query)


def _counted(tx: Transaction, query: Select[Any]) -> dict[DeliveryState, int]:
    found = {DeliveryState(row["state"]): row["count"] for row in tx.rows(query)}
    return {state: found.get(state, 0) for state in DeliveryState}


def recipients(tx: Transaction, edition_id: int) -> int:
    """Return for how many people an edition was queued."""
    query = select(func.count().label("count")).select_from(deliveries)
    row = tx.row(query.where(deliveries.c.edition_id == edition_id))
    return row["count"] if row else 0


def next_due(tx: Transaction, *, issue_id: int | None = None) -> datetime | None:
    """Return when the next waiting delivery is due, None when nothing waits."""
    query = select(func.min(deliveries.c.due).label("due"))
    query = query.where(deliveries.c.state.in_(WAITING))
    if issue_id is not None:
        query = query.where(deliveries.c.issue_id == issue_id)
    row = tx.row(query)
    return row["due"] if row else None


def waiting(tx: Transaction, *, issue_id: int | None = None) -> int:
    """Return how many deliveries wait, of one issue or of all."""
    found = counts(tx, issue_id=issue_id)
    return sum(found[state] for state in WAITING)


def listing(
    tx: Transaction, issue_id: int, *, state: DeliveryState | None = None
) -> list[Delivery]:
    """Return an issue's deliveries, all or those in a state."""
    query = _query().where(deliveries.c.issue_id == issue_id).order_by(deliveries.c.id)
    if state:
        query = query.where(deliveries.c.state == state)
    return [_delivery(row) for row in tx.rows(query)]


def _one(tx: Transaction, delivery_id: int) -> Delivery:
    row = tx.row(_query().where(deliveries.c.id == delivery_id))
    assert row is not None  # noqa: S101  (the caller's UPDATE returned this id)
    return _delivery(row)


def _query() -> Select[Any]:
    return (
        select(*_FIELDS)
        .join(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .join(editions, editions.c.id == deliveries.c.edition_id)
    )


def _delivery(row: Mapping[Any, Any]) -> Delivery:
    return Delivery(**{**row, "state": DeliveryState(row["state"])})
