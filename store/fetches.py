"""What servers said of the addresses that were read (RFC 9110, 8.8)."""

from sqlalchemy import select, update

from store.database import Transaction
from store.records import Fetch
from store.tables import fetches


def get(tx: Transaction, url: str) -> Fetch | None:
    """Return what is remembered of an address."""
    row = tx.row(select(fetches).where(fetches.c.url == url))
    return Fetch(**row) if row else None


def put(tx: Transaction, fetch: Fetch) -> None:
    """Remember what an address's server said last."""
    if not tx.insert_new(fetches, [vars(fetch)], returning="url"):
        tx.run(update(fetches).where(fetches.c.url == fetch.url).values(**vars(fetch)))
