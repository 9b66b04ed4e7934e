"""When mail may reach people: send windows; the one home of the calendars of holidays. Pure.

    mon-fri 08:00-18:00                    in the newsletter's own zone
    mon-fri 08:00-18:00 Europe/Paris       in another
    daily 07:00-22:00 reader               in each reader's own
    mon-fri 08:00-18:00 holidays FR        not on the public holidays of France
    mon-fri 08:00-18:00 reader holidays DE-BY

A window is open at an instant when the wall clock of the zone then shows one of its days, and a
time from its begin until before its end. So when the clocks go back, an hour that comes twice is
open both times; when they go forward, what begins in the hour that is skipped opens at its end.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from publisher import wallclock
from publisher.errors import InputError
from store.records import Newsletter

#: In a window's place for a zone: that of whoever the mail is for.
READER = "reader"

_EXAMPLES = "'mon-fri 08:00-18:00', also with a zone or 'reader', and with 'holidays FR'"
_SENTENCE = re.compile(
    r"(?P<days>\S+) (?P<begin>[\d:]+)-(?P<end>[\d:]+)"
    r"(?: (?!holidays\b)(?P<zone>\S+))?(?: holidays (?P<calendar>[a-z0-9]+(?:-[a-z0-9]+)?))?",
    re.ASCII | re.IGNORECASE,
)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Window:
    """Some hours of some days."""

    #: 0 is Monday.
    weekdays: frozenset[int]
    begin: time
    #: The first time that is outside again; None: midnight.
    end: time | None
    #: The zone that it names: an IANA name, ``reader``, or empty for the newsletter's own.
    zone: str
    #: Whose public holidays are no days of it, such as ``FR`` or ``DE-BY``; empty: nobody's.
    calendar: str

    def is_open(self, local: datetime) -> bool:
        """Say whether it is open at what the wall clock shows."""
        clock = local.time()
        return (
            self.begin <= clock
            and (self.end is None or clock < self.end)
            and local.weekday() in self.weekdays
            and not (self.calendar and local.date() in _calendar(self.calendar))
        )


def parse(sentence: str) -> Window:
    """Return the window that a sentence states. Raises InputError that shows the forms."""
    words = " ".join(sentence.split())
    found = _SENTENCE.fullmatch(words)
    if found is None:
        raise InputError("window", f"{words[:100]!r} is no window: {_EXAMPLES}")
    begin = wallclock.time_of_day(found["begin"], "window")
    end = None if found["end"] == "24:00" else wallclock.time_of_day(found["end"], "window")
    if end is not None and end <= begin:
        raise InputError(
            "window", f"{words[:100]!r} ends before it begins: one lies within a day, until 24:00"
        )
    zone, calendar = found["zone"] or "", (found["calendar"] or "").upper()
    if zone and zone != READER:
        wallclock.zone_name(zone, "window")
    if calendar:
        _calendar(calendar)
    days = wallclock.weekdays(found["days"], "window")
    return Window(weekdays=days, begin=begin, end=end, zone=zone, calendar=calendar)


@cache
def _calendar(code: str) -> holidays.HolidayBase:
    """Return the public holidays of a country (ISO 3166-1), or of a part of one (3166-2)."""
    country, _, part = code.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError as error:
        raise InputError("window", f"no holidays of {code}: {error}; two are FR, DE-BY") from error


def opens(window: Window, moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant from ``moment`` on, in UTC, at which a window is open in a zone."""
    # A clock that is put back over midnight comes to the day before once more.
    day = moment.astimezone(zone).date() - _DAY
    found: list[datetime] = []
    while not found:
        found = [
            instant
            for instant in (moment.astimezone(UTC), *_turns(window, day, zone))
            if instant >= moment and window.is_open(instant.astimezone(zone))
        ]
        day += _DAY
    return min(found)


def of_newsletter(
    newsletter: Newsletter, language: str, zones: Collection[str], *, now: datetime
) -> dict[str, datetime]:
    """Return by the zone of a reader when mail in a language may go out to them, from now on.

    Under an empty name for readers in any other zone.
    """
    sentence = newsletter.window(language)
    if sentence is None:
        return {"": now}
    return openings(parse(sentence), home=newsletter.timezone, zones=zones, moment=now)


def openings(
    window: Window, *, home: str, zones: Collection[str], moment: datetime
) -> dict[str, datetime]:
    """Return by the zone of a reader when mail may go out to them, in UTC.

    Under an empty name for readers in any other zone: ``home`` is the newsletter's, whose
    window this is.
    """
    named = home if window.zone in {"", READER} else window.zone
    found = {"": opens(window, moment, ZoneInfo(named))}
    if window.zone == READER:
        found |= {name: opens(window, moment, _zone(name) or ZoneInfo(home)) for name in zones}
    return found


def _zone(name: str) -> ZoneInfo | None:
    """Return a zone, None for one that this machine does not know (or no longer)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _turns(window: Window, day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the only instants of a day at which a window can come to be open.

    The clock comes to its begin, perhaps twice, or is put to somewhere in it.
    """
    wall = datetime.combine(day, window.begin, tzinfo=zone)
    yield wall.astimezone(UTC)
    yield wall.replace(fold=1).astimezone(UTC)
    early, late = (wallclock.at(midnight, time(), zone) for midnight in (day, day + _DAY))
    if early.astimezone(zone).utcoffset() != late.astimezone(zone).utcoffset():
        yield _turned(early, late, zone)


def _turned(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """Return the first second at which the clock is no longer as far from UTC as early."""
    before = early.astimezone(zone).utcoffset()
    low, high = 0, int((late - early) / _SECOND)
    while high - low > 1:
        middle = (low + high) // 2
        same = (early + middle * _SECOND).astimezone(zone).utcoffset() == before
        low, high = (middle, high) if same else (low, middle)
    return early + high * _SECOND
