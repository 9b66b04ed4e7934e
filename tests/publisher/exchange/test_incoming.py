"""What comes back from translators, and what the store makes of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from publisher.config import Config
from publisher.exchange import files, incoming, outgoing
from publisher.exchange.incoming import Outcome
from publisher.exchange.wanted import Order
from publisher.freshness import Freshness, freshness
from store import items, revisions, translations
from store.database import Database
from store.records import Change, Text, Translation, Workflow
from tests import make, translators

LATER = make.NOW + timedelta(hours=1)
BODY = "# One\n\nTwo *is* here.\n\n- three\n- four"
EN = make.text(title="News", summary="Short.", body=BODY, image_alt="A map")
FR = {
    "title": "Nouvelles",
    "summary": "Bref.",
    "body.1": "# Un",
    "body.2": "Deux *est* là.",
    "body.3": "- trois",
    "body.4": "- quatre",
    "image_alt": "Une carte",
}
FRENCH = "# Un\n\nDeux *est* là.\n\n- trois\n- quatre"

FORMATS = pytest.mark.parametrize("form", ["xliff", "po"])


@pytest.fixture
def english(database: Database, config: Config) -> Database:
    """Give a store with an item in English."""
    make.take(database, config, make.draft("en", words=EN))
    return database


def export(
    database: Database, config: Config, folder: Path, language: str = "fr", **order: object
) -> Path:
    """Export item 1 in a language."""
    asked = Order(**{"language": language, "format": "xliff", "ids": [1], **order})  # type: ignore[arg-type]
    shelf = outgoing.Shelf(folder=folder, overwrite=True)
    (sent,) = outgoing.export(database, config, asked, shelf).files
    return sent.path


def take(database: Database, config: Config, *paths: Path, force: bool = False) -> Outcome:
    return incoming.take(database, config, paths, now=LATER, force=force)


def text(database: Database, language: str = "fr") -> Translation:
    with database.read() as tx:
        return translations.of(tx, [1])[1][language]


def stands(database: Database, language: str = "fr") -> Freshness:
    with database.read() as tx:
        return freshness(items.get(tx, 1), translations.of(tx, [1])[1], language)


def counts(outcome: Outcome) -> tuple[int, int, int]:
    assert outcome.rejected == []
    return outcome.new, outcome.changed, outcome.same


def edit(database: Database, config: Config, language: str, **fields: str) -> None:
    """Have somebody change a text."""
    before = text(database, language)
    words = {name: getattr(before, name) for name in Text.__dataclass_fields__}
    changed = make.draft(language, words=Text(**{**words, **fields}), workflow=None)
    make.take(database, config, changed, now=make.NOW + timedelta(minutes=1))


def translated(database: Database, config: Config, folder: Path) -> None:
    """Have the item in French, approved."""
    path = translators.work(export(database, config, folder), translators.answering(FR))
    assert counts(take(database, config, path)) == (1, 0, 0)
    with database.write() as tx:
        approved = {"workflow": Workflow.APPROVED, "approved": LATER}
        translations.annotate(
            tx, Translation(**{**vars(translations.of(tx, [1])[1]["fr"]), **approved})
        )


@FORMATS
def test_a_translation_comes_in_for_review(
    english: Database, config: Config, tmp_path: Path, form: str
) -> None:
    path = export(english, config, tmp_path, format=form)
    outcome = take(english, config, translators.work(path, translators.answering(FR)))
    assert counts(outcome) == (1, 0, 0)
    assert (outcome.conflicts, outcome.outdated, outcome.incomplete) == ([], [], [])
    found = text(english)
    assert (found.title, found.summary, found.body) == ("Nouvelles", "Bref.", FRENCH)
    assert (found.image_alt, found.slug) == ("Une carte", "nouvelles")
    assert (found.workflow, found.approved, found.change) == (Workflow.IN_REVIEW, None, Change.NEW)
    assert (found.source_digest, found.made_from) == (text(english, "en").digest, "en")
    assert stands(english) is Freshness.CURRENT


def test_what_a_file_says_of_itself_cannot_upset_the_database(
    either: Database, config: Config, tmp_path: Path
) -> None:
    make.take(either, config, make.draft("en", words=EN))
    path = export(either, config, tmp_path, format="po")
    good = path.read_text(encoding="utf-8")
    for item in ("x\0", "\U0001f389", "a" * 100_000, "' or 1=1 --"):
        path.write_text(good.replace("tag:news.example.org,2013:item/1", item), encoding="utf-8")
        (rejected,) = take(either, config, path).rejected
        assert rejected.reason.startswith("item: ")
        assert len(rejected.reason) < 400


@FORMATS
def test_the_same_file_twice_is_the_same(
    english: Database, config: Config, tmp_path: Path, form: str
) -> None:
    path = export(english, config, tmp_path, format=form)
    translators.work(path, translators.answering(FR))
    take(english, config, path)
    before = text(english)
    assert counts(take(english, config, path)) == (0, 0, 1)
    assert text(english) == before


@FORMATS
@pytest.mark.parametrize("everything", [False, True])
def test_an_untouched_file_is_the_same_be_there_a_translation_or_not(
    english: Database, config: Config, tmp_path: Path, form: str, everything: bool
) -> None:
    if everything:
        translated(english, config, tmp_path)
    path = export(english, config, tmp_path, format=form, everything=everything)
    outcome = take(english, config, path)
    assert counts(outcome) == (0, 0, 1)
    assert (outcome.conflicts, outcome.outdated, outcome.incomplete) == ([], [], [])
    if everything:
        assert text(english).workflow is Workflow.APPROVED


def test_the_tick_looks_at_what_has_come_in(
    english: Database, config: Config, tmp_path: Path
) -> None:
    path = export(english, config, tmp_path)
    with english.write() as tx:
        items.look(tx, 1, None)
    take(english, config, path)
    with english.read() as tx:
        assert items.due(tx, LATER, limit=9) == []
    take(english, config, translators.work(path, translators.answering(FR)))
    with english.read() as tx:
        assert items.due(tx, LATER, limit=9) == [1]


@FORMATS
def test_what_is_not_finished_is_a_draft_that_cannot_go_out(
    english: Database, config: Config, tmp_path: Path, form: str
) -> None:
    path = export(english, config, tmp_path, format=form)
    some = {key: FR[key] for key in ("title", "body.1", "body.2")}
    outcome = take(english, config, translators.work(path, translators.answering(some)))
    assert counts(outcome) == (1, 0, 0)
    (told,) = outcome.incomplete
    assert (told.source, told.item, told.language) == (str(path), 1, "fr")
    assert told.reason == (
        "4 of 7 units are not translated yet: summary, body.3, body.4, image_alt"
    )
    found = text(english)
    assert (found.workflow, found.body) == (
        Workflow.DRAFT,
        "# Un\n\nDeux *est* là.\n\n- three\n- four",
    )
    # Even if somebody approves it by mistake.
    assert stands(english) is Freshness.OUTDATED


@FORMATS
def test_the_rest_of_a_file_follows_its_first_half(
    english: Database, config: Config, tmp_path: Path, form: str
) -> None:
    path = export(english, config, tmp_path, format=form)
    some = {key: FR[key] for key in ("title", "body.1", "body.2")}
    take(english, config, translators.work(path, translators.answering(some)))
    outcome = take(english, config, translators.work(path, translators.answering(FR)))
    assert (counts(outcome), outcome.conflicts) == ((0, 1, 0), [])
    found = text(english)
    assert (found.body, found.workflow, found.revision) == (FRENCH, Workflow.IN_REVIEW, 2)
    assert stands(english) is Freshness.CURRENT


@FORMATS
def test_a_draft_that_is_exported_again_shows_what_is_left(
    english: Database, config: Config, tmp_path: Path, form: str
) -> None:
    path = export(english, config, tmp_path, format=form)
    some = {key: FR[key] for key in ("title", "body.1", "body.2")}
    take(english, config, translators.work(path, translators.answering(some)))
    again = translators.units(export(english, config, tmp_path, format=form))
    assert {key: target for key, (_, target, _, _) in again.items() if target} == some
    rest = {key: FR[key] for key in FR.keys() - some.keys()}
    assert counts(take(english, config, translators.work(path, translators.answering(rest)))) == (
        *(0, 1, 0),
    )
    assert (text(english).body, text(english).workflow) == (FRENCH, Workflow.IN_REVIEW)


@FORMATS
def test_a_change_in_the_source_asks_only_for_what_has_changed(
    english: Database, config: Config, tmp_path: Path, form: str
) -> None:
    translated(english, config, tmp_path)
    edit(english, config, "en", body=BODY.replace("Two *is* here.", "Two *was* here."))
    assert stands(english) is Freshness.OUTDATED
    path = export(english, config, tmp_path, format=form)
    units = translators.units(path)
    assert units["body.2"][0] == "Two *was* here."
    assert units["body.2"][1] == "Deux *est* là."
    assert units["body.2"][2] in {"initial", "fuzzy"}
    assert units["body.2"][3] == "Two *is* here."
    assert {state for key, (_, _, state, _) in units.items() if key != "body.2"} <= {
        *("translated", ""),
    }
    answer = translators.answering({"body.2": "Deux *était* là."})
    assert counts(take(english, config, translators.work(path, answer))) == (0, 1, 0)
    found = text(english)
    assert found.body == FRENCH.replace("est", "était")
    assert (found.workflow, found.slug) == (Workflow.IN_REVIEW, "nouvelles")
    assert stands(english) is Freshness.CURRENT


def test_a_translator_may_say_that_the_old_words_still_fit(
    english: Database, config: Config, tmp_path: Path
) -> None:
    translated(english, config, tmp_path)
    edit(english, config, "en", title="Fresh news")
    path = export(english, config, tmp_path, format="po")
    take(english, config, path)
    assert stands(english) is Freshness.OUTDATED
    translators.work(path, translators.answering({"title": "Nouvelles"}))
    assert counts(take(english, config, path)) == (0, 1, 0)
    # No new words, but somebody has to believe it.
    found = text(english)
    assert (found.revision, found.workflow) == (1, Workflow.IN_REVIEW)
    assert stands(english) is Freshness.CURRENT


@FORMATS
def test_half_an_update_leaves_the_translation_outdated(
    english: Database, config: Config, tmp_path: Path, form: str
) -> None:
    translated(english, config, tmp_path)
    edit(english, config, "en", title="Fresh news", body=BODY.replace("Two", "Two, new,"))
    path = export(english, config, tmp_path, format=form)
    outcome = take(
        english, config, translators.work(path, translators.answering({"title": "Du neuf"}))
    )
    assert (counts(outcome), len(outcome.incomplete)) == ((0, 1, 0), 1)
    found = text(english)
    assert (found.title, found.workflow) == ("Du neuf", Workflow.DRAFT)
    assert stands(english) is Freshness.OUTDATED
    # What the source said when the rest was made is still known.
    units = translators.units(export(english, config, tmp_path, format=form))
    assert units["body.2"][3] == "Two *is* here."


def test_what_was_made_from_an_older_source_is_taken_and_outdated(
    english: Database, config: Config, tmp_path: Path
) -> None:
    path = export(english, config, tmp_path)
    old = text(english, "en").digest
    edit(english, config, "en", title="Fresh news")
    outcome = take(english, config, translators.work(path, translators.answering(FR)))
    assert counts(outcome) == (1, 0, 0)
    (told,) = outcome.outdated
    assert told.reason == (
        "the text in en has changed since the file was exported (revision 1, now 2): "
        "export it again"
    )
    assert text(english).source_digest == old
    assert stands(english) is Freshness.OUTDATED


def test_a_minor_edit_of_the_source_meanwhile_outdates_nothing(
    english: Database, config: Config, tmp_path: Path
) -> None:
    path = export(english, config, tmp_path)
    minor = make.draft("en", words=make.text(**{**vars(EN), "title": "Newes"}), change=Change.MINOR)
    make.take(english, config, minor)
    outcome = take(english, config, translators.work(path, translators.answering(FR)))
    assert (counts(outcome), outcome.outdated) == ((1, 0, 0), [])
    assert stands(english) is Freshness.CURRENT


@FORMATS
def test_what_somebody_else_has_changed_meanwhile_is_not_overwritten(
    english: Database, config: Config, tmp_path: Path, form: str
) -> None:
    translated(english, config, tmp_path)
    path = export(english, config, tmp_path, format=form, everything=True)
    edit(english, config, "fr", title="Un autre titre")
    theirs = text(english)
    answer = translators.answering({"title": "Mon titre"})
    outcome = take(english, config, translators.work(path, answer))
    assert counts(outcome) == (0, 0, 0)
    (told,) = outcome.conflicts
    assert (told.source, told.item, told.language) == (str(path), 1, "fr")
    assert told.reason == (
        "somebody else has changed the text: it is at revision 2, and was at 1 when the file was "
        "exported; export it again, or import with --force (revision 2 is kept, and this becomes "
        "the next)"
    )
    assert text(english) == theirs
    assert counts(take(english, config, path, force=True)) == (0, 1, 0)
    assert (text(english).title, text(english).revision) == ("Mon titre", 3)
    with english.read() as tx:
        assert revisions.words(tx, {(1, "fr", 2)})[1, "fr", 2].title == "Un autre titre"


def test_of_two_who_translate_the_same_file_the_second_is_told(
    english: Database, config: Config, tmp_path: Path
) -> None:
    path = export(english, config, tmp_path)
    exported = path.read_bytes()
    take(english, config, translators.work(path, translators.answering(FR)))
    path.write_bytes(exported)
    other = translators.answering({**FR, "body.2": "Deux *se trouve* ici."})
    outcome = take(english, config, translators.work(path, other))
    assert len(outcome.conflicts) == 1
    assert text(english).body == FRENCH


@pytest.mark.parametrize("everything", [False, True])
def test_of_two_files_that_come_in_at_once_one_is_told(
    either: Database, config: Config, tmp_path: Path, everything: bool
) -> None:
    make.take(either, config, make.draft("en", words=EN))
    if everything:
        make.take(either, config, make.draft("fr"))
    paths = []
    for name in ("Une", "Deux"):
        path = export(either, config, tmp_path / name, everything=everything)
        answers = {key: f"{words} {name}" for key, words in FR.items()}
        answers["body"] = f"Tout. {name}"
        paths.append(translators.work(path, translators.answering(answers)))
    start = Barrier(2)

    def deliver(path: Path) -> Outcome:
        start.wait()
        return take(either, config, path)

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(deliver, paths))
    assert [outcome.rejected for outcome in outcomes] == [[], []]
    assert sorted(
        (len(outcome.conflicts), outcome.new + outcome.changed) for outcome in outcomes
    ) == [
        (0, 1),
        (1, 0),
    ]
    assert text(either).revision == 1 + everything


def test_who_has_the_words_of_the_other_as_well_overwrites_nothing(
    english: Database, config: Config, tmp_path: Path
) -> None:
    translated(english, config, tmp_path)
    path = export(english, config, tmp_path, everything=True)
    edit(english, config, "fr", title="Un titre")
    answer = translators.answering({"title": "Un titre", "summary": "En bref."})
    outcome = take(english, config, translators.work(path, answer))
    assert (counts(outcome), outcome.conflicts) == ((0, 1, 0), [])
    assert (text(english).title, text(english).summary) == ("Un titre", "En bref.")


def test_a_file_that_came_in_already_takes_nothing_back_from_an_approved_text(
    english: Database, config: Config, tmp_path: Path
) -> None:
    path = export(english, config, tmp_path)
    kept = tmp_path / "kept.xlf"
    translated(english, config, tmp_path)
    kept.write_bytes(path.read_bytes())
    assert counts(take(english, config, kept)) == (0, 0, 1)
    assert text(english).workflow is Workflow.APPROVED


def test_words_that_are_the_same_in_both_languages_are_translated_when_the_translator_says_so(
    english: Database, config: Config, tmp_path: Path
) -> None:
    path = export(english, config, tmp_path)
    most = {key: words for key, words in FR.items() if key != "body.4"}
    take(english, config, translators.work(path, translators.answering(most)))
    assert text(english).workflow is Workflow.DRAFT
    answer = translators.answering({"body.4": "- four"})
    assert counts(take(english, config, translators.work(path, answer))) == (0, 1, 0)
    assert (text(english).workflow, text(english).revision) == (Workflow.IN_REVIEW, 1)
    assert stands(english) is Freshness.CURRENT


def test_a_late_file_does_not_date_back_what_somebody_has_updated_to_the_same_words(
    english: Database, config: Config, tmp_path: Path
) -> None:
    translated(english, config, tmp_path)
    edit(english, config, "en", title="Fresh news")
    path = export(english, config, tmp_path)
    edit(english, config, "en", title="Fresher news")
    edit(english, config, "fr", title="Du neuf")
    assert stands(english) is Freshness.CURRENT
    answer = translators.answering({"title": "Du neuf"})
    assert counts(take(english, config, translators.work(path, answer))) == (0, 0, 1)
    assert stands(english) is Freshness.CURRENT


def test_an_address_that_somebody_has_changed_meanwhile_stays(
    english: Database, config: Config, tmp_path: Path
) -> None:
    translated(english, config, tmp_path)
    path = export(english, config, tmp_path, everything=True)
    edit(english, config, "fr", slug="autre-adresse")
    answer = translators.answering({"title": "Du neuf"})
    outcome = take(english, config, translators.work(path, answer))
    assert (counts(outcome), outcome.conflicts) == ((0, 1, 0), [])
    assert (text(english).title, text(english).slug) == ("Du neuf", "autre-adresse")


def test_a_withdrawn_text_stays_so(english: Database, config: Config, tmp_path: Path) -> None:
    translated(english, config, tmp_path)
    with english.write() as tx:
        found = translations.of(tx, [1])[1]["fr"]
        translations.annotate(tx, Translation(**{**vars(found), "workflow": Workflow.WITHDRAWN}))
    path = export(english, config, tmp_path, everything=True)
    take(english, config, translators.work(path, translators.answering({"title": "Neuf"})))
    assert (text(english).title, text(english).workflow) == ("Neuf", Workflow.WITHDRAWN)


def test_a_relay_translation_is_made_from_another_translation(
    english: Database, config: Config, tmp_path: Path
) -> None:
    translated(english, config, tmp_path)
    path = export(english, config, tmp_path, "es", made_from="fr")
    assert translators.units(path)["title"][0] == "Nouvelles"
    take(english, config, translators.work(path, translators.shout))
    found = text(english, "es")
    assert (found.made_from, found.source_digest) == ("fr", text(english).digest)
    assert stands(english, "es") is Freshness.CURRENT
    # From then on its source is the French text.
    edit(english, config, "fr", title="Des nouvelles", slug="nouvelles")
    assert translators.units(export(english, config, tmp_path, "es"))["title"][0] == "Des nouvelles"


def test_texts_are_never_made_from_one_another(
    english: Database, config: Config, tmp_path: Path
) -> None:
    translated(english, config, tmp_path)
    path = export(english, config, tmp_path, "es", made_from="fr")
    take(english, config, translators.work(path, translators.shout))
    order = Order(language="fr", format="xliff", made_from="es", everything=True, ids=[1])
    shelf = outgoing.Shelf(folder=tmp_path, overwrite=True)
    outcome = outgoing.export(english, config, order, shelf)
    assert (outcome.files, [skipped.reason for skipped in outcome.skipped]) == (
        [],
        ["es is itself made from fr: name the text where it began"],
    )


def test_arabic_comes_in_as_it_was_written(
    english: Database, config: Config, tmp_path: Path
) -> None:
    path = export(english, config, tmp_path, "ar")
    arabic = {key: f"كرامة {number}" for number, key in enumerate(FR)}
    take(english, config, translators.work(path, translators.answering(arabic)))
    found = text(english, "ar")
    assert (found.title, found.slug) == ("كرامة 0", "كرامة-0")
    assert found.body == "كرامة 2\n\nكرامة 3\n\nكرامة 4\nكرامة 5"


def change(path: Path, before: str, after: str) -> Path:
    written = path.read_text(encoding="utf-8")
    assert before in written
    path.write_text(written.replace(before, after), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (
            "item/1</note>",
            "item/9</note>",
            "item: 'tag:news.example.org,2013:item/9' is none of this site; export the item again",
        ),
        (
            'trgLang="fr"',
            'trgLang="es"',
            "target language: is es, but the file was exported for fr: set it to fr",
        ),
        ('trgLang="fr"', 'trgLang="xx-yy-zz"', "'xx-yy-zz': not a language tag (BCP 47)"),
        ('srcLang="en"', 'srcLang="ar"', "source language: is ar, but the file was exported for"),
        (
            'target-language">fr',
            'target-language">de',
            "target-language: 'de' is not a language of this site (en, fr, es, ar)",
        ),
        (
            'target-language">fr',
            'target-language">en',
            "target-language: the item was written in en: 'tidings item correct' changes that text",
        ),
        (
            'source-language">en',
            'source-language">es',
            "source-language: item 1 has no text in 'es'",
        ),
        (
            'source-revision">1',
            'source-revision">2',
            "ticket: item 1 has no revision 2 in en; export the item again",
        ),
        (
            'source-revision">1',
            'source-revision">0',
            "source-digest: is not that of revision 0 in en: it was changed; export the item again",
        ),
        ('source-digest">', 'source-digest">0', "source-digest: is not that of revision 1 in en"),
        ('target-revision">0', 'target-revision">3', "ticket: item 1 has no revision 3 in fr"),
        (
            "<source>News<",
            "<source>Olds<",
            "unit title: its source is not what was exported: leave it as it is, or export the",
        ),
        ('unit id="body.4"', 'unit id="body.9"', "unit body.9: is none of this text; export the"),
        ("<target>Nouvelles<", f"<target>{'a' * 501}<", "unit title: has 501 characters, 500 at"),
        ("<target>Bref.<", f"<target>{'a' * 2001}<", "unit summary: has 2001 characters, 2000 at"),
        ("<target>Nouvelles<", "<target>\u202e<", "unit title: has no words that could be shown"),
    ],
)
def test_a_file_that_does_not_fit_is_rejected_and_the_others_are_taken(
    english: Database, config: Config, tmp_path: Path, before: str, after: str, reason: str
) -> None:
    make.take(english, config, make.draft("en", key="other", words=EN))
    path = translators.work(export(english, config, tmp_path), translators.answering(FR))
    good = translators.work(export(english, config, tmp_path, ids=[2]), translators.answering(FR))
    outcome = take(english, config, change(path, before, after), good)
    (rejected,) = outcome.rejected
    assert rejected.source == str(path)
    assert rejected.reason.startswith(reason)
    assert (outcome.new, outcome.changed, outcome.same) == (1, 0, 0)
    with english.read() as tx:
        assert {len(texts) for texts in translations.of(tx, [1]).values()} == {1}


@pytest.mark.parametrize("stated", ["fr-FR", "fr", "FR"])
def test_a_program_may_add_a_region_to_the_language(
    english: Database, config: Config, tmp_path: Path, stated: str
) -> None:
    path = translators.work(export(english, config, tmp_path), translators.answering(FR))
    outcome = take(english, config, change(path, 'trgLang="fr"', f'trgLang="{stated}"'))
    assert counts(outcome) == (1, 0, 0)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xlf", b"", "line 1: is not XML"),
        ("a.xlf", b"<a>\n\xff</a>", "line 2: the byte 0xff is not UTF-8: save the file as UTF-8"),
        ("a.po", b"\xed\xa0\x80", "line 1: the byte 0xed is not UTF-8"),
        ("a.xliff", b"\xff\xfe<\0", "line 1: the byte 0xff is not UTF-8"),
        ("a.sdlxliff", b"", "file: is none of .xlf, .xliff, .po"),
        ("a.docx", b"PK", "file: is none of .xlf, .xliff, .po"),
        ("a.po", b'msgid ""\nmsgstr ""\n"Language fr\\n"\n', "header: has none of the fields"),
        ("a.po", b'msgid ""\nmsgstr ""\n"X-Tidings-Item: x\\n"\n', "source-language: is missing"),
        ("a.po", b'msgid ""\nmsgstr "Language: fr\n', "line 2: is not PO"),
    ],
)
def test_what_is_no_file_of_ours_is_named(
    english: Database, config: Config, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (rejected,) = take(english, config, path).rejected
    assert (rejected.source, rejected.reason[: len(reason)]) == (str(path), reason)


def test_what_is_no_file_at_all_is_named(english: Database, config: Config, tmp_path: Path) -> None:
    (tmp_path / "a.xlf").mkdir()
    (tmp_path / "b.xlf").symlink_to(tmp_path / "nowhere")
    places = [tmp_path / name for name in ("a.xlf", "b.xlf", "c.po", "d\0.po")]
    reasons = [rejected.reason for rejected in take(english, config, *places).rejected]
    assert reasons == [
        "file: Is a directory",
        "file: No such file or directory",
        "file: No such file or directory",
        "file: embedded null byte",
    ]


def test_a_very_large_file_is_refused_without_being_read(
    english: Database, config: Config, tmp_path: Path
) -> None:
    path = tmp_path / "a.xlf"
    with path.open("wb") as file:
        file.truncate(10**11)
    (rejected,) = take(english, config, path).rejected
    assert rejected.reason == f"file: is larger than {files.MAX_BYTES} bytes"
