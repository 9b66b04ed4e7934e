"""What stands in our sentences is shown as it is written, whichever way it runs."""

from collections.abc import Iterator
from html import escape

import pytest
from playwright.sync_api import Page

from publisher import languages
from publisher.languages.bidi import kept_apart
from tests import browser

LRM, RLM = "\N{LEFT-TO-RIGHT MARK}", "\N{RIGHT-TO-LEFT MARK}"

#: The signs of a text by where they are shown, from the left.
SHOWN = """() => {
    const [node] = document.querySelector("p").childNodes;
    return [...node.data].map((sign, at) => {
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        return [range.getBoundingClientRect().left, at, sign];
    }).sort((one, other) => one[0] - other[0] || one[1] - other[1])
        .map(([, , sign]) => sign).join("").replace(/[\\u200e\\u200f]/g, "");
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser.browser() as chromium:
        yield chromium.new_page()


def shown(page: Page, language: str, sentence: str) -> str:
    """Return a sentence as Chromium puts it on a line, from the left to the right."""
    way = languages.direction(language)
    page.set_content(f'<p dir="{way}" style="white-space: nowrap">{escape(sentence)}</p>')
    found: str = page.evaluate(SHOWN)
    return found


@pytest.mark.parametrize("language", ["en", "fr", "es", "ar"])
@pytest.mark.parametrize(
    ("key", "slot", "value"),
    [
        # Numbers after Arabic letters run with them, and the rest would be turned around them.
        ("confirm-about", "email", "2013.zoe@example.org"),
        ("change-address-about", "email", "2013.zoe@example.org"),
        ("changed-wrong", "address", "24-7@example.org"),
        # What ends such a sentence would go to its other end.
        ("goodbye-subject", "newsletters", "Europe!"),
    ],
)
def test_what_runs_the_other_way_stays_together(
    page: Page, language: str, key: str, slot: str, value: str
) -> None:
    sentence = languages.strings(language).text(key, **{slot: value})
    assert value in shown(page, language, sentence)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_each_name_of_a_list_stays_together(page: Page, language: str) -> None:
    names = languages.listing(["النشرة الأسبوعية", "ICMC (2013)", "Europe!"], language)
    sentence = languages.strings(language).text("goodbye-subject", newsletters=names)
    found = shown(page, language, sentence)
    assert "ICMC (2013)" in found
    assert "Europe!" in found


def test_a_date_stands_beside_a_name_that_runs_the_other_way(page: Page) -> None:
    arabic = languages.strings("ar").text(
        "digest-subject", newsletter="ICMC Europe", date="30 نوفمبر 2026"
    )
    # The name is read first, from the right; then the day, the month and the year.
    assert shown(page, "ar", arabic).startswith("2026 ")
    assert shown(page, "ar", arabic).endswith("30 ،ICMC Europe")
    french = languages.strings("fr").text(
        "digest-subject", newsletter="نشرة", date="30 novembre 2026"
    )
    assert shown(page, "fr", french).endswith(", 30 novembre 2026")


@pytest.mark.parametrize(
    ("value", "around", "marked"),
    [
        ("Europe!", "rtl", f"{RLM}{LRM}Europe!{LRM}{RLM}"),
        ("نشرة", "ltr", f"{LRM}{RLM}نشرة{RLM}{LRM}"),
        ("Actualités !", "ltr", "Actualités !"),
        ("نشرة", "rtl", "نشرة"),
        # Letters of both: an Arabic name with an abbreviation, or an English one with a quotation.
        ("ICMC أوروبا", "rtl", "ICMC أوروبا"),
        ("ICMC أوروبا", "ltr", "ICMC أوروبا"),
        # No letters: it goes with the sentence.
        ("2026", "rtl", "2026"),
        ("", "rtl", ""),
    ],
)
def test_only_what_runs_wholly_the_other_way_is_marked(
    value: str, around: str, marked: str
) -> None:
    assert kept_apart(value, around) == marked
