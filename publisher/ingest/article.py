"""The article of a web page, without menus and notices: trafilatura's home."""

import logging

from trafilatura import bare_extraction

from publisher.ingest.commonmark import from_tree
from publisher.ingest.trees import Element

# What it has to say of a page it says to nobody: we tell people ourselves.
logging.getLogger("trafilatura").addHandler(logging.NullHandler())

#: trafilatura's names of elements (after TEI), and HTML's.
_NAMES = {"cell": "td", "graphic": "img", "item": "li", "lb": "br", "ref": "a", "row": "tr"}
_EMPHASIS = {"#b": "strong", "#i": "em", "#t": "code"}


def article(root: Element, base: str) -> str:
    """Return the article of a page as CommonMark, without its title; the tree is used up."""
    body = root.find("body")
    if body is None:
        return ""
    only = _only(body, "article") or _only(body, "main")
    if only:
        # Where the page says itself what its article is, nobody need guess.
        body.clear()
        body.extend(only)
    found = bare_extraction(
        root,
        fast=True,
        include_comments=False,
        include_formatting=True,
        include_images=True,
        include_links=True,
        include_tables=True,
    )
    if found is None or isinstance(found, dict) or found.body is None:
        return ""
    for element in list(found.body.iter()):
        _rename(element)
    first = next(iter(found.body), None)
    if first is not None and first.tag == "h1" and not (found.body.text or "").strip():
        found.body.text = first.tail
        found.body.remove(first)
    return from_tree(found.body, base)


def _only(body: Element, name: str) -> list[Element]:
    """Return the element that a page has but one of, as a list of one."""
    found = list(body.iter(name))
    return found if len(found) == 1 else []


def _rename(element: Element) -> None:
    """Give an element of trafilatura's tree its name in HTML."""
    tag, look = element.tag, element.get("rend") or ""
    if tag == "head":
        element.tag = look if look in {"h1", "h2", "h3", "h4", "h5", "h6"} else "h2"
    elif tag == "list":
        element.tag = "ol" if look == "ol" else "ul"
    elif tag == "hi":
        element.tag = _EMPHASIS.get(look, "span")
    elif tag == "cell" and element.get("role") == "head":
        element.tag = "th"
    elif tag == "quote":
        apart = element.getparent() is None or element.getparent().tag in {"body", "blockquote"}
        element.tag = "blockquote" if apart or len(element) else "span"
    elif tag == "code":
        element.tag = "pre" if len(element) else "code"
    else:
        element.tag = _NAMES.get(tag, tag)
    if tag == "ref":
        element.set("href", element.get("target") or "")
