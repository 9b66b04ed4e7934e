"""Items, their translations and every revision of those."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, collate, delete, func, insert, or_, select, update

from store import parity
from store.database import Transaction
from store.errors import ConflictError, NotFoundError
from store.records import Change, Freshness, Item, Kind, Mark, Place, Text, Translation, Workflow
from store.tables import item_topics, items, revisions, translations
from store.values import among

#: Comes after all characters that may stand in a text: a noncharacter, the last there is.
_LAST = "\U0010ffff"

#: What is remembered of where a text came from; no matter of its record.
_BESIDE = {"origin", "source_fingerprint"}

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


def came_from(
    tx: Transaction, item_id: int, language: str, *, origin: str, fingerprint: str
) -> None:
    """Remember what a text came as, and from which place; who names none takes none away."""
    values = {"source_fingerprint": fingerprint, **({"origin": origin} if origin else {})}
    mine = (translations.c.item_id == item_id) & (translations.c.language == language)
    news = or_(*(translations.c[name] != value for name, value in values.items()))
    tx.run(update(translations).where(mine, news).values(**values))


def fingerprints(tx: Transaction, item_id: int) -> dict[str, str]:
    """Return what an item's texts came as, by language; empty for one that came from nowhere."""
    query = select(translations.c.language, translations.c.source_fingerprint)
    rows = tx.rows(query.where(translations.c.item_id == item_id))
    return {row["language"]: row["source_fingerprint"] for row in rows}


def below(tx: Transaction, scope: str) -> Iterator[Place]:
    """Yield where texts came from, of those whose origin begins with ``scope``.

    In no order that can be relied on; without those that were withdrawn or retracted here.
    """
    origin = translations.c.origin
    # A range, not LIKE: on SQLite that knows no case, and there the index answers a range.
    # PostgreSQL orders by the rules of a language unless told otherwise.
    ordered = collate(origin, "C") if tx.on_postgresql else origin
    query = select(*(translations.c[name] for name in Place.__dataclass_fields__)).where(
        ordered >= scope,
        ordered < scope + _LAST,
        translations.c.workflow != Workflow.WITHDRAWN,
        translations.c.change != Change.RETRACTION,
    )
    for row in tx.each(query):
        yield Place(**row)


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


def texts(tx: Transaction, ids: Collection[int]) -> dict[int, dict[str, Translation]]:
    """Return the texts of these items as they stand, by item and language."""
    query = select(translations).where(among(translations.c.item_id, ids))
    found: dict[int, dict[str, Translation]] = {item_id: {} for item_id in ids}
    for row in tx.rows(query.order_by(translations.c.language)):
        record = _translation(row)
        found[record.item_id][record.language] = record
    return found


def _translation(row: Mapping[Any, Any]) -> Translation:
    fields = {name: value for name, value in row.items() if name not in _BESIDE}
    typed = {"workflow": Workflow(row["workflow"]), "change": Change(row["change"])}
    return Translation(**{**fields, **typed})


def counts(tx: Transaction) -> tuple[int, int]:
    """Return how many items and how many texts there are."""
    query = select(
        select(func.count()).select_from(items).scalar_subquery().label("items"),
        select(func.count()).select_from(translations).scalar_subquery().label("texts"),
    )
    row = tx.row(query)
    return (row["items"], row["texts"]) if row else (0, 0)


def save(tx: Transaction, text: Translation, *, author: str, note: str = "") -> None:
    """Write a text as its item's newest revision in its language.

    ``note`` says, in the text's language, what a correction corrects.
    ``text.revision`` must be the next number: 1, or one more than the writer has read. Raises
    ConflictError when somebody else saved in between.
    """
    row = vars(text).copy()
    if text.revision == 1:
        row["origin"] = ""
    if text.revision == 1:
        saved = len(tx.insert_new(translations, [row], returning="item_id"))
    else:
        mine = (translations.c.item_id == text.item_id) & (translations.c.language == text.language)
        before = translations.c.revision == text.revision - 1
        saved = tx.run(update(translations).where(mine, before).values(**row))
    if saved != 1:
        raise _changed(text)
    words = {name: row[name] for name in Text.__dataclass_fields__}
    where = {"item_id": text.item_id, "language": text.language, "number": text.revision}
    _carry(tx, text)
    told = {"author": author, "change": text.change, "note": note, "saved": text.updated}
    tx.run(insert(revisions).values(**where, **words, **told, digest=text.digest))


def _changed(text: Translation) -> ConflictError:
    return ConflictError(
        f"item {text.item_id} in {text.language} was changed by somebody else; "
        "read it again and repeat the change"
    )


def _carry(tx: Transaction, text: Translation) -> None:
    """Keep current what was made from a text that has had only a minor edit."""
    if text.change is not Change.MINOR:
        return
    before = select(revisions.c.digest).where(
        revisions.c.item_id == text.item_id,
        revisions.c.language == text.language,
        revisions.c.number == text.revision - 1,
    )
    made_from_it = and_(
        translations.c.item_id == text.item_id,
        translations.c.made_from == text.language,
        translations.c.language != text.language,
        translations.c.source_digest == before.scalar_subquery(),
    )
    tx.run(update(translations).where(made_from_it).values(source_digest=text.digest))


def marks(tx: Transaction, ids: Collection[int]) -> dict[int, list[Mark]]:
    """Return what is remembered of every revision of these items, oldest first, by item."""
    fields = [revisions.c[name] for name in Mark.__dataclass_fields__]
    query = select(*fields).where(among(revisions.c.item_id, ids))
    found: dict[int, list[Mark]] = {item_id: [] for item_id in ids}
    for row in tx.rows(query.order_by(revisions.c.item_id, revisions.c.number)):
        found[row["item_id"]].append(Mark(**{**row, "change": Change(row["change"])}))
    return found


def annotate(tx: Transaction, text: Translation) -> None:
    """Write what stands beside a text (workflow, dates, source digest): no new revision.

    Raises ConflictError when the text has another revision by now: what was decided about one
    wording, such as an approval, is not decided about the next.
    """
    mine = and_(
        translations.c.item_id == text.item_id,
        translations.c.language == text.language,
        translations.c.revision == text.revision,
    )
    values = {
        "workflow": text.workflow,
        "source_digest": text.source_digest,
        "made_from": text.made_from,
        "dated": text.dated,
        "updated": text.updated,
        "approved": text.approved,
    }
    if tx.run(update(translations).where(mine).values(**values)) != 1:
        raise _changed(text)


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


def look(tx: Transaction, item_id: int, at: datetime | None) -> None:
    """Have the tick look at an item at an instant, or (None) only when something changes."""
    tx.run(update(items).where(items.c.id == item_id).values(look_at=at))


def due(tx: Transaction, now: datetime, *, limit: int) -> list[int]:
    """Return the ids of the items to look at by now; on PostgreSQL, locked for this transaction."""
    query = select(items.c.id).where(items.c.look_at <= now).order_by(items.c.look_at, items.c.id)
    rows = tx.rows(query.limit(limit).with_for_update())
    return [row["id"] for row in rows]
