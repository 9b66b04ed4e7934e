"""Story: an item in the words, the address and with the label that its audience gets."""

import pytest

from publisher import languages, story
from publisher.config import Config
from publisher.story import Label, tell
from store.records import Change, Topic
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


# Corrected, retracted, withdrawn.


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
