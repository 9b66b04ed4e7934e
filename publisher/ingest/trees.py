"""Read foreign HTML and XML into trees, without entities, network or surprises: lxml's home.

Both are bounded before anything walks them: in bytes, depth, elements and attributes.
"""

import html
import re
from contextlib import suppress
from typing import Any

from lxml import etree
from lxml.html import HTMLParser

from publisher.errors import InputError
from publisher.ingest.response import decoded

#: An element of lxml, which has no types: ``tag``, ``text``, ``tail``, ``get()``, ``iter()``.
Element = Any

#: The most characters of HTML, and the most elements in it: pages stay far below.
MAX_HTML, MAX_ELEMENTS = 3_000_000, 20_000
#: The most attributes of an element; the cost of reading them grows with their square.
MAX_ATTRIBUTES = 200

#: What XML 1.0 cannot hold, and HTML has no use for.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TAG = re.compile(r"""<[A-Za-z](?:[^<>"']|"[^"]*"|'[^']*')*""")
_ROUGH_TAG = re.compile(r"<[A-Za-z][^<>]*")
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_DECLARATION = re.compile(r"\A\s*(?:<\?xml\b[^>]*\?>)?")
_DECLARED = re.compile(rb"""\A[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)
_REFERENCE = re.compile(r"&(?:#(\d{1,7}|[xX][0-9a-fA-F]{1,6});|(\w{1,32});)?")
_XML_NAMES = {"amp", "lt", "gt", "quot", "apos"}


def html_tree(text: str) -> Element:
    """Return the root of HTML, whole or a piece of it, as browsers would read it.

    Raises InputError for what is too large to be news.
    """
    if len(text) > MAX_HTML:
        raise InputError("HTML", f"has {len(text)} characters, {MAX_HTML} at the most")
    clean = _CONTROLS.sub("", text)
    if any(_attributes(tag[0]) > MAX_ATTRIBUTES for tag in _TAG.finditer(clean)) or any(
        _attributes(tag[0]) > MAX_ATTRIBUTES for tag in _ROUGH_TAG.finditer(clean)
    ):
        raise InputError("HTML", f"an element has more than {MAX_ATTRIBUTES} attributes")
    parser = HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    # Without a body there is nothing to stand in the tree, which lxml calls an error.
    root = etree.fromstring(f"{clean}\n<body>".encode(), parser)
    if root is None:
        # What was never closed has swallowed the body, too.
        root = etree.fromstring(b"<html></html>", parser)
    count = sum(1 for _ in root.iter())
    if count > MAX_ELEMENTS:
        raise InputError("HTML", f"has {count} elements, {MAX_ELEMENTS} at the most")
    return root


def _attributes(tag: str) -> int:
    # A tag as short as this cannot hold too many; most are.
    if len(tag) < 2 * MAX_ATTRIBUTES:
        return 0
    return len(_QUOTED.sub(" ", tag).split())


def xml_tree(content: bytes, charset: str = "") -> Element:
    """Return the root of XML; what browsers and feed readers forgive is mended first.

    Raises InputError for what is not well-formed, declares entities, or goes too deep.
    """
    declared = _DECLARED.match(content)
    stated = declared[1].decode("ascii") if declared else ""
    text = _DECLARATION.sub("", _CONTROLS.sub("", decoded(content, charset, stated)))
    with suppress(etree.XMLSyntaxError):
        root = _checked(_parsed(text))
        # Names that a document type elsewhere may declare are left as they are.
        if next(root.iter(etree.Entity), None) is None:
            return root
    try:
        return _checked(_parsed(_mended(text)))
    except etree.XMLSyntaxError as error:
        reason = " ".join(str(error.msg).split())
        raise InputError("XML", f"is not well-formed: {reason}") from error


def xml_bytes(root: Element) -> bytes:
    """Return a tree as XML in UTF-8, without a document type."""
    written: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _parsed(text: str) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(text.encode(), parser)


def _checked(root: Element) -> Element:
    document_type = root.getroottree().docinfo.internalDTD
    if document_type is not None and any(True for _ in document_type.iterentities()):
        raise InputError("XML", "declares entities of its own (<!ENTITY), which are never read")
    if any(len(element.attrib) > MAX_ATTRIBUTES for element in root.iter("*")):
        raise InputError("XML", f"an element has more than {MAX_ATTRIBUTES} attributes")
    return root


def _mended(text: str) -> str:
    """Mend the usual faults outside of CDATA: bare ampersands, and names that only HTML knows."""
    parts = _CDATA.split(text)
    return "".join(
        part if part.startswith("<![CDATA[") else _REFERENCE.sub(_reference, part) for part in parts
    )


def _reference(found: re.Match[str]) -> str:
    number, name = found.groups()
    if number:
        code = int(number[1:], 16) if number[0] in "xX" else int(number)
        character = chr(code) if code < 0x110000 else "\ufffd"  # noqa: PLR2004
        return html.escape(_CONTROLS.sub("", character))
    if name in _XML_NAMES:
        return found[0]
    known = html.unescape(found[0]) if name else found[0]
    return html.escape(known, quote=False)
