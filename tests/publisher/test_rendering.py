"""Rendering: what a template lacks is an error that names it, never an empty place."""

from datetime import UTC, datetime
from typing import Any

import jinja2
import pytest

from publisher.config import Config
from publisher.errors import RenderError
from publisher.rendering import FOLDERS, _of_readers, read, render
from publisher.story import tell
from tests import make

SLOT = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)


def test_the_templates_are_found_beside_or_inside_the_package() -> None:
    assert any(folder.is_dir() for folder in FOLDERS)


@pytest.mark.parametrize(
    ("chain", "subject"),
    [
        (("en",), "Digest, November 27, 2026"),
        (("fr", "en"), "Digest, 27 novembre 2026"),
        (("es", "en"), "Digest, 27 de noviembre de 2026"),
        (("ar", "en"), "Digest، 27 نوفمبر 2026"),
        # As they are written in the reader's country.
        (("ar-EG", "ar", "en"), "Digest، ٢٧ نوفمبر ٢٠٢٦"),
        (("en-GB", "en"), "Digest, 27 November 2026"),
        # Our words and the date come from the same language.
        (("de", "fr", "en"), "Digest, 27 novembre 2026"),
    ],
)
def test_our_words_and_dates_are_of_the_readers_language(
    chain: tuple[str, ...], subject: str
) -> None:
    rendered = render("email/digest/subject.txt", chain, title="Digest", slot=SLOT)
    # Without the marks that keep the name apart from what runs the other way.
    assert rendered.strip().translate({0x200E: None, 0x200F: None}) == subject


@pytest.mark.parametrize(
    ("chain", "written"),
    [
        (("en",), "1,234"),
        (("fr-CA", "fr"), "1\u00a0234"),
        (("ar-EG", "ar"), "١٬٢٣٤"),
        # Beside words in French a number stands as in French.
        (("de", "fr"), "1\u202f234"),
    ],
)
def test_templates_write_numbers_as_their_words_do(chain: tuple[str, ...], written: str) -> None:
    template = jinja2.Template("{{ number(1234) }}")
    assert template.render(_of_readers(chain, "UTC")) == written


def test_dates_are_days_where_the_readers_are() -> None:
    late = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
    values: dict[str, Any] = {"title": "Digest", "slot": late}
    utc = render("email/digest/subject.txt", ["en"], **values)
    brussels = render("email/digest/subject.txt", ["en"], zone="Europe/Brussels", **values)
    assert (utc.strip(), brussels.strip()) == (
        "Digest, November 26, 2026",
        "Digest, November 27, 2026",
    )


def test_a_name_that_nobody_gave_is_an_error_that_names_the_template() -> None:
    with pytest.raises(RenderError, match=r"templates/email/digest/subject\.txt:1: 'title' is und"):
        render("email/digest/subject.txt", ["en"], slot=SLOT)


def test_a_template_that_is_not_there_is_an_error_that_names_it() -> None:
    with pytest.raises(RenderError, match=r"templates/email/digest/body\.pdf"):
        render("email/digest/body.pdf", ["en"])
    with pytest.raises(RenderError, match=r"templates/web/style\.pdf: no such file"):
        read("web/style.pdf")


def test_a_string_that_no_catalogue_has_is_an_error_that_names_both(config: Config) -> None:
    item = make.item(kind="gossip")
    told = tell(make.publication(), item, make.text(), topics={}, config=config)
    with pytest.raises(
        RenderError, match=r"body\.txt:\d+: locale/en\.po has no string 'kind-gossip'"
    ):
        render(
            "email/digest/body.txt",
            ["en"],
            title="Digest",
            slot=SLOT,
            stories=[told],
            absolute=str,
            intro_text="",
        )


def test_html_is_escaped_and_plain_text_is_not(config: Config) -> None:
    words = make.text(title="<b>\"A\" & 'B'</b>")
    told = tell(make.publication(), make.item(), words, topics={}, config=config)
    values: dict[str, Any] = {
        "stories": [told],
        "title": "Digest",
        "slot": SLOT,
        "absolute": str,
        "site_name": "S",
        "site_url": "https://a.example",
        "preheader": "",
        "edition_url": "",
        "intro_html": "",
        "intro_text": "",
        "language_at": lambda _path: "en",
        "imprint": "",
        "leave_link": "https://a.example/leave/x",
        "preferences_link": "https://a.example/preferences/x",
    }
    html = render("email/digest/body.html", ["en"], **values)
    text = render("email/digest/body.txt", ["en"], **values)
    assert "&lt;b&gt;&#34;A&#34; &amp; &#39;B&#39;&lt;/b&gt;" in html
    assert "<b>\"A\" & 'B'</b>" not in html
    assert "<b>\"A\" & 'B'</b>" in text


def test_a_file_is_read_as_it_stands() -> None:
    assert "{{" not in read("web/style.css")
    assert "{{ t(" in read("email/digest/body.txt")
