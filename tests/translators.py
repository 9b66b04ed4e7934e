"""Translators, and the programs that they open our files with."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import polib

from publisher.exchange.ticket import Ticket

#: XLIFF 2.0 and 2.1.
SPACE = "urn:oasis:names:tc:xliff:document:2.0"

#: What a file says of the translation that it is about.
TICKET = Ticket(
    item="tag:news.example.org,2013:item/1",
    source_language="en",
    source_revision=2,
    source_digest="0f" * 32,
    target_language="ar",
    target_revision=1,
    target_workflow="approved",
    previous_revision=1,
)

#: What a translator makes of the words of a unit.
Translate = Callable[[str, str], str | None]


def shout(_unit: str, source: str) -> str:
    """Translate into something that is certainly another text, of the same blocks."""
    return source.replace("e", "é").replace("a", "à") + " ¡ñ!"


def answering(answers: Mapping[str, str]) -> Translate:
    """Give these answers, by unit, and leave the others alone."""
    return lambda unit, _source: answers.get(unit)


def work(path: Path, translate: Translate) -> Path:
    """Have a file translated; return its path."""
    return work_po(path, translate) if path.suffix == ".po" else work_xliff(path, translate)


def work_xliff(path: Path, translate: Translate) -> Path:
    """Translate as a program does that knows of XLIFF only the words."""
    ET.register_namespace("", SPACE)
    tree = ET.parse(path)
    for unit in tree.iter(_name("unit")):
        (segment,) = unit.iter(_name("segment"))
        source = segment.find(_name("source"))
        assert source is not None
        words = translate(unit.get("id", ""), text(source))
        if words is None:
            continue
        target = segment.find(_name("target"))
        if target is None:
            target = ET.SubElement(segment, _name("target"))
        for child in list(target):
            target.remove(child)
        target.text = words
    tree.write(path, encoding="UTF-8", xml_declaration=True)
    return path


def work_po(path: Path, translate: Translate) -> Path:
    """Translate as a program for PO files does: who has answered is sure of it."""
    file = polib.pofile(path.read_text(encoding="utf-8"))
    for entry in file:
        words = translate(entry.msgctxt, entry.msgid)
        if words is not None:
            entry.msgstr = words
            entry.flags = []
    path.write_text(str(file), encoding="utf-8")
    return path


def units(path: Path) -> dict[str, tuple[str, str, str, str]]:
    """Return what a program shows of each unit: source, target, its state, what was before."""
    if path.suffix == ".po":
        return {
            entry.msgctxt: (
                entry.msgid,
                entry.msgstr,
                "fuzzy" if entry.fuzzy else "",
                entry.previous_msgid or "",
            )
            for entry in polib.pofile(path.read_text(encoding="utf-8"))
        }
    return dict(map(_unit, ET.parse(path).iter(_name("unit"))))


def _unit(unit: ET.Element) -> tuple[str, tuple[str, str, str, str]]:
    (segment,) = unit.iter(_name("segment"))
    notes = unit.findall(f"{_name('notes')}/{_name('note')}")
    said = [text(note) for note in notes if note.get("category") == "previous-source"]
    parts = [segment.find(_name(name)) for name in ("source", "target")]
    source, target = ("" if part is None else text(part) for part in parts)
    return unit.get("id", ""), (source, target, segment.get("state", ""), "".join(said))


def text(element: ET.Element) -> str:
    """Return words as XLIFF spells them: what XML cannot hold stands in <cp hex="...">."""
    parts = [element.text or ""]
    for child in element:
        assert child.tag == _name("cp")
        parts += [chr(int(child.get("hex", ""), 16)), child.tail or ""]
    return "".join(parts)


def _name(local: str) -> str:
    return f"{{{SPACE}}}{local}"


def by_suffix(paths: Iterable[Path], suffix: str) -> list[Path]:
    """Return those of a form."""
    return sorted(path for path in paths if path.suffix == suffix)
