"""From HTML to CommonMark: what stands in the store is text that people can edit.

    tree --blocks--> paragraphs, headings, lists, quotes, tables, code
         --inline--> emphasis, links, images, and text with its signs escaped

Scripts, forms and frames stay behind. What Markdown cannot say (colours, columns, nested
tables) becomes plain paragraphs: no word is lost.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from publisher import characters
from publisher.ingest import links
from publisher.ingest.inline import Piece, line, paragraph
from publisher.ingest.trees import Element, html_tree

#: Elements inside one another beyond this are read as plain text.
MAX_DEPTH = 60
#: A table with more columns becomes paragraphs.
MAX_COLUMNS = 30

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_DROPPED = frozenset(
    {"applet", "audio", "base", "button", "canvas", "dialog", "embed", "form", "frame", "frameset"}
    | {"head", "iframe", "input", "link", "map", "math", "meta", "noscript", "object", "option"}
    | {"script", "select", "style", "svg", "template", "textarea", "title", "video"}
)
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog"}
    | {"dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "header", "hgroup"}
    | {"hr", "html", "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table"}
    | {"ul", *_HEADINGS}
)
_MARKS = {
    **dict.fromkeys(("b", "strong"), "**"),
    **dict.fromkeys(("cite", "em", "i"), "*"),
    **dict.fromkeys(("del", "s", "strike"), "~~"),
}


def from_html(html: str, base: str = "") -> str:
    """Return a piece of HTML as CommonMark; relative addresses are meant from ``base``.

    Raises InputError for what is too large to be news.
    """
    return from_tree(html_tree(html), base)


def from_tree(root: Element, base: str = "") -> str:
    """Return a tree of HTML as CommonMark; relative addresses are meant from ``base``."""
    return characters.clean_text("\n\n".join(_Reader(base).blocks(root, 0)))


def plain(html: str) -> str:
    """Return the text of a piece of HTML on one line, as titles stand there.

    Raises InputError for what is too large to be news.
    """
    return characters.clean_line(_said(_Reader("").flat(html_tree(html), 0)))


def _said(pieces: Iterable[Piece]) -> str:
    words = (piece.text + _said(piece.inner) + " " * (piece.mark == "br") for piece in pieces)
    return "".join(words)


@dataclass(frozen=True)
class _Reader:
    base: str

    def blocks(self, element: Element, depth: int) -> Iterator[str]:
        """Yield the blocks within an element."""
        if depth > MAX_DEPTH:
            yield from paragraphs([Piece(text=text_of(element))])
            return
        pieces: list[Piece] = [Piece(text=element.text or "")]
        before = ""
        for child in element:
            if child.tag in _DROPPED:
                pass
            elif _is_block(child):
                yield from paragraphs(pieces)
                pieces = []
                for block in self._block(child, depth + 1, before):
                    yield block
                    before = child.tag
            else:
                pieces += self._inline(child, depth + 1)
            pieces.append(Piece(text=child.tail or ""))
        yield from paragraphs(pieces)

    def _block(self, element: Element, depth: int, before: str) -> Iterator[str]:
        tag = element.tag
        if tag in _HEADINGS:
            title = re.sub(r"#\Z", r"\\#", line(self.flat(element, depth)))
            yield from [f"{'#' * _HEADINGS[tag]} {title}"] if title else []
        elif tag in {"ul", "ol", "menu", "dir"}:
            yield from self._list(element, depth, again=before == tag)
        elif tag == "blockquote":
            inner = "\n\n".join(self.blocks(element, depth))
            yield from [_indented(inner, "> ", "> ")] if inner else []
        elif tag == "pre":
            yield from _code(element)
        elif tag == "table":
            yield from self._table(element, depth)
        elif tag == "hr":
            yield "---"
        else:
            yield from self.blocks(element, depth)

    def _list(self, element: Element, depth: int, *, again: bool) -> Iterator[str]:
        # Two lists on end with the same sign would be one.
        number = _start(element) if element.tag == "ol" else None
        sign = ("*" if again else "-") if number is None else (")" if again else ".")
        entries = []
        for child in element:
            blocks = list(self.blocks(child, depth)) if child.tag not in _DROPPED else []
            if not blocks:
                continue
            mark = f"{sign} " if number is None else f"{number}{sign} "
            tight = all(_is_item(block) for block in blocks[1:])
            entries.append(
                _indented(("\n" if tight else "\n\n").join(blocks), mark, " " * len(mark))
            )
            number = None if number is None else number + 1
        if entries:
            yield ("\n\n" if any("\n\n" in entry for entry in entries) else "\n").join(entries)

    def _table(self, element: Element, depth: int) -> Iterator[str]:
        rows = [row for row in element.iter("tr") if _table_of(row) is element]
        cells = [[cell for cell in row if cell.tag in {"td", "th"}] for row in rows]
        for caption in element.iterchildren("caption"):
            yield from self.blocks(caption, depth)
        width = max(map(len, cells), default=0)
        nested = next(element.iterdescendants("table"), None) is not None
        if nested or not 1 < width <= MAX_COLUMNS:
            # Laid out with a table, as pages once were, and mails are.
            for cell in (cell for row in cells for cell in row):
                yield from self.blocks(cell, depth)
            return
        lines = [[self._cell(cell, depth) for cell in row] for row in cells]
        lines = [[*line, *[""] * (width - len(line))] for line in lines if any(line)]
        if lines:
            lines.insert(1, ["---"] * width)
            yield "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _cell(self, element: Element, depth: int) -> str:
        return line(self.flat(element, depth)).replace("|", "\\|")

    def _inline(self, element: Element, depth: int) -> list[Piece]:
        """Return the pieces of an element that stands within a line."""
        tag = element.tag
        if tag == "br":
            return [Piece(mark="br")]
        if tag == "img":
            return self._image(element)
        if tag == "code" and not len(element):
            return [Piece(mark="code", text=element.text or "")]
        inner = self.flat(element, depth)
        if tag == "a":
            target = self._address(element.get("href"))
            return [Piece(mark="link", target=target, inner=tuple(inner))] if target else inner
        return [Piece(mark=_MARKS[tag], inner=tuple(inner))] if tag in _MARKS else inner

    def flat(self, element: Element, depth: int) -> list[Piece]:
        """Return all within an element as pieces of one line."""
        if depth > MAX_DEPTH:
            return [Piece(text=text_of(element))]
        pieces = [Piece(text=element.text or "")]
        for child in element:
            inner = [] if child.tag in _DROPPED else self._inline(child, depth + 1)
            space = [Piece(text=" ")] if child.tag in _BLOCKS or child.tag in {"td", "tr"} else []
            pieces += [*space, *inner, *space, Piece(text=child.tail or "")]
        return pieces

    def _image(self, element: Element) -> list[Piece]:
        if element.get("width") in {"0", "1"} or element.get("height") in {"0", "1"}:
            # They count readers.
            return []
        source = self._address(element.get("data-src")) or self._address(element.get("src"))
        alt = element.get("alt") or ""
        return [Piece(mark="image", target=source, text=alt)] if source else [Piece(text=alt)]

    def _address(self, written: str | None) -> str:
        return links.absolute(written or "", self.base)


def text_of(element: Element) -> str:
    """Return all text within an element."""
    return " ".join(
        part
        for node in element.iter()
        for part in ([node.text] if node.tag not in _DROPPED else []) + [node.tail]
        if part and (node is not element or part is element.text)
    )


def paragraphs(pieces: Iterable[Piece]) -> Iterator[str]:
    """Yield the paragraphs of a run of pieces: two line breaks on end are the end of one."""
    run: list[Piece] = []
    for piece in pieces:
        if piece.mark == "br" and run and run[-1].mark == "br":
            yield from filter(None, [paragraph(run)])
            run = []
        elif piece.mark or piece.text.strip() or not (run and run[-1].mark == "br"):
            run.append(piece)
    yield from filter(None, [paragraph(run)])


def _is_block(element: Element) -> bool:
    if element.tag in _BLOCKS:
        return True
    # Emphasis or a link around whole paragraphs; links keep their target instead.
    return element.tag != "a" and any(inner.tag in _BLOCKS for inner in element.iterdescendants())


def _is_item(block: str) -> bool:
    return bool(re.match(r"[-*] |\d{1,9}[.)] ", block))


def _table_of(row: Element) -> Element:
    return next(row.iterancestors("table"), None)


def _start(element: Element) -> int:
    written = element.get("start") or ""
    return int(written) if re.fullmatch(r"\d{1,6}", written) else 1


def _code(element: Element) -> Iterator[str]:
    text = "".join(element.itertext()).strip("\n")
    if text.strip():
        longest = max((len(run) for run in re.findall("`+", text)), default=0)
        fence = "`" * max(3, longest + 1)
        yield f"{fence}\n{text}\n{fence}"


def _indented(block: str, first: str, others: str) -> str:
    lines = block.split("\n")
    rest = (f"{others}{line}" if line or others.strip() else "" for line in lines[1:])
    return "\n".join([f"{first}{lines[0]}", *(line.rstrip() for line in rest)])
