"""Subscribers and what they subscribe to."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, and_, func, insert, select, update

from store.database import Transaction
from store.errors import NotFoundError
from store.records import Group, Status, Subscriber, Subscription, topic_key
from store.tables import subscribers, subscriptions


def by_email(tx: Transaction, email: str) -> Subscriber | None:
    """Return the subscriber with this address, as normalised by the caller."""
    row = tx.row(select(subscribers).where(subscribers.c.email == email))
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


def subscriptions_of(tx: Transaction, subscriber_id: int) -> tuple[Subscription, ...]:
    """Return what somebody subscribes to, by newsletter."""
    columns = (subscriptions.c[name] for name in ("newsletter", "topics", "frequency"))
    mine = select(*columns).where(subscriptions.c.subscriber_id == subscriber_id)
    return tuple(
        Subscription(**{**row, "topics": tuple(row["topics"])})
        for row in tx.rows(mine.order_by(subscriptions.c.newsletter))
    )


def listing(
    tx: Transaction, *, language: str | None = None, status: Status | None = None
) -> list[Subscriber]:
    """Return subscribers by address: all, or those of a language, in a status, or both."""
    query = select(subscribers).order_by(subscribers.c.email)
    if language:
        query = query.where(subscribers.c.language == language)
    if status:
        query = query.where(subscribers.c.status == status)
    return [_subscriber(row) for row in tx.rows(query)]


def readers(newsletter: str, frequency: str = "") -> Select[Any]:
    """Return the query for who gets a newsletter at a frequency.

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
        )
    )


def groups(tx: Transaction, newsletter: str, frequency: str = "") -> list[Group]:
    """Return a newsletter's readers at a frequency, counted by language and set of topics."""
    people = readers(newsletter, frequency).subquery()
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
