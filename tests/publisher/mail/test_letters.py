"""Letters are whole, in their reader's language, and say nothing that a stranger chose."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher import languages
from publisher.config import Config
from publisher.errors import RenderError
from publisher.mail.letters import NAMES, message
from publisher.tokens import Tokens
from store.records import DeliveryState, Letter, SigningKey
from tests import make
from tests.publisher.mail.test_wire import assert_whole, body, header, parsed

TOKENS = Tokens(keys=[SigningKey(id=1, secret="ab" * 32)])


def letter(name: str, language: str = "en", **changes: Any) -> Letter:
    values: dict[str, Any] = {
        "id": 7,
        "subscriber_id": 3,
        "name": name,
        "language": language,
        "email": "zoe@example.org",
        "details": {"names": [make.newsletter().names[language]], "consent": 5, "old": "0a0b0c0d"},
        "created": make.NOW,
        "state": DeliveryState.CLAIMED,
        "code": 0,
        "detail": "",
        "attempts": 1,
    }
    return Letter(**{**values, **changes})


@pytest.mark.parametrize("language", make.LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_letter_is_whole_in_every_language(config: Config, name: str, language: str) -> None:
    raw = message(letter(name, language), TOKENS, config)
    assert_whole(raw, once=())
    found = parsed(raw)
    assert found["Auto-Submitted"] == "auto-generated"
    assert [part["Content-Language"] for part in found.iter_parts()] == [language] * 2
    assert found["List-Unsubscribe"] is None
    strings, html = languages.strings(language), body(raw, "html")
    slots = {"site": config.name(language), "newsletters": make.newsletter().names[language]}
    assert header(raw, "Subject") == strings.text(f"{name}-subject", **slots)
    assert f'lang="{language}" dir="{languages.direction(language)}"' in html
    for part in (body(raw, "plain"), html):
        assert "{" not in re.sub(r"<style>.*?</style>", "", part, flags=re.DOTALL)
        assert "None" not in part


@pytest.mark.parametrize("language", make.LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_both_parts_of_a_letter_lead_to_the_same_places(
    config: Config, name: str, language: str
) -> None:
    raw = message(letter(name, language), TOKENS, config)
    places = [{*re.findall(r"https://[^\s\"<]+", body(raw, kind))} for kind in ("plain", "html")]
    assert places[0] == places[1]


def test_a_goodbye_names_all_that_was_left_as_its_reader_would(config: Config) -> None:
    details = {"names": ["Semaine", "Alertes"]}
    subject = header(message(letter("goodbye", "fr", details=details), TOKENS, config), "Subject")
    assert subject.endswith("Semaine et Alertes")


def test_a_message_id_is_the_letters_own(config: Config) -> None:
    ids = {
        parsed(message(row, TOKENS, config))["Message-ID"]
        for row in (
            letter("welcome"),
            letter("welcome", state=DeliveryState.POSTPONED, attempts=9, code=450),
            letter("welcome", id=8),
            letter("welcome", email="joe@example.org"),
        )
    }
    assert len(ids) == 3


@settings(max_examples=50)
@given(st.lists(st.text(max_size=60), max_size=4))
@example(["." * 99, "\n.\n.", "From here"])
def test_no_name_of_a_newsletter_breaks_a_letter(names: list[str]) -> None:
    config = make.config(Path())
    raw = message(letter("confirm", details={"names": names, "consent": 1}), TOKENS, config)
    assert_whole(raw, once=())
    # SMTP would have to double a full stop there (RFC 5321, 4.5.2), and does not.
    assert not re.search(rb"^\.", raw, re.MULTILINE)
    assert parsed(raw)["To"] == "zoe@example.org"


def test_what_is_wrong_with_the_styles_of_a_letter_is_said_of_its_own_file(
    config: Config, tmp_path: Path
) -> None:
    own = tmp_path / "own" / "email" / "letters" / "goodbye"
    own.mkdir(parents=True)
    page = "<html><head><style>p{color:red}</style></head><body><p style=';;;{'>x</p></body></html>"
    (own / "body.html").write_text(page, encoding="utf-8")
    section = config.site.model_copy(update={"templates": tmp_path / "own"})
    with pytest.raises(RenderError, match=r"^templates/email/letters/goodbye/body\.html: "):
        message(letter("goodbye"), TOKENS, config.model_copy(update={"site": section}))
