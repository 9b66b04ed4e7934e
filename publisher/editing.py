r"""What staff do to an item's texts: edit, approve, withdraw, correct, embargo.

    draft --> in_review --approve--> approved --edit, correct--> in_review
                  ^                     |  \--withdraw--> withdrawn
                  \--------------------/       only an approval brings it back

Every saved wording is a revision. Whoever saves says which revision they have read: of two
who edit the same one, the second gets EditConflictError with both texts, and nothing is lost.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from publisher import characters, languages, markup
from publisher.config import Config
from publisher.errors import ConflictError, EditConflictError, InputError, NotFoundError
from publisher.freshness import digest
from publisher.ingest.decide import refuse_circle, words_of
from publisher.ingest.limits import refuse_unfit_words
from store import items, translations
from store.database import Database, Transaction
from store.records import Change, Item, Text, Translation, Workflow

#: What an edit may mean to readers; a retraction has a module of its own.
EDITS = (Change.EDIT, Change.MINOR, Change.CORRECTION)


def edit(
    database: Database,
    config: Config,
    item_id: int,
    language: str,
    words: Text,
    *,
    read: int,
    author: str,
    now: datetime,
    change: Change = Change.EDIT,
    note: str = "",
    made_from: str | None = None,
) -> Translation:
    """Save a text; it has to be approved again before it goes out.

    ``read`` is the revision that the author has read, 0 for a text that is new; ``note`` says
    what a correction corrects, in the language of the text; ``made_from`` is the language of
    the text that a translation is made from, unless it is the item's source. The same words
    again are no revision. Raises EditConflictError, InputError, NotFoundError.
    """
    if change not in EDITS:
        raise InputError("change", f"{change} is none of {', '.join(EDITS)}")
    cleaned, said = clean(words), characters.clean_line(note)
    refuse_unfit_words(cleaned, note=said)
    with database.write() as tx:
        item, texts = items.get(tx, item_id), translations.of(tx, [item_id])[item_id]
        before = texts.get(language)
        _refuse_strangers(item, texts, language, config)
        if (before.revision if before else 0) != read:
            raise EditConflictError(item_id, language, read=read, yours=cleaned, theirs=before)
        text = _edited(item, texts, language, cleaned, change=change, made_from=made_from, now=now)
        if before and words_of(before) == cleaned and before.made_from == text.made_from:
            return before
        try:
            translations.save(tx, text, author=author, note=said)
        except ConflictError as error:
            # Somebody saved between our reading and our writing, as PostgreSQL lets them.
            theirs = translations.of(tx, [item_id])[item_id].get(language)
            raise EditConflictError(
                item_id, language, read=read, yours=cleaned, theirs=theirs
            ) from error
        items.look(tx, item_id, now)
        return text


def correct(
    database: Database,
    config: Config,
    item_id: int,
    language: str,
    words: Text,
    *,
    change: Change,
    author: str,
    now: datetime,
    read: int | None = None,
    note: str = "",
) -> Translation:
    """Save a corrected text: ``minor`` for nobody's notice, ``correction`` for everybody's.

    Without ``read`` the text is corrected as it stands. Raises as :func:`edit` does, and
    InputError when there is nothing to correct.
    """
    if read is None:
        read = text_of(database, item_id, language).revision
    saved = edit(
        database,
        config,
        item_id,
        language,
        words,
        read=read,
        author=author,
        now=now,
        change=change,
        note=note,
    )
    if saved.revision == read:
        raise InputError("file", f"says what item {item_id} says in {language} already")
    return saved


def approve(
    database: Database, item_id: int, language: str, *, now: datetime, read: int | None = None
) -> Translation:
    """Approve a text as it stands, or the revision ``read`` of it if it is still that.

    Raises EditConflictError when it is not, NotFoundError when there is none.
    """
    with database.write() as tx:
        text = text_in(tx, item_id, language)
        if read is not None and read != text.revision:
            raise EditConflictError(item_id, language, read=read, yours=words_of(text), theirs=text)
        if text.workflow is Workflow.APPROVED:
            return text
        approved = replace(text, workflow=Workflow.APPROVED, approved=now)
        translations.annotate(tx, approved)
        items.look(tx, item_id, now)
        return approved


def withdraw(database: Database, item_id: int, language: str, *, now: datetime) -> Translation:
    """Take a text out of feeds and pages, without a word; an approval brings it back.

    Raises NotFoundError.
    """
    with database.write() as tx:
        text = text_in(tx, item_id, language)
        withdrawn = replace(text, workflow=Workflow.WITHDRAWN, approved=None)
        translations.annotate(tx, withdrawn)
        items.look(tx, item_id, now)
        return withdrawn


def embargo(database: Database, item_id: int, until: datetime | None, *, now: datetime) -> Item:
    """Keep an item back until an instant, None to let it go.

    What was told already is taken back until then. Raises NotFoundError.
    """
    with database.write() as tx:
        items.embargo(tx, items.get(tx, item_id).id, until)
        items.look(tx, item_id, now)
        return items.get(tx, item_id)


def text_of(database: Database, item_id: int, language: str) -> Translation:
    """Return a text as it stands. Raises NotFoundError."""
    with database.read() as tx:
        return text_in(tx, item_id, language)


def clean(words: Text) -> Text:
    """Return words fit for storing, whoever wrote them. Raises InputError for what is missing."""
    title, body = characters.clean_line(words.title), characters.clean_text(words.body)
    for field, value in (("title", title), ("body", body)):
        if not value:
            raise InputError(field, "is empty: a text has a title and a body")
    return Text(
        title=title,
        summary=characters.clean_line(words.summary),
        body=body,
        slug=markup.slug(words.slug or title),
        image_alt=characters.clean_line(words.image_alt),
    )


def _edited(
    item: Item,
    texts: Mapping[str, Translation],
    language: str,
    words: Text,
    *,
    change: Change,
    made_from: str | None,
    now: datetime,
) -> Translation:
    before, mark = texts.get(language), digest(words)
    parent = made_from or (before.made_from if before else item.source_language)
    if language == item.source_language:
        parent = language
    elif parent not in texts:
        raise InputError("made_from", f"item {item.id} has no text in {parent}")
    refuse_circle(language, parent, item, texts)
    return Translation(
        **vars(words),
        item_id=item.id,
        language=language,
        dated=before.dated if before else None,
        workflow=_after_an_edit(before),
        digest=mark,
        source_digest=mark if parent == language else _made_of(before, texts[parent], change),
        made_from=parent,
        revision=before.revision + 1 if before else 1,
        change=change if before else Change.NEW,
        updated=now,
        approved=None,
    )


def _made_of(before: Translation | None, parent: Translation, change: Change) -> str:
    """Return the digest of the text that a translation is made from.

    Who translates has read it as it stands; who mends a comma need not have.
    """
    mended = before and change is Change.MINOR and before.made_from == parent.language
    return before.source_digest if before and mended else parent.digest


def _after_an_edit(before: Translation | None) -> Workflow:
    if before is None or before.workflow is Workflow.APPROVED:
        return Workflow.IN_REVIEW
    return before.workflow


def _refuse_strangers(
    item: Item, texts: Mapping[str, Translation], language: str, config: Config
) -> None:
    if language not in texts and language not in config.site.languages:
        raise InputError("language", languages.foreign(language, config.site.languages))
    if item.source_language not in texts and language != item.source_language:
        raise InputError("language", f"item {item.id} has no text in {item.source_language} yet")


def text_in(tx: Transaction, item_id: int, language: str) -> Translation:
    """Return a text as it stands in a transaction. Raises NotFoundError."""
    items.get(tx, item_id)
    text = translations.of(tx, [item_id])[item_id].get(language)
    if text is None:
        raise NotFoundError(f"text of item {item_id} in", language)
    return text
