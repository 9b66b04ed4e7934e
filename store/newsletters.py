"""Newsletters: the recurring mailings of the house."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from store.database import Transaction
from store.errors import ConflictError, NotFoundError
from store.records import Newsletter, UnknownRule
from store.tables import newsletters


def add(tx: Transaction, newsletter: Newsletter) -> None:
    """Add a newsletter. Raises ConflictError when its key is in use."""
    row = {
        **vars(newsletter),
        "names": dict(newsletter.names),
        "languages": list(newsletter.languages),
        "topics": list(newsletter.topics),
        "rules": dict(newsletter.rules),
        "senders": dict(newsletter.senders),
        "replies": dict(newsletter.replies),
        "frequencies": dict(newsletter.frequencies),
        "windows": dict(newsletter.windows),
    }
    if not tx.insert_new(newsletters, [row], returning="key"):
        raise ConflictError(f"there is a newsletter {newsletter.key!r} already; choose another key")


def change(tx: Transaction, newsletter: Newsletter) -> None:
    """Save what may be changed of a newsletter. Raises NotFoundError."""
    values = {
        "names": dict(newsletter.names),
        "rules": dict(newsletter.rules),
        "unknown": newsletter.unknown,
    }
    mine = newsletters.c.key == newsletter.key
    if tx.run(update(newsletters).where(mine).values(values)) != 1:
        raise NotFoundError("newsletter", newsletter.key)


def get(tx: Transaction, key: str) -> Newsletter:
    """Return a newsletter. Raises NotFoundError."""
    row = tx.row(select(newsletters).where(newsletters.c.key == key))
    if row is None:
        raise NotFoundError("newsletter", key)
    return _newsletter(row)


def listing(tx: Transaction) -> list[Newsletter]:
    """Return all newsletters, by key."""
    return [_newsletter(row) for row in tx.rows(select(newsletters).order_by(newsletters.c.key))]


def _newsletter(row: Mapping[Any, Any]) -> Newsletter:
    return Newsletter(
        **{
            **row,
            "languages": tuple(row["languages"]),
            "topics": tuple(row["topics"]),
            "unknown": UnknownRule(row["unknown"]),
        }
    )
