"""Tables: CSV and TSV files with a row for each item and language.

    file --rows--> cells --by the header--> Fields --> Draft

The header names the columns as front matter names its fields, in any order and case, with
commas, semicolons or tabs between them. One row is held at a time.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from publisher import characters, markup
from publisher.errors import InputError
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.fields import MAX_KEY, Fields
from publisher.ingest.rows import MAX_ROW, Rows

#: What a table's file name ends with.
SUFFIXES = frozenset({".csv", ".tsv"})

#: The columns that are read, as they are best written.
COLUMNS = (
    *("title", "body", "lang", "translationKey", "slug", "summary", "description", "date"),
    *("kind", "topics", "embargo", "url", "image", "image_alt", "workflow", "draft"),
    *("source_language", "source_digest", "made_from", "change", "note"),
)

_DELIMITERS = (",", ";", "\t")
_ADVICE = {
    "title": "is missing: fill in the column 'title'",
    "body": "is empty: fill in the column 'body'",
}
#: Spreadsheet programs may begin a file with the delimiter that they used.
_STATED = re.compile(r"sep=(.)?\n", re.IGNORECASE)
#: What Python makes of bytes that are not UTF-8 where asked not to fail (PEP 383).
_UNDECODED = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A CSV or TSV file in UTF-8."""

    path: Path
    #: The languages of the site.
    languages: tuple[str, ...]
    #: The zone of dates without one.
    zone: ZoneInfo

    @property
    def scope(self) -> str:
        """A table shows all that it has."""
        return f"{characters.clean_line(str(self.path.resolve()))}/"

    def drafts(self) -> Iterator[Draft | Rejected]:
        """Yield the drafts of all rows, in the order of the file."""
        try:
            with _opened(self.path) as file:
                yield from self._read(file)
        except InputError as error:
            yield self._rejected(str(self.path), str(error))
        except OSError as error:
            yield self._rejected(str(self.path), error.strerror or str(error))

    def _rejected(self, source: str, reason: str, origin: str = "") -> Rejected:
        # Of a row without a key nobody can say which text it is: it may be any of the table.
        origin = origin or self.scope.removesuffix("/")
        return Rejected(source=source, reason=reason, origin=origin)

    def _read(self, file: TextIO) -> Iterator[Draft | Rejected]:
        rows, scope = _rows(file), self.scope
        for line, row in rows:
            source, origin = f"{self.path}, line {line}", ""
            try:
                fields = self._fields(_named(row, rows.columns))
                key = _key(fields)
                origin = f"{scope}{key}"
                yield self._draft(fields, source, key, origin)
            except InputError as error:
                yield self._rejected(source, str(error), origin)

    def _fields(self, data: Mapping[str, str]) -> Fields:
        return Fields(data=data, languages=self.languages, zone=self.zone, advice=_ADVICE)

    def _draft(self, fields: Fields, source: str, key: str, origin: str) -> Draft:
        return fields.draft(
            source=source,
            key=key,
            origin=origin,
            language=fields.language("lang") or self._no_language(),
            body=fields.data.get("body", ""),
            folder=self.path.parent,
        )

    def _no_language(self) -> str:
        raise InputError("lang", f"is missing: one of {', '.join(self.languages)}")


def _opened(path: Path) -> TextIO:
    if path.exists() and not path.is_file():
        # Opening a pipe waits for somebody to write.
        raise InputError("file", "is no file that can be read from its beginning to its end")
    # Bytes in another encoding are refused with their row, not with the whole file.
    return path.open(encoding="utf-8-sig", errors="surrogateescape")


def _rows(file: TextIO) -> Rows:
    """Return the rows below the header. Raises InputError where there is none that we know."""
    head, lines = file.readline(MAX_ROW), 1
    if _STATED.fullmatch(head):
        head, lines = file.readline(MAX_ROW), 2
    if _UNDECODED.search(head) or "\x00" in head:
        raise InputError(f"line {lines}", "is not UTF-8: save the table as 'CSV UTF-8'")
    found = [(delimiter, _columns(head, delimiter)) for delimiter in _DELIMITERS]
    delimiter, columns = max(found, key=lambda entry: len(set(entry[1]) - {""}))
    missing = [name for name in ("title", "body", "lang") if name not in columns]
    if missing:
        reason = f"has no column {' and no '.join(missing)}; it names the columns: "
        raise InputError(f"line {lines}", reason + ",".join(COLUMNS))
    twice = [name for name in columns if name and columns.count(name) > 1]
    if twice:
        raise InputError(f"line {lines}", f"names the column {twice[0]} twice")
    return Rows(file=file, delimiter=delimiter, columns=columns, line=lines)


def _columns(head: str, delimiter: str) -> Sequence[str]:
    """Return the columns of a header by their names; empty for those that are not read."""
    known = {_bare(name): name for name in COLUMNS}
    try:
        cells = next(csv.reader([head], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
    return [known.get(_bare(cell), "") for cell in cells]


def _bare(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).lower()


def _key(fields: Fields) -> str:
    key = fields.line("translationkey", limit=MAX_KEY) or markup.slug(fields.line("slug"))
    if not key:
        reason = "is missing: give the rows of an item the same translationKey, or slug"
        raise InputError("translationKey", reason)
    return key


def _named(row: Sequence[str] | InputError, columns: Sequence[str]) -> Mapping[str, str]:
    """Return the cells of a row by the names that :class:`Fields` knows. Raises InputError."""
    if isinstance(row, InputError):
        raise row
    if any(row[len(columns) :]):
        reason = f"has {len(row)} fields where the header names {len(columns)}"
        raise InputError("row", f'{reason}: write "..." around a text with the delimiter in it')
    data = {name: cell for name, cell in zip(columns, row, strict=False) if name}
    for name, cell in data.items():
        wrong = _UNDECODED.search(cell)
        if wrong:
            byte = ord(wrong[0]) - 0xDC00
            raise InputError(name, f"the byte {byte:#04x} is not UTF-8: save the file as UTF-8")
    return {name.lower(): cell for name, cell in data.items()}
