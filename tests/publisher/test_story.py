"""Story: an item in the words, the address and with the label that its audience gets."""

from datetime import timedelta

import pytest

from publisher import editing, languages, story
from publisher.config import Config
from publisher.ingest.intake import put_topic
from publisher.publishing import publish_due
from publisher.story import Label, Translation, tell, tell_all
from store import publications
from store.database import Database
from store.records import FEED, Change, Mark, Missing, Topic
from tests import make

NOTICES = {
    ("en", "fr"): "This text is not available in English yet. It is shown in French.",
    ("en", "ar"): "This text is not available in English yet. It is shown in Arabic.",
    ("fr", "en"): "Ce texte n’est pas encore disponible en français. Il est présenté en anglais.",
    ("fr", "es"): "Ce texte n’est pas encore disponible en français. Il est présenté en espagnol.",
    ("es", "en"): "Este texto aún no está disponible en español. Se muestra en inglés.",
    ("es", "ar"): "Este texto aún no está disponible en español. Se muestra en árabe.",
    ("ar", "en"): "هذا النص غير متاح بعد باللغة العربية، وهو معروض باللغة الإنجليزية.",
    ("ar", "fr"): "هذا النص غير متاح بعد باللغة العربية، وهو معروض باللغة الفرنسية.",
}


@pytest.mark.parametrize(("language", "shown"), NOTICES)
def test_a_fallback_is_labelled_in_the_readers_language_with_both_languages(
    config: Config, language: str, shown: str
) -> None:
    row = make.publication(language=language, shown_language=shown, rule="fallback")
    told = tell(row, make.item(), make.text(shown), topics={}, config=config)
    assert told.notice == NOTICES[language, shown]
    assert (told.title, told.body) == (make.TITLES[shown], make.BODIES[shown])
    assert (told.language, told.shown_language) == (language, shown)
    assert told.direction == languages.direction(shown)


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_text_in_the_readers_language_has_no_label(config: Config, language: str) -> None:
    row = make.publication(language=language, shown_language=language)
    told = tell(row, make.item(), make.text(language), topics={}, config=config)
    assert told.notice == ""
    assert told.direction == ("rtl" if language == "ar" else "ltr")


def test_readers_of_a_language_without_a_catalogue_are_told_in_the_next_one(
    config: Config,
) -> None:
    site = config.site.model_copy(update={"languages": ("de", "fr", "en")})
    german = config.model_copy(update={"site": site})
    assert story.notice("de", "en", german) == (
        "Ce texte n’est pas encore disponible en allemand. Il est présenté en anglais."
    )


def test_each_audience_has_its_own_entry_and_address(config: Config) -> None:
    rows = [make.publication(language=tag, shown_language="en") for tag in make.LANGUAGES]
    told = [tell(row, make.item(id=7), make.text(), topics={}, config=config) for row in rows]
    assert [entry.id for entry in told] == [
        f"tag:news.example.org,2013:item/1/{tag}" for tag in make.LANGUAGES
    ]
    assert [entry.path for entry in told] == [
        f"/{tag}/items/7-dignity-en/" for tag in make.LANGUAGES
    ]


@pytest.mark.parametrize(
    ("summary", "body", "shown"),
    [
        ("Said by the author.", "Body.", "Said by the author."),
        ("", "# Head\n\nA *first* paragraph.\n\n- a list", "A first paragraph."),
        ("", "word " * 99, "word " * 59 + "word…"),
    ],
)
def test_a_summary_is_the_authors_or_the_beginning_of_the_text(
    config: Config, summary: str, body: str, shown: str
) -> None:
    words = make.text(summary=summary, body=body)
    told = tell(make.publication(), make.item(), words, topics={}, config=config)
    assert told.summary == shown


def test_the_html_of_a_story_is_safe(config: Config) -> None:
    words = make.text(body="**A** <script>alert(1)</script> [x](javascript:alert(1))")
    told = tell(make.publication(), make.item(), words, topics={}, config=config)
    assert told.html == (
        "<p><strong>A</strong> &lt;script&gt;alert(1)&lt;/script&gt; [x](javascript:alert(1))</p>\n"
    )


@pytest.mark.parametrize(
    ("language", "name"),
    [("fr", "Travail"), ("ar", "Labour"), ("en", "Labour"), ("fr-CA", "Travail")],
)
def test_a_topic_is_named_in_the_first_language_of_the_chain_that_has_a_name(
    config: Config, language: str, name: str
) -> None:
    topic = Topic(key="labour", names={"fr": "Travail", "en": "Labour"})
    assert story.label(topic, config.chain(language)) == Label(key="labour", name=name)


def test_a_topic_that_nobody_named_is_shown_by_its_key(config: Config) -> None:
    topic = Topic(key="labour", names={})
    assert story.label(topic, config.chain("ar")) == Label(key="labour", name="labour")


def test_rows_of_the_ledger_are_told_in_their_order_and_as_they_were_told(
    database: Database, config: Config
) -> None:
    feeds = config.feeds.model_copy(update={"missing": Missing.FALLBACK})
    falling = config.model_copy(update={"feeds": feeds})
    put_topic(database, config, "labour", {"ar": "العمل"})
    make.take(database, config, make.draft("en", topics={"labour": "Labour"}))
    rows = publish_due(database, falling, now=make.NOW)
    corrected = make.draft("en", words=make.text(title="Corrected"), topics={"labour": "Labour"})
    make.take(database, config, corrected)
    with database.read() as tx:
        told = tell_all(tx, rows[::-1], falling)
    assert [entry.language for entry in told] == ["ar", "es", "fr", "en"]
    assert {entry.title for entry in told} == {make.TITLES["en"]}
    assert told[0].topics == (Label(key="labour", name="العمل"),)
    assert told[0].notice == NOTICES["ar", "en"]


def test_a_story_names_its_translations_in_the_order_of_the_site(
    database: Database, config: Config
) -> None:
    make.take(database, config, *map(make.draft, ("es", "en", "ar", "fr")))
    rows = publish_due(database, config, now=make.NOW)
    with database.read() as tx:
        told = {entry.language: entry for entry in tell_all(tx, rows, config)}
        # One row alone knows the others as well.
        (alone,) = tell_all(tx, [row for row in rows if row.language == "es"], config)
    assert alone == told["es"]
    for language, entry in told.items():
        others = [other for other in make.LANGUAGES if other != language]
        assert entry.translations == tuple(
            Translation(language=other, path=told[other].path) for other in others
        )


# Corrected, retracted, withdrawn.


def mark(number: int, change: Change, note: str, language: str = "fr") -> Mark:
    return Mark(
        item_id=1,
        language=language,
        number=number,
        digest="",
        author="ann",
        change=change,
        note=note,
        saved=make.NOW,
    )


MARKS = [
    mark(1, Change.NEW, ""),
    mark(2, Change.CORRECTION, "Deux."),
    mark(3, Change.MINOR, "Virgule."),
    mark(4, Change.CORRECTION, "Quatre."),
    mark(5, Change.CORRECTION, ""),
    mark(6, Change.EDIT, "Autre."),
    mark(2, Change.CORRECTION, "Two.", "en"),
]


@pytest.mark.parametrize(
    ("before", "now", "note"),
    [
        (("fr", 1), ("fr", 2), "Deux."),
        (("fr", 1), ("fr", 3), "Deux."),
        # Both were corrected since readers were told: neither is kept from them.
        (("fr", 1), ("fr", 4), "Deux. Quatre."),
        # What they were told before is not told a second time.
        (("fr", 2), ("fr", 4), "Quatre."),
        (("fr", 4), ("fr", 6), ""),
        (("fr", 2), ("fr", 2), ""),
        (("en", 1), ("en", 2), "Two."),
        # In another language it is another text.
        (("en", 1), ("fr", 4), ""),
    ],
)
def test_a_note_is_of_what_was_corrected_since_readers_were_told(
    before: tuple[str, int], now: tuple[str, int], note: str
) -> None:
    rows = [
        make.publication(language="fr", shown_language=shown, revision=revision)
        for shown, revision in (before, now)
    ]
    assert story.correction_note(MARKS, *rows) == note


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "This text was retracted on November 23, 2026."),
        ("fr", "Ce texte a été retiré le 23 novembre 2026."),
        ("es", "Este texto fue retirado el 23 de noviembre de 2026."),
        ("ar", "سُحب هذا النص في 23 نوفمبر 2026."),
    ],
)
@pytest.mark.parametrize(("rule", "body"), [("ready", "Wrong."), ("source-retracted", "")])
def test_a_retracted_text_says_so_and_shows_no_words_but_its_notice(
    config: Config, language: str, sentence: str, rule: str, body: str
) -> None:
    row = make.publication(
        language=language, shown_language=language, change=Change.RETRACTION, rule=rule
    )
    words = make.text(language, summary="What was wrong.", body="Wrong.")
    told = tell(row, make.item(), words, topics={}, config=config)
    assert told.summary == sentence
    assert (told.body, told.is_gone, told.retracted) == (body, True, make.NOW)
    assert told.title == make.TITLES[language]


@pytest.mark.parametrize(
    ("changes", "gone", "pending"),
    [
        ({}, False, False),
        ({"change": Change.CORRECTION}, False, False),
        ({"change": Change.CORRECTION, "rule": "source-corrected"}, False, True),
        ({"change": Change.WITHDRAWAL, "rule": "taken-back"}, True, False),
    ],
)
def test_a_story_says_whether_it_is_gone_or_its_source_was_corrected(
    config: Config, changes: dict[str, object], gone: bool, pending: bool
) -> None:
    row = make.publication(**changes)
    told = tell(row, make.item(), make.text(), topics={}, config=config)
    assert (told.is_gone, told.withdrawn, told.retracted) == (gone, gone, None)
    assert told.source_corrected == (make.NOW if pending else None)


def correct(database: Database, config: Config, language: str, note: str, hour: int) -> None:
    now = make.NOW + timedelta(hours=hour)
    read = editing.text_of(database, 1, language).revision
    words = make.text(language, body=f"Text {hour}.")
    editing.edit(
        database,
        config,
        1,
        language,
        words,
        read=read,
        author="ann",
        now=now,
        change=Change.CORRECTION,
        note=note,
    )
    editing.approve(database, 1, language, now=now)
    publish_due(database, config, now=now)


def corrections(database: Database, config: Config, language: str) -> list[tuple[int, str, str]]:
    """Return of each correction after how many hours it was told, its note, and in what."""
    with database.read() as tx:
        row = publications.standing(tx, [1], FEED)[1, language]
        (told,) = tell_all(tx, [row], config)
    hour = timedelta(hours=1)
    return [
        ((entry.date - make.NOW) // hour, entry.note, entry.language) for entry in told.corrections
    ]


def test_each_correction_has_its_date_and_its_own_note_newest_first(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"), make.draft("fr"))
    publish_due(database, config, now=make.NOW)
    correct(database, config, "fr", "Premier.", 1)
    correct(database, config, "fr", "", 2)
    correct(database, config, "fr", "Troisième.", 3)
    assert corrections(database, config, "fr") == [
        (3, "Troisième.", "fr"),
        (2, "", "fr"),
        (1, "Premier.", "fr"),
    ]
    assert corrections(database, config, "en") == []


def test_a_translation_that_follows_its_source_repeats_no_older_note(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"), make.draft("fr"))
    publish_due(database, config, now=make.NOW)
    correct(database, config, "fr", "Premier.", 1)
    correct(database, config, "en", "It was 200.", 2)
    # That the source was corrected is said by itself, until the translation follows.
    assert corrections(database, config, "fr") == [(1, "Premier.", "fr")]
    correct(database, config, "fr", "", 3)
    assert corrections(database, config, "fr") == [(3, "", "fr"), (1, "Premier.", "fr")]
    assert corrections(database, config, "en") == [(2, "It was 200.", "en")]


def test_who_was_shown_another_language_has_the_note_in_that(
    database: Database, config: Config
) -> None:
    feeds = config.feeds.model_copy(update={"missing": Missing.FALLBACK})
    falling = config.model_copy(update={"feeds": feeds})
    make.take(database, falling, make.draft("en"))
    publish_due(database, falling, now=make.NOW)
    correct(database, falling, "en", "It was 200.", 1)
    assert corrections(database, falling, "ar") == [(1, "It was 200.", "en")]
