"""People go out, as a file that can be imported again.

Spreadsheets take a cell that begins with one of ``= + - @`` for a formula, which may fetch or
run something. Such a cell gets an apostrophe before it; the import takes it off again.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import TextIO

from publisher import wallclock
from publisher.subscriptions.checks import APOSTROPHE, COLUMNS
from publisher.subscriptions.importing import RejectedRow
from publisher.subscriptions.reading import Sheet
from store import members, newsletters
from store.database import Database
from store.members import Member
from store.records import Status

#: People that one transaction reads at most.
PAGE = 2000

#: What a spreadsheet may calculate, and what is marked already: it gets one mark more.
_FORMULA = re.compile(r"'*[=+\-@]")


def export_csv(
    database: Database,
    *,
    language: str | None = None,
    newsletter: str | None = None,
    status: Status | None = None,
) -> Iterator[str]:
    """Yield the lines of a CSV file: all people, or those in a language, newsletter, status.

    Who takes two newsletters with different topics, or at different frequencies, has a row for
    each choice. Who is erased has none. Raises NotFoundError when there is no such newsletter.
    """
    if newsletter:
        with database.read() as tx:
            newsletters.get(tx, newsletter)
    yield _line(COLUMNS)
    for member in people(database, language=language, newsletter=newsletter, status=status):
        for row in _rows(member):
            yield _line(row)


def people(
    database: Database,
    *,
    language: str | None = None,
    newsletter: str | None = None,
    status: Status | None = None,
) -> Iterator[Member]:
    """Yield all people, or those in a language, newsletter, status, in the order of addresses.

    They are read by pages, each as it is then. Nothing of who is erased.
    """
    last = ""
    while True:
        with database.read() as tx:
            page = members.page(
                tx, after=last, limit=PAGE, language=language, newsletter=newsletter, status=status
            )
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].email


class RejectedFile:
    """A file of the rows that could not be taken: mended, it can be imported itself.

    They stand there as they came, with the line that each was on and what is wrong with it.
    """

    def __init__(self, file: TextIO) -> None:
        self._out = csv.writer(file)
        self._begun = False

    def add(self, sheet: Sheet, row: Sequence[str], rejected: RejectedRow) -> None:
        """Write a row."""
        width = len(sheet.header)
        if not self._begun:
            self._begun = True
            self._out.writerow([*sheet.header, "line", "reason"])
        # A row may be shorter than the header, or longer.
        cells = [*row, *[""] * width][:width]
        self._out.writerow([*cells, rejected.line, rejected.reason])


def _rows(member: Member) -> Iterator[Sequence[str]]:
    by_choice: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for key, topics in member.topics.items():
        by_choice[topics, member.often.get(key, "")].append(key)
    agreed = wallclock.in_utc(member.consent_at) if member.consent_at else ""
    for (topics, often), keys in sorted(by_choice.items()) or [(((), ""), [])]:
        yield (
            _marked(member.email),
            member.language,
            " ".join(keys),
            " ".join(topics),
            _marked(member.name),
            member.timezone,
            member.status,
            agreed,
            _marked(member.consent_source),
            often,
        )


def _marked(text: str) -> str:
    return f"{APOSTROPHE}{text}" if _FORMULA.match(text) else text


def _line(cells: Sequence[str]) -> str:
    out = StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
