"""The keys that links are signed with.

They are in the database, so that every host has them and a backup holds them: whoever restores
one can still read the links in mails that were sent before.
"""

from datetime import datetime

from sqlalchemy import insert, select

from store.database import Transaction
from store.records import SigningKey
from store.tables import signing_keys


def listing(tx: Transaction) -> tuple[SigningKey, ...]:
    """Return all keys, oldest first."""
    query = select(signing_keys.c.id, signing_keys.c.secret).order_by(signing_keys.c.id)
    return tuple(SigningKey(**row) for row in tx.rows(query))


def add(tx: Transaction, secret: str, *, created: datetime) -> None:
    """Keep a new key: from now on it signs."""
    tx.run(insert(signing_keys).values(secret=secret, created=created))


def first(tx: Transaction, secret: str, *, created: datetime) -> None:
    """Keep a key unless there is one already; of several who try at once, one succeeds."""
    tx.queue("signing_keys")
    if not listing(tx):
        add(tx, secret, created=created)
