"""The keys of signed links, made when they are first needed."""

import secrets
from datetime import datetime

from publisher.tokens import Tokens
from store import signing
from store.database import Database, Transaction

#: 256 bits: as many as the hash that they are used with.
_BYTES = 32


def tokens(database: Database, *, now: datetime) -> Tokens:
    """Return what makes and reads signed links; the first to ask makes the first key."""
    with database.read() as tx:
        found = known(tx)
    return found if found.keys else begin(database, secrets.token_hex(_BYTES), now=now)


def begin(database: Database, secret: str, *, now: datetime) -> Tokens:
    """Make the first key of a store of a secret, in hexadecimal, unless there is one already."""
    with database.write() as tx:
        signing.first(tx, secret, created=now)
        return known(tx)


def known(tx: Transaction) -> Tokens:
    """Return what makes and reads signed links, as a transaction sees the keys."""
    return Tokens(keys=signing.listing(tx))


def rotate(database: Database, *, now: datetime) -> int:
    """Make a new key, which signs from now on; return its id.

    The old ones stay: mails hold links that they signed, and suppressions hashes.
    """
    with database.write() as tx:
        signing.add(tx, secrets.token_hex(_BYTES), created=now)
        return signing.listing(tx)[-1].id
