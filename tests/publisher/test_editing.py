"""Editing: what staff do to texts, two at once included, and what that is for the next look."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher import characters, editing, retracting
from publisher.config import Config
from publisher.errors import EditConflictError, InputError, NotFoundError, TidingsError
from publisher.freshness import Freshness, freshness
from publisher.publishing import publish_due
from store import items, revisions, translations
from store.database import Database
from store.records import Change, Text, Translation, Workflow
from tests import make
from tests.store import fill

HOUR = timedelta(hours=1)
LATER = make.NOW + HOUR
#: What a page and a mail shall not be broken by.
HOSTILE = '</p><script>alert(1)</script> \u202eesrever\u202c \x00\x1b[31m ]]> &amp; "quoted"'


def edit(database: Database, config: Config, language: str, read: int, **how: Any) -> Translation:
    words = make.text(language, body=how.pop("body", f"Read {read} in {language}."))
    values: dict[str, Any] = {"author": "ann", "now": LATER, **how}
    return editing.edit(database, config, 1, language, words, read=read, **values)


def texts(database: Database) -> Mapping[str, Translation]:
    with database.read() as tx:
        return translations.of(tx, [1])[1]


def stand(database: Database) -> dict[str, Freshness]:
    with database.read() as tx:
        item = items.get(tx, 1)
    return {language: freshness(item, texts(database), language) for language in texts(database)}


def due(database: Database, now: datetime = LATER) -> list[int]:
    with database.read() as tx:
        return items.due(tx, now, limit=9)


def history(database: Database, language: str) -> list[tuple[int, Change, str, str]]:
    with database.read() as tx:
        marks = revisions.marks(tx, [1])[1]
    return [(m.number, m.change, m.author, m.note) for m in marks if m.language == language]


@pytest.fixture
def office(database: Database, config: Config) -> Database:
    """Give a store with one item in English and French, published."""
    make.take(database, config, make.draft("en"), make.draft("fr"))
    publish_due(database, config, now=make.NOW)
    return database


# One at the desk.


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Workflow.APPROVED, Workflow.IN_REVIEW),
        (Workflow.IN_REVIEW, Workflow.IN_REVIEW),
        (Workflow.DRAFT, Workflow.DRAFT),
        (Workflow.WITHDRAWN, Workflow.WITHDRAWN),
    ],
)
def test_an_edited_text_is_reviewed_again_and_a_withdrawn_one_stays_so(
    database: Database, config: Config, before: Workflow, after: Workflow
) -> None:
    make.take(database, config, make.draft("en", workflow=before))
    saved = edit(database, config, "en", 1)
    assert (saved.workflow, saved.revision, saved.approved) == (after, 2, None)
    assert texts(database)["en"] == saved
    assert due(database) == [1]


@pytest.mark.parametrize("change", editing.EDITS)
def test_an_edit_keeps_who_made_it_what_it_means_and_what_it_corrects(
    office: Database, config: Config, change: Change
) -> None:
    edit(office, config, "fr", 1, change=change, note="  Le chiffre\nétait faux. ")
    assert history(office, "fr") == [
        (1, Change.NEW, "import", ""),
        (2, change, "ann", "Le chiffre était faux."),
    ]


@pytest.mark.parametrize(
    ("change", "french"),
    [
        (Change.EDIT, Freshness.OUTDATED),
        (Change.CORRECTION, Freshness.OUTDATED),
        (Change.MINOR, Freshness.CURRENT),
    ],
)
def test_an_edit_of_the_source_outdates_translations_unless_it_is_minor(
    office: Database, config: Config, change: Change, french: Freshness
) -> None:
    edit(office, config, "en", 1, change=change)
    assert stand(office) == {"en": Freshness.CURRENT, "fr": french}


@pytest.mark.parametrize("spaces", ["  ", "\n", " \u00a0\n"])
def test_white_space_outdates_nothing_and_is_told_to_nobody(
    office: Database, config: Config, spaces: str
) -> None:
    body = make.BODIES["en"].replace(" ", spaces)
    edit(office, config, "en", 1, body=body, change=Change.MINOR)
    editing.approve(office, 1, "en", now=LATER)
    assert stand(office)["fr"] is Freshness.CURRENT
    assert {row.change for row in publish_due(office, config, now=LATER)} <= {Change.MINOR}


def test_the_same_words_again_are_no_revision_and_nothing_to_look_at(
    office: Database, config: Config
) -> None:
    before = texts(office)
    saved = edit(office, config, "en", 1, body=f"\n{make.BODIES['en']}\n\n")
    assert saved == before["en"]
    assert texts(office) == before
    assert due(office) == []


@pytest.mark.parametrize(
    ("change", "french"), [(Change.EDIT, Freshness.CURRENT), (Change.MINOR, Freshness.OUTDATED)]
)
def test_who_translates_has_read_the_source_and_who_mends_a_comma_need_not_have(
    office: Database, config: Config, change: Change, french: Freshness
) -> None:
    edit(office, config, "en", 1)
    edit(office, config, "fr", 1, change=change)
    assert stand(office)["fr"] is french


def test_a_language_is_added_by_whoever_has_read_that_there_is_none(
    office: Database, config: Config
) -> None:
    saved = edit(office, config, "ar", 0)
    assert (saved.revision, saved.change, saved.workflow) == (1, Change.NEW, Workflow.IN_REVIEW)
    assert (saved.made_from, stand(office)["ar"]) == ("en", Freshness.CURRENT)
    assert due(office) == [1]


# Relay translations.


def test_a_translation_made_from_another_follows_that_and_keeps_to_it(
    office: Database, config: Config
) -> None:
    edit(office, config, "es", 0, made_from="fr")
    assert stand(office)["es"] is Freshness.CURRENT
    edit(office, config, "fr", 1)
    assert stand(office)["es"] is Freshness.OUTDATED
    saved = edit(office, config, "es", 1)
    assert (saved.made_from, stand(office)["es"]) == ("fr", Freshness.CURRENT)
    edit(office, config, "fr", 2, change=Change.MINOR)
    assert stand(office)["es"] is Freshness.CURRENT
    edit(office, config, "en", 1)
    assert stand(office) == {
        "en": Freshness.CURRENT,
        "fr": Freshness.OUTDATED,
        "es": Freshness.OUTDATED,
    }


def test_a_translation_may_be_said_to_be_made_from_another_text_with_the_same_words(
    office: Database, config: Config
) -> None:
    edit(office, config, "es", 0, body="Lo mismo.")
    saved = edit(office, config, "es", 1, body="Lo mismo.", made_from="fr")
    assert (saved.revision, saved.made_from) == (2, "fr")


def test_no_text_is_made_from_itself_by_whatever_detour(office: Database, config: Config) -> None:
    edit(office, config, "es", 0, made_from="fr")
    edit(office, config, "ar", 0, made_from="es")
    before = texts(office)
    for parent in ("fr", "es", "ar"):
        with pytest.raises(InputError, match="name the text where it began") as refused:
            edit(office, config, "fr", 1, made_from=parent)
        assert refused.value.source == "made_from"
    assert texts(office) == before


def test_the_source_is_made_from_nothing_whatever_is_said(office: Database, config: Config) -> None:
    saved = edit(office, config, "en", 1, made_from="fr")
    assert (saved.made_from, saved.source_digest) == ("en", saved.digest)


# Two at the desk.


def test_of_two_who_have_read_the_same_revision_the_second_is_told_with_both_texts(
    either: Database, config: Config
) -> None:
    make.take(either, config, make.draft("en"))
    first = edit(either, config, "en", 1, body="Mine.")
    with pytest.raises(EditConflictError, match="revision 2, you have read 1") as refused:
        edit(either, config, "en", 1, body="Yours.")
    assert (refused.value.item_id, refused.value.language, refused.value.read) == (1, "en", 1)
    assert refused.value.yours.body == "Yours."
    assert refused.value.theirs == first
    assert texts(either) == {"en": first}


@pytest.mark.parametrize(("read", "there"), [(0, True), (2, True), (1, False)])
def test_whoever_has_read_another_revision_than_there_is_changes_nothing(
    office: Database, config: Config, read: int, there: bool
) -> None:
    before = texts(office)
    with pytest.raises(EditConflictError) as refused:
        edit(office, config, "en" if there else "ar", read)
    assert refused.value.theirs == (before["en"] if there else None)
    assert texts(office) == before


@pytest.mark.parametrize("read", [0, 1])
def test_of_two_who_save_at_the_same_moment_one_is_told_and_nothing_is_lost(
    either: Database, config: Config, read: int
) -> None:
    drafts = [make.draft("en"), *([make.draft("fr")] if read else [])]
    make.take(either, config, *drafts)

    def save(number: int) -> Translation | EditConflictError:
        try:
            return edit(either, config, "fr", read, body=f"Editor {number} of {read}.")
        except EditConflictError as error:
            return error

    for _ in range(5):
        outcomes = fill.at_once(4, save)
        (saved,) = (it for it in outcomes if isinstance(it, Translation))
        refused = [it for it in outcomes if isinstance(it, EditConflictError)]
        assert texts(either)["fr"] == saved
        assert saved.revision == read + 1
        assert {error.theirs for error in refused} == {saved}
        mine = {error.yours.body for error in refused} | {saved.body}
        assert mine == {f"Editor {number} of {read}." for number in range(4)}
        read += 1


def test_an_approval_is_of_the_revision_that_was_read(office: Database, config: Config) -> None:
    edit(office, config, "en", 1)
    with pytest.raises(EditConflictError):
        editing.approve(office, 1, "en", now=LATER, read=1)
    assert texts(office)["en"].workflow is Workflow.IN_REVIEW
    approved = editing.approve(office, 1, "en", now=LATER, read=2)
    assert (approved.workflow, approved.approved) == (Workflow.APPROVED, LATER)


# Approve, withdraw, embargo.


def test_an_approval_again_changes_nothing(office: Database) -> None:
    before = texts(office)
    assert editing.approve(office, 1, "en", now=LATER) == before["en"]
    assert texts(office) == before
    assert due(office) == []


def test_a_withdrawn_text_is_approved_back(office: Database) -> None:
    withdrawn = editing.withdraw(office, 1, "fr", now=LATER)
    assert (withdrawn.workflow, withdrawn.approved) == (Workflow.WITHDRAWN, None)
    assert withdrawn.revision == 1
    assert due(office) == [1]
    back = editing.approve(office, 1, "fr", now=LATER + HOUR)
    assert (back.workflow, back.approved) == (Workflow.APPROVED, LATER + HOUR)


def test_an_embargo_is_set_moved_and_lifted(office: Database, config: Config) -> None:
    for until in (LATER + HOUR, LATER + 9 * HOUR, None):
        item = editing.embargo(office, 1, until, now=LATER)
        assert item.embargo == until
        assert due(office) == [1]
        publish_due(office, config, now=LATER)


# Corrections.


def test_a_text_is_corrected_as_it_stands_or_as_it_was_read(
    office: Database, config: Config
) -> None:
    how: dict[str, Any] = {"change": Change.CORRECTION, "author": "ann", "now": LATER}
    words = make.text("fr", body="Deux cents.")
    saved = editing.correct(office, config, 1, "fr", words, note="Cent.", **how)
    assert (saved.revision, saved.change) == (2, Change.CORRECTION)
    again = make.text("fr", body="Trois cents.")
    with pytest.raises(EditConflictError):
        editing.correct(office, config, 1, "fr", again, read=1, **how)
    assert editing.correct(office, config, 1, "fr", again, read=2, **how).revision == 3


@pytest.mark.parametrize(
    ("language", "change", "body", "error", "sentence"),
    [
        ("fr", Change.CORRECTION, make.BODIES["fr"], InputError, "says what item 1 says in fr"),
        ("fr", Change.RETRACTION, "Autre.", InputError, "is none of edit, minor, correction"),
        ("fr", Change.NEW, "Autre.", InputError, "is none of edit, minor, correction"),
        ("ar", Change.CORRECTION, "نص.", NotFoundError, "no text of item 1 in 'ar'"),
        ("fr", Change.CORRECTION, " \n\x00 ", InputError, "body: is empty"),
    ],
)
def test_what_is_no_correction_is_refused_and_changes_nothing(
    office: Database,
    config: Config,
    language: str,
    change: Change,
    body: str,
    error: type[TidingsError],
    sentence: str,
) -> None:
    before = texts(office)
    words = make.text(language, body=body)
    with pytest.raises(error, match=sentence):
        editing.correct(office, config, 1, language, words, change=change, author="ann", now=LATER)
    assert texts(office) == before


# Retractions.


def retract(database: Database, config: Config, notes: Mapping[str, str]) -> None:
    retracting.retract(database, config, 1, notes, author="ann", now=LATER)


def test_a_retraction_takes_the_place_of_the_source_and_outdates_the_rest(
    office: Database, config: Config
) -> None:
    retract(office, config, {"": "The *figures* were wrong."})
    found = texts(office)
    notice = found["en"]
    assert (notice.change, notice.workflow) == (Change.RETRACTION, Workflow.APPROVED)
    assert (notice.title, notice.slug) == (make.TITLES["en"], "dignity-en")
    assert (notice.summary, notice.body, notice.image_alt) == ("", "The *figures* were wrong.", "")
    assert found["fr"].revision == 1
    assert stand(office)["fr"] is Freshness.OUTDATED
    assert due(office) == [1]
    assert history(office, "en")[-1][:3] == (2, Change.RETRACTION, "ann")


def test_each_language_may_have_a_notice_of_its_own(office: Database, config: Config) -> None:
    edit(office, config, "ar", 0)
    retract(office, config, {"fr": "Les chiffres étaient faux.", "ar": "كانت الأرقام خاطئة."})
    found = texts(office)
    # Where nobody gave a reason, our own words stand.
    assert {tag: text.body for tag, text in found.items()} == {
        "en": "We have retracted this text.",
        "fr": "Les chiffres étaient faux.",
        "ar": "كانت الأرقام خاطئة.",
    }
    assert set(stand(office).values()) == {Freshness.CURRENT}
    assert {text.workflow for text in found.values()} == {Workflow.APPROVED}


def test_the_source_may_be_any_language(database: Database, config: Config) -> None:
    make.take(database, config, make.draft("ar"), make.draft("en", source_language="ar"))
    retract(database, config, {"": " "})
    assert texts(database)["ar"].body == "سحبنا هذا النص."
    assert texts(database)["en"].change is Change.NEW


def test_a_notice_keeps_the_title_that_readers_have_seen(office: Database, config: Config) -> None:
    words = make.text("en", title="Not approved", slug="not-approved")
    editing.edit(office, config, 1, "en", words, read=1, author="ann", now=LATER)
    retract(office, config, {"": "Wrong."})
    notice = texts(office)["en"]
    assert (notice.title, notice.slug, notice.revision) == (make.TITLES["en"], "dignity-en", 3)


def test_a_retraction_tells_no_title_that_nobody_had_approved(
    database: Database, config: Config
) -> None:
    """Readers of the source were shown a translation: they know the item by its title."""
    feeds = config.feeds.model_copy(update={"missing": "fallback"})
    config = config.model_copy(update={"feeds": feeds})
    drafts = [
        make.draft("es", words=make.text("es", title="Secreto"), workflow=Workflow.IN_REVIEW),
        make.draft("ar"),
    ]
    make.take(database, config, *drafts)
    with database.read() as tx:
        assert items.get(tx, 1).source_language == "es"
    publish_due(database, config, now=make.NOW)
    retracting.retract(database, config, 1, {"": "No."}, author="ann", now=LATER)
    told = publish_due(database, config, now=LATER)
    assert {row.change for row in told} == {Change.RETRACTION}
    assert texts(database)["es"].title == make.TITLES["ar"]


def test_a_notice_for_a_text_that_is_not_there_retracts_nothing(
    office: Database, config: Config
) -> None:
    before = texts(office)
    with pytest.raises(InputError, match="note: item 1 has no text in es"):
        retract(office, config, {"": "Wrong.", "es": "Falso."})
    assert texts(office) == before


# What is refused.


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"title": " \u202e\x00\n"}, "title", "is empty"),
        ({"body": "\x07"}, "body", "is empty"),
        ({"title": "A" * 501}, "title", "has 501 characters, 500 at the most"),
        ({"summary": "A" * 2001}, "summary", "has 2001 characters, 2000 at the most"),
        ({"image_alt": "A" * 2001}, "image_alt", "has 2001 characters, 2000 at the most"),
        ({"body": "A" * 10_000_000}, "body", "has 10000000 characters, 1000000 at the most"),
        ({"body": "*" * 30_000}, "body", "has 30000 signs of Markdown"),
    ],
)
def test_a_text_that_is_none_or_too_much_is_refused_by_field(
    office: Database, config: Config, changes: dict[str, str], field: str, sentence: str
) -> None:
    before = texts(office)
    words = make.text("en", **changes)
    with pytest.raises(InputError, match=sentence) as refused:
        editing.edit(office, config, 1, "en", words, read=1, author="ann", now=LATER)
    assert refused.value.source == field
    assert texts(office) == before


def test_notes_are_bounded_too(office: Database, config: Config) -> None:
    with pytest.raises(InputError, match="note: has 2001 characters"):
        edit(office, config, "en", 1, note="A" * 2001)
    with pytest.raises(InputError, match="body: has 1000001 characters"):
        retract(office, config, {"": "A" * 1_000_001})


@pytest.mark.parametrize(
    ("language", "how", "sentence"),
    [
        ("de", {"read": 0}, r"language: de is not a language of this site \(en, fr, es, ar\)"),
        ("es", {"read": 0, "made_from": "ar"}, "made_from: item 1 has no text in ar"),
        ("en", {"read": 1, "change": Change.RETRACTION}, "change: retraction is none of"),
        ("en", {"read": 1, "change": Change.WITHDRAWAL}, "change: withdrawal is none of"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(
    office: Database, config: Config, language: str, how: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        edit(office, config, language, **how)


def test_what_is_not_there_is_named(office: Database, config: Config) -> None:
    with pytest.raises(NotFoundError, match="no item 9"):
        editing.edit(office, config, 9, "en", make.text(), read=0, author="ann", now=LATER)
    for act in (editing.approve, editing.withdraw):
        with pytest.raises(NotFoundError, match="no text of item 1 in 'ar'"):
            act(office, 1, "ar", now=LATER)
        with pytest.raises(NotFoundError, match="no item 9"):
            act(office, 9, "en", now=LATER)
    with pytest.raises(NotFoundError, match="no item 9"):
        editing.embargo(office, 9, None, now=LATER)
    with pytest.raises(NotFoundError, match="no item 9"):
        retracting.retract(office, config, 9, {}, author="ann", now=LATER)


def test_hostile_words_are_stored_clean_in_every_field(office: Database, config: Config) -> None:
    words = Text(**dict.fromkeys(Text.__dataclass_fields__, HOSTILE))
    how: dict[str, Any] = {"read": 1, "author": "ann", "now": LATER, "note": HOSTILE}
    saved = editing.edit(office, config, 1, "en", words, change=Change.CORRECTION, **how)
    (_, _, _, note) = history(office, "en")[-1]
    for line in (saved.title, saved.summary, saved.image_alt, note):
        assert not set(line) & set("\x00\x1b\u202e\u202c\n")
    assert not set(saved.body) & set("\x00\x1b")
    assert saved.slug == "p-script-alert-1-script-esrever-31m-amp-quoted"
    editing.approve(office, 1, "en", now=LATER)
    assert len(publish_due(office, config, now=LATER)) > 0


@settings(max_examples=40)
@given(st.text(), st.text(), st.sampled_from(make.LANGUAGES))
@example("\ud800", "\udfff", "ar")
@example("a" * 501, "b", "fr")
def test_whatever_is_written_is_saved_clean_or_refused_by_field(
    migrated: bytes,
    tmp_path_factory: pytest.TempPathFactory,
    title: str,
    body: str,
    language: str,
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    with make.a_store(migrated) as database:
        make.take(database, config, make.draft("en"))
        read = 1 if language == "en" else 0
        words = replace(make.text(language), title=title, body=body)
        how: dict[str, Any] = {"read": read, "author": "ann", "now": LATER}
        if not characters.clean_line(title) or not characters.clean_text(body) or len(title) > 500:
            with pytest.raises(InputError, match=r"^(title|body): "):
                editing.edit(database, config, 1, language, words, **how)
            return
        saved = editing.edit(database, config, 1, language, words, **how)
        assert texts(database)[language] == saved
        assert saved.title
        assert saved.body
        # Who saves what was saved changes nothing.
        again = replace(words, title=saved.title, body=saved.body)
        assert editing.edit(database, config, 1, language, again, **{**how, "read": read + 1}) == (
            saved
        )
