"""Story: an item in the words, the address and with the label that its audience gets."""

import pytest

from publisher import languages, story
from publisher.config import Config
from publisher.ingest.intake import put_topic
from publisher.publishing import publish_due
from publisher.story import Label, tell, tell_all
from store.database import Database
from store.records import Missing, Topic
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
        ("", "word " * 99, "word " * 58 + "word…"),
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
