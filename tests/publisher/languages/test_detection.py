"""Which language a text is in: said only where it is sure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.languages import label_of, written_in
from tests import make

SENTENCES = {
    "en": "Three countries in three years, from the moment when a place is offered to the day.",
    "fr": "Trois pays en trois ans, du moment où une place est proposée jusqu’au jour d’arriver.",
    "es": "Tres países en tres años, desde que se ofrece una plaza hasta el día de la llegada.",
    "ar": "ثلاثة بلدان في ثلاث سنوات، من لحظة عرض المكان إلى يوم الوصول والاستقرار فيه.",
    "zh-Hant": "三個國家在三年之內，從提供安置名額的那一刻起，直到有人在那裡定居的那一天。",
    "nb": "Tre land på tre år, fra øyeblikket da en plass blir tilbudt til dagen da noen bor der.",
    "prs": "سه کشور در سه سال، از لحظه‌ای که جایی پیشنهاد می‌شود تا روزی که کسی در آنجا زندگی کند.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_is_known_among_the_languages_of_a_site(language: str) -> None:
    assert written_in(SENTENCES[language], [*SENTENCES]) == language


@pytest.mark.parametrize(
    "text",
    ["", "ICMC Europe", "IOM, UNHCR, ICMC Europe, EU, ILO", "2013", "Migration policy digest", "…"],
)
def test_of_names_and_scraps_nothing_is_said(text: str) -> None:
    assert written_in(text, make.LANGUAGES) is None


def test_where_there_is_no_choice_nothing_is_said() -> None:
    assert written_in(SENTENCES["fr"], ["en"]) is None
    assert written_in(SENTENCES["fr"], []) is None
    # Tigrinya is unknown to the model: a text in it would be taken for Amharic.
    assert label_of("ti") is None
    assert written_in(SENTENCES["fr"], ["en", "fr", "ti"]) is None


@pytest.mark.parametrize(
    ("language", "label"),
    [("pt-BR", "pt"), ("zh-Hant-TW", "zh"), ("nb", "no"), ("prs", "fa"), ("ar-EG", "ar")],
)
def test_a_language_goes_by_the_name_of_the_model(language: str, label: str) -> None:
    assert label_of(language) == label


def test_languages_that_the_model_cannot_tell_apart_are_one() -> None:
    text = "A maioria dos migrantes vive e trabalha em situação regular no país de acolhimento."
    assert written_in(text, ["pt-BR", "en"]) == "pt-BR"
    assert written_in(text, ["pt-BR", "pt-PT"]) is None


@given(st.text(max_size=200))
def test_any_text_can_be_asked_about(text: str) -> None:
    assert written_in(text, make.LANGUAGES) in {None, *make.LANGUAGES}
