"""Bodies as they come: with all that Markdown has, in several scripts, and with odd characters."""

from hypothesis import strategies as st

from publisher import characters

_PIECES = [
    "Plain words.",
    "Two lines\nin one.  \nAnd a hard break.",
    "# A heading",
    "Heading\n=======",
    "- one\n- two\n  - nested\n\n    with a paragraph\n- three",
    "1. first\n2. second\n   continued",
    "> quoted\n>\n> - with a list",
    "```python\nx = 1\n\n\n---\n```",
    "    indented code\n\n    goes on",
    "| a | b |\n|---|:-:|\n| 1 | ]]> |",
    "---",
    "***",
    "\\# no heading, \\*no stress\\*",
    'He said "a\\b" & <b>left</b> &amp; ]]> <!-- -->',
    "[link][ref]\n\n[ref]: https://example.org/en 'Title'",
    "trailing spaces   ",
    "\ttab\tin\ttext",
    "كرامة عبر الحدود، ١٢٣",
    "e\u0301 combining, \u1100\u1161 jamo, नमस्ते",
    "\u202eturned\u202c, \u2067isolated\u2069, \u200fmark, a\u00a0b\u202fc",
    "🎉",
    "👩‍👩‍👧 family",
    "line\u2028separator\u2029paragraph\u0085next",
    "bell\x07 null\x00 escape\x1b vertical\x0btab form\x0cfeed \ufffe",
    "",
    " ",
]
_GAPS = ["\n\n", "\n\n\n", "\n", "\r\n\r\n", "\n  \n", " \n\n   "]

#: Whatever somebody writes.
BODIES = st.lists(
    st.tuples(st.sampled_from(_PIECES) | st.text(max_size=30), st.sampled_from(_GAPS)), max_size=8
).map(lambda pairs: "".join(piece + gap for piece, gap in pairs))

#: The same as the store keeps it, never empty.
STORED = BODIES.map(characters.clean_text).filter(bool)

#: Titles as the store keeps them.
TITLES = (
    st.one_of(
        st.text(min_size=1, max_size=40),
        st.sampled_from(
            [
                'He said: "yes" # not a comment',
                "'single' - \"double\"",
                "---",
                "no",
                "2026-11-20",
                "[a, b]",
                "{a: b}",
                "&anchor *alias !tag |",
                "%directive @at `tick`",
                "🎉 Émotion : ÇA",
                "كرامة: عبر الحدود",
                "a\u00a0b\u202fc",
                "null",
                "1_000",
                "? key",
                "- item",
            ]
        ),
    )
    .map(characters.clean_line)
    .filter(bool)
)
