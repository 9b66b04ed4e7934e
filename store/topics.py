"""Topics: the subjects of the house, with their names in every language."""

from collections.abc import Mapping

from sqlalchemy import select, update

from store.database import Transaction
from store.records import Topic
from store.tables import topics


def listing(tx: Transaction) -> list[Topic]:
    """Return all topics, by key."""
    return [Topic(**row) for row in tx.rows(select(topics).order_by(topics.c.key))]


def put(tx: Transaction, key: str, names: Mapping[str, str]) -> None:
    """Make a topic, or give an existing one these names beside those it has."""
    if tx.insert_new(topics, [{"key": key, "names": dict(names)}], returning="key"):
        return
    row = tx.row(select(topics.c.names).where(topics.c.key == key))
    merged = {**(row["names"] if row else {}), **names}
    tx.run(update(topics).where(topics.c.key == key).values(names=merged))


def add_unnamed(tx: Transaction, names: Mapping[str, Mapping[str, str]]) -> None:
    """Make the topics, by key, that do not exist; leave the others as they are."""
    rows = [{"key": key, "names": dict(of_key)} for key, of_key in names.items()]
    tx.insert_new(topics, rows, returning="key")
