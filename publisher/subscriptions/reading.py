"""Files of people, read row by row: our own columns, or another program's."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter

from publisher.errors import InputError
from publisher.subscriptions import foreign
from publisher.subscriptions.checks import COLUMNS, Cells, cells_of

#: What may stand between cells; of two that fit alike, the first.
_DELIMITERS = (",", ";", "\t")

#: The marks at the beginning of UTF-16, as they come out where UTF-8 is expected (PEP 383).
_UTF_16 = ("\udcff\udcfe", "\udcfe\udcff")


_SAY_IT = "so say with --language what all of them read"


@dataclass(frozen=True, kw_only=True)
class Given:
    """What holds for rows that say nothing of it."""

    language: str = ""
    #: Keys, with spaces or semicolons between them.
    newsletters: str = ""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A file of people whose header has been read."""

    header: Sequence[str]
    #: Each row that is not empty, with the line that it begins on, counted from 1.
    rows: Iterator[tuple[int, list[str]]]
    #: Returns what a row has in our columns. Raises InputError.
    cells: Callable[[list[str]], Cells]
    #: Returns where each of our columns stands in rows as long as the header; None where it is
    #: not as simple as that.
    places: Sequence[int | None] | None = None

    def columns(self, rows: Sequence[list[str]]) -> Sequence[Sequence[str]]:
        """Return what some rows have in our columns, as columns. Raises InputError."""
        width = len(self.header)
        if self.places is None or set(map(len, rows)) != {width}:
            return list(zip(*map(self.cells, rows), strict=True))
        given, nothing = list(zip(*rows, strict=True)), ("",) * len(rows)
        return [nothing if place is None else given[place] for place in self.places]


def read(lines: Iterable[str], source: str, given: Given) -> Sheet:
    """Read the header of a file. Raises InputError where it is none that we know."""
    lines = iter(lines)
    first = next(lines, "")
    if first.startswith(_UTF_16):
        raise InputError(source, "is UTF-16: save it as UTF-8")
    if foreign.is_address(first):
        return _addresses(chain([first], lines), source, given)
    reader = csv.reader(chain([first], lines), delimiter=_delimiter(first))
    rows = _rows(reader, source)
    _, header = next(rows, (1, []))
    names = [name.strip().lower() for name in header]
    places = None if foreign.form_of(names) or given != Given() else _places(names)
    return Sheet(
        header=header, rows=rows, cells=_with(given, _cells(names, source, given)), places=places
    )


def _delimiter(first: str) -> str:
    return max(_DELIMITERS, key=first.count)


def _rows(reader: Iterator[list[str]], source: str) -> Iterator[tuple[int, list[str]]]:
    # A row counts as the line that it begins on: a quote that nobody closed ends far below.
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1  # type: ignore[attr-defined]
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{source}, line {line}", str(error)) from error


def _cells(names: Sequence[str], source: str, given: Given) -> Callable[[list[str]], Cells]:
    """Return what finds our columns in a row."""
    # Before our own columns: these may have some of the same names, and others that say who left.
    form = foreign.form_of(names)
    if form is not None:
        if not given.language and not form.language.intersection(names):
            raise InputError(
                source, f"as {form.program} wrote it, no column names a language, {_SAY_IT}"
            )
        return lambda row: cells_of(form.translate(dict(zip(names, row, strict=False))))
    if "email" in names and ("language" in names or given.language):
        return _own(names)
    raise InputError(source, f"line 1 must name its columns: {','.join(COLUMNS)}")


def _addresses(lines: Iterable[str], source: str, given: Given) -> Sheet:
    """Read a list of addresses, one a line."""
    if not given.language:
        raise InputError(source, f"line 1 names no columns, {_SAY_IT}")
    rows = ((line, [text.strip()]) for line, text in enumerate(lines, 1) if text.strip())

    def cells(row: list[str]) -> Cells:
        return cells_of(foreign.from_address(row[0]))

    return Sheet(header=("email",), rows=rows, cells=_with(given, cells))


def _places(names: Sequence[str]) -> Sequence[int | None]:
    places = {name: place for place, name in enumerate(names)}
    return [places.get(column) for column in COLUMNS]


def _own(names: Sequence[str]) -> Callable[[list[str]], Cells]:
    # One more than there are stands for all that are not there.
    width = len(names)
    pick: Callable[[list[str]], Cells] = itemgetter(
        *(width if place is None else place for place in _places(names))
    )

    def cells(row: list[str]) -> Cells:
        missing = width + 1 - len(row)
        return pick([*row, *[""] * missing] if missing > 0 else [*row[:width], ""])

    return cells


def _with(given: Given, cells: Callable[[list[str]], Cells]) -> Callable[[list[str]], Cells]:
    if given == Given():
        return cells

    def filled(row: list[str]) -> Cells:
        email, language, newsletters, *others = cells(row)
        return (email, language or given.language, newsletters or given.newsletters, *others)

    return filled
