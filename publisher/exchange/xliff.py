"""XLIFF 2.1 (OASIS Standard, 13 February 2018): what translators' programs read and write.

    <file> item in a language     <unit> title, summary, block of the body, image description
    <note category="...">         the ticket; of a unit: what its source said before

Of the standard the core is used, no module. A translation whose source has changed has the
state ``initial`` with a sub-state of ours; a program that knows states takes it for undone.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from lxml import etree

from publisher import languages
from publisher.errors import InputError
from publisher.exchange import ticket as tickets
from publisher.exchange.returned import Answer, Mark, Returned
from publisher.exchange.sheet import Sheet, Unit
from publisher.exchange.ticket import AGAIN, Ticket

SUFFIX = "xlf"

#: Versions 2.0 and 2.1 have the same namespace.
_SPACE = "urn:oasis:names:tc:xliff:document:2.0"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_VERSIONS = ("2.0", "2.1")
_OUTDATED = "tidings:outdated"
#: The note of a unit that says what its source said before.
_PREVIOUS = "previous-source"

#: What no XML 1.0 document can hold (2.2); XLIFF has an element for it (4.2.3.1, cp). A carriage
#: return can be held, but what reads it makes another line end of it.
_UNHEARD_OF = re.compile("([^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff])")

#: An element of lxml, which comes without types.
_Element: TypeAlias = Any

#: What may stand before a document type declaration (XML 1.0, 2.8), and its beginning.
_DOCTYPE = re.compile(r"\s*+(?:<\?.*?\?>\s*+|<!--.*?-->\s*+)*+<!DOCTYPE", re.DOTALL)


def write(sheet: Sheet, ticket: Ticket) -> str:
    """Return the file of a sheet."""
    root = etree.Element(
        _name("xliff"),
        {
            "version": "2.1",
            "srcLang": ticket.source_language,
            "trgLang": ticket.target_language,
        },
        nsmap={None: _SPACE},
    )
    file = etree.SubElement(root, _name("file"), _about(ticket))
    leaves: list[tuple[_Element, str]] = []
    notes = etree.SubElement(file, _name("notes"))
    for field, value in ticket.fields().items():
        leaves.append((etree.SubElement(notes, _name("note"), category=field), value))
    for unit in sheet.units:
        leaves += _unit(file, unit)
    # Indented before the words are in it, to which nothing may be added.
    etree.indent(root)
    for leaf, text in leaves:
        _fill(leaf, text)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written.decode() + "\n"


def _about(ticket: Ticket) -> dict[str, str]:
    return {
        "id": "item",
        "original": ticket.item,
        "srcDir": languages.direction(ticket.source_language),
        "trgDir": languages.direction(ticket.target_language),
        f"{_XML}space": "preserve",
    }


def _unit(file: _Element, unit: Unit) -> Iterator[tuple[_Element, str]]:
    """Add a unit; yield what words belong where in it."""
    parent = etree.SubElement(file, _name("unit"), id=unit.id)
    if unit.previous is not None:
        notes = etree.SubElement(parent, _name("notes"))
        note = etree.SubElement(notes, _name("note"), category=_PREVIOUS)
        yield note, _UNHEARD_OF.sub("", unit.previous)
    segment = etree.SubElement(parent, _name("segment"))
    yield etree.SubElement(segment, _name("source")), unit.source
    if unit.target is None:
        return
    yield etree.SubElement(segment, _name("target")), unit.target
    segment.set("state", "translated" if unit.done else "initial")
    if not unit.done:
        segment.set("subState", _OUTDATED)


def _fill(leaf: _Element, text: str) -> None:
    """Put words into an element; what XML cannot hold becomes an element of its own."""
    parts = _UNHEARD_OF.split(text)
    leaf.text = parts[0]
    for character, after in zip(parts[1::2], parts[2::2], strict=True):
        etree.SubElement(leaf, _name("cp"), hex=f"{ord(character):04X}").tail = after


def _name(local: str) -> str:
    return f"{{{_SPACE}}}{local}"


def read(text: str) -> list[Returned]:
    """Return what stands in a file, which may be of several items. Raises InputError."""
    root = _root(text)
    _refuse_other_versions(root)
    found = [_file(file, root) for file in root.iterchildren(_name("file"))]
    if not found:
        raise InputError("file", f"holds no <file> element; {AGAIN}")
    return found


def _root(text: str) -> _Element:
    if _DOCTYPE.match(text):
        # Entities are declared there: what would expand to gigabytes, or to a file of ours.
        raise InputError("DOCTYPE", "is not read, XLIFF needs none: remove it")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        reason = f"is not XML: {str(error.msg).partition(', line ')[0]}"
        raise InputError(f"line {error.lineno or 1}", reason) from error
    return root


def _refuse_other_versions(root: _Element) -> None:
    name, version = etree.QName(root), root.get("version", "")[:10]
    if name.localname != "xliff":
        raise InputError("file", f"is no XLIFF: its root is <{name.localname[:40]}>, not <xliff>")
    if name.namespace != _SPACE or version not in _VERSIONS:
        raise InputError(
            "version",
            f"is XLIFF {version or 'without a version'}, and 2.1 is read: {AGAIN}, "
            "and have the translator's program save XLIFF 2.1 (or use --format po)",
        )


def _file(file: _Element, root: _Element) -> Returned:
    notes = file.iterfind(f"{_name('notes')}/{_name('note')}")
    fields = {note.get("category", ""): _text(note) for note in notes}
    answers: dict[str, Answer] = {}
    for unit in file.iter(_name("unit")):
        key = unit.get("id", "")
        if key in answers:
            raise InputError(f"unit {key[:40]}", "stands there twice: remove one")
        answers[key] = _naming(key, unit, _answer)
    return Returned(
        ticket=tickets.read(fields),
        source_language=root.get("srcLang", ""),
        target_language=root.get("trgLang", ""),
        answers=answers,
    )


def _naming(key: str, unit: _Element, reader: Callable[[_Element], Answer]) -> Answer:
    """Read a unit; its name goes before what is wrong with it."""
    try:
        return reader(unit)
    except InputError as error:
        raise InputError(f"unit {key[:40]}", str(error)) from error


def _answer(unit: _Element) -> Answer:
    """Return a unit, whose segments a program may have split or joined (4.7)."""
    parts = list(unit.iterchildren(_name("segment"), _name("ignorable")))
    ordered = sorted(enumerate(parts, start=1), key=lambda entry: _order(*entry))
    pieces = [_target(part) for _, part in ordered]
    missing = any(
        target is None and part.tag == _name("segment") and _source(part).strip()
        for (_, part), target in zip(ordered, pieces, strict=True)
    )
    states = {(part.get("state"), part.get("subState")) for part in parts}
    outdated = ("initial", _OUTDATED) in states
    said = [
        _source(part) if target is None else target
        for (_, part), target in zip(ordered, pieces, strict=True)
    ]
    if all(target is None for target in pieces):
        said, missing = [], False
    mark = Mark.UNFINISHED if missing else Mark.OUTDATED if outdated else Mark.NONE
    return Answer(
        source="".join(_source(part) for part in parts),
        target="".join(said).strip(),
        mark=mark,
    )


def _order(position: int, part: _Element) -> int:
    """Return where a part's target belongs: targets may stand in another order (4.3.1.22)."""
    target = part.find(_name("target"))
    stated = "" if target is None else target.get("order", "")
    if stated and not (stated.isascii() and stated.isdigit() and len(stated) < 10):  # noqa: PLR2004
        raise InputError("order", f"{stated[:40]!r} is no number")
    return int(stated) if stated else position


def _source(part: _Element) -> str:
    source = part.find(_name("source"))
    return "" if source is None else _text(source)


def _target(part: _Element) -> str | None:
    target = part.find(_name("target"))
    return None if target is None else _text(target) or None


def _text(element: _Element) -> str:
    """Return the words in an element. Raises InputError for what are no words."""
    parts = [element.text or ""]
    for child in element:
        name = etree.QName(child).localname
        if name == "cp":
            parts.append(_character(child.get("hex", "")))
        elif name in {"mrk", "sm", "em"}:
            # Remarks on the words, which stay what they are.
            parts.append(_text(child))
        else:
            reason = "is an inline code: write the signs of Markdown, such as *, in its place"
            raise InputError(f"<{name[:40]}>", reason)
        parts.append(child.tail or "")
    return "".join(parts)


def _character(digits: str) -> str:
    try:
        return chr(int(digits, 16))
    except (ValueError, OverflowError) as error:
        raise InputError("<cp>", f"{digits[:40]!r} names no character") from error
