"""What came back of mails: one row for each message that meant something, or that nobody knows."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update

from store.database import Transaction
from store.records import Bounce, DeliveryState
from store.tables import bounces, deliveries, issues, letters, mailboxes, subscribers

#: Issues that are looked at for what somebody got in between.
_ISSUES = 500

_FIELDS = [bounces.c[name] for name in Bounce.__dataclass_fields__ if name != "email"]


def take(tx: Transaction) -> None:
    """Wait until no other transaction takes in what came back: the same message may be in both."""
    tx.queue("bounces")


def is_known(tx: Transaction, digest: str) -> bool:
    """Say whether a message was taken in before."""
    return tx.row(select(bounces.c.id).where(bounces.c.digest == digest)) is not None


def add(tx: Transaction, **fields: Any) -> None:  # noqa: ANN401
    """Keep a message, from the columns of its row except id. Raises ConflictError the second time.

    Those that are left out are empty.
    """
    texts = dict.fromkeys(("address", "status", "detail", "subject", "source"), "")
    tx.run(insert(bounces).values(**{**texts, **fields}))


def listing(tx: Transaction, *, kind: str | None = None) -> Iterator[Bounce]:
    """Yield what came back, newest first: all, or of a kind."""
    query = (
        select(*_FIELDS, func.coalesce(subscribers.c.email, "").label("email"))
        .select_from(bounces.outerjoin(subscribers, subscribers.c.id == bounces.c.subscriber_id))
        .order_by(bounces.c.id.desc())
    )
    if kind:
        query = query.where(bounces.c.kind == kind)
    for row in tx.each(query):
        yield Bounce(**row)


def of(tx: Transaction, subscriber_id: int) -> list[Mapping[str, Any]]:
    """Return what came back from somebody, oldest first: when, what it meant and what was said."""
    columns = (bounces.c[name] for name in ("at", "kind", "address", "status", "detail"))
    query = select(*columns).where(bounces.c.subscriber_id == subscriber_id)
    return [dict(row) for row in tx.rows(query.order_by(bounces.c.id))]


def mails_of(tx: Transaction, subscriber_id: int, *, kind: str) -> Mapping[int, datetime]:
    """Return the mails of issues to somebody that came back so: by id, when it was heard."""
    query = (
        select(bounces.c.delivery_id, func.min(bounces.c.at).label("at"))
        .where(
            bounces.c.subscriber_id == subscriber_id,
            bounces.c.kind == kind,
            bounces.c.delivery_id.is_not(None),
        )
        .group_by(bounces.c.delivery_id)
    )
    return {row["delivery_id"]: row["at"] for row in tx.rows(query)}


def sent_between(tx: Transaction, subscriber_id: int, first: int, last: int) -> list[int]:
    """Return the mails of issues that were sent to somebody from one to another, newest first.

    Found by the newest issues, each with its reader: nothing walks all deliveries.
    """
    began = select(deliveries.c.issue_id).where(deliveries.c.id == first).scalar_subquery()
    newest = (
        select(issues.c.id).where(issues.c.id >= began).order_by(issues.c.id.desc()).limit(_ISSUES)
    )
    query = select(deliveries.c.id).where(
        deliveries.c.issue_id.in_(newest),
        deliveries.c.subscriber_id == subscriber_id,
        deliveries.c.state == DeliveryState.SENT,
        deliveries.c.id.between(first, last),
    )
    return [row["id"] for row in tx.rows(query.order_by(deliveries.c.id.desc()))]


def sent_at(tx: Transaction, delivery_id: int) -> datetime | None:
    """Return when a mail was last heard of by its relay."""
    row = tx.row(select(deliveries.c.changed).where(deliveries.c.id == delivery_id))
    return row["changed"] if row else None


def note_delivery(tx: Transaction, delivery_id: int, detail: str) -> None:
    """Have a delivery say that it came back: the relay took it, so it stays what it is."""
    tx.run(update(deliveries).where(deliveries.c.id == delivery_id).values(detail=detail))


def note_letter(tx: Transaction, letter_id: int, detail: str) -> None:
    """Have a letter say that it came back."""
    tx.run(update(letters).where(letters.c.id == letter_id).values(detail=detail))


def forget(tx: Transaction, subscriber_id: int, email: str) -> None:
    """Take out all that came back from somebody, or that names their address."""
    theirs = or_(bounces.c.subscriber_id == subscriber_id, bounces.c.address == email.lower())
    tx.run(delete(bounces).where(theirs))


def is_any_before(tx: Transaction, before: datetime, *, kind: str) -> bool:
    """Say whether anything of a kind came before then."""
    return tx.row(select(bounces.c.id).where(_before(before, kind)).limit(1)) is not None


def drop_before(tx: Transaction, before: datetime, *, kind: str) -> int:
    """Take out what came of a kind before then; return how much."""
    return tx.run(delete(bounces).where(_before(before, kind)))


def _before(before: datetime, kind: str) -> ColumnElement[bool]:
    return and_(bounces.c.kind == kind, bounces.c.at < before)


def looked(tx: Transaction, name: str) -> datetime | None:
    """Return when a mailbox was looked into last, None if it never was."""
    row = tx.row(select(mailboxes.c.looked).where(mailboxes.c.name == name))
    return row["looked"] if row else None


def look(tx: Transaction, name: str, *, every: timedelta, now: datetime) -> bool:
    """Say whether a mailbox is to be looked into, and remember that it is.

    Of several who ask, one is told so, and nobody before so much time is over.
    """
    row = {"name": name, "looked": now}
    if tx.insert_new(mailboxes, [row], returning="name"):
        return True
    is_time = and_(mailboxes.c.name == name, mailboxes.c.looked <= now - every)
    return tx.run(update(mailboxes).where(is_time).values(looked=now)) == 1
