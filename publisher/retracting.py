"""Retract: an item is taken back before everybody, and a notice takes the place of its text."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from publisher import characters, languages
from publisher.config import Config
from publisher.editing import text_in
from publisher.errors import InputError
from publisher.freshness import digest
from publisher.ingest.decide import words_of
from publisher.ingest.limits import refuse_unfit_words
from store import items, publications, revisions, translations
from store.database import Database, Transaction
from store.records import FEED, Change, Item, Text, Translation, Workflow


def retract(
    database: Database,
    config: Config,
    item_id: int,
    notes: Mapping[str, str],
    *,
    author: str,
    now: datetime,
) -> Item:
    """Take an item back before everybody: a notice takes the place of its text.

    ``notes`` say why, by language (empty: the source's); the source text is retracted in any
    case, and with it whatever was made from it. Nobody has to approve it. Raises InputError
    and NotFoundError.
    """
    with database.write() as tx:
        item, texts = items.get(tx, item_id), translations.of(tx, [item_id])[item_id]
        text_in(tx, item_id, item.source_language)
        said = {tag or item.source_language: text for tag, text in notes.items() if text.strip()}
        for language in said.keys() - texts.keys():
            raise InputError("note", f"item {item_id} has no text in {language}")
        seen = _told(tx, item_id)
        if seen:
            # Readers of a source that was never approved know the item by a fallback's title.
            seen.setdefault(item.source_language, next(iter(seen.values())))
        for language, told in seen.items():
            texts[language] = replace(texts[language], title=told.title, slug=told.slug)
        source = _notice(texts[item.source_language], said, None, config, now)
        translations.save(tx, source, author=author)
        for language in sorted(said.keys() - {item.source_language}):
            translations.save(
                tx, _notice(texts[language], said, source, config, now), author=author
            )
        items.look(tx, item_id, now)
        return item


def _told(tx: Transaction, item_id: int) -> dict[str, Text]:
    """Return the words that readers have seen, by language of the text.

    What is retracted keeps their title and address: newer ones may not be approved.
    """
    told = publications.standing(tx, [item_id], FEED).values()
    keys = {(item_id, row.shown_language, row.revision) for row in told}
    words = revisions.words(tx, keys)
    return {key[1]: words[key] for key in sorted(keys)}


def _notice(
    text: Translation,
    notes: Mapping[str, str],
    source: Translation | None,
    config: Config,
    now: datetime,
) -> Translation:
    standard = languages.strings(*config.chain(text.language)).text("retracted")
    body = characters.clean_text(notes.get(text.language, "")) or standard
    words = replace(words_of(text), summary="", body=body, image_alt="")
    refuse_unfit_words(words)
    mark = digest(words)
    return replace(
        text,
        **vars(words),
        digest=mark,
        source_digest=source.digest if source else mark,
        made_from=source.language if source else text.language,
        workflow=Workflow.APPROVED,
        approved=now,
        revision=text.revision + 1,
        change=Change.RETRACTION,
        updated=now,
    )
