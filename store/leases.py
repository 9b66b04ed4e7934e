"""Leases: until when a batch is held, told by one clock to all hosts.

Who holds a batch and who looks whether that one is dead may be on two hosts, whose clocks differ.
PostgreSQL, which hosts share, says itself what time it is; SQLite has one host, and its clock.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, literal

from store.database import Transaction
from store.tables import batches


def until(tx: Transaction, lease: timedelta, now: datetime) -> ColumnElement[datetime]:
    """Return the instant until which is held what is taken, or renewed, in this transaction.

    ``now`` counts on SQLite alone. On PostgreSQL it is when the transaction began, which is
    never before its holder began to count.
    """
    if tx.on_postgresql:
        return func.now() + lease
    return literal(now + lease, batches.c.lease.type)


def is_over(tx: Transaction, grace: timedelta, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a batch's lease has been over for that long."""
    return batches.c.lease <= until(tx, -grace, now)
