"""When deliveries are due, by the time zones of their readers; set for all of them at once."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, literal, select, update

from store import batches, tables
from store.database import Transaction
from store.records import Batch, DeliveryState, Issue
from store.tables import deliveries, subscribers

#: The states of what is sent once it is due.
WAITING = (DeliveryState.QUEUED, DeliveryState.POSTPONED)
#: States that a mail may yet leave by itself.
UNFINISHED = (*WAITING, DeliveryState.CLAIMED)

_WAITS = deliveries.c.state.in_(WAITING)
_INSTANT = deliveries.c.due.type


def by_zone(
    moments: Mapping[str, datetime],
    elsewhere: datetime,
    zone: ColumnElement[str] = subscribers.c.timezone,
) -> ColumnElement[datetime]:
    """Return the instant of a subscriber's time zone.

    The zones that share one stand together: there are some six hundred, but hardly forty
    offsets, and both databases look a name up in a list without going through it.
    """
    places: dict[datetime, list[str]] = {}
    for name, moment in moments.items():
        if moment != elsewhere:
            places.setdefault(moment, []).append(name)
    cases = [(zone.in_(names), literal(moment, _INSTANT)) for moment, names in places.items()]
    otherwise = literal(elsewhere, _INSTANT)
    return case(*cases, else_=otherwise) if cases else otherwise


def zones(tx: Transaction, batch: Batch, now: datetime) -> list[str]:
    """Return the time zones of those to whom something of a batch is due."""
    query = (
        select(subscribers.c.timezone)
        .distinct()
        .join(deliveries, deliveries.c.subscriber_id == subscribers.c.id)
        .where(batches.members(batch), _is_due(now))
    )
    return [row["timezone"] for row in tx.rows(query.order_by(subscribers.c.timezone))]


def put_off(
    tx: Transaction, edition_id: int, until: Mapping[str, datetime], *, now: datetime
) -> None:
    """Let an edition that is due to readers in these time zones wait until another instant."""
    late = and_(tables.batches.c.edition_id == edition_id, tables.batches.c.due <= now)
    reader = subscribers.c.id == deliveries.c.subscriber_id
    there = select(subscribers.c.id).where(reader, subscribers.c.timezone.in_(list(until)))
    moment = select(by_zone(until, now)).where(reader).scalar_subquery()
    later = update(deliveries).where(_is_due(now), there.exists()).values(due=moment)
    batches.change(tx, batches.lock(tx, late), later)


def put_off_all(tx: Transaction, issue: Issue, due: datetime) -> None:
    """Have all that waits of an issue be due at an instant."""
    later = update(deliveries).where(_WAITS).values(due=due)
    batches.change(tx, batches.lock(tx, batches.waits_of(issue.id)), later)


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(_WAITS, deliveries.c.due <= now)
