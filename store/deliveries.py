r"""Deliveries: one edition to one subscriber.

    queued --take--> claimed --fold--> sent | failed | postponed | unknown
       \--------------> cancelled

They are taken and settled in batches (:mod:`store.batches`, :mod:`store.claims`), and counted
there. Whatever changes some here locks their batches first.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
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
    text,
    true,
    update,
)

from store import batches, tables
from store.database import Transaction
from store.dues import WAITING, by_zone
from store.errors import ConflictError, NotFoundError
from store.records import Batch, Delivery, DeliveryState, Issue, IssueState, Status
from store.subscribers import is_here, readers
from store.tables import audiences, deliveries, edition_items, editions, issues, subscribers
from store.values import among

#: States that a delivery may yet leave by itself.
UNFINISHED = (*WAITING, DeliveryState.CLAIMED)

_FIELDS = [
    *(deliveries.c[name] for name in ("id", "issue_id", "edition_id", "subscriber_id")),
    *(deliveries.c[name] for name in ("state", "code", "detail", "attempts")),
    *(subscribers.c.email, subscribers.c.name, subscribers.c.timezone, editions.c.language),
]

_WAITING = deliveries.c.state.in_(WAITING)

#: Nothing is due before it. For what has any instant, no index of SQLite's would be asked.
_EVER = datetime.min.replace(tzinfo=UTC)


def queue(
    tx: Transaction,
    issue: Issue,
    *,
    due: Mapping[str, Mapping[str, datetime]],
    now: datetime,
    size: int = batches.SIZE,
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
    return _queue(tx, issue, wanted, now, batches.SIZE)


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
    batches.cut(tx, issue.id, after=row["last"] if row else 0, size=size)
    return count


def cancel(tx: Transaction, issue: Issue, now: datetime) -> int:
    """Cancel what waits of an issue; return how many.

    What a process has claimed ends as it ends, and what is unknown stays so.
    """
    return _cancel(tx, batches.lock(tx, _of(issue)), "its issue was cancelled", now)


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


def _of(issue: Issue) -> ColumnElement[bool]:
    """Return the condition that something waits of a batch of an issue."""
    return and_(batches.WAITS, tables.batches.c.issue_id == issue.id)


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


def put_off(tx: Transaction, issue: Issue, due: datetime) -> None:
    """Have all that waits of an issue be due at an instant."""
    batches.change(
        tx, batches.lock(tx, _of(issue)), update(deliveries).where(_WAITING).values(due=due)
    )


def cancel_left(
    tx: Transaction, subscriber_id: int, newsletter: str | None, *, now: datetime
) -> None:
    """Cancel what waits for somebody of a newsletter that they left, or of all."""
    theirs = select(tables.batches.c.issue_id).where(batches.WAITS)
    if newsletter is not None:
        theirs = theirs.join(issues).where(issues.c.newsletter == newsletter)
    # Named by its issue, it is found by the index that there is.
    his = deliveries.c.subscriber_id == subscriber_id
    locked = batches.lock_with(tx, and_(his, deliveries.c.issue_id.in_(theirs), _WAITING))
    _cancel(tx, locked, "left before sending", now, whose=his)


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
    locked = batches.lock_with(tx, deliveries.c.id == delivery_id)
    if not locked:
        raise NotFoundError("delivery", delivery_id)
    unknown = deliveries.c.state == DeliveryState.UNKNOWN
    mine = and_(deliveries.c.id == delivery_id, unknown)
    if attempt is not None:
        mine = and_(mine, deliveries.c.attempts == attempt)
    values = {"state": state, "detail": detail, "due": due or now, "changed": now}
    row = tx.row(update(deliveries).where(mine).values(**values).returning(deliveries.c.issue_id))
    if row is None:
        raise ConflictError(f"delivery {delivery_id} is not unknown: nothing to resolve")
    batches.recount(tx, locked)
    return int(row["issue_id"])


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
