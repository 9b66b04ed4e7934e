"""Which public files are behind: marks of the items and issues that they show.

Whoever changes what readers shall see sets a mark in the same transaction; whoever has
written the files takes exactly those back that it read before.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Table, delete, insert, select, union_all

from store.database import Transaction
from store.tables import stale_issues, stale_items
from store.values import among


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What is behind, each mark with the id of what it stands on."""

    items: Mapping[int, int]
    issues: Mapping[int, int]

    def __bool__(self) -> bool:
        """Say whether anything is."""
        return bool(self.items or self.issues)


def mark_items(tx: Transaction, ids: Collection[int]) -> None:
    """Have the public files that show these items written anew."""
    tx.run(insert(stale_items), [{"item_id": item_id} for item_id in sorted(ids)])


def mark_issues(tx: Transaction, ids: Collection[int]) -> None:
    """Have the public archive show these issues."""
    tx.run(insert(stale_issues), [{"issue_id": issue_id} for issue_id in sorted(ids)])


def read(tx: Transaction) -> Marks:
    """Return all marks."""
    return Marks(
        items=_read(tx, stale_items, "item_id"), issues=_read(tx, stale_issues, "issue_id")
    )


def _read(tx: Transaction, table: Table, column: str) -> dict[int, int]:
    query = select(table.c.id, table.c[column]).order_by(table.c.id)
    return {row["id"]: row[column] for row in tx.rows(query)}


def is_any(tx: Transaction) -> bool:
    """Say whether there is a mark."""
    parts = [select(table.c.id) for table in (stale_items, stale_issues)]
    return tx.row(union_all(*parts).limit(1)) is not None


def take_back(tx: Transaction, marks: Marks) -> None:
    """Take back exactly these marks: one that came in between stays."""
    tx.run(delete(stale_items).where(among(stale_items.c.id, list(marks.items))))
    tx.run(delete(stale_issues).where(among(stale_issues.c.id, list(marks.issues))))
