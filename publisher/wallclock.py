"""Times as people write them: weekdays, times of day, zones; and the instants that they are."""

import re
from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from publisher.errors import InputError

#: The first is Monday, as for :meth:`datetime.date.weekday`.
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

#: In full; three letters or more of one are enough.
_IN_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST = 3


#: Years that dates of every format and in every zone can tell.
_FIRST_YEAR, _LAST_YEAR = 1000, 9000


def refuse_far(day: date, field: str) -> None:
    """Raise InputError about ``field`` for a day, or an instant, too far off to be computed with.

    Days around it, and what the clock shows then elsewhere, might be in no year that there is.
    """
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        years = f"between {_FIRST_YEAR} and {_LAST_YEAR}"
        raise InputError(field, f"is in the year {day.year}: write one {years}")


def weekday(word: str, field: str) -> int:
    """Return the number of a weekday, 0 for Monday. Raises InputError about ``field``."""
    name = word.lower()
    if len(name) < _SHORTEST or not any(full.startswith(name) for full in _IN_FULL):
        raise InputError(field, f"no weekday {word!r}: {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(name[:_SHORTEST])


def weekdays(words: str, field: str) -> frozenset[int]:
    """Return the numbers of ``mon``, ``mon,thu``, ``mon-fri``, ``sat-mon`` or ``daily``.

    Raises InputError about ``field``.
    """
    if words.lower() == "daily":
        return frozenset(range(7))
    days: set[int] = set()
    for part in words.split(","):
        first, _, last = part.partition("-")
        start = weekday(first, field)
        end = weekday(last, field) if "-" in part else start
        days |= {(start + step) % 7 for step in range((end - start) % 7 + 1)}
    return frozenset(days)


def time_of_day(text: str, field: str) -> time:
    """Return a time such as 09:00. Raises InputError about ``field``."""
    found = re.fullmatch(r"(\d{1,2}):(\d\d)", text, re.ASCII)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:  # noqa: PLR2004
        raise InputError(field, f"no time of day {text}, such as 09:00")
    return time(int(found[1]), int(found[2]))


def zone_name(text: str, field: str) -> str:
    """Return the name of a zone that there is. Raises InputError about ``field``."""
    if text not in _zones():
        raise InputError(field, f"no IANA time zone {text!r}; one is Europe/Brussels")
    return text


@cache
def _zones() -> frozenset[str]:
    """Return the names of all zones. Kept: they are read from disk, and asked for each item."""
    return frozenset(available_timezones())


def in_utc(moment: datetime) -> str:
    """Return an instant as programs write it (RFC 3339): ``2026-12-18T09:00:00Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the instant, in UTC, of a time on the wall clock.

    Where the clocks skip it, it comes as much later as they skip, and of one that comes twice
    the first counts (PEP 495).
    """
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
