"""Cron expressions, and where APScheduler reads them otherwise than cron. Pure."""

from collections.abc import Iterator

from publisher.errors import InputError

#: Minute, hour, day, month, weekday.
_FIELDS = 5
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def is_cron(schedule: str) -> bool:
    """Say whether a schedule has as many words as cron has fields: no sentence of ours has."""
    return len(schedule.split()) == _FIELDS


def fields(schedule: str) -> dict[str, str]:
    """Return the fields of a cron expression by APScheduler's names for them. Raises InputError."""
    minute, hour, day, month, weekday = schedule.split()
    if day != "*" and weekday != "*":
        # Cron would take either, APScheduler only both at once; people mean one or the other.
        raise InputError("schedule", f"{schedule!r}: give a day or a weekday, and * for the other")
    return {
        "minute": minute,
        "hour": hour,
        "day": day,
        "month": month,
        "day_of_week": weekdays(weekday),
    }


def weekdays(text: str) -> str:
    """Return cron's weekday field with names for numbers: cron's week begins on Sunday (0 or 7).

    APScheduler's begins on Monday, and would send Sunday's digest a day late.
    """
    if text == "*":
        return text
    days = {day for part in text.split(",") for day in _days(part)}
    return ",".join(_WEEKDAYS[day] for day in sorted(days))


def _days(part: str) -> Iterator[int]:
    span, slash, step = part.partition("/")
    first, dash, last = ("0", "-", "6") if span == "*" else span.partition("-")
    start = _weekday(first)
    end = _weekday(last) if dash else (6 if slash else start)
    if end < start:
        end += 7
    if (slash and not step.isdecimal()) or step == "0":
        raise InputError("schedule", f"no step {step!r} between weekdays")
    for day in range(start, end + 1, int(step) if slash else 1):
        yield day % 7


def _weekday(text: str) -> int:
    word = text.lower()[:3]
    if word in _WEEKDAYS:
        return _WEEKDAYS.index(word)
    if text.isdecimal() and int(text) <= 7:  # noqa: PLR2004
        return int(text) % 7
    raise InputError("schedule", f"no weekday {text!r}: sun to sat, or 0 (Sunday) to 7")
