"""Send windows: in every zone, over every turn of its clocks, and around holidays."""

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import windows
from publisher.errors import InputError
from publisher.wallclock import WEEKDAYS
from publisher.windows import Window
from tests import clocks

MINUTE = timedelta(minutes=1)
BRUSSELS, NEW_YORK = ZoneInfo("Europe/Brussels"), ZoneInfo("America/New_York")


def at(text: str, zone: ZoneInfo = BRUSSELS) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def opening(sentence: str, moment: str, zone: ZoneInfo = BRUSSELS) -> str:
    """Return what the wall clock shows when a window opens, with how far it is from UTC."""
    found = windows.opens(windows.parse(sentence), at(moment, zone), zone)
    return found.astimezone(zone).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("sentence", "window"),
    [
        ("mon-fri 08:00-18:00", ((0, 1, 2, 3, 4), time(8), time(18), "", "")),
        ("Daily 0:00-24:00", (range(7), time(0), None, "", "")),
        ("sat-mon,wed 8:00-9:30 reader", ((5, 6, 0, 2), time(8), time(9, 30), "reader", "")),
        ("fri 08:00-18:00 Europe/Paris", ((4,), time(8), time(18), "Europe/Paris", "")),
        ("fri 08:00-18:00 holidays fr", ((4,), time(8), time(18), "", "FR")),
        ("fri 08:00-18:00 reader  holidays DE-BY", ((4,), time(8), time(18), "reader", "DE-BY")),
    ],
)
def test_a_window_is_what_its_sentence_says(
    sentence: str, window: tuple[object, time, time | None, str, str]
) -> None:
    found = windows.parse(sentence)
    days, begin, end, zone, calendar = window
    assert found.weekdays == frozenset(days)  # type: ignore[call-overload]
    assert (found.begin, found.end, found.zone, found.calendar) == (begin, end, zone, calendar)


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("", "is no window: 'mon-fri 08:00-18:00'"),
        ("mon-fri", "is no window"),
        ("mon-fri 08:00-18:00 reader holidays", "is no window"),
        ("mon-fri 18:00-08:00", "ends before it begins: one lies within a day, until 24:00"),
        ("mon-fri 08:00-08:00", "ends before it begins"),
        ("mon-fri 08:00-24:01", "no time of day 24:01"),
        ("mon-fry 08:00-18:00", "no weekday 'fry'"),
        ("mon-fri 08:00-18:00 Mars/Olympus", "no IANA time zone 'Mars/Olympus'"),
        ("mon-fri 08:00-18:00 holidays XX", "no holidays of XX: Country XX not available"),
        ("mon-fri 08:00-18:00 holidays DE-ZZ", "does not have subdivision ZZ; two are FR, DE-BY"),
        ("ſun 08:00-18:00", "no weekday"),
    ],
)
def test_what_is_no_window_is_refused_with_a_reason(sentence: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as refused:
        windows.parse(sentence)
    assert refused.value.source == "window"


@pytest.mark.parametrize(
    ("sentence", "moment", "opens"),
    [
        # 27 November 2026 is a Friday.
        ("mon-fri 08:00-18:00", "2026-11-27T07:59", "2026-11-27T08:00+01:00"),
        ("mon-fri 08:00-18:00", "2026-11-27T12:34", "2026-11-27T12:34+01:00"),
        ("mon-fri 08:00-18:00", "2026-11-27T18:00", "2026-11-30T08:00+01:00"),
        ("sat 00:00-24:00", "2026-11-27T18:00", "2026-11-28T00:00+01:00"),
        ("sat 00:00-24:00", "2026-11-28T23:59", "2026-11-28T23:59+01:00"),
        # The clocks skip from 02:00 to 03:00 on 29 March 2026: what begins between opens then.
        ("daily 02:30-04:00", "2026-03-28T12:00", "2026-03-29T03:00+02:00"),
        ("daily 01:30-04:00", "2026-03-28T12:00", "2026-03-29T01:30+01:00"),
        # What lies between as a whole does not open on that day.
        ("daily 02:15-02:45", "2026-03-28T12:00", "2026-03-30T02:15+02:00"),
        # 02:00 to 03:00 comes twice on 25 October 2026, and each time is inside.
        ("daily 02:30-04:00", "2026-10-25T00:00", "2026-10-25T02:30+02:00"),
        ("daily 01:00-02:30", "2026-10-25T02:30", "2026-10-25T02:00+01:00"),
        # 14 July is a holiday in France; 6 January in Bavaria, not in Berlin.
        ("mon-fri 08:00-18:00 holidays FR", "2026-07-14T09:00", "2026-07-15T08:00+02:00"),
        ("mon-fri 08:00-18:00 holidays DE-BY", "2026-01-06T09:00", "2026-01-07T08:00+01:00"),
        ("mon-fri 08:00-18:00 holidays DE-BE", "2026-01-06T09:00", "2026-01-06T09:00+01:00"),
        # From Christmas to the second day after: Friday to Sunday.
        ("daily 08:00-18:00 holidays DE", "2026-12-24T19:00", "2026-12-27T08:00+01:00"),
    ],
)
def test_a_window_opens_on_the_wall_clock(sentence: str, moment: str, opens: str) -> None:
    assert opening(sentence, moment) == opens


def test_each_reader_is_written_to_in_the_window_of_their_own_zone() -> None:
    window = windows.parse("mon-fri 08:00-18:00 reader")
    zones = ["Asia/Kathmandu", "America/New_York", "Nowhere/Gone", ""]
    # 19:15 in Brussels on a Thursday, noon past in New York, the middle of the night in Nepal.
    found = windows.openings(
        window, home="Europe/Brussels", zones=zones, moment=at("2026-11-26T19:15")
    )
    tomorrow = at("2026-11-27T08:00")
    assert found == {
        "": tomorrow,
        "Asia/Kathmandu": at("2026-11-27T08:00", ZoneInfo("Asia/Kathmandu")),
        "America/New_York": at("2026-11-26T19:15"),
        "Nowhere/Gone": tomorrow,
    }


@pytest.mark.parametrize(
    ("zone", "place"), [("", "Europe/Brussels"), (" Asia/Tokyo", "Asia/Tokyo")]
)
def test_a_window_of_one_zone_is_the_same_for_all(zone: str, place: str) -> None:
    window = windows.parse(f"mon-fri 08:00-18:00{zone}")
    found = windows.openings(
        window, home="Europe/Brussels", zones=["UTC"], moment=at("2026-11-28T12:00")
    )
    assert found == {"": at("2026-11-30T08:00", ZoneInfo(place))}


def inside(window: Window, instant: datetime, zone: ZoneInfo) -> bool:
    """Say by the clock on the wall whether a window is open: what the module must agree with."""
    local = instant.astimezone(zone)
    minute = local.hour * 60 + local.minute
    end = 24 * 60 if window.end is None else window.end.hour * 60 + window.end.minute
    begin = window.begin.hour * 60 + window.begin.minute
    is_day = WEEKDAYS[local.weekday()] in {WEEKDAYS[day] for day in window.weekdays}
    return is_day and begin <= minute < end and local.date() not in calendar(window.calendar)


@cache
def calendar(code: str) -> Container[date]:
    country, _, part = code.partition("-")
    return holidays.country_holidays(country, subdiv=part or None) if country else ()


@st.composite
def sentences(draw: st.DrawFn) -> str:
    days = ",".join(draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True)))
    # Half of them at night, when clocks are turned.
    begin = draw(st.integers(0, 4 * 60) | st.integers(0, 24 * 60 - 1))
    end = min(begin + draw(st.integers(1, 6 * 60)), 24 * 60)
    calendar = draw(st.sampled_from(["", "", " holidays FR", " holidays US-CA"]))
    span = f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
    return f"{draw(st.sampled_from([days, 'daily']))} {span}{calendar}"


@settings(max_examples=150)
@given(data=st.data(), name=st.sampled_from(clocks.ZONES), sentence=sentences())
def test_a_window_opens_at_the_first_moment_that_is_inside(
    data: st.DataObject, name: str, sentence: str
) -> None:
    zone, window = ZoneInfo(name), windows.parse(sentence)
    moment = data.draw(clocks.moments(name))
    found = windows.opens(window, moment, zone)
    assert found >= moment
    assert inside(window, found, zone)
    # Nothing before: every minute, and the last second before it opens.
    minute = moment
    while minute < found:
        assert not inside(window, minute, zone)
        minute += MINUTE
    assert found == moment or not inside(window, found - timedelta(seconds=1), zone)
    assert windows.opens(window, found, zone) == found
