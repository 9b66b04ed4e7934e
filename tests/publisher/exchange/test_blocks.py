"""A body in pieces: what is one, and that nothing is lost between them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.exchange.blocks import Blocks, join, split
from tests import bodies


@pytest.mark.parametrize(
    ("body", "gaps", "texts"),
    [
        ("", ("",), ()),
        ("One.", ("", ""), ("One.",)),
        ("One.\n\nTwo.", ("", "\n\n", ""), ("One.", "Two.")),
        ("One\nand on.\n\n\n  \nTwo.", ("", "\n\n\n  \n", ""), ("One\nand on.", "Two.")),
        ("# Head\nText", ("", "\n", ""), ("# Head", "Text")),
        ("Head\n---\nText", ("", "\n", ""), ("Head\n---", "Text")),
        ("- one\n- two\n  - in two", ("", "\n", "\n  ", ""), ("- one", "- two", "- in two")),
        ("> said\n> so", ("", ""), ("> said\n> so",)),
        ("| a | b |\n|---|---|\n| 1 | 2 |", ("", ""), ("| a | b |\n|---|---|\n| 1 | 2 |",)),
        ("```\na\n\nb\n```\n\nText", ("", "\n\n", ""), ("```\na\n\nb\n```", "Text")),
        ("Text\n\n    code\n\n    more", ("", "\n\n    ", ""), ("Text", "code\n\n    more")),
        # What has no letter and no digit is nothing to translate.
        ("One\n\n---\n\nTwo", ("", "\n\n---\n\n", ""), ("One", "Two")),
        ("One\n\n🎉\n\nTwo", ("", "\n\n🎉\n\n", ""), ("One", "Two")),
        ("---", ("---",), ()),
        # The target of a link may be another in another language.
        ("[a]\n\n[a]: /en", ("", "\n\n", ""), ("[a]", "[a]: /en")),
        ("كرامة\n\nعبر الحدود", ("", "\n\n", ""), ("كرامة", "عبر الحدود")),
        ("a\r\nb\r\rc\r\n", ("", "\r\r", "\r\n"), ("a\r\nb", "c")),
        ("  a  \n\nb  ", ("  ", "  \n\n", "  "), ("a", "b")),
    ],
)
def test_blocks_are_what_a_translator_would_take_one_by_one(
    body: str, gaps: tuple[str, ...], texts: tuple[str, ...]
) -> None:
    assert split(body) == Blocks(gaps=gaps, texts=texts)


@settings(max_examples=150)
@given(bodies.BODIES | st.text())
def test_the_pieces_of_any_body_are_the_body_to_the_last_character(body: str) -> None:
    pieces = split(body)
    assert join(pieces.gaps, pieces.texts) == body
    assert len(pieces.gaps) == len(pieces) + 1
    assert all(text == text.strip() != "" for text in pieces.texts)


def test_a_body_of_many_blocks_is_split_in_a_time_that_follows_its_length() -> None:
    body = "\n\n".join(f"{number}. [paragraph](" for number in range(4_000))
    assert len(split(body)) == 4_000
