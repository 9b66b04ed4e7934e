"""gettext PO files, as programs for translators of software read and write them.

    msgctxt   the unit: title, summary, body.3 ...
    msgid     its source         #| msgid  what that said before
    msgstr    its translation    #, fuzzy  made from what it said before

The ticket stands in the header, as ``X-Tidings-...``.
"""

import re
from dataclasses import dataclass

import polib

from publisher.errors import InputError
from publisher.exchange import ticket as tickets
from publisher.exchange.returned import Answer, Mark, Returned
from publisher.exchange.sheet import Sheet
from publisher.exchange.ticket import AGAIN, Ticket

SUFFIX = "po"

_PREFIX = "X-Tidings-"
#: A line that goes on with the string above: ``"..."``, in what was before ``#| "..."``.
_CONTINUED = re.compile(r'(#\|)?\s*"(.*)"\s*')
#: A line with a string; polib itself would pass over a quote that is missing at its end.
_STRING = re.compile(r'(#\|\s*)?(msg[a-z_]+(\[\d\])?\s*)?"(?:[^"\\]|\\.)*+"\s*')
#: What polib takes for an end of line, but stands within strings.
_LINE_ENDS = re.compile("[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def write(sheet: Sheet, ticket: Ticket) -> str:
    """Return the file of a sheet."""
    # Lines are those of the text: wrapped ones are harder to compare.
    file = polib.POFile(wrapwidth=0)
    file.metadata = {
        "Project-Id-Version": ticket.item,
        "Language": ticket.target_language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        **{_PREFIX + field.title(): value for field, value in ticket.fields().items()},
    }
    for unit in sheet.units:
        fuzzy = unit.target is not None and not unit.done
        file.append(
            polib.POEntry(
                msgctxt=unit.id,
                msgid=unit.source,
                msgstr=unit.target or "",
                flags=["fuzzy"] if fuzzy else [],
                previous_msgid=unit.previous,
            )
        )
    return str(file)


def read(text: str) -> list[Returned]:
    """Return what stands in a file. Raises InputError."""
    file = _parsed(text)
    fields = {
        name.lower().removeprefix(_PREFIX.lower()): value for name, value in file.metadata.items()
    }
    if not any(name.lower().startswith(_PREFIX.lower()) for name in file.metadata):
        raise InputError("header", f"has none of the fields {_PREFIX}...; {AGAIN}")
    _refuse_other_charsets(file.metadata.get("Content-Type", ""))
    answers: dict[str, Answer] = {}
    for entry in file:
        if entry.obsolete:
            continue
        key = entry.msgctxt or ""
        if key in answers:
            raise InputError(f"unit {key[:40]}", "stands there twice: remove one")
        answers[key] = Answer(
            source=entry.msgid,
            target=entry.msgstr.strip(),
            mark=Mark.UNFINISHED if entry.fuzzy else Mark.NONE,
        )
    ticket = tickets.read(fields)
    language = file.metadata.get("Language", "")
    return [Returned(ticket=ticket, source_language="", target_language=language, answers=answers)]


def _refuse_other_charsets(content_type: str) -> None:
    charset = content_type.lower().partition("charset=")[2].strip()
    if charset not in {"", "utf-8", "utf8"}:
        reason = f"names the character set {charset[:40]}: save the file as UTF-8"
        raise InputError("header Content-Type", reason)


@dataclass
class _Line:
    """A line with all that goes on with its string."""

    number: int
    mark: str
    parts: list[str]


def _parsed(text: str) -> polib.POFile:
    lines = _whole_lines(text)
    # The end of line says to polib that this is no path.
    whole = "\n".join("".join(line.parts) for line in lines) + "\n"
    try:
        return polib.pofile(whole, encoding="utf-8", wrapwidth=0)
    except (OSError, ValueError) as error:
        found = re.search(r"line (\d+)\)", str(error))
        raise _no_po(lines[int(found[1]) - 1].number if found else 1) from error


def _no_po(number: int) -> InputError:
    return InputError(f"line {number}", f"is not PO: correct it, or {AGAIN}")


def _whole_lines(text: str) -> list[_Line]:
    """Return lines whose strings are whole: to polib a string costs its length at every line."""
    lines: list[_Line] = []
    for number, line in enumerate(text.split("\n"), start=1):
        clean = _LINE_ENDS.sub(r"\\n", line.strip())
        if clean and not (_STRING.fullmatch(clean) or re.match(r"#(?!\|)", clean)):
            raise _no_po(number)
        continued = _CONTINUED.fullmatch(clean)
        above = lines[-1] if lines else None
        mark = (continued and continued[1]) or ""
        if continued and above and above.parts[-1] == '"' and above.mark == mark:
            above.parts[-1:] = [continued[2], '"']
        else:
            mark = "#|" if clean.startswith("#|") else ""
            body = [clean[:-1], '"'] if _STRING.fullmatch(clean) else [clean]
            lines.append(_Line(number, mark, body))
    return lines
