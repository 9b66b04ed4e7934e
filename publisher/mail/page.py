"""What the HTML of a mail holds, as a mail program finds it. Pure."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

#: Elements without an end (HTML Living Standard, "Void elements").
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"]
)
#: What readers see none of.
_SILENT = frozenset(["head", "style", "script", "title", "template"])
#: What stands on lines of its own.
_BLOCKS = frozenset(
    ["p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "div", "blockquote", "pre"]
)
_HEADINGS = frozenset(["h1", "h2", "h3"])

#: A style that hides an element from readers, without its spaces.
_HIDDEN = "display:none"


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link, and the line of the HTML that it stands in."""

    href: str
    #: The language that it says its page is in, else that of the words around it.
    language: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Image:
    """A picture; ``alt`` is None where it says nothing, and empty where it only adorns."""

    src: str
    alt: str | None
    has_size: bool
    line: int


@dataclass(frozen=True, kw_only=True)
class Block:
    """Words that stand together, and the language that they are marked with."""

    words: str
    language: str
    line: int


@dataclass(kw_only=True)
class Page:
    """All that is to be looked at."""

    #: What the outermost element says of itself; empty where it says nothing.
    language: str = ""
    direction: str = ""
    links: list[Link] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    #: The languages of elements that state one, with what holds there of direction and line.
    marked: list[tuple[str, str, int]] = field(default_factory=list)


def read(html: str) -> Page:
    """Return what a page holds; broken HTML as far as it can be read."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.page


@dataclass(kw_only=True)
class _Element:
    tag: str
    language: str
    direction: str
    is_silent: bool
    line: int
    words: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._open: list[_Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        line = self.getpos()[0]
        above = self._open[-1] if self._open else None
        element = _Element(
            tag=tag,
            language=said.get("lang") or (above.language if above else ""),
            direction=said.get("dir") or (above.direction if above else ""),
            is_silent=_is_silent(tag, said) or (above is not None and above.is_silent),
            line=line,
        )
        self._note(element, said)
        if tag not in _VOID:
            self._open.append(element)

    def _note(self, element: _Element, said: dict[str, str]) -> None:
        page, tag = self.page, element.tag
        if tag == "html":
            page.language, page.direction = said.get("lang", ""), said.get("dir", "")
        if said.get("lang"):
            page.marked.append((said["lang"], element.direction, element.line))
        if tag == "a" and "href" in said:
            language = said.get("hreflang") or element.language
            page.links.append(Link(href=said["href"], language=language, line=element.line))
        if tag == "img":
            page.images.append(
                Image(
                    src=said.get("src", ""),
                    # An attribute without a value is an empty one.
                    alt=said.get("alt"),
                    has_size=said.get("width", "").isdigit() and said.get("height", "").isdigit(),
                    line=element.line,
                )
            )

    def handle_endtag(self, tag: str) -> None:
        # An end without a beginning ends nothing.
        if tag in {element.tag for element in self._open}:
            while self._end().tag != tag:
                pass

    def close(self) -> None:
        super().close()
        while self._open:
            self._end()

    def _end(self) -> _Element:
        element = self._open.pop()
        words = " ".join("".join(element.words).split())
        if element.tag not in _BLOCKS:
            # Words in a line belong to the block around them, unless they are marked otherwise.
            inside = self._open and self._open[-1].language == element.language
            if inside:
                self._open[-1].words += element.words
                return element
        if words and not element.is_silent:
            self.page.blocks.append(
                Block(words=words, language=element.language, line=element.line)
            )
            if element.tag in _HEADINGS:
                self.page.headings.append(words)
        return element

    def handle_data(self, data: str) -> None:
        if self._open and not self._open[-1].is_silent:
            self._open[-1].words.append(data)


def _is_silent(tag: str, said: dict[str, str]) -> bool:
    return tag in _SILENT or _HIDDEN in "".join(said.get("style", "").split())
