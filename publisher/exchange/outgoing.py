"""What goes out to translators: a file for each item and language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from publisher.config import Config
from publisher.errors import InputError, NotFoundError
from publisher.exchange import files, markdown, po, xliff
from publisher.exchange.basis import Case, cases, sheet_of, ticket_of
from publisher.exchange.wanted import Order, candidates, parent_of, refuse_impossible, why_not
from publisher.freshness import Freshness, freshness
from store import items, revisions, topics
from store.database import Database
from store.records import Topic


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A file that went out."""

    item: int
    language: str
    #: The language that the text is made from, or to be made from.
    source_language: str
    freshness: Freshness
    path: Path


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """An item that did not go out, and why."""

    item: int
    reason: str


@dataclass(kw_only=True)
class Outcome:
    """What went out, and what did not."""

    files: list[Sent] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Where files go."""

    folder: Path
    #: Whether a file takes the place of another one of its name.
    overwrite: bool = False

    def put(self, case: Case, language: str, parent: str, suffix: str, text: str) -> Sent:
        """Write the file of a text. Raises InputError where another one is in the way."""
        item = case.item
        leading = case.texts.get(item.source_language)
        name = files.name(item.id, leading.slug if leading else "", language, suffix)
        files.write(self.folder / name, text, overwrite=self.overwrite)
        return Sent(
            item=item.id,
            language=language,
            source_language=parent,
            freshness=freshness(item, case.texts, language),
            path=self.folder / name,
        )


def export(database: Database, config: Config, order: Order, shelf: Shelf) -> Outcome:
    """Write what is ordered, by default what is missing or outdated in a language.

    Raises InputError for an order that cannot be met, NotFoundError for an unknown item.
    """
    refuse_impossible(order, config)
    outcome = Outcome()
    for case in candidates(database, order):
        reason = why_not(case, order)
        if reason is None:
            try:
                outcome.files += _send(database, case, order, shelf)
            except InputError as error:
                reason = str(error)
        if reason:
            outcome.skipped.append(Skipped(item=case.item.id, reason=reason))
    return outcome


def export_item(
    database: Database, item_id: int, shelf: Shelf, *, language: str | None = None
) -> list[Sent]:
    """Write an item's texts, or the one in a language, as Markdown files.

    Raises InputError where another file is in the way, NotFoundError where there is no text.
    """
    with database.read() as tx:
        (case,) = cases(tx, [items.get(tx, item_id)])
        names = {topic.key: topic for topic in topics.listing(tx)}
    wanted = [tag for tag in case.texts if language in {None, tag}]
    if not wanted:
        raise NotFoundError(f"text of item {item_id} in", language)
    return [_send_markdown(case, tag, names, shelf) for tag in wanted]


def _send(database: Database, case: Case, order: Order, shelf: Shelf) -> list[Sent]:
    parent = parent_of(case, order)
    with database.read() as tx:
        if order.format == "markdown":
            names = {topic.key: topic for topic in topics.listing(tx)}
            tags = [tag for tag in (parent, order.language) if tag in case.texts]
            return [
                _send_markdown(case, tag, names, shelf, to_work_on=tag == order.language)
                for tag in tags
            ]
        marks = revisions.marks(tx, [case.item.id])[case.item.id]
        ticket = ticket_of(case, marks, order.language, parent)
        form = po if order.format == "po" else xliff
        text = form.write(sheet_of(tx, case.item, ticket), ticket)
    return [shelf.put(case, order.language, parent, form.SUFFIX, text)]


def _send_markdown(
    case: Case,
    language: str,
    names: Mapping[str, Topic],
    shelf: Shelf,
    *,
    to_work_on: bool = False,
) -> Sent:
    text = case.texts[language]
    written = markdown.write(case.item, text, names, to_work_on=to_work_on)
    return shelf.put(case, language, text.made_from or language, markdown.SUFFIX, written)
