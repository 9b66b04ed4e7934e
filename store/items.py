"""Items, whichever languages they are in."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from store import parity
from store.database import Transaction
from store.errors import NotFoundError
from store.records import Freshness, Item, Kind, Workflow
from store.tables import item_topics, items, translations
from store.values import among

_ITEM = [column for column in items.c if column.name != "look_at"]


def add(tx: Transaction, *, tag_prefix: str, **fields: Any) -> Item:  # noqa: ANN401
    """Add an item from the fields of :class:`store.records.Item` except id and tag.

    Its tag is minted from the prefix and its new id. Raises ConflictError for a key in use.
    """
    topics = fields.pop("topics")
    # The tag holds the id, which the database gives: a placeholder that is as unique as the key,
    # and no tag, since a source may use our tags as its keys.
    placeholder = f"of {fields['key']}"
    row = tx.row(insert(items).values(**fields, tag=placeholder).returning(items.c.id))
    assert row is not None  # noqa: S101  (an INSERT that raised nothing returned its id)
    tag = f"{tag_prefix}/{row['id']}"
    tx.run(update(items).where(items.c.id == row["id"]).values(tag=tag))
    _put_topics(tx, row["id"], topics)
    return get(tx, row["id"])


def change(tx: Transaction, item_id: int, *, topics: Iterable[str], **fields: Any) -> None:  # noqa: ANN401
    """Give an item these topics and these other fields."""
    tx.run(update(items).where(items.c.id == item_id).values(**fields))
    tx.run(delete(item_topics).where(item_topics.c.item_id == item_id))
    _put_topics(tx, item_id, topics)


def embargo(tx: Transaction, item_id: int, until: datetime | None) -> None:
    """Set an item's embargo, or (None) lift it."""
    tx.run(update(items).where(items.c.id == item_id).values(embargo=until))


def _put_topics(tx: Transaction, item_id: int, topics: Iterable[str]) -> None:
    tx.run(insert(item_topics), [{"item_id": item_id, "topic": topic} for topic in topics])


def get(tx: Transaction, item_id: int) -> Item:
    """Return an item. Raises NotFoundError."""
    found = many(tx, [item_id])
    if not found:
        raise NotFoundError("item", item_id)
    return found[item_id]


def many(tx: Transaction, ids: Collection[int]) -> dict[int, Item]:
    """Return the items of these ids that exist, by id."""
    rows = tx.rows(select(*_ITEM).where(among(items.c.id, ids)))
    found = _with_topics(tx, rows, among(item_topics.c.item_id, [row["id"] for row in rows]))
    return {item.id: item for item in found}


def by_key(tx: Transaction, key: str) -> Item | None:
    """Return the item that this key of the source stands for."""
    return _first(tx, items.c.key == key)


def by_tag(tx: Transaction, tag: str) -> Item | None:
    """Return the item of a tag URI."""
    return _first(tx, items.c.tag == tag)


def by_origin(tx: Transaction, origin: str) -> Item | None:
    """Return the item that one of its texts came from this place for."""
    found = select(translations.c.item_id).where(translations.c.origin == origin).limit(1)
    return _first(tx, items.c.id.in_(found))


def look_at_all(tx: Transaction, now: datetime) -> None:
    """Have the tick look at every item: what decides has changed, not the items."""
    tx.run(update(items).values(look_at=now))


def listing(
    tx: Transaction,
    *,
    language: str | None = None,
    workflow: Workflow | None = None,
    freshness: Freshness | None = None,
) -> list[Item]:
    """Return items by id: all, or those with a text in a language, in a state, or both.

    With ``freshness`` those that stand so in the language, which may be without a text.
    """
    query = select(*_ITEM).order_by(items.c.id)
    if language and freshness:
        query = query.where(items.c.id.in_(parity.ids(language, freshness)))
    if workflow or (language and not freshness):
        text = select(translations.c.item_id)
        if language:
            text = text.where(translations.c.language == language)
        if workflow:
            text = text.where(translations.c.workflow == workflow)
        query = query.where(items.c.id.in_(text))
    chosen = select(query.order_by(None).subquery().c.id)
    return _with_topics(tx, tx.rows(query), item_topics.c.item_id.in_(chosen))


def _first(tx: Transaction, condition: ColumnElement[bool]) -> Item | None:
    row = tx.row(select(items.c.id).where(condition).limit(1))
    return many(tx, [row["id"]])[row["id"]] if row else None


def _with_topics(
    tx: Transaction, rows: Sequence[Mapping[Any, Any]], mine: ColumnElement[bool]
) -> list[Item]:
    """Return rows as items; ``mine`` says which topics are theirs."""
    if not rows:
        return []
    topics = defaultdict(list)
    for pair in tx.rows(select(item_topics).where(mine).order_by(item_topics.c.topic)):
        topics[pair["item_id"]].append(pair["topic"])
    return [
        Item(**{**row, "kind": Kind(row["kind"])}, topics=tuple(topics[row["id"]])) for row in rows
    ]


def on_topic(tx: Transaction, topic: str) -> list[int]:
    """Return the ids of the items on a topic."""
    query = select(item_topics.c.item_id).where(item_topics.c.topic == topic)
    return [row["item_id"] for row in tx.rows(query.order_by(item_topics.c.item_id))]


def counts(tx: Transaction) -> tuple[int, int]:
    """Return how many items and how many texts there are."""
    query = select(
        select(func.count()).select_from(items).scalar_subquery().label("items"),
        select(func.count()).select_from(translations).scalar_subquery().label("texts"),
    )
    row = tx.row(query)
    return (row["items"], row["texts"]) if row else (0, 0)


def look(tx: Transaction, item_id: int, at: datetime | None) -> None:
    """Have the tick look at an item at an instant, or (None) only when something changes."""
    tx.run(update(items).where(items.c.id == item_id).values(look_at=at))


def due(tx: Transaction, now: datetime, *, limit: int) -> list[int]:
    """Return the ids of the items to look at by now; on PostgreSQL, locked for this transaction."""
    query = select(items.c.id).where(items.c.look_at <= now).order_by(items.c.look_at, items.c.id)
    rows = tx.rows(query.limit(limit).with_for_update())
    return [row["id"] for row in rows]
