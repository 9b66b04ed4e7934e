"""Rules for what is not ready, as people write them.

    skip
    fallback
    hold
    hold until thu 17:00 Europe/Brussels, then fallback
    hold for 48h, then skip

They stand in the configuration and in newsletters; :mod:`publisher.policy` obeys them.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from publisher import wallclock
from publisher.errors import InputError
from publisher.wallclock import WEEKDAYS
from store.records import Missing

# ASCII only: by Unicode's rules of case a long s is an s, and what it spells no skip.
_SENTENCE = re.compile(
    r"hold\s+(?:until\s+(?P<day>[a-z]{3,9})\s+(?P<clock>\d{1,2}:\d\d)"
    r"(?:\s+(?P<zone>[A-Za-z][\w+/-]*))?|for\s+(?P<count>\d{1,4})\s*(?P<unit>[hd]))"
    r"\s*,?\s+then\s+(?P<then>skip|fallback|fall\s+back)",
    re.IGNORECASE | re.ASCII,
)
_EXAMPLES = "'skip', 'fallback', 'hold' or 'hold until thu 17:00 Europe/Brussels, then fallback'"


@dataclass(frozen=True, kw_only=True)
class Weekly:
    """A time of the week on the wall clock of a zone."""

    #: 0 is Monday.
    weekday: int
    hour: int
    minute: int
    zone: str

    def after(self, instant: datetime) -> datetime:
        """Return the first such time at or after an instant, in UTC: there is one in each week."""
        zone, clock = ZoneInfo(self.zone), time(self.hour, self.minute)
        local = instant.astimezone(zone)
        day = local.date() + timedelta(days=(self.weekday - local.weekday()) % 7)
        # One that was skipped can still be ahead when its day is over.
        days = [day + timedelta(weeks=week) for week in (-1, 0, 1)]
        times = [wallclock.at(day, clock, zone) for day in days]
        return next(found for found in times if found >= instant)

    def __str__(self) -> str:
        return f"until {WEEKDAYS[self.weekday]} {self.hour:02}:{self.minute:02} {self.zone}"


@dataclass(frozen=True, kw_only=True)
class Lasting:
    """A time that the waiting lasts."""

    hours: int

    def after(self, instant: datetime) -> datetime:
        """Return the end of a waiting that began at an instant."""
        return instant + timedelta(hours=self.hours)

    def __str__(self) -> str:
        return f"for {self.hours}h"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What happens where an item is not ready."""

    missing: Missing
    #: When a rule that holds ends its waiting; None: it waits for ever.
    deadline: Weekly | Lasting | None = None
    #: What it does then.
    then: Missing = Missing.SKIP

    def __str__(self) -> str:
        if self.deadline is None:
            return self.missing.value
        return f"{self.missing} {self.deadline}, then {self.then}"


def parse(sentence: str, *, zone: str) -> Rule:
    """Return the rule that a sentence states; ``zone`` is meant where it names none.

    Raises InputError for what is none.
    """
    words = " ".join(sentence.split())
    if words.lower() in list(Missing):
        return Rule(missing=Missing(words.lower()))
    found = _SENTENCE.fullmatch(words)
    if found is None:
        raise InputError("missing", f"{words[:100]!r} is no rule: {_EXAMPLES}")
    then = Missing.SKIP if found["then"].lower() == "skip" else Missing.FALLBACK
    deadline = _lasting(found) if found["count"] else _weekly(found, zone)
    return Rule(missing=Missing.HOLD, deadline=deadline, then=then)


def _lasting(found: re.Match[str]) -> Lasting:
    return Lasting(hours=int(found["count"]) * (24 if found["unit"].lower() == "d" else 1))


def _weekly(found: re.Match[str], zone: str) -> Weekly:
    clock = wallclock.time_of_day(found["clock"], "missing")
    return Weekly(
        weekday=wallclock.weekday(found["day"], "missing"),
        hour=clock.hour,
        minute=clock.minute,
        zone=wallclock.zone_name(found["zone"] or zone, "missing"),
    )
