r"""Deliveries: one edition to one subscriber.

    queued --claim--> claimed --settle--> sent | failed | postponed
       \--------------> cancelled            \--orphaned--> unknown

A claim is one UPDATE of one row, so two claimants never get the same. It asks for the state of
the issue, so that one that is paused stops with the mail that is under way; and for that of the
subscriber, so that nobody who left after queueing is written to.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    insert,
    literal,
    select,
    update,
)

from store.database import Transaction
from store.dues import WAITING, by_zone
from store.errors import ConflictError
from store.records import Delivery, DeliveryState, Issue, IssueState, Status
from store.subscribers import is_here, readers
from store.tables import (
    audiences,
    deliveries,
    edition_items,
    editions,
    issues,
    subscribers,
)

#: States that a delivery may yet leave by itself.
UNFINISHED = (*WAITING, DeliveryState.CLAIMED)

_FIELDS = [
    *(deliveries.c[name] for name in ("id", "issue_id", "edition_id", "subscriber_id")),
    *(deliveries.c[name] for name in ("state", "code", "detail", "attempts")),
    *(subscribers.c.email, subscribers.c.name, editions.c.language),
]


#: The deliveries of issues that are being sent; all others wait, due or not.
_SENDING = deliveries.c.issue_id.in_(
    select(issues.c.id).where(issues.c.state == IssueState.SENDING)
)


def queue(
    tx: Transaction, issue: Issue, *, due: Mapping[str, Mapping[str, datetime]], now: datetime
) -> int:
    """Queue each edition of an issue for the active subscribers it is for; return how many.

    Of those who chose the issue's frequency. ``due`` says by the language of the edition, then
    by their time zones, when it may go out to them; under an empty name for all other zones.

    One INSERT ... SELECT for all of them: one for each edition would read the subscribers as
    often. Nobody gets two, since a set of topics in a language has one edition of an issue.
    """
    # The offset has PostgreSQL put the readers together by themselves. Of editions that are this
    # new it knows nothing yet, and would look up each subscriber once for each language.
    people = readers(issue.newsletter, issue.frequency, now=now).offset(0).subquery("people")
    theirs = and_(
        audiences.c.language == people.c.language, audiences.c.topic_key == people.c.topic_key
    )
    mine = select(editions.c.id).where(editions.c.issue_id == issue.id)
    when = _by_edition(issue, due, people.c.timezone)
    wanted = (
        _to_queue(issue, audiences.c.edition_id, people.c.subscriber_id, when, now)
        .join_from(people, audiences, theirs)
        .where(audiences.c.edition_id.in_(mine))
    )
    return _queue(tx, wanted.order_by(people.c.subscriber_id))


def _by_edition(
    issue: Issue, due: Mapping[str, Mapping[str, datetime]], zone: ColumnElement[str]
) -> ColumnElement[datetime]:
    """Return when an edition is due in a reader's zone: one instant where all are the same."""
    (first, *others) = due.values()
    if all(other == first for other in others):
        return by_zone(first, first[""], zone)
    of_it = select(editions.c.id).where(editions.c.issue_id == issue.id)
    cases = [
        (
            audiences.c.edition_id.in_(of_it.where(editions.c.language == language)),
            by_zone(moments, moments[""], zone),
        )
        for language, moments in due.items()
    ]
    return case(*cases)


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

    ``due`` is, as for :func:`queue` in each language, by their time zones.
    """
    when = by_zone(due, due[""])
    wanted = _to_queue(issue, literal(edition_id), subscribers.c.id, when, now).where(
        subscribers.c.status == Status.ACTIVE,
        is_here(now),
        _misled(issue.corrects, sent_in, language, since),
    )
    return _queue(tx, wanted.order_by(subscribers.c.id))


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
        .join(edition_items, edition_items.c.edition_id == editions.c.id)
        .where(
            deliveries.c.issue_id.in_(sent_in),
            editions.c.language == language,
            edition_items.c.item_id == item_id,
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
    issue: Issue,
    edition_id: ColumnElement[int],
    subscriber_id: ColumnElement[int],
    due: ColumnElement[datetime],
    now: datetime,
) -> Select[Any]:
    return select(
        literal(issue.id),
        edition_id,
        subscriber_id,
        literal(DeliveryState.QUEUED.value),
        literal(0),
        literal(""),
        literal(0),
        due,
        literal(now, deliveries.c.changed.type),
    )


def _queue(tx: Transaction, wanted: Select[Any]) -> int:
    names = ["issue_id", "edition_id", "subscriber_id", "state", "code", "detail", "attempts"]
    return tx.run(insert(deliveries).from_select([*names, "due", "changed"], wanted))


def cancel_departed(tx: Transaction, now: datetime) -> int:
    """Cancel what waits for people who may no longer be written to; return how many."""
    departed = select(subscribers.c.id).where(subscribers.c.status != Status.ACTIVE)
    return _cancel(tx, deliveries.c.subscriber_id.in_(departed), "left before sending", now)


def cancel(tx: Transaction, issue: Issue, now: datetime) -> int:
    """Cancel what waits of an issue; return how many.

    What a process has claimed ends as it ends, and what is unknown stays so.
    """
    return _cancel(tx, deliveries.c.issue_id == issue.id, "its issue was cancelled", now)


def cancel_late(tx: Transaction, now: datetime) -> int:
    """Cancel what came to wait once its issue was cancelled already; return how many."""
    ended = select(issues.c.id).where(issues.c.state == IssueState.CANCELLED)
    return _cancel(tx, deliveries.c.issue_id.in_(ended), "its issue was cancelled", now)


def _cancel(tx: Transaction, which: ColumnElement[bool], detail: str, now: datetime) -> int:
    values = {"state": DeliveryState.CANCELLED, "detail": detail, "changed": now}
    mine = and_(deliveries.c.state.in_(WAITING), which)
    return tx.run(update(deliveries).where(mine).values(**values))


def put_off(tx: Transaction, issue: Issue, due: datetime) -> None:
    """Have all that waits of an issue be due at an instant."""
    mine = and_(deliveries.c.issue_id == issue.id, deliveries.c.state.in_(WAITING))
    tx.run(update(deliveries).where(mine).values(due=due))


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
            _SENDING,
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


def resolve(tx: Transaction, delivery_id: int, state: DeliveryState, *, now: datetime) -> int:
    """Give an unknown delivery a state; return the id of its issue.

    Raises ConflictError when it is not unknown.
    """
    unknown = deliveries.c.state == DeliveryState.UNKNOWN
    mine = and_(deliveries.c.id == delivery_id, unknown)
    values = {"state": state, "detail": "resolved by hand", "due": now, "changed": now}
    row = tx.row(update(deliveries).where(mine).values(**values).returning(deliveries.c.issue_id))
    if row is None:
        raise ConflictError(f"delivery {delivery_id} is not unknown: nothing to resolve")
    return int(row["issue_id"])


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
    tx: Transaction, issue_ids: Collection[int], language: str, item_id: int
) -> dict[DeliveryState, int]:
    """Return how many deliveries are in each state of these issues in a language.

    Of those editions that tell of an item.
    """
    query = (
        select(deliveries.c.state, func.count().label("count"))
        .join(editions, editions.c.id == deliveries.c.edition_id)
        .join(edition_items, edition_items.c.edition_id == editions.c.id)
        .where(
            deliveries.c.issue_id.in_(issue_ids),
            editions.c.language == language,
            edition_items.c.item_id == item_id,
        )
        .group_by(deliveries.c.state)
    )
    return _counted(tx, query)


def _counted(tx: Transaction, query: Select[Any]) -> dict[DeliveryState, int]:
    found = {DeliveryState(row["state"]): row["count"] for row in tx.rows(query)}
    return {state: found.get(state, 0) for state in DeliveryState}


def recipients(tx: Transaction, issue_id: int) -> dict[int, int]:
    """Return by edition of an issue for how many people it was queued."""
    query = (
        select(deliveries.c.edition_id, func.count().label("count"))
        .where(deliveries.c.issue_id == issue_id)
        .group_by(deliveries.c.edition_id)
    )
    return {row["edition_id"]: row["count"] for row in tx.rows(query)}


def next_due(tx: Transaction, *, issue_id: int | None = None) -> datetime | None:
    """Return when the next waiting delivery is due, None when nothing waits.

    Of the issues that are being sent: what is paused waits for no instant.
    """
    query = select(func.min(deliveries.c.due).label("due"))
    query = query.where(deliveries.c.state.in_(WAITING), _SENDING)
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


def find(tx: Transaction, delivery_id: int) -> Delivery | None:
    """Return a delivery, None where there is none."""
    row = tx.row(_query().where(deliveries.c.id == delivery_id))
    return _delivery(row) if row else None


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
