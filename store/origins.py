"""Where texts came from, and as what: for who imports the same again."""

from collections.abc import Iterator

from sqlalchemy import collate, or_, select, update

from store.database import Transaction
from store.records import Change, Place, Workflow
from store.tables import translations

#: Comes after all characters that may stand in a text: a noncharacter, the last there is.
_LAST = "\U0010ffff"


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
