"""The ledger: what was told to which audience, in which language and revision.

Beside it stand two lists that the ledger's writer keeps in the same transaction: which
items wait (holds), and which items' public files are behind (stale).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import FromClause, ScalarSelect, and_, delete, func, insert, select

from store.database import Transaction, among
from store.records import FEED, Change, Hold, Publication
from store.tables import holds, publications, stale_items

_FIELDS = [column for column in publications.c if column.name != "id"]

#: What the ledger says of one audience's item: by (item id, language).
Standing = Mapping[tuple[int, str], Publication]


def _last_telling(row: FromClause) -> ScalarSelect[int]:
    """Return a subquery: the id of what was told last of a row's item to the row's audience.

    Asked for each row by itself. As a join, PostgreSQL may read the whole ledger for it.
    """
    told = publications.alias("told")
    same = (told.c[name] == row.c[name] for name in ("item_id", "language", "channel"))
    query = select(told.c.id).where(*same).order_by(told.c.telling.desc()).limit(1)
    return query.correlate(row).scalar_subquery()


# Made once: SQLAlchemy takes longer to put them together than the database to answer them.
_first, _last = publications.alias("first"), publications.alias("last")
_NEWEST = (
    select(*(_last.c[column.name] for column in _FIELDS))
    .select_from(_first.join(_last, _last.c.id == _last_telling(_first)))
    .where(_first.c.channel == FEED, _first.c.telling == 1, _last.c.change != Change.WITHDRAWAL)
    .order_by(_first.c.told.desc(), _first.c.published.desc(), _first.c.item_id.desc())
)
_ENDED = (
    select(*_FIELDS)
    .where(publications.c.channel == FEED, publications.c.id == _last_telling(publications))
    .order_by(publications.c.told.desc(), publications.c.item_id.desc())
)


def record(tx: Transaction, rows: Sequence[Publication]) -> list[Publication]:
    """Write rows into the ledger; return those that nobody else had written before."""
    values = [vars(row) for row in rows]
    return [
        row
        for row, value in zip(rows, values, strict=True)
        if tx.insert_new(publications, [value], returning="id")
    ]


def standing(tx: Transaction, ids: Collection[int], channel: str) -> Standing:
    """Return the newest telling of these items in a channel."""
    # Ordered by telling: a later one takes the place of an earlier.
    return {(row.item_id, row.language): row for row in tellings(tx, ids, channel)}


def tellings(tx: Transaction, ids: Collection[int], channel: str) -> list[Publication]:
    """Return all that was ever told of these items in a channel, the oldest telling first."""
    where = and_(among(publications.c.item_id, ids), publications.c.channel == channel)
    query = select(*_FIELDS).where(where).order_by(publications.c.telling, publications.c.id)
    return [_publication(row) for row in tx.rows(query)]


def newest(tx: Transaction, language: str, *, limit: int) -> list[Publication]:
    """Return what a language's feed holds, each item as told last, newest first.

    Ordered by when an item was first told there: one that comes late, however old its date,
    stands on top, where readers look. What was taken back is not among them.
    """
    query = _NEWEST.where(_first.c.language == language).limit(limit)
    return [_publication(row) for row in tx.rows(query)]


def gone(tx: Transaction, language: str, *, limit: int) -> list[Publication]:
    """Return what a language's feed no longer shows, or shows a notice of, newest first."""
    rows: list[Publication] = []
    # One by one, so that each is a walk along its index that ends at the limit.
    for change in (Change.WITHDRAWAL, Change.RETRACTION):
        mine = and_(publications.c.language == language, publications.c.change == change)
        rows += [_publication(row) for row in tx.rows(_ENDED.where(mine).limit(limit))]
    return sorted(rows, key=lambda row: (row.told, row.item_id), reverse=True)[:limit]


def of_issue(tx: Transaction, issue_id: int) -> list[Publication]:
    """Return what an issue told, in its order."""
    query = select(*_FIELDS).where(publications.c.issue_id == issue_id).order_by(publications.c.id)
    return [_publication(row) for row in tx.rows(query)]


def put_holds(tx: Transaction, ids: Collection[int], rows: Sequence[Hold]) -> None:
    """Write that these items wait as ``rows`` say, and in no other language."""
    tx.run(delete(holds).where(among(holds.c.item_id, ids)))
    tx.run(insert(holds), [vars(row) for row in rows])


def held(tx: Transaction) -> list[Hold]:
    """Return all that waits."""
    query = select(holds).order_by(holds.c.item_id, holds.c.language)
    return [Hold(**row) for row in tx.rows(query)]


def mark_stale(tx: Transaction, ids: Collection[int]) -> None:
    """Have the public files of these items written anew."""
    tx.run(insert(stale_items), [{"item_id": item_id} for item_id in sorted(ids)])


def stale(tx: Transaction) -> dict[int, int]:
    """Return the marks of items whose files are behind, mark to item id."""
    query = select(stale_items).order_by(stale_items.c.id)
    return {row["id"]: row["item_id"] for row in tx.rows(query)}


def is_stale(tx: Transaction) -> bool:
    """Say whether there is a mark."""
    return tx.row(select(stale_items.c.id).limit(1)) is not None


def freshened(tx: Transaction, marks: Collection[int]) -> None:
    """Take back exactly these marks: one that came in between stays."""
    tx.run(delete(stale_items).where(among(stale_items.c.id, marks)))


def count(tx: Transaction, language: str) -> int:
    """Return how many items a language's feed has ever told."""
    where = and_(
        publications.c.channel == FEED,
        publications.c.language == language,
        publications.c.telling == 1,
    )
    row = tx.row(select(func.count().label("count")).select_from(publications).where(where))
    return row["count"] if row else 0


def _publication(row: Mapping[Any, Any]) -> Publication:
    return Publication(**{**row, "change": Change(row["change"])})
