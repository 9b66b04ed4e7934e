"""People come in from a file of any length.

    lines --> reading.read --> cells --> checks.person --> adding --> store.members.save
              delimiter,       of our    one person,       added,     one look-up, one load,
              header, form     columns   or a reason       updated,   one update for
                                                           same       some thousand rows

Where some hundred rows are all plain, the glance tells what the checks would, sooner.
A batch is one transaction: killed half-way, an import can be run again, since what is in is
the same then.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

from publisher import characters
from publisher.config import Config
from publisher.errors import ConflictError, InputError
from publisher.subscriptions import adding, suppressions
from publisher.subscriptions.adding import Verdict
from publisher.subscriptions.checks import Cells, Checks, Person
from publisher.subscriptions.glance import AT_A_GLANCE, Glance
from publisher.subscriptions.reading import Given, Sheet, read
from store import newsletters
from store.database import Database

#: People that one transaction takes at most where some are known; of new people twice as many,
#: which take no more memory. The more it takes, the seldomer each page of the index on addresses
#: is written; and the longer other writers of a SQLite database wait, here about a second.
BATCH = 50_000

#: So many rejected rows are listed; of more only the count is kept, or memory would grow.
LISTED = 10_000

#: Addresses that are looked for at once among those that must not be written to.
_TOGETHER = 500

#: How often a batch is begun again when somebody signs up in its midst.
_ATTEMPTS = 4


@dataclass(frozen=True, kw_only=True)
class RejectedRow:
    """A row that could not be taken; ``line`` counts from 1, the header's."""

    line: int
    email: str
    reason: str


@dataclass(kw_only=True)
class Outcome:
    """How many rows were what, and which could not be taken."""

    rows: int = 0
    added: int = 0
    updated: int = 0
    same: int = 0
    #: The first rows that could not be taken.
    rejected: list[RejectedRow] = field(default_factory=list)
    #: How many more there were.
    unlisted: int = 0

    def count(self, verdicts: Sequence[Verdict]) -> None:
        """Count rows that were taken."""
        self.added += verdicts.count(Verdict.ADDED)
        self.updated += verdicts.count(Verdict.UPDATED)
        self.same += verdicts.count(Verdict.SAME)

    def reject(self, rejected: RejectedRow) -> None:
        """List a row that could not be taken, or count it."""
        if len(self.rejected) < LISTED:
            self.rejected.append(rejected)
        else:
            self.unlisted += 1


#: A row that was read: where it begins, as it was, and whom it tells of.
Row = tuple[int, Sequence[str], Person]
#: Takes a row that cannot be taken: where it begins, as it was, the address in it, and why.
Reject = Callable[[int, Sequence[str], str, str], None]
#: Is told of each row that could not be taken: the sheet, the row as it was, and why.
OnRejected = Callable[[Sheet, Sequence[str], RejectedRow], None]


def import_csv(
    database: Database,
    config: Config,
    lines: Iterable[str],
    source: str,
    *,
    given: Given | None = None,
    on_rejected: OnRejected | None = None,
    batch: int = BATCH,
) -> Outcome:
    """Take the rows of a CSV file; good ones are in, whatever the others are.

    ``given`` says what holds where a row is silent; ``batch`` is how many people one transaction
    takes at most where some are known. Raises InputError when the file has no header that we
    know, or ``given`` cannot be.
    """
    given = given or Given()
    with database.read() as tx:
        checks = Checks(config, newsletters.listing(tx))
    checks.check(given.language, given.newsletters)
    sheet = read(lines, source, given)
    outcome = Outcome()

    def reject(line: int, row: Sequence[str], email: str, reason: str) -> None:
        rejected = RejectedRow(line=line, email=characters.clean_line(email), reason=reason)
        outcome.reject(rejected)
        if on_rejected:
            on_rejected(sheet, row, rejected)

    people = _welcome(database, _people(sheet, checks, outcome, reject), reject)
    with _no_collector():
        look = True
        while some := list(islice(people, batch if look else 2 * batch)):
            verdicts = _put_surely(database, some, look=look)
            outcome.count(verdicts)
            # Where all were new the next are most likely, too: looking each up takes its time.
            look = verdicts.count(Verdict.ADDED) < len(some)
            some.clear()
            # What the batch has left behind, in which the drivers' results are circles.
            gc.collect(0)
    return outcome


def _people(sheet: Sheet, checks: Checks, outcome: Outcome, reject: Reject) -> Iterator[Row]:
    glance = Glance(checks)
    while some := list(islice(sheet.rows, AT_A_GLANCE)):
        outcome.rows += len(some)
        lines, rows = zip(*some, strict=True)
        if people := _at_a_glance(sheet, glance, rows):
            yield from zip(lines, rows, people, strict=True)
        else:
            yield from _one_by_one(sheet, checks, some, reject)


def _at_a_glance(
    sheet: Sheet, glance: Glance, rows: Sequence[list[str]]
) -> Sequence[Person] | None:
    try:
        return glance.people(sheet.columns(rows))
    except InputError:
        return None


def _one_by_one(
    sheet: Sheet, checks: Checks, rows: Sequence[tuple[int, list[str]]], reject: Reject
) -> Iterator[Row]:
    for line, row in rows:
        found: Cells = ()
        try:
            found = sheet.cells(row)
            yield line, row, checks.person(found)
        except InputError as error:
            email = found[0] if found else next((cell for cell in row if "@" in cell), "")
            reject(line, row, email, str(error))


def _welcome(database: Database, rows: Iterator[Row], reject: Reject) -> Iterator[Person]:
    """Yield the people whom a list may bring in, and reject the others."""
    with database.read() as tx:
        is_any = suppressions.is_any(tx)
    if not is_any:
        yield from (person for _, _, person in rows)
        return
    while some := list(islice(rows, _TOGETHER)):
        with database.read() as tx:
            barred = adding.barred(tx, [person[0].email for _, _, person in some])
        for line, row, person in some:
            email = person[0].email
            if email in barred:
                reject(line, row, email, f"email: {barred[email]}")
            else:
                yield person


@contextmanager
def _no_collector() -> Iterator[None]:
    """Keep Python from looking for circles in the midst of a batch: half the time goes there.

    It would go through all tuples of the batch, again and again, and they make none.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _put_surely(database: Database, people: Sequence[Person], *, look: bool) -> list[Verdict]:
    for _ in range(_ATTEMPTS):
        try:
            with database.write() as tx:
                return adding.put(tx, people, look=look)
        except ConflictError:
            # Some are known after all, or signed up after we had looked: the next look finds them.
            look = True
    with database.write() as tx:
        return adding.put(tx, people)
