"""When a newsletter goes out, as people write it. Pure.

    fri 07:00                every week; also mon,thu 07:00 and mon-fri 07:00
    daily 07:00
    every 3 days 09:00       counted from the day on which the newsletter began
    first Thursday 09:00     of every month; also second, third, fourth and last
    once 2026-12-18 10:00

What a sentence names are times on the wall clock, which no change of the clocks moves.
:mod:`scheduler` reads them in the newsletter's zone, and knows the other form, cron.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count

from publisher import wallclock
from publisher.errors import InputError

EXAMPLES = (
    "'fri 07:00', 'daily 07:00', 'every 3 days 09:00', 'first Thursday 09:00', "
    "'once 2026-12-18 10:00', or cron such as '0 7 * * FRI'"
)

#: Which of the weekdays of its name in a month; -1 is the last.
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Weekly:
    """On some days of every week."""

    #: 0 is Monday.
    weekdays: frozenset[int]
    clock: time

    def days(self, first: date, _since: date) -> Iterator[date]:
        """Yield the days from ``first`` on."""
        for step in count():
            if (day := first + step * _DAY).weekday() in self.weekdays:
                yield day


@dataclass(frozen=True, kw_only=True)
class Every:
    """Every so many days, counted from the one on which the newsletter began."""

    step: int
    clock: time

    def days(self, first: date, since: date) -> Iterator[date]:
        """Yield the days from ``first`` on; ``since`` is the first of all."""
        done = max(0, -((since - first) // _DAY // self.step))
        for number in count(done):
            if (day := since + number * self.step * _DAY) >= first:
                yield day


@dataclass(frozen=True, kw_only=True)
class Monthly:
    """On the first, or the last, Thursday of every month."""

    #: From 1; -1 is the last.
    ordinal: int
    #: 0 is Monday.
    weekday: int
    clock: time

    def days(self, first: date, _since: date) -> Iterator[date]:
        """Yield the days from ``first`` on."""
        for month in count(first.year * 12 + first.month - 1):
            if (day := self._in(month)) >= first:
                yield day

    def _in(self, month: int) -> date:
        if self.ordinal < 0:
            # The last of a month is the week before the first of the next.
            return self._first(month + 1) - 7 * _DAY
        return self._first(month) + (self.ordinal - 1) * 7 * _DAY

    def _first(self, month: int) -> date:
        begin = date(month // 12, month % 12 + 1, 1)
        return begin + (self.weekday - begin.weekday()) % 7 * _DAY


@dataclass(frozen=True, kw_only=True)
class Once:
    """On one day."""

    day: date
    clock: time

    def days(self, first: date, _since: date) -> Iterator[date]:
        """Yield the day, unless it is before ``first``."""
        if self.day >= first:
            yield self.day


Schedule = Weekly | Every | Monthly | Once


def walls(schedule: Schedule, *, first: date, since: date) -> Iterator[datetime]:
    """Yield the times on the wall clock, without a zone, from the day ``first`` on.

    ``since`` is the day on which the newsletter began.
    """
    for day in schedule.days(first, since):
        yield datetime.combine(day, schedule.clock)


def parse(sentence: str) -> Schedule:
    """Return the schedule that a sentence states. Raises InputError that shows the forms."""
    words = " ".join(sentence.split())
    for form, make in _FORMS.items():
        if found := re.fullmatch(form, words, re.ASCII | re.IGNORECASE):
            try:
                return make(*found.groups())
            except (InputError, ValueError) as error:
                reason = error.reason if isinstance(error, InputError) else str(error)
                raise _refused(words, reason) from error
    raise _refused(words, "not one of the forms")


def _refused(words: str, reason: str) -> InputError:
    return InputError("schedule", f"{words[:100]!r}: {reason}; there are {EXAMPLES}")


def _once(day: str, clock: str) -> Schedule:
    once = date.fromisoformat(day)
    wallclock.refuse_far(once, "schedule")
    return Once(day=once, clock=_clock(clock))


def _every(step: str, clock: str) -> Schedule:
    if int(step) == 0:
        raise InputError("schedule", "no step of 0 days")
    return Every(step=int(step), clock=_clock(clock))


def _monthly(ordinal: str, weekday: str, clock: str) -> Schedule:
    return Monthly(
        ordinal=_ORDINALS[ordinal.lower()],
        weekday=wallclock.weekday(weekday, "schedule"),
        clock=_clock(clock),
    )


def _weekly(weekdays: str, clock: str) -> Schedule:
    return Weekly(weekdays=wallclock.weekdays(weekdays, "schedule"), clock=_clock(clock))


def _clock(text: str) -> time:
    return wallclock.time_of_day(text, "schedule")


_FORMS: dict[str, Callable[..., Schedule]] = {
    r"once (\d{4}-\d\d-\d\d) (\S+)": _once,
    r"every (\d{1,3}) days? (\S+)": _every,
    rf"({'|'.join(_ORDINALS)}) (\S+) (\S+)": _monthly,
    r"(\S+) (\S+)": _weekly,
}
