"""From what the store keeps to a ticket, and from a ticket to the sheet that it stands for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from publisher.errors import InputError
from publisher.exchange.sheet import Sheet, sheet
from publisher.exchange.ticket import AGAIN, Ticket
from publisher.freshness import digest
from store import revisions, translations
from store.database import Transaction
from store.records import Item, Mark, Text, Translation


@dataclass(frozen=True, kw_only=True)
class Case:
    """An item with its texts as they stand."""

    item: Item
    texts: Mapping[str, Translation]


def cases(tx: Transaction, found: Sequence[Item]) -> Iterator[Case]:
    """Yield items with their texts."""
    texts = translations.of(tx, [item.id for item in found])
    for item in found:
        yield Case(item=item, texts=texts[item.id])


def ticket_of(case: Case, marks: Sequence[Mark], language: str, parent: str) -> Ticket:
    """Return the ticket of a text as it stands, to be made from its parent as that stands. Pure."""
    source, target = case.texts[parent], case.texts.get(language)
    of_it = target if target and target.made_from == parent else None
    return Ticket(
        item=case.item.tag,
        source_language=parent,
        source_revision=source.revision,
        source_digest=source.digest,
        target_language=language,
        target_revision=target.revision if target else 0,
        target_workflow=of_it.workflow.value if of_it else "none",
        previous_revision=_made_of(of_it, marks) if of_it else 0,
    )


def _made_of(text: Translation, marks: Sequence[Mark]) -> int:
    """Return the newest revision that a text may have been made from, 0 where nobody knows."""
    wanted = (text.made_from, text.source_digest)
    numbers = [mark.number for mark in marks if (mark.language, mark.digest) == wanted]
    return max(numbers, default=0) if text.source_digest else 0


def sheet_of(tx: Transaction, item: Item, ticket: Ticket) -> Sheet:
    """Return the sheet that a ticket stands for. Raises InputError where it stands for none."""
    source = _revision(tx, item, ticket.source_language, ticket.source_revision)
    target = _revision(tx, item, ticket.target_language, ticket.target_revision)
    previous = _revision(tx, item, ticket.source_language, ticket.previous_revision)
    if source is None or digest(source) != ticket.source_digest:
        where = f"revision {ticket.source_revision} in {ticket.source_language}"
        raise InputError("source-digest", f"is not that of {where}: it was changed; {AGAIN}")
    return sheet(source, target, previous, begun=ticket.begun)


def _revision(tx: Transaction, item: Item, language: str, number: int) -> Text | None:
    """Return the words of a revision, None for number 0."""
    if not number:
        return None
    key = (item.id, language, number)
    found = revisions.words(tx, {key}).get(key)
    if found is None:
        raise InputError(
            "ticket", f"item {item.id} has no revision {number} in {language}; {AGAIN}"
        )
    return found
