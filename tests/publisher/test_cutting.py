"""Lines are cut between words, or where there is room no more, and never within a sign."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import characters, markup, rendering
from publisher.cutting import cut


@pytest.mark.parametrize(
    ("line", "limit", "found"),
    [
        ("short enough", 12, "short enough"),
        ("cut between the words of it", 26, "cut between the words of…"),
        # A word that just fits stays.
        ("cut between the words of it", 22, "cut between the words…"),
        # One space in a hundred signs is no place to go back to.
        ("Genève: 国际天主教移民委员会为难民提供帮助", 20, "Genève: 国际天主教移民委员会为…"),
        ("移民委員会　難民支援のための新しい井戸", 7, "移民委員会…"),
        ("ประเทศไทยมีผู้ลี้ภัยจำนวนมาก", 12, "ประเทศไทยมี…"),
        ("ជនភៀសខ្លួន\u200bនៅកម្ពុជា", 13, "ជនភៀសខ្លួន…"),
        # Marks, vowel signs, joined letters, emoji and flags are not taken apart.
        ("x" * 10 + "e\u0323\u0302" + "x" * 9, 12, "x" * 10 + "…"),
        ("कककककककककक्षक", 12, "ककककककककक…"),
        ("ခခခခခခခခခခေါ်ခ", 12, "ခခခခခခခခခ…"),
        ("น" * 10 + "น้ำน", 13, "น" * 10 + "…"),
        ("a" * 20 + "👩‍👩‍👧" + "a" * 10, 24, "a" * 20 + "…"),
        ("a" * 10 + "👍🏽" + "a" * 10, 12, "a" * 10 + "…"),
        ("🇧🇪🇨🇭🇪🇸🇫🇷🇩🇪🇳🇱🇮🇹", 12, "🇧🇪🇨🇭🇪🇸🇫🇷🇩🇪…"),
        # What nobody reads is cut anywhere.
        ("a" + "\u0301" * 40, 10, "a" + "\u0301" * 8 + "…"),
    ],
)  # fmt: skip
def test_a_line_is_cut_where_its_script_may_be(line: str, limit: int, found: str) -> None:
    assert cut(line, limit) == found


@given(st.text(min_size=1), st.integers(2, 60))
def test_a_cut_line_begins_as_it_did_and_leaves_little_room(text: str, limit: int) -> None:
    line = characters.clean_line(text)
    found = cut(line, limit)
    assert len(found) <= limit
    if len(line) > limit:
        assert line.startswith(found.removesuffix("…"))
        assert len(found) >= limit - limit // 5 - 1


@pytest.mark.parametrize("text", ["国际天主教移民委员会", "ผู้ลี้ภัย", "移民委員会は、"])
def test_a_generated_summary_is_no_word_or_two(text: str) -> None:
    for written in (text * 100, f"2026: {text * 100}"):
        summary = markup.summary(written)
        assert 240 <= len(summary) <= 300


def test_the_description_of_a_page_is_cut_likewise() -> None:
    template = rendering._environment(None).from_string("{{ line | cut(20) }}")
    assert (
        template.render(line="Genève: 国际天主教移民委员会为难民提供帮助")
        == "Genève: 国际天主教移民委员会为…"
    )
