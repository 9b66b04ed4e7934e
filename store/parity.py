"""How texts stand to their sources: missing, outdated, current. In SQL, from digests.

    current    the source text; and a text whose origin is current, and as it was when the text
               was made from it (relay translation: fr from es from en)
    outdated   every other text: its origin has changed since, or it leads to no source
    missing    no text

:func:`publisher.freshness.freshness` says the same of values. A page costs what it looks at,
not what the archive holds.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, exists, func, or_, select

from store.database import Transaction
from store.records import Freshness, Parity, Stand
from store.tables import items, translations

#: Ids that a page looks at first.
_WINDOW = 1000

_TEXT = translations.alias("text")
_SOURCE = translations.alias("source")


def _leads_to_source() -> ColumnElement[bool]:
    """Return whether a text goes back to its item's source, each link as it was then."""
    first, further = translations.alias("first"), translations.alias("further")
    link = ("language", "made_from", "source_digest")
    # Nested, since it is about the row that is looked at: nothing is computed for others. UNION
    # drops what was there before, so that texts made from one another come to an end.
    origins = (
        select(*(first.c[name] for name in link))
        .where(
            first.c.item_id == _TEXT.c.item_id,
            first.c.language == _TEXT.c.made_from,
            first.c.digest == _TEXT.c.source_digest,
        )
        .correlate(_TEXT)
        .cte("origins", recursive=True, nesting=True)
    )
    onward = and_(
        further.c.item_id == _TEXT.c.item_id,
        further.c.language == origins.c.made_from,
        further.c.digest == origins.c.source_digest,
    )
    next_link = select(*(further.c[name] for name in link)).where(onward).correlate(_TEXT)
    origins = origins.union(next_link.select_from(further, origins))
    reached = select(origins.c.language).where(origins.c.language == items.c.source_language)
    return exists(reached.correlate(items, _TEXT))


#: How the row of _TEXT stands, beside its item and the source text of that. Most texts are made
#: from the source text: only relays go the longer way.
_FRESHNESS = case(
    (_TEXT.c.item_id.is_(None), Freshness.MISSING.value),
    (_TEXT.c.language == items.c.source_language, Freshness.CURRENT.value),
    (
        _TEXT.c.made_from == items.c.source_language,
        case(
            (_SOURCE.c.digest == _TEXT.c.source_digest, Freshness.CURRENT.value),
            else_=Freshness.OUTDATED.value,
        ),
    ),
    (_leads_to_source(), Freshness.CURRENT.value),
    else_=Freshness.OUTDATED.value,
)


def _with_source(texts: FromClause) -> FromClause:
    is_source = and_(_SOURCE.c.item_id == items.c.id, _SOURCE.c.language == items.c.source_language)
    return texts.outerjoin(_SOURCE, is_source)


def _in(language: str, states: Collection[Freshness]) -> Select[tuple[int, str]]:
    """Return a query: the items that stand so in a language."""
    mine = and_(_TEXT.c.item_id == items.c.id, _TEXT.c.language == language)
    return (
        select(items.c.id, _FRESHNESS.label("freshness"))
        .select_from(_with_source(items.outerjoin(_TEXT, mine)))
        .where(_FRESHNESS.in_([state.value for state in states]))
    )


def ids(language: str, state: Freshness) -> Select[tuple[int]]:
    """Return a query: the ids of the items that stand so in a language."""
    return _in(language, [state]).with_only_columns(items.c.id)


def page(
    tx: Transaction, language: str, states: Collection[Freshness], *, after: int = 0, limit: int
) -> list[Stand]:
    """Return how items stand in a language, by id, as far as they stand in one of these ways.

    At most ``limit`` of those above the id ``after``: the last id of a page gives the next.
    """
    newest = tx.row(select(func.max(items.c.id).label("id")))
    last, width = (newest["id"] or 0) if newest else 0, max(_WINDOW, limit)
    found: list[Stand] = []
    # Window by window, each twice as wide: without an upper bound PostgreSQL joins all there is.
    while len(found) < limit and after < last:
        window = items.c.id.between(after + 1, after + width)
        query = _in(language, states).where(window).order_by(items.c.id).limit(limit - len(found))
        found += [_stand(row, language) for row in tx.rows(query)]
        after, width = after + width, 2 * width
    return found


def _stand(row: Mapping[Any, Any], language: str) -> Stand:
    return Stand(item_id=row["id"], language=language, freshness=Freshness(row["freshness"]))


def in_sight(now: datetime, since: datetime | None) -> ColumnElement[bool]:
    """Return the condition: an item is under no embargo, and entered the store ``since`` then."""
    free = or_(items.c.embargo.is_(None), items.c.embargo <= now)
    return free if since is None else and_(free, items.c.created >= since)


def count(
    tx: Transaction, languages: Sequence[str], *, now: datetime, since: datetime | None = None
) -> list[Parity]:
    """Return how the items in sight stand in each of these languages."""
    seen = in_sight(now, since)
    row = tx.row(select(func.count().label("items")).select_from(items).where(seen))
    total = row["items"] if row else 0
    found = {(row["language"], row["freshness"]): row["count"] for row in tx.rows(_counts(seen))}
    return [
        Parity(
            language=language,
            items=total,
            missing=total - sum(found.get((language, state.value), 0) for state in Freshness),
            outdated=found.get((language, Freshness.OUTDATED.value), 0),
            current=found.get((language, Freshness.CURRENT.value), 0),
        )
        for language in languages
    ]


def _counts(seen: ColumnElement[bool]) -> Select[tuple[str, str, int]]:
    texts = items.join(_TEXT, _TEXT.c.item_id == items.c.id)
    each = (
        select(_TEXT.c.language, _FRESHNESS.label("freshness"))
        .select_from(_with_source(texts))
        .where(seen)
        .subquery()
    )
    return select(each.c.language, each.c.freshness, func.count().label("count")).group_by(
        each.c.language, each.c.freshness
    )
