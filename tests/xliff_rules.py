"""What the core of XLIFF 2.1 (OASIS Standard, 13 February 2018, 4) demands of a document.

Written from the prose of the standard, for the elements that we write; others are faults.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

SPACE = "{urn:oasis:names:tc:xliff:document:2.0}"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"

_NMTOKEN = re.compile(r"[\w.:-]+")
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
_DIRECTION = re.compile("ltr|rtl|auto")
_PRESERVED = re.compile("default|preserve")
_STATE = re.compile("initial|translated|reviewed|final")
#: An authority and a value of its own; "xlf:" is the standard's.
_USER_DEFINED = re.compile(r"(?!xlf:)[^\s:]+:[^\s:]+")
_ANY = re.compile(".*", re.DOTALL)
#: Code points in hexadecimal, whole bytes.
_HEX = re.compile("([0-9A-Fa-f]{2})+")


@dataclass(frozen=True)
class Rule:
    """What an element may have: its children in their order, as a pattern, and attributes."""

    children: str
    required: dict[str, re.Pattern[str]]
    optional: dict[str, re.Pattern[str]]
    holds_text: bool = False


RULES = {
    "xliff": Rule(
        "(file )+",
        {"version": re.compile(r"2\.1"), "srcLang": _LANGUAGE},
        {"trgLang": _LANGUAGE, _XML_SPACE: _PRESERVED},
    ),
    "file": Rule(
        "(notes )?(unit )+",
        {"id": _NMTOKEN},
        {"original": _ANY, "srcDir": _DIRECTION, "trgDir": _DIRECTION, _XML_SPACE: _PRESERVED},
    ),
    "notes": Rule("(note )+", {}, {}),
    "note": Rule("", {}, {"id": _NMTOKEN, "category": _ANY}, holds_text=True),
    "unit": Rule("(notes )?((segment|ignorable) )+", {"id": _NMTOKEN}, {"name": _ANY}),
    "segment": Rule(
        "source (target )?", {}, {"id": _NMTOKEN, "state": _STATE, "subState": _USER_DEFINED}
    ),
    "source": Rule("(cp )*", {}, {_XML_SPACE: _PRESERVED}, holds_text=True),
    "target": Rule("(cp )*", {}, {_XML_SPACE: _PRESERVED}, holds_text=True),
    "cp": Rule("", {"hex": _HEX}, {}),
}


def faults(document: str) -> list[str]:
    """Return where a document breaks the rules."""
    root = ET.fromstring(document.encode())
    return [*_structure(root), *_identity(root), *_states(root)]


def _structure(root: ET.Element) -> Iterator[str]:
    if root.tag != f"{SPACE}xliff":
        yield f"the root is {root.tag}"
    for element in root.iter():
        name = element.tag.removeprefix(SPACE)
        if name in RULES:
            yield from _content(name, element, RULES[name])
            yield from _attributes(name, element, RULES[name])
        else:
            yield f"<{name}> is no element of ours"


def _content(name: str, element: ET.Element, rule: Rule) -> Iterator[str]:
    children = "".join(f"{child.tag.removeprefix(SPACE)} " for child in element)
    if not re.fullmatch(rule.children, children):
        yield f"<{name}> has the children {children!r}"
    if not rule.holds_text and "".join(_between(element)).strip():
        yield f"<{name}> holds text"


def _attributes(name: str, element: ET.Element, rule: Rule) -> Iterator[str]:
    allowed = rule.required | rule.optional
    for missing in rule.required.keys() - dict(element.items()).keys():
        yield f"<{name}> has no {missing}"
    for key, value in element.items():
        if key not in allowed or not allowed[key].fullmatch(value):
            yield f"<{name}> has {key}={value!r}"


def _between(element: ET.Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        yield child.tail or ""


def _identity(root: ET.Element) -> Iterator[str]:
    """Ids are unique: of files in the document, of units in their file (4.3.1.13)."""
    scopes = [(root, "file"), *((file, "unit") for file in root.iter(f"{SPACE}file"))]
    for scope, name in scopes:
        ids = [element.get("id") for element in scope.iter(f"{SPACE}{name}")]
        if len(ids) != len(set(ids)):
            yield f"<{name}> has the same id twice"
    if list(root.iter(f"{SPACE}target")) and root.get("trgLang") is None:
        yield "there are targets and no trgLang"


def _states(root: ET.Element) -> Iterator[str]:
    for segment in root.iter(f"{SPACE}segment"):
        if segment.get("subState") is not None and segment.get("state") is None:
            yield "a subState needs a state (4.3.1.35)"
        if segment.get("state", "initial") != "initial" and segment.find(f"{SPACE}target") is None:
            yield "nothing is translated without a target"
    for code in root.iter(f"{SPACE}cp"):
        character = chr(int(code.get("hex", "0"), 16))
        if re.match("[\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", character):
            yield f"<cp> stands for {character!r}, which XML can hold"
