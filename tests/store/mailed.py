"""Issues whose mails are queued, claimed and settled, for the tests of whatever looks at them."""

from datetime import datetime, timedelta

from sqlalchemy import select

from store import deliveries, queueing, tables
from store.database import Database, Transaction
from store.records import Delivery, DeliveryState, Issue
from tests import claimed, make
from tests.make import NOW
from tests.store import fill

MINUTE = timedelta(minutes=1)

#: When mail may go out to whom: at once to all.
DUE = {"en": {"": NOW}}


def people(count: int) -> list[str]:
    return [f"reader{number:03}@example.org" for number in range(count)]


def queued(database: Database, count: int, *, slot: datetime = NOW, size: int = 1) -> Issue:
    """Queue an issue's English edition for the readers there are, and for new ones.

    In batches of one, unless another ``size`` is given.
    """
    with database.write() as tx:
        issue = fill.issue(tx, slot=slot)
        fill.edition(tx, issue)
    make.subscribe(database, people(count))
    with database.write() as tx:
        queueing.queue(tx, issue, due=DUE, now=NOW, size=size)
    return issue


def queued_again(database: Database, *, size: int = 1) -> Issue:
    """Queue another issue for the readers there are."""
    with database.write() as tx:
        issue = fill.issue(tx, slot=NOW + MINUTE)
        fill.edition(tx, issue)
        queueing.queue(tx, issue, due=DUE, now=NOW, size=size)
    return issue


def claim(tx: Transaction, now: datetime = NOW, *, issue_id: int | None = None) -> Delivery | None:
    """Claim the next delivery, of a batch of one."""
    mails = claimed.claim(tx, now, issue_id=issue_id)
    return mails[0] if mails else None


def settled(
    database: Database, state: DeliveryState, *, due: datetime = NOW, now: datetime = NOW
) -> Delivery:
    """Claim the next delivery and settle it."""
    with database.write() as tx:
        delivery = claim(tx, now)
        assert delivery is not None
        assert claimed.settle(tx, [delivery], state, due=due, now=now) == 1
    return delivery


def states(database: Database, issue: Issue) -> list[DeliveryState]:
    with database.read() as tx:
        return [delivery.state for delivery in deliveries.listing(tx, issue.id)]


def due_of(database: Database, issue: Issue) -> list[datetime]:
    """Return when the deliveries of an issue are due, by address: claimed one after the other."""
    with database.read() as tx:
        query = select(tables.deliveries.c.due).join(tables.subscribers)
        mine = query.where(tables.deliveries.c.issue_id == issue.id)
        return [row["due"] for row in tx.rows(mine.order_by(tables.subscribers.c.email))]
