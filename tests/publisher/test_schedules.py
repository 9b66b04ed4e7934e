"""Schedules as people write them."""

from datetime import date, datetime, time
from itertools import islice

import pytest

from publisher import schedules
from publisher.errors import InputError
from publisher.schedules import Every, Monthly, Once, Schedule, Weekly

#: A Sunday.
TODAY = date(2026, 11, 29)


def days(sentence: str, *, first: date = TODAY, since: date = TODAY, count: int = 3) -> list[str]:
    found = schedules.walls(schedules.parse(sentence), first=first, since=since)
    return [wall.date().isoformat() for wall in islice(found, count)]


@pytest.mark.parametrize(
    ("sentence", "schedule"),
    [
        ("fri 07:00", Weekly(weekdays=frozenset({4}), clock=time(7))),
        ("Friday  7:00", Weekly(weekdays=frozenset({4}), clock=time(7))),
        ("mon,thu 07:30", Weekly(weekdays=frozenset({0, 3}), clock=time(7, 30))),
        ("sat-mon 07:00", Weekly(weekdays=frozenset({5, 6, 0}), clock=time(7))),
        ("daily 00:00", Weekly(weekdays=frozenset(range(7)), clock=time(0))),
        ("every 3 days 09:00", Every(step=3, clock=time(9))),
        ("every 1 day 09:00", Every(step=1, clock=time(9))),
        ("first Thursday 09:00", Monthly(ordinal=1, weekday=3, clock=time(9))),
        ("last Fri 17:30", Monthly(ordinal=-1, weekday=4, clock=time(17, 30))),
        ("THIRD mon 08:00", Monthly(ordinal=3, weekday=0, clock=time(8))),
        ("once 2026-12-18 10:00", Once(day=date(2026, 12, 18), clock=time(10))),
    ],
)
def test_a_schedule_is_what_its_sentence_says(sentence: str, schedule: Schedule) -> None:
    assert schedules.parse(sentence) == schedule


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("", "not one of the forms"),
        ("weekly", "not one of the forms"),
        ("fifth mon 08:00", "not one of the forms"),
        ("every 1000 days 08:00", "not one of the forms"),
        ("every 0 days 09:00", "no step of 0 days"),
        ("frý 07:00", "not one of the forms|no weekday"),
        ("fr 07:00", "no weekday 'fr': mon, tue"),
        ("fri 24:00", "no time of day 24:00, such as 09:00"),
        ("fri ٠٧:٠٠", "no time of day"),
        ("first fri", "no weekday 'first'|no time"),
        ("once 2026-02-30 10:00", "day is out of range"),
        ("once tomorrow 10:00", "not one of the forms"),
        ("once 0001-01-01 00:30", "is in the year 1: write one between 1000 and 9000"),
        ("once 9999-12-31 23:30", "is in the year 9999: write one between 1000 and 9000"),
        ("fri 07:00\nsat 07:00 x", "not one of the forms"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_forms_that_there_are(
    sentence: str, reason: str
) -> None:
    with pytest.raises(InputError, match=reason) as refused:
        schedules.parse(sentence)
    assert refused.value.source == "schedule"
    assert "'first Thursday 09:00'" in refused.value.reason


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("fri 07:00", ["2026-12-04", "2026-12-11", "2026-12-18"]),
        ("daily 07:00", ["2026-11-29", "2026-11-30", "2026-12-01"]),
        ("mon,thu 07:00", ["2026-11-30", "2026-12-03", "2026-12-07"]),
        ("first thu 09:00", ["2026-12-03", "2027-01-07", "2027-02-04"]),
        ("last sun 09:00", ["2026-11-29", "2026-12-27", "2027-01-31"]),
        # The fourth is not always the last.
        ("fourth thu 09:00", ["2026-12-24", "2027-01-28", "2027-02-25"]),
        ("last thu 09:00", ["2026-12-31", "2027-01-28", "2027-02-25"]),
        ("once 2026-11-29 10:00", ["2026-11-29"]),
        ("once 2026-11-28 10:00", []),
        ("every 30 days 09:00", ["2026-11-29", "2026-12-29", "2027-01-28"]),
    ],
)
def test_a_schedule_has_its_days(sentence: str, expected: list[str]) -> None:
    assert days(sentence) == expected


@pytest.mark.parametrize("first", [date(2026, 1, 1), date(2026, 11, 30), date(2026, 12, 1)])
def test_every_three_days_counts_from_the_beginning_whoever_looks_from_when(first: date) -> None:
    found = days("every 3 days 09:00", first=first, since=date(2026, 11, 25))
    begin = "2026-11-25" if first < date(2026, 11, 25) else "2026-12-01"
    assert found[0] == begin


def test_what_the_clock_shows_has_no_zone() -> None:
    (wall,) = schedules.walls(schedules.parse("once 2026-12-18 10:00"), first=TODAY, since=TODAY)
    assert wall == datetime(2026, 12, 18, 10)
