"""Figures over items and the ledger, for reports. Of items only, never of persons."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select

from store.database import Transaction
from store.parity import in_sight
from store.records import FEED, Change, Lag, Reach
from store.tables import items, publications

#: Items whose lags are in memory at once.
_CHUNK = 5000

_LATER = publications.alias("later")

#: Words that readers of feeds and pages still see, or saw: no notices that something is gone.
_SHOWN = and_(
    publications.c.channel == FEED,
    publications.c.change.not_in((Change.RETRACTION, Change.WITHDRAWAL)),
)


def reach(tx: Transaction, *, now: datetime, since: datetime | None = None) -> dict[str, Reach]:
    """Return what readers of feeds and pages see of the items in sight, by their language.

    The last telling of an item counts.
    """
    told_later = exists().where(
        _LATER.c.item_id == publications.c.item_id,
        _LATER.c.language == publications.c.language,
        _LATER.c.channel == publications.c.channel,
        _LATER.c.telling > publications.c.telling,
    )
    is_fallback = case((publications.c.shown_language != publications.c.language, 1), else_=0)
    query = (
        select(
            publications.c.language,
            func.count().label("published"),
            func.sum(is_fallback).label("fallbacks"),
        )
        .select_from(publications.join(items, items.c.id == publications.c.item_id))
        .where(_SHOWN, ~told_later, in_sight(now, since))
        .group_by(publications.c.language)
    )
    return {row["language"]: Reach(**row) for row in tx.rows(query)}


def lags(
    tx: Transaction, *, now: datetime, since: datetime | None = None, chunk: int = _CHUNK
) -> Iterator[Lag]:
    """Yield when each item in sight was first told in each language that it was translated to.

    Only what was told in the language of the source as well. A fallback is not told in the
    language of its audience, and does not count. ``chunk`` items are in memory at once.
    """
    last = 0
    while ids := _ids(tx, after=last, seen=in_sight(now, since), limit=chunk):
        first, last = ids[0], ids[-1]
        seen = and_(publications.c.item_id.between(first, last), in_sight(now, since))
        yield from (Lag(**row) for row in tx.rows(_lags(seen)))


def _lags(seen: ColumnElement[bool]) -> Select[tuple[str, datetime, datetime]]:
    first = (
        select(
            publications.c.item_id,
            publications.c.language,
            items.c.source_language,
            func.min(publications.c.told).label("told"),
        )
        .select_from(publications.join(items, items.c.id == publications.c.item_id))
        .where(_SHOWN, publications.c.shown_language == publications.c.language, seen)
        .group_by(publications.c.item_id, publications.c.language, items.c.source_language)
        .subquery()
    )
    # Not a join of these with themselves: of what is grouped PostgreSQL knows too little to
    # join it well.
    of_source = case((first.c.language == first.c.source_language, first.c.told))
    source_told = func.min(of_source).over(partition_by=first.c.item_id)
    pairs = select(*first.c, source_told.label("source_told")).subquery()
    return select(pairs.c.language, pairs.c.told, pairs.c.source_told).where(
        pairs.c.language != pairs.c.source_language, pairs.c.source_told.is_not(None)
    )


def _ids(tx: Transaction, *, after: int, seen: ColumnElement[bool], limit: int) -> list[int]:
    query = select(items.c.id).where(items.c.id > after, seen).order_by(items.c.id)
    return [row["id"] for row in tx.rows(query.limit(limit))]
