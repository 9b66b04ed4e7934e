"""Revisions: every wording that a text has had."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, select

from store.database import Transaction
from store.records import Change, Mark, Text
from store.tables import revisions
from store.values import among


def marks(tx: Transaction, ids: Collection[int]) -> dict[int, list[Mark]]:
    """Return what is remembered of every revision of these items, oldest first, by item."""
    fields = [revisions.c[name] for name in Mark.__dataclass_fields__]
    query = select(*fields).where(among(revisions.c.item_id, ids))
    found: dict[int, list[Mark]] = {item_id: [] for item_id in ids}
    for row in tx.rows(query.order_by(revisions.c.item_id, revisions.c.number)):
        found[row["item_id"]].append(Mark(**{**row, "change": Change(row["change"])}))
    return found


#: An item's id, a language, and the number of a revision of the text.
Revision = tuple[int, str, int]


def words(tx: Transaction, wanted: Collection[Revision]) -> Mapping[Revision, Text]:
    """Return the words of these revisions, by (item, language, number)."""
    names = [*Text.__dataclass_fields__]
    rows = _revisions(tx, wanted, names)
    return {key: Text(**{name: row[name] for name in names}) for key, row in rows}


def slugs(tx: Transaction, wanted: Collection[Revision]) -> Mapping[Revision, str]:
    """Return of the words of these revisions what stands in addresses: no text is read."""
    return {key: row["slug"] for key, row in _revisions(tx, wanted, ["slug"])}


def _revisions(
    tx: Transaction, wanted: Collection[Revision], names: Sequence[str]
) -> Iterator[tuple[Revision, Mapping[Any, Any]]]:
    """Yield these revisions, of each the columns of these names."""
    where = and_(
        among(revisions.c.item_id, {item_id for item_id, _, _ in wanted}),
        revisions.c.language.in_({language for _, language, _ in wanted}),
        among(revisions.c.number, {number for _, _, number in wanted}),
    )
    columns = [revisions.c[name] for name in names]
    query = select(revisions.c.item_id, revisions.c.language, revisions.c.number, *columns)
    for row in tx.rows(query.where(where)):
        key = (row["item_id"], row["language"], row["number"])
        if key in wanted:
            yield key, row
