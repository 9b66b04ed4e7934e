"""Queueing: the editions of an issue become deliveries, one for each of those who are to have it.

Regular ones go to who subscribed, corrections to whom an earlier issue misled.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, insert, literal, select, text

from store.database import Transaction
from store.dues import by_zone
from store.records import DeliveryState, Issue, Status
from store.subscribers import is_here, readers
from store.tables import (
    audiences,
    batches,
    deliveries,
    edition_items,
    editions,
    issues,
    subscribers,
)

#: Deliveries of a batch at the most.
SIZE = 500


def queue(
    tx: Transaction,
    issue: Issue,
    *,
    due: Mapping[str, Mapping[str, datetime]],
    now: datetime,
    size: int = SIZE,
) -> int:
    """Queue each edition of an issue for the active subscribers it is for; return how many.

    Of those who chose the issue's frequency. ``due`` says by the language of the edition, then
    by their time zones, when it may go out to them; under an empty name for all other zones.

    One INSERT ... SELECT for all of them: one for each edition would read the subscribers as
    often. Nobody gets two, since a set of topics in a language has one edition of an issue.
    Then one for their batches, of ``size`` at the most.
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
        _to_queue(audiences.c.edition_id, people.c.subscriber_id, when)
        .join_from(people, audiences, theirs)
        .where(audiences.c.edition_id.in_(mine))
    )
    return _queue(tx, issue, wanted, now, size)


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
    """Queue a correction for those whom :func:`misled` counts as here; return how many.

    ``due`` is, as for :func:`queue` in each language, by their time zones.
    """
    when = by_zone(due, due[""])
    wanted = _to_queue(literal(edition_id), subscribers.c.id, when).where(
        subscribers.c.status == Status.ACTIVE,
        is_here(now),
        _misled(issue.corrects, sent_in, language, since),
    )
    return _queue(tx, issue, wanted, now, SIZE)


def misled(
    tx: Transaction,
    item_id: int,
    sent_in: Collection[int],
    *,
    language: str,
    since: datetime,
    now: datetime,
) -> tuple[int, int]:
    """Return how many active people were sent one of these issues in a language, and never told.

    First those who are here, then those who pause. Told is whoever was queued a correction of the
    item ``since`` then, by whatever newsletter.
    """
    here = func.count().filter(is_here(now)).label("here")
    query = select(here, func.count().label("all")).select_from(subscribers)
    active = subscribers.c.status == Status.ACTIVE
    row = tx.row(query.where(active, _misled(item_id, sent_in, language, since)))
    return (row["here"], row["all"] - row["here"]) if row else (0, 0)


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
    edition_id: ColumnElement[int], subscriber_id: ColumnElement[int], due: ColumnElement[datetime]
) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [
        edition_id.label("edition_id"),
        subscriber_id.label("subscriber_id"),
        due.label("due"),
    ]
    return select(*columns)


def _queue(tx: Transaction, issue: Issue, wanted: Select[Any], now: datetime, size: int) -> int:
    if tx.on_postgresql:
        # Enough to sort a million in memory.
        tx.run(text("set local work_mem = '128MB'"))
    row = tx.row(select(func.coalesce(func.max(deliveries.c.id), 0).label("last")))
    # With an offset PostgreSQL finds them as it would without an order, and only then sorts them:
    # these three columns, to which comes afterwards what is the same for all.
    rows = wanted.offset(0).subquery("wanted")
    order = (rows.c.edition_id, rows.c.due, rows.c.subscriber_id)
    ordered = select(rows).order_by(*order).offset(0).subquery("ordered")
    same: dict[str, ColumnElement[Any]] = {
        "issue_id": literal(issue.id),
        "state": literal(DeliveryState.QUEUED.value),
        "code": literal(0),
        "detail": literal(""),
        "attempts": literal(0),
        "changed": literal(now, deliveries.c.changed.type),
    }
    values = {**same, **ordered.c}
    count = tx.run(insert(deliveries).from_select([*values], select(*values.values())))
    _cut(tx, issue.id, after=row["last"] if row else 0, size=size)
    return count


def _cut(tx: Transaction, issue_id: int, *, after: int, size: int) -> None:
    """Make the batches of an issue's deliveries with greater ids than ``after``, all queued.

    Each is of one edition; those of all editions go side by side.
    """
    place = func.row_number().over(partition_by=deliveries.c.edition_id, order_by=deliveries.c.id)
    rows = (
        select(
            deliveries.c.id,
            deliveries.c.edition_id,
            deliveries.c.due,
            ((place - 1) // size).label("part"),
        )
        .where(deliveries.c.issue_id == issue_id, deliveries.c.id > after)
        .subquery()
    )
    values: dict[str, ColumnElement[Any]] = {
        "issue_id": literal(issue_id),
        "edition_id": rows.c.edition_id,
        "first": func.min(rows.c.id),
        "last": func.max(rows.c.id),
        "due": func.min(rows.c.due),
        "size": func.count(),
        **{state.value: literal(0) for state in DeliveryState},
        DeliveryState.QUEUED.value: func.count(),
        "worker": literal(""),
        "token": literal(0),
    }
    wanted = (
        select(*values.values())
        .group_by(rows.c.edition_id, rows.c.part)
        .order_by(rows.c.part, rows.c.edition_id)
    )
    tx.run(insert(batches).from_select(list(values), wanted))
