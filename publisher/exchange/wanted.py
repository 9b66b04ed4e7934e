"""Which items go out to translators, and which do not, and why."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from publisher import languages
from publisher.config import Config
from publisher.errors import InputError, NotFoundError
from publisher.exchange.basis import Case, cases
from publisher.freshness import Freshness, freshness
from publisher.ingest.decide import refuse_circle
from store import items, parity
from store.database import Database
from store.records import Workflow

FORMATS = ("xliff", "po", "markdown")

#: Items that are read at once.
BATCH = 100


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is asked for."""

    #: The language to translate into.
    language: str
    format: str
    #: The language to translate from, where it is not the one that each text is made from.
    made_from: str | None = None
    #: Only these items; None for all.
    ids: Collection[int] | None = None
    #: Whether what is current goes out as well.
    everything: bool = False


def refuse_impossible(order: Order, config: Config) -> None:
    """Raise InputError for an order that no item can meet."""
    if order.format not in FORMATS:
        raise InputError("format", f"{order.format!r} is none of {', '.join(FORMATS)}")
    site = config.site.languages
    for name, language in (("language", order.language), ("from", order.made_from)):
        if language is not None and language not in site:
            raise InputError(name, languages.foreign(language, site))
    if order.made_from == order.language:
        raise InputError("from", f"{order.language} is not translated from itself")


def candidates(database: Database, order: Order) -> Iterator[Case]:
    """Yield the items to look at, some at a time. Raises NotFoundError for an unknown one."""
    if order.ids is not None:
        with database.read() as tx:
            found = items.many(tx, order.ids)
            for item_id in order.ids:
                if item_id not in found:
                    raise NotFoundError("item", item_id)
            chosen = list(cases(tx, [found[item_id] for item_id in dict.fromkeys(order.ids)]))
        yield from chosen
        return
    after: int | None = 0
    while after is not None:
        with database.read() as tx:
            page = parity.page(tx, order.language, _states(order), after=after, limit=BATCH)
            found = items.many(tx, [stand.item_id for stand in page])
            chosen = list(cases(tx, [found[stand.item_id] for stand in page]))
        yield from chosen
        after = page[-1].item_id if len(page) == BATCH else None


def _states(order: Order) -> tuple[Freshness, ...]:
    return tuple(Freshness) if order.everything else (Freshness.MISSING, Freshness.OUTDATED)


def parent_of(case: Case, order: Order) -> str:
    """Return the language that an item is translated from. Pure."""
    target = case.texts.get(order.language)
    if order.made_from:
        return order.made_from
    return target.made_from if target and target.made_from in case.texts else _source(case)


def _source(case: Case) -> str:
    return case.item.source_language


def why_not(case: Case, order: Order) -> str | None:
    """Return why an item does not go out, None where it does. Pure.

    Empty where nobody would expect it to.
    """
    named = order.ids is not None
    if order.language == _source(case):
        return f"was written in {order.language}" if named else ""
    if not order.everything and _fresh(case, order.language):
        return f"misses nothing in {order.language}; --all exports it" if named else ""
    parent = parent_of(case, order)
    if parent not in case.texts:
        return f"has no text in {parent}"
    return _why_not_from(case, order, parent)


def _why_not_from(case: Case, order: Order, parent: str) -> str | None:
    try:
        refuse_circle(order.language, parent, case.item, case.texts)
    except InputError as error:
        return error.reason
    if order.everything:
        return None
    if case.texts[parent].workflow is Workflow.WITHDRAWN:
        return f"its text in {parent} is withdrawn" if order.ids is not None else ""
    return None if _fresh(case, parent) else f"its text in {parent} is outdated: that comes first"


def _fresh(case: Case, language: str) -> bool:
    return freshness(case.item, case.texts, language) is Freshness.CURRENT
