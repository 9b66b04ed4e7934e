"""Characters: what is stored of text from outside."""

import unicodedata

import pytest
from hypothesis import example, given
from lxml import etree

from publisher import characters
from tests.attacks import ANY

BIDI = {chr(code) for code in [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]}


@given(ANY)
def test_what_is_fit_can_stand_in_xml_and_loses_no_other_sign(text: str) -> None:
    fit = characters.fit(text)
    element = etree.Element("a")
    element.text = fit
    assert etree.fromstring(etree.tostring(element)).text == (fit or None)
    assert characters.fit(fit) == fit
    assert [sign for sign in text if sign.isalnum()] == [sign for sign in fit if sign.isalnum()]


@given(ANY)
@example("\u202a title")
@example("a \0 b")
@example("e\u202a\u0301")
@example("\ud800 half")
@example("Subject\r\nBcc: everybody@example.org")
def test_a_clean_line_is_one_line_that_harms_no_header(text: str) -> None:
    line = characters.clean_line(text)
    categories = {unicodedata.category(letter) for letter in line}
    assert not categories & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(line) & BIDI
    assert line == line.strip()
    assert "  " not in line
    assert unicodedata.is_normalized("NFC", line)
    assert line.splitlines() in ([], [line])
    assert characters.clean_line(line) == line
    line.encode("utf-8")


@pytest.mark.parametrize(
    ("given_as", "kept_as"),
    [
        ("  two \n words\t", "two words"),
        ("Vertical\vtab", "Vertical tab"),
        ("Migrations\u202f: le point", "Migrations\u202f: le point"),
        ("«\u00a0Dignité\u00a0»", "«\u00a0Dignité\u00a0»"),
        ("Dignite\u0301", "Dignité"),
        ("\u202eevil\u202c", "evil"),
        ("\ufefffirst", "first"),
        ("\u2067كرامة\u2069", "كرامة"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_a_line_keeps_what_belongs_to_its_language(given_as: str, kept_as: str) -> None:
    assert characters.clean_line(given_as) == kept_as


@given(ANY)
@example("a\r\nb\rc\u2028d\u2029e\vf\x85g")
@example("\r\0\n")
def test_a_clean_text_keeps_its_lines_and_nothing_that_xml_refuses(text: str) -> None:
    kept = characters.clean_text(text)
    etree.Element("content").text = kept
    assert "\r" not in kept
    assert kept.split("\n") == (kept.splitlines() or [""])
    assert characters.clean_text(kept) == kept


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\v", "\x85"])
def test_words_on_two_lines_never_run_together(ending: str) -> None:
    assert characters.clean_text(f"one{ending}two") == "one\ntwo"
    assert characters.clean_line(f"one{ending}two") == "one two"
