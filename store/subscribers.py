"""Subscribers and what they subscribe to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, or_, select, update

from store.database import Transaction
from store.errors import NotFoundError
from store.records import Group, Status, Subscriber, Subscription, topic_key
from store.tables import subscribers, subscriptions

_FIELDS = [subscribers.c[name] for name in Subscriber.__dataclass_fields__]


def by_email(tx: Transaction, email: str) -> Subscriber | None:
    """Return the subscriber with this address, as normalised by the caller."""
    row = tx.row(select(*_FIELDS).where(subscribers.c.email == email))
    return _subscriber(row) if row else None


def add(tx: Transaction, **fields: Any) -> int:  # noqa: ANN401
    """Add a subscriber from the fields of :class:`store.records.Subscriber` except id."""
    row = tx.row(insert(subscribers).values(**fields).returning(subscribers.c.id))
    assert row is not None  # noqa: S101  (an INSERT that raised nothing returned its id)
    return int(row["id"])


def change(tx: Transaction, subscriber_id: int, **fields: Any) -> None:  # noqa: ANN401
    """Give a subscriber these fields. Raises NotFoundError."""
    mine = subscribers.c.id == subscriber_id
    if tx.run(update(subscribers).where(mine).values(**fields)) != 1:
        raise NotFoundError("subscriber", subscriber_id)


def get(tx: Transaction, subscriber_id: int) -> Subscriber:
    """Return a subscriber. Raises NotFoundError."""
    row = tx.row(select(*_FIELDS).where(subscribers.c.id == subscriber_id))
    if row is None:
        raise NotFoundError("subscriber", subscriber_id)
    return _subscriber(row)


def take(tx: Transaction, who: int | str) -> None:
    """Wait until no other transaction is about the same person, by id, or address, by name.

    Two clicks at once are then one after the other, and the second sees what the first did.
    """
    tx.queue(f"subscriber {who}")


def paused_until(tx: Transaction, subscriber_id: int) -> datetime | None:
    """Return until when nothing is queued for somebody, None where they do not pause."""
    row = tx.row(select(subscribers.c.paused_until).where(subscribers.c.id == subscriber_id))
    return row["paused_until"] if row else None


def subscribe(tx: Transaction, subscriber_id: int, subscription: Subscription) -> None:
    """Subscribe somebody to a newsletter, or change the topics and frequency they take it at."""
    row = {
        "subscriber_id": subscriber_id,
        "newsletter": subscription.newsletter,
        "topics": list(subscription.topics),
        "topic_key": topic_key(subscription.topics),
        "frequency": subscription.frequency,
    }
    if not tx.insert_new(subscriptions, [row], returning="subscriber_id"):
        mine = and_(
            subscriptions.c.subscriber_id == subscriber_id,
            subscriptions.c.newsletter == subscription.newsletter,
        )
        chosen = {name: row[name] for name in ("topics", "topic_key", "frequency")}
        tx.run(update(subscriptions).where(mine).values(**chosen))


def unsubscribe(tx: Transaction, subscriber_id: int, newsletter: str | None = None) -> None:
    """Take somebody off a newsletter, or off all."""
    mine = subscriptions.c.subscriber_id == subscriber_id
    if newsletter is not None:
        mine = and_(mine, subscriptions.c.newsletter == newsletter)
    tx.run(delete(subscriptions).where(mine))


def subscriptions_of(tx: Transaction, subscriber_id: int) -> tuple[Subscription, ...]:
    """Return what somebody subscribes to, by newsletter."""
    columns = (subscriptions.c[name] for name in ("newsletter", "topics", "frequency"))
    mine = select(*columns).where(subscriptions.c.subscriber_id == subscriber_id)
    return tuple(
        Subscription(**{**row, "topics": tuple(row["topics"])})
        for row in tx.rows(mine.order_by(subscriptions.c.newsletter))
    )


def readers(newsletter: str, frequency: str = "", *, now: datetime) -> Select[Any]:
    """Return the query for who gets a newsletter at a frequency, but for those who pause.

    Its columns: ``subscriber_id, language, timezone, topic_key``.
    """
    return (
        select(
            subscriptions.c.subscriber_id,
            subscribers.c.language,
            subscribers.c.timezone,
            subscriptions.c.topic_key,
        )
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.frequency == frequency,
            subscribers.c.status == Status.ACTIVE,
            is_here(now),
        )
    )


def is_here(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a subscriber does not pause."""
    until = subscribers.c.paused_until
    return or_(until.is_(None), until <= now)


def groups(tx: Transaction, newsletter: str, frequency: str = "", *, now: datetime) -> list[Group]:
    """Return a newsletter's readers at a frequency, counted by language and set of topics."""
    people = readers(newsletter, frequency, now=now).subquery()
    alike = (people.c.language, people.c.topic_key)
    query = select(*alike, func.count().label("people")).group_by(*alike).order_by(*alike)
    return [
        Group(
            language=row["language"],
            topics=tuple(row["topic_key"].split()),
            people=row["people"],
        )
        for row in tx.rows(query)
    ]


def zones(tx: Transaction) -> list[str]:
    """Return the time zones in which there are active subscribers."""
    active = subscribers.c.status == Status.ACTIVE
    query = select(subscribers.c.timezone).distinct().where(active)
    return [row["timezone"] for row in tx.rows(query.order_by(subscribers.c.timezone))]


def _subscriber(row: Mapping[Any, Any]) -> Subscriber:
    return Subscriber(**{**row, "status": Status(row["status"])})
