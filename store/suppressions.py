"""Addresses that must not be written to, known by keyed hashes only."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Transaction
from store.tables import suppressions


def put(
    tx: Transaction, digest: str, reason: str, *, at: datetime, over: Collection[str] = ()
) -> None:
    """Suppress an address; one that is suppressed already keeps its reason, unless ``over`` it."""
    row = {"digest": digest, "reason": reason, "at": at}
    insert = postgresql.insert if tx.on_postgresql else sqlite.insert
    statement = insert(suppressions).values(**row)
    tx.run(
        statement.on_conflict_do_update(
            index_elements=["digest"],
            set_={name: statement.excluded[name] for name in ("reason", "at")},
            where=suppressions.c.reason.in_(list(over)),
        )
    )


def is_any(tx: Transaction) -> bool:
    """Say whether any address is suppressed."""
    return tx.row(select(suppressions.c.digest).limit(1)) is not None


def reasons(tx: Transaction, digests: Collection[str]) -> dict[str, str]:
    """Return why addresses are suppressed, by their digest; the others are left out.

    At most some thousand digests at once: they are parameters of the statement.
    """
    query = select(suppressions.c.digest, suppressions.c.reason)
    found = tx.rows(query.where(suppressions.c.digest.in_(list(digests))))
    return {row["digest"]: row["reason"] for row in found}


def lift(tx: Transaction, digests: Collection[str]) -> None:
    """Let these addresses be written to again."""
    tx.run(delete(suppressions).where(suppressions.c.digest.in_(list(digests))))
