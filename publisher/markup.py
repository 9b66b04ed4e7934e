"""From Markdown to safe HTML to plain text: the one sanitiser.

    raw text --characters--> stored --html--> pages, feeds, mail
                                    --plain--> text parts, summaries

Markdown is parsed with raw HTML off; what comes out is cleaned once more by nh3, which
knows HTML as browsers do, so that a mistake in one of the two lets nothing through.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from html import escape
from itertools import pairwise
from urllib.parse import urljoin

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from publisher import characters, cutting
from publisher.kept import Kept

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
#: The same, but what stands within a paragraph is left unread.
_OUTLINE = MarkdownIt("commonmark", {"html": False}).enable("table").disable("inline")
#: What holds words and no further blocks.
_LEAVES = {"paragraph_open", "heading_open", "table_open", "fence", "code_block"}

_TAGS = frozenset(
    {"a", "abbr", "b", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6"}
    | {"hr", "i", "img", "li", "ol", "p", "pre", "s", "strong", "sub", "sup", "ul"}
    | {"table", "tbody", "td", "th", "thead", "tr"}
)
_ATTRIBUTES = {
    "a": {"href", "title", "hreflang"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "td": {"style"},
    "th": {"style"},
    "*": {"lang", "dir"},
}
_SCHEMES = {"http", "https", "mailto"}


#: What begins or ends something in CommonMark, wherever it stands in a line.
_SIGNS = "\\`*_~[]!<&|#\n"

#: The line below the head of a table, in a quotation or not.
_TABLE = re.compile(r"[>\s|:-]*")

#: A cell of a table, as its column is aligned.
_ALIGNED = re.compile(r'(<t[hd]) style="text-align:(left|center|right)">')

#: The most characters of a slug: at 4 bytes each, no file name passes the 255 bytes that
#: common file systems allow.
_SLUG = 60


def signs(markdown: str) -> int:
    """Return how many characters a text has that may be markup, line ends among them.

    How long a text takes to render goes by these, not by its length. A row of a table counts
    with all its cells, those that it leaves out too: they are made all the same.
    """
    return sum(map(markdown.count, _SIGNS)) + sum(_cells(markdown.split("\n")))


def _cells(lines: Iterable[str]) -> Iterator[int]:
    """Yield for each line how many cells of a table it may become."""
    columns = 0
    for line in lines:
        if "|" in line and _TABLE.fullmatch(line):
            columns = max(columns, line.count("|"))
        columns = columns if line.strip() else 0
        yield columns


def html(markdown: str, *, base: str = "") -> str:
    """Return the safe HTML of CommonMark text.

    With ``base``, an absolute address, relative links are made absolute: for readers who do
    not know where the text stands. Kept, since its page and its feeds ask one after the other,
    and reading Markdown takes ten times as long as all else.
    """
    shown = _htmls(markdown)
    return _sanitised(shown, base) if base else shown


def _html(markdown: str) -> str:
    tokens = _MARKDOWN.parse(markdown)
    for token in tokens:
        # The title above the text is the page's h1.
        if token.type in {"heading_open", "heading_close"} and token.tag == "h1":
            token.tag = "h2"
    return clean_html(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))


_htmls = Kept(_html, size=lambda *texts: 1_000 + 2 * sum(map(len, texts)), limit=32 * 2**20)


def framed(safe: str, *, table: str) -> str:
    """Return safe HTML as it stands on our pages, which have one sheet of styles and no others.

    A wide table gets a frame that can be scrolled, by keyboard too; ``table`` is what the frame
    is called for those who do not see it.
    """
    # In safe HTML every < that is no tag's own is escaped, in attributes too.
    frame = f'<div class="table" role="group" tabindex="0" aria-label="{escape(table)}"><table>'
    aligned = _ALIGNED.sub(r'\1 class="\2">', safe)
    return aligned.replace("<table>", frame).replace("</table>", "</table></div>")


def clean_html(markup: str) -> str:
    """Return HTML with only what may stand in a news text: no scripts, styles, frames or forms."""
    cleaned = _sanitised(characters.fit(markup))
    # &#12; has become a form feed, which no XML can hold; and what stood around it may now be
    # another address than the one that was looked at.
    kept = characters.fit(cleaned)
    return cleaned if kept == cleaned else _sanitised(kept)


def _sanitised(markup: str, base: str = "") -> str:
    return nh3.clean(
        markup,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        filter_style_properties={"text-align"},
        link_rel="noopener",
        url_relative=("rewrite_with_base", base) if base else None,
    )


def blocks(markdown: str) -> list[tuple[int, int]]:
    """Return the lines of each paragraph, heading, table and code block of CommonMark text.

    Wherever it stands, also in lists and quotations: its first line, counted from 0, and the
    one after its last.
    """
    leaves = [token for token in _OUTLINE.parse(markdown) if token.type in _LEAVES]
    return [(token.map[0], token.map[1]) for token in leaves if token.map]


def plain(markdown: str, *, base: str = "") -> str:
    """Return CommonMark text as plain text: what is read aloud, without the signs.

    Lists keep a dash or their numbers; a link keeps its address behind it. With ``base``, an
    absolute address, relative ones are made absolute.
    """
    blocks: list[str] = []
    prefixes: list[str] = []
    numbers: list[int] = []
    for token in _MARKDOWN.parse(markdown):
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            numbers.append(int(token.attrGet("start") or 1) if token.tag == "ol" else 0)
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            numbers.pop()
        elif token.type == "list_item_open":
            prefixes.append(f"{numbers[-1]}. " if numbers[-1] else "- ")
            numbers[-1] += bool(numbers[-1])
        elif token.type == "list_item_close":
            # Of an item that begins with no words; it may not mark what comes after it.
            prefixes.clear()
        elif token.type == "inline":
            indent = "  " * max(len(numbers) - 1, 0)
            words = _inline(token, base)
            blocks.append(indent + (prefixes.pop() if prefixes else "") + words)
        elif token.type in {"fence", "code_block"}:
            blocks.append(token.content.rstrip())
    return "\n\n".join(block for block in blocks if block.strip())


def _inline(token: Token, base: str = "") -> str:
    out: list[str] = []
    targets: list[str] = []
    for child in token.children or ():
        if child.type == "link_open":
            targets.append(_absolute(str(child.attrGet("href") or ""), base))
        elif child.type == "link_close":
            target = targets.pop()
            shown = out[-1] if out else ""
            known = {"", shown, f"mailto:{shown}"}
            out.append("" if target in known else f" <{target}>")
        elif child.type in {"softbreak", "hardbreak"}:
            out.append("\n" if child.type == "hardbreak" else " ")
        elif child.type == "image":
            out.append(_inline(child))
        else:
            out.append(child.content)
    return "".join(out).strip()


def _absolute(target: str, base: str) -> str:
    try:
        return urljoin(base, target)
    except ValueError:
        # A host in brackets that is no address, such as http://[x: nobody can follow it anyway.
        return target


def summary(markdown: str, *, limit: int = 300) -> str:
    """Return the beginning of a text as one line of plain text, cut between words if it has any.

    Taken from its paragraphs: headings and lists make no sentence. Kept, since a text without
    a summary of its own is asked for one whenever a feed holds it.
    """
    return _summaries((markdown, limit))


def _summary(asked: tuple[str, int]) -> str:
    markdown, limit = asked
    tokens = _MARKDOWN.parse(markdown)
    paragraphs = [
        _inline(token)
        for opening, token in pairwise(tokens)
        if opening.type == "paragraph_open" and opening.level == 0
    ]
    return cutting.cut(characters.clean_line(" ".join(paragraphs) or plain(markdown)), limit)


_summaries = Kept(_summary, size=lambda asked, _: 1_000 + 2 * len(asked[0]), limit=32 * 2**20)


def slug(text: str) -> str:
    """Return a name for addresses: lower-case letters and digits of any script, and hyphens."""
    folded = unicodedata.normalize("NFC", text.casefold())
    # Marks belong to the letters of many scripts: without its vowel signs Hindi is unreadable.
    words = "".join(
        letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else "-"
        for letter in folded
    )
    whole = re.sub("-+", "-", words).strip("-")
    if len(whole) <= _SLUG:
        return whole
    # Far back, if need be: long words stay whole in addresses.
    return cutting.beginning(whole, _SLUG, back=_SLUG // 2, spaces="-").strip("-")
