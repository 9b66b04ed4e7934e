"""What newsletters have yet to look at: marks, so that an issue costs what is new.

    an item is new, or something about it changed --> tick --> a mark for each newsletter
    an issue goes to press --> the marks of what it told, or passed over for good, are taken back

An issue that waits for a translation is gated at every tick; without marks each of those would
look through the whole archive for what the ledger does not know.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, func, insert, literal, select, true

from store.database import Transaction
from store.tables import items, newsletters, offers
from store.values import among

_SINCE = items.c.created >= newsletters.c.since
#: The names of the frequencies beside the newsletter's own; both databases have this function.
_OTHER = func.json_each(newsletters.c.frequencies).table_valued("key")


def offer(tx: Transaction, ids: Collection[int]) -> None:
    """Have the newsletters look at these items, except those that began after an item came."""
    _mark(tx, among(items.c.id, ids))


def offer_all(tx: Transaction, newsletter: str) -> None:
    """Have a newsletter look at all that came since it began: it is new, or its rules are."""
    _mark(tx, newsletters.c.key == newsletter)


def _mark(tx: Transaction, where: ColumnElement[bool]) -> None:
    """Mark for each frequency by itself: what one has told, another has not."""
    own = select(newsletters.c.key, items.c.id, literal("")).join_from(newsletters, items, _SINCE)
    others = (
        select(newsletters.c.key, items.c.id, _OTHER.c.key)
        .join_from(newsletters, items, _SINCE)
        .join(_OTHER, true())
    )
    for news in (own, others):
        names = ["newsletter", "item_id", "frequency"]
        tx.run(insert(offers).from_select(names, news.where(where)))


def offered(tx: Transaction, newsletter: str, frequency: str = "") -> dict[int, int]:
    """Return the marks of a newsletter for its issues at a frequency, mark to item id."""
    query = select(offers.c.id, offers.c.item_id)
    query = query.where(offers.c.newsletter == newsletter, offers.c.frequency == frequency)
    return {row["id"]: row["item_id"] for row in tx.rows(query.order_by(offers.c.id))}


def take_back(tx: Transaction, marks: Collection[int]) -> None:
    """Take back exactly these marks: one that came in between stays."""
    tx.run(delete(offers).where(among(offers.c.id, marks)))
