"""Texts as attackers write them, put together from pieces in any order."""

from hypothesis import strategies as st

#: Pieces of attacks, of Markdown and of innocent words, to be put together in any order.
PIECES = [
    *("<script>", "</script>", "alert(1)", "<style>", "</style>", "<iframe src=//evil.example>"),
    *("<svg onload=alert(1)>", "</svg>", "<math><mtext>", "<img src=x onerror=alert(1)>"),
    *(
        '<a href="javascript:alert(1)">',
        "</a>",
        "<p onclick='x'>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
    ),
    *("[x](javascript:alert(1))", "[x](JaVaScRiPt&colon;alert(1))", "[x](data:text/html,x)"),
    *("![x](data:image/svg+xml;base64,AA)", "[x](vbscript:x)", "<javascript:alert(1)>"),
    *('<a href="java\tscript:alert(1)">', '<a href="&#106;avascript:x">', "<form action=x>"),
    *('<td style="position:fixed;text-align:right">', "<table>", "<tr>", "<noscript>", "<title>"),
    *("<template>", "<base href=//evil.example>", "<mglyph>", "<textarea>", "<plaintext>"),
    *('"', "'", ">", "<", "&", "&lt;", "&#60;script&#62;", "`", "*", "_", "#", "\n", "\n\n", " "),
    *("- ", "1. ", "> ", "    ", "```", "| a | b |\n|---|--:|\n| 1 | 2 |", "~~", "\\", "&#12;"),
    *("\0", "\x0b", "\u202e", "\ufeff", "\ufffe", "\U0001ffff", "\u2028", "é", "漢字", "كرامة"),
]

HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=14).map("".join)

ANY = st.text(st.characters(exclude_categories=())) | HOSTILE
