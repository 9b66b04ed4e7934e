"""The ledger: what was told to which audience, in which language and revision.

Beside it stands a list that the ledger's writer keeps in the same transaction: which items
wait (holds).
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    FromClause,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    select,
)

from store.database import Transaction
from store.records import FEED, Change, Hold, Publication
from store.tables import feed_entries, holds, item_topics, publications
from store.values import among

_FIELDS = [column for column in publications.c if column.name != "id"]

#: What the ledger says of one audience's item: by (item id, language).
Standing = Mapping[tuple[int, str], Publication]


def _last_telling(row: FromClause, *, channel: str) -> ScalarSelect[int]:
    """Return a subquery: the id of what was told last of a row's item to the row's audience.

    Asked for each row by itself. As a join, PostgreSQL may read the whole ledger for it.
    """
    told = publications.alias("told")
    same = (told.c[name] == row.c[name] for name in ("item_id", "language"))
    query = select(told.c.id).where(*same, told.c.channel == channel)
    return query.order_by(told.c.telling.desc()).limit(1).correlate(row).scalar_subquery()


# Made once: SQLAlchemy takes longer to put them together than the database to answer them.
_entry, _last = feed_entries.alias("entry"), publications.alias("last")
_IN_FEED = (
    select(_entry.c.item_id)
    .where(_entry.c.language == bindparam("language"), _entry.c.topic == bindparam("topic"))
    .order_by(_entry.c.ordinal.desc())
)
_NEWEST = (
    _IN_FEED.select_from(_entry.join(_last, _last.c.id == _last_telling(_entry, channel=FEED)))
    .where(_last.c.change != Change.WITHDRAWAL)
    .limit(bindparam("limit"))
)
_BETWEEN = _IN_FEED.where(_entry.c.ordinal.between(bindparam("start"), bindparam("end")))
_ON_TOPIC = exists().where(
    item_topics.c.item_id == _entry.c.item_id, item_topics.c.topic == _entry.c.topic
)
# As a value: of an EXISTS, PostgreSQL may make a join that reads the whole feed.
_place = (
    select(_entry.c.ordinal)
    .where(
        _entry.c.item_id == publications.c.item_id,
        _entry.c.language == publications.c.language,
        _entry.c.topic == bindparam("topic"),
    )
    .correlate(publications)
    .scalar_subquery()
)
_ENDED = (
    select(*_FIELDS)
    .where(
        publications.c.language == bindparam("language"),
        publications.c.channel == FEED,
        publications.c.change == bindparam("change"),
        _place.is_not(None),
        publications.c.id == _last_telling(publications, channel=FEED),
    )
    .order_by(publications.c.told.desc(), publications.c.item_id.desc())
    .limit(bindparam("limit"))
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
    return _of(
        tx, select(*_FIELDS).where(where).order_by(publications.c.telling, publications.c.id)
    )


def newest(tx: Transaction, language: str, topic: str = "", *, limit: int) -> list[int]:
    """Return the ids of the items that a feed shows, newest first.

    Ordered by when an item was first told there: one that comes late, however old its date,
    stands on top, where readers look. What was taken back is not among them.
    """
    query = _NEWEST.where(_ON_TOPIC) if topic else _NEWEST
    rows = tx.rows(query.params(language=language, topic=topic, limit=limit))
    return [row["item_id"] for row in rows]


def between(tx: Transaction, language: str, topic: str = "", *, start: int, end: int) -> list[int]:
    """Return the ids of the items that stand in these places of a feed, newest first.

    What was withdrawn is among them.
    """
    query = _BETWEEN.where(_ON_TOPIC) if topic else _BETWEEN
    rows = tx.rows(query.params(language=language, topic=topic, start=start, end=end))
    return [row["item_id"] for row in rows]


def gone(tx: Transaction, language: str, topic: str = "", *, limit: int) -> list[Publication]:
    """Return what a feed no longer shows, or shows a notice of, newest first."""
    rows: list[Publication] = []
    # One by one, so that each is a walk along its index that ends at the limit. A topic's goes
    # through what its language took back, which is little beside the archive.
    for change in (Change.WITHDRAWAL, Change.RETRACTION):
        feed = {"language": language, "topic": topic}
        rows += _of(tx, _ENDED.params(**feed, change=change, limit=limit))
    return sorted(rows, key=lambda row: (row.told, row.item_id), reverse=True)[:limit]


def of_issue(tx: Transaction, issue_id: int) -> list[Publication]:
    """Return what an issue told, in its order."""
    where = publications.c.issue_id == issue_id
    return _of(tx, select(*_FIELDS).where(where).order_by(publications.c.id))


def put_holds(tx: Transaction, ids: Collection[int], rows: Sequence[Hold]) -> None:
    """Write that these items wait as ``rows`` say, and in no other language."""
    tx.run(delete(holds).where(among(holds.c.item_id, ids)))
    tx.run(insert(holds), [vars(row) for row in rows])


def held(tx: Transaction) -> list[Hold]:
    """Return all that waits."""
    query = select(holds).order_by(holds.c.item_id, holds.c.language)
    return [Hold(**row) for row in tx.rows(query)]


def _of(tx: Transaction, query: Select[Any]) -> list[Publication]:
    return [_publication(row) for row in tx.rows(query)]


def _publication(row: Mapping[Any, Any]) -> Publication:
    return Publication(**{**row, "change": Change(row["change"])})
