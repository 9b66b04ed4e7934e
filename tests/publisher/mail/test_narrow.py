"""Mails on a small telephone: words that are wider than it are broken, and no mail gets wider."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from publisher.config import Config
from publisher.mail.edition import render_edition
from publisher.mail.letters import NAMES, message
from tests import browser, make
from tests.publisher.mail.test_edition import SLOT, told
from tests.publisher.mail.test_letters import TOKENS, letter
from tests.publisher.mail.test_wire import body

#: A word of German law, and an address that somebody wrote out.
LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
ADDRESS = "https://example.org/reports/2026/resettlement-in-figures-places-arrivals-and-the-time"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.browser() as found:
        yield found


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(viewport={"width": 320, "height": 640}) as context:
        yield context.new_page()


def width(page: Page, html: str) -> int:
    page.set_content(html)
    return int(page.evaluate("document.documentElement.scrollWidth"))


@pytest.mark.parametrize("language", ["en", "ar"])
def test_long_words_of_the_news_make_no_edition_wider(
    config: Config, page: Page, language: str
) -> None:
    stories = [told(1, language, "en", config, title=LONG, summary=ADDRESS)] * 2
    made = render_edition(make.newsletter(), language, stories, slot=SLOT, config=config)
    assert width(page, made.html) == 320


@pytest.mark.parametrize("name", NAMES)
def test_long_names_make_no_letter_wider(config: Config, page: Page, name: str) -> None:
    raw = message(letter(name, details={"names": [LONG], "consent": 5, "old": "0"}), TOKENS, config)
    assert width(page, body(raw, "html")) == 320
