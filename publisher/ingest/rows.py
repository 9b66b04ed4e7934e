r"""The rows of a table in a text file, one at a time, however long or broken the file is.

    lines, none longer than a row may be --csv--> cells
                                            \--> why not; then the next row

A row that is too long is passed over as a whole. Of one whose quotes do not match only the
first line is: a quote that nobody closed takes all the rows below it for its text.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from publisher.errors import InputError

#: The most characters of a row.
MAX_ROW = 1_000_000

#: A cell as it stands in the file, with what ends it ({0}: the delimiter).
_CELL = r'( *+(?:"(?:[^"]|"")*+"?)?+[^{0}\n]*+)({0}|\n|\Z)'
_RIGHT = re.compile(r' *+(?:"(?:[^"]|"")*+"|[^" ][^\n]*+)?')


@dataclass(kw_only=True)
class Rows:
    """The rows of a file that is open behind its header."""

    file: TextIO
    delimiter: str
    #: The names of the columns, for refusals.
    columns: Sequence[str]
    #: The number of the last line that was read.
    line: int
    #: What has been read of the present row, and how many characters that is.
    _row: list[str] = field(default_factory=list, init=False)
    _size: int = field(default=0, init=False)
    #: Lines to read once more, the next one last.
    _again: list[str] = field(default_factory=list, init=False)
    _rewound: bool = field(default=False, init=False)

    def __iter__(self) -> Iterator[tuple[int, Sequence[str] | InputError]]:
        """Yield each row that is not empty, or why it cannot be read, with its first line."""
        while True:
            first, self._row, self._size = self.line + 1, [], 0
            # A new one for each row: one that has failed may be in the middle of anything.
            reader = csv.reader(
                self._lines(), delimiter=self.delimiter, strict=True, skipinitialspace=True
            )
            try:
                cells = next(reader, None)
            except csv.Error:
                yield first, self._pass_over(first)
                continue
            if cells is None:
                return
            if any(cells):
                yield first, cells

    def _lines(self) -> Iterator[str]:
        while line := self._next():
            self._row.append(line)
            self._size += len(line)
            if self._size > MAX_ROW:
                raise csv.Error
            yield line

    def _next(self) -> str:
        line = self._again.pop() if self._again else self.file.readline(MAX_ROW + 1)
        self.line += line.endswith("\n")
        return line

    def _pass_over(self, first: int) -> InputError:
        """Go on behind a row that cannot be read, and return what is wrong with it."""
        text, limit = "".join(self._row), csv.field_size_limit()
        cells = [cell for cell, _ in re.findall(_CELL.format(self.delimiter), text)]
        long = next((at for at, cell in enumerate(cells) if len(cell) > limit), None)
        wrong = next((at for at, cell in enumerate(cells) if not _RIGHT.fullmatch(cell)), 0)
        if long is None and self._size <= MAX_ROW:
            self._return_to(first)
            reason = 'its quotes (") do not match: write "..." around it, and "" for each in it'
            return InputError(self._name(wrong), reason)
        if not self._skip(text):
            self._rewind(first)
            return InputError(self._name(wrong), 'begins with a quote (") that nothing closes')
        if long is None:
            return InputError("row", f"has more than {MAX_ROW} characters")
        reason = f"has more than {limit} characters: give so long a text as a Markdown file"
        return InputError(self._name(long), reason)

    def _name(self, column: int) -> str:
        return self.columns[column] if column < len(self.columns) else f"field {column + 1}"

    def _return_to(self, first: int) -> None:
        """Read on behind the first line of the present row."""
        self._again.extend(reversed(self._row[1:]))
        self.line = first - 1 + self._row[0].endswith("\n")

    def _skip(self, text: str) -> bool:
        """Read on behind the present row; return whether it ends, and its quotes with it."""
        quotes = text.count('"')
        while quotes % 2 or not text.endswith("\n"):
            text = self._next()
            if not text:
                break
            quotes += text.count('"')
        return quotes % 2 == 0

    def _rewind(self, first: int) -> None:
        """Read the file again from behind the first line of the present row, once.

        Twice only happens to a file that is made to be read again and again.
        """
        if self._rewound:
            return
        self._rewound, self._again, self.line = True, [], 0
        self.file.seek(0)
        while self.line < first and self._next():
            pass
