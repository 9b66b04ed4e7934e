"""Translations: the texts of items as they stand, those that the items began with among them."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import and_, insert, select, update

from store.database import Transaction
from store.errors import ConflictError
from store.records import Change, Text, Translation, Workflow
from store.tables import revisions, translations
from store.values import among

#: What is remembered of where a text came from; no matter of its record.
_BESIDE = {"origin", "source_fingerprint"}


def of(tx: Transaction, ids: Collection[int]) -> dict[int, dict[str, Translation]]:
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


def save(tx: Transaction, text: Translation, *, author: str, note: str = "") -> None:
    """Write a text as its item's newest revision in its language.

    ``note`` says, in the text's language, what a correction corrects.
    ``text.revision`` must be the next number: 1, or one more than the writer has read. Raises
    ConflictError when somebody else saved in between.
    """
    row = vars(text).copy()
    if text.revision == 1:
        saved = len(tx.insert_new(translations, [{**row, "origin": ""}], returning="item_id"))
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
