"""The order of feeds: which item was the first, the second, the third that readers were told.

One feed is of a language, another of a topic in it. A place is given once: what is withdrawn
leaves a gap, and an item that loses the topic keeps its place, so that the archive of a feed
never shifts (RFC 5005, 4).
"""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import bindparam, func, insert, literal, select, union_all

from store.database import Transaction
from store.records import FeedEntry
from store.tables import feed_entries, topics
from store.values import among

#: A feed: its language and its topic, "" for all news of the language.
Feed = tuple[str, str]

_FIELDS = list(feed_entries.c)
_LAST = (
    select(feed_entries.c.ordinal)
    .where(
        feed_entries.c.language == bindparam("language"), feed_entries.c.topic == bindparam("topic")
    )
    .order_by(feed_entries.c.ordinal.desc())
    .limit(1)
)

# Of each feed a step down the index: MAX for each group would walk all of it.
_keys = union_all(select(literal("").label("key")), select(topics.c.key)).subquery("keys")
_end = (
    select(feed_entries.c.ordinal)
    .where(feed_entries.c.language == bindparam("language"), feed_entries.c.topic == _keys.c.key)
    .order_by(feed_entries.c.ordinal.desc())
    .limit(1)
    .correlate(_keys)
    .scalar_subquery()
)
_ENDS = select(_keys.c.key, _end.label("ordinal")).order_by(_keys.c.key)


def append(tx: Transaction, places: Iterable[tuple[Feed, int]]) -> list[FeedEntry]:
    """Put items (by id) at the ends of feeds, in this order; return where they stand now."""
    tx.queue("entries")
    ends: dict[Feed, int] = {}
    rows = []
    for feed, item_id in places:
        ends[feed] = ends.get(feed) or last(tx, feed)
        ends[feed] += 1
        language, topic = feed
        rows.append(FeedEntry(language=language, topic=topic, ordinal=ends[feed], item_id=item_id))
    tx.run(insert(feed_entries), [vars(row) for row in rows])
    return rows


def last(tx: Transaction, feed: Feed) -> int:
    """Return the newest place of a feed, 0 for one that has told nothing."""
    language, topic = feed
    row = tx.row(_LAST.params(language=language, topic=topic))
    return row["ordinal"] if row else 0


def of_items(tx: Transaction, ids: Collection[int]) -> list[FeedEntry]:
    """Return all places of these items."""
    query = select(*_FIELDS).where(among(feed_entries.c.item_id, ids))
    return [FeedEntry(**row) for row in tx.rows(query.order_by(*_FIELDS))]


def held(tx: Transaction, first: int, last: int) -> set[int]:
    """Return the ids from ``first`` to ``last`` of items that have a place in any feed."""
    item_id = feed_entries.c.item_id
    query = select(item_id).where(item_id.between(first, last)).distinct()
    return {row["item_id"] for row in tx.rows(query)}


def on_topic(tx: Transaction, topic: str) -> list[int]:
    """Return the ids of the items that have a place in a feed of a topic."""
    query = select(feed_entries.c.item_id).where(feed_entries.c.topic == topic).distinct()
    return [row["item_id"] for row in tx.rows(query.order_by(feed_entries.c.item_id))]


def languages(tx: Transaction) -> set[str]:
    """Return the languages that have ever told something, also those that the site has no more."""
    return {row["language"] for row in tx.rows(select(feed_entries.c.language).distinct())}


def ends(tx: Transaction, languages: Collection[str]) -> Mapping[Feed, int]:
    """Return the newest place of every feed of these languages that has told something."""
    return {
        (language, row["key"]): row["ordinal"]
        for language in languages
        for row in tx.rows(_ENDS.params(language=language))
        if row["ordinal"]
    }


def parts(tx: Transaction, *, size: int) -> list[int]:
    """Return which parts of ``size`` item ids, from 1 on, hold an item that stands in a feed."""
    # From one part to the next by the index: the distinct parts of all rows would be a walk.
    item_id = feed_entries.c.item_id
    first = select(func.min(item_id).label("item_id")).cte("first", recursive=True)
    end = ((first.c.item_id - 1) // size + 1) * size
    following = select(func.min(item_id)).where(item_id > end).correlate(first).scalar_subquery()
    found = first.union_all(select(following).where(first.c.item_id.is_not(None)))
    query = select(found.c.item_id).where(found.c.item_id.is_not(None))
    return [(row["item_id"] - 1) // size + 1 for row in tx.rows(query)]
