"""Some hundred rows told at a glance: each column is looked at as a whole. Pure.

Most rows of most files are plain, and one look at a column costs less than half of a look at
each of its cells. What the glance tells is what :meth:`Checks.person` would tell of each row;
where a single row may need cleaning, or refusing, it tells nothing, and each is looked at by
itself.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter, methodcaller

from publisher import characters
from publisher.errors import InputError
from publisher.subscriptions.checks import (
    APOSTROPHE,
    MAX_NAME,
    REMEMBERED,
    Checks,
    Common,
    Person,
    instant,
    unsaid,
)
from publisher.subscriptions.email_addresses import MAX_LOCAL, PLAIN
from store.members import Member

#: Rows that one glance is for. More of them are more seldom all plain; fewer gain less.
AT_A_GLANCE = 500

#: The cells of a column, from the first row to the last.
Column = Sequence[str]

_ADDRESSES = re.compile(rf"(?:{PLAIN}\n)*+", re.ASCII)

_zone_of = attrgetter("tzinfo")
_begins_with_mark = methodcaller("startswith", APOSTROPHE)


class Glance:
    """Looks at rows of one file. It remembers what it has seen, as the checks do."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._seen: dict[tuple[str, ...], Common] = {}

    def people(self, columns: Sequence[Column]) -> Sequence[Person] | None:
        """Return the person of each row, or None where that takes a longer look."""
        email, language, keys, topics, name, zone, status, consent_at, source, often = columns
        emails, agreed = _addresses(email), _instants(consent_at)
        if emails is None or agreed is None or not _are_names(name):
            return None
        rows = list(zip(language, zone, status, source, keys, topics, often, strict=True))
        if not self._see(set(rows)):
            return None
        seen = map(self._seen.__getitem__, rows)
        spoken, where, stands, how, wanted, chosen = zip(*seen, strict=True)
        nobody = (0,) * len(emails)
        members = zip(
            *(nobody, emails, name, spoken, where, stands, agreed, how, wanted, chosen), strict=True
        )
        unspoken = map(unsaid, *(map(bool, said) for said in (name, zone, agreed, how)))
        return list(zip(map(Member._make, members), unspoken, strict=True))

    def _see(self, rows: set[tuple[str, ...]]) -> bool:
        """Check what many rows say alike; say whether all of it is plain."""
        if len(self._seen) > REMEMBERED:
            self._seen.clear()
        for row in rows:
            if row in self._seen:
                continue
            whole = "".join(row)
            if APOSTROPHE in whole or not (whole.isprintable() or whole.isascii()):
                return False
            try:
                self._seen[row] = self._checks.common(*row)
            except InputError:
                return False
        return True


def _addresses(cells: Column) -> Sequence[str] | None:
    """Return addresses that are plain, in the form that they are kept in."""
    whole = "\n".join([*cells, ""])
    if not whole.isascii() or max(map(len, cells)) > MAX_LOCAL:
        return None
    lower = whole.lower()
    # A line end within a cell would make two of one.
    if lower.count("\n") != len(cells) or not _ADDRESSES.fullmatch(lower):
        return None
    return lower.split("\n")[:-1]


def _are_names(cells: Column) -> bool:
    return (
        max(map(len, cells)) <= MAX_NAME
        and characters.are_clean(cells)
        and not any(map(_begins_with_mark, cells))
    )


def _instants(cells: Column) -> Sequence[datetime | None] | None:
    try:
        found = list(map(datetime.fromisoformat, cells))
        if set(map(_zone_of, found)) == {UTC}:
            return found
    except ValueError:
        # Some are empty, or not plain.
        pass
    try:
        return list(map(instant, cells))
    except InputError:
        return None
