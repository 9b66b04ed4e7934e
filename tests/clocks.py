"""Zones whose clocks are turned in every way there is, and when; for tests of wall clocks."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

#: By an hour at night, by half an hour, at midnight back and forth, for Ramadan, and never.
ZONES = (
    "Europe/Brussels",
    "America/New_York",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Santiago",
    "America/Havana",
)
#: Two years.
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@cache
def turns(name: str) -> tuple[datetime, ...]:
    """Return the hours in these years before which the clocks of a zone were turned."""
    zone, found, hour = ZoneInfo(name), [], BEGIN
    while hour < END:
        if hour.astimezone(zone).utcoffset() != (hour + HOUR).astimezone(zone).utcoffset():
            found.append(hour + HOUR)
        hour += HOUR
    return tuple(found)


@st.composite
def moments(draw: st.DrawFn, name: str) -> datetime:
    """Draw an instant, every second time one near to a turn of the clocks."""
    near = turns(name)
    if draw(st.booleans()) and near:
        around: int = draw(st.integers(-1800, 1800))
        turn: datetime = draw(st.sampled_from(near))
        return turn + timedelta(minutes=around)
    minutes = draw(st.integers(0, int((END - BEGIN) / timedelta(minutes=1))))
    return BEGIN + timedelta(minutes=minutes, seconds=draw(st.integers(0, 59)))


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    """Say whether the clocks of a zone ever show a time without a zone."""
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall
