"""Rules: sentences, what is refused, and deadlines on the wall clocks of the world."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import InputError
from publisher.rules import Lasting, Rule, Weekly, parse
from publisher.wallclock import WEEKDAYS
from store.records import Missing

BRUSSELS = Weekly(weekday=3, hour=17, minute=0, zone="Europe/Brussels")
MINUTE = timedelta(minutes=1)

#: Summer time in the north and in the south; at midnight (São Paulo, Cairo); of half an hour
#: (Lord Howe); no more of it (Tehran, since 2022); and a Friday that never was (Apia, 2011).
ZONES = (
    "Europe/Brussels",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Asia/Tehran",
    "Pacific/Apia",
)
TIMES = st.builds(
    Weekly,
    weekday=st.integers(0, 6),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    zone=st.sampled_from(ZONES),
)
RULES = st.sampled_from([Rule(missing=missing) for missing in Missing]) | st.builds(
    Rule,
    missing=st.just(Missing.HOLD),
    deadline=TIMES | st.builds(Lasting, hours=st.integers(0, 9999)),
    then=st.sampled_from([Missing.SKIP, Missing.FALLBACK]),
)


def until(deadline: Weekly | Lasting, then: Missing) -> Rule:
    return Rule(missing=Missing.HOLD, deadline=deadline, then=then)


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("skip", Rule(missing=Missing.SKIP)),
        ("fallback", Rule(missing=Missing.FALLBACK)),
        (" Hold\n", Rule(missing=Missing.HOLD)),
        (
            "hold until thu 17:00 Europe/Brussels, then fallback",
            until(BRUSSELS, Missing.FALLBACK),
        ),
        ("HOLD UNTIL THURSDAY 17:00 Europe/Brussels THEN SKIP", until(BRUSSELS, Missing.SKIP)),
        # Without a zone the house's own is meant.
        ("hold until thurs 17:00, then fall back", until(BRUSSELS, Missing.FALLBACK)),
        ("hold  until\tthu 17:00 ,\u00a0then  fall  back", until(BRUSSELS, Missing.FALLBACK)),
        (
            "hold until mon 0:05 America/Argentina/Buenos_Aires, then skip",
            until(
                Weekly(weekday=0, hour=0, minute=5, zone="America/Argentina/Buenos_Aires"),
                Missing.SKIP,
            ),
        ),
        (
            "hold until sun 23:59 Etc/GMT+5, then skip",
            until(Weekly(weekday=6, hour=23, minute=59, zone="Etc/GMT+5"), Missing.SKIP),
        ),
        ("hold for 48h, then skip", until(Lasting(hours=48), Missing.SKIP)),
        ("hold for 2 d, then skip", until(Lasting(hours=48), Missing.SKIP)),
        ("hold for 1H then fallback", until(Lasting(hours=1), Missing.FALLBACK)),
    ],
)
def test_a_sentence_states_a_rule(sentence: str, rule: Rule) -> None:
    assert parse(sentence, zone="Europe/Brussels") == rule


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("", "'' is no rule: 'skip', 'fallback', 'hold' or 'hold until thu"),
        ("wait", "'wait' is no rule"),
        ("hold on", "is no rule"),
        ("hold until thu 17:00", "is no rule"),
        ("hold until thu, then skip", "is no rule"),
        ("hold until 17:00, then skip", "is no rule"),
        ("hold until thu 17:00 then hold", "is no rule"),
        ("hold until thu 17:00, then skip it", "is no rule"),
        ("hold for 48, then skip", "is no rule"),
        ("hold for -1h, then skip", "is no rule"),
        ("hold for 99999h, then skip", "is no rule"),
        ("skip\0", "is no rule"),
        # Case rules of other scripts make these letters equal to s and k.
        ("hold for 1h, then \u017fkip", "is no rule"),
        ("hold for 1h, then s\u212aip", "is no rule"),
        ("hold until xyz 17:00, then skip", "no weekday 'xyz': mon, tue, wed, thu, fri, sat, sun"),
        ("hold until monkey 17:00, then skip", "no weekday 'monkey'"),
        ("hold until jeudi 17:00, then skip", "no weekday 'jeudi'"),
        ("hold until thu 24:00, then skip", "no time of day 24:00"),
        ("hold until thu 17:60, then skip", "no time of day 17:60"),
        ("hold until thu 17:00 Brussels, then skip", "no IANA time zone 'Brussels'; one is Europe"),
        ("hold until thu 17:00 Europe/../etc, then skip", "is no rule"),
        ("hold until thu 17:00 Europe/Brusels, then skip", "no IANA time zone 'Europe/Brusels'"),
    ],
)
def test_what_states_no_rule_is_refused_with_what_would(sentence: str, reason: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(sentence, zone="UTC")
    assert reason in refused.value.reason


def test_a_sentence_without_end_is_not_repeated() -> None:
    with pytest.raises(InputError) as refused:
        parse("hold until " + "x" * 10_000_000, zone="UTC")
    assert len(str(refused.value)) < 300


@given(RULES, st.sampled_from(ZONES))
def test_a_rule_states_itself_whatever_the_zone_of_the_house(rule: Rule, zone: str) -> None:
    assert parse(str(rule), zone=zone) == rule


@given(st.text() | st.text(st.sampled_from("hold until thu for 17:00 h d , then skip UTC")))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    try:
        rule = parse(text, zone="UTC")
    except InputError:
        return
    assert parse(str(rule), zone="UTC") == rule


@pytest.mark.parametrize(
    ("weekly", "instant", "after"),
    [
        # 2026-11-26 is a Thursday; Brussels is at +01:00 then: 17:00 is 16:00 in UTC.
        (BRUSSELS, "2026-11-23T08:00Z", "2026-11-26T16:00Z"),
        (BRUSSELS, "2026-11-26T15:59:59Z", "2026-11-26T16:00Z"),
        (BRUSSELS, "2026-11-26T16:00Z", "2026-11-26T16:00Z"),
        (BRUSSELS, "2026-11-26T16:00:01Z", "2026-12-03T16:00Z"),
        # The clocks change on Sunday 29 March: the next one is at +02:00.
        (BRUSSELS, "2026-03-26T16:00:01Z", "2026-04-02T15:00Z"),
        # Whatever day it is elsewhere: in Lord Howe (+11:00) it is Friday.
        (BRUSSELS, "2026-11-27T00:30+11:00", "2026-11-26T16:00Z"),
        # Spring in Brussels: at 02:00 it is 03:00; 02:30 comes at 03:30, that is 01:30 UTC.
        ((6, 2, 30, "Europe/Brussels"), "2026-03-28T12:00Z", "2026-03-29T01:30Z"),
        ((6, 2, 30, "Europe/Brussels"), "2026-03-29T01:15Z", "2026-03-29T01:30Z"),
        # Autumn: 02:30 comes at +02:00 and at +01:00; the first counts.
        ((6, 2, 30, "Europe/Brussels"), "2026-10-24T12:00Z", "2026-10-25T00:30Z"),
        ((6, 2, 30, "Europe/Brussels"), "2026-10-25T00:31Z", "2026-11-01T01:30Z"),
        # Cairo skips the hour after midnight: Friday 24 April 2026, 00:30 comes at 01:30 (+03:00).
        ((4, 0, 30, "Africa/Cairo"), "2026-04-23T21:59Z", "2026-04-23T22:30Z"),
        # Lord Howe goes forward by half an hour, from 02:00 (+10:30): 02:15 comes at 02:45.
        ((6, 2, 15, "Australia/Lord_Howe"), "2026-10-03T12:00Z", "2026-10-03T15:45Z"),
        # Apia went from Thursday 29 (-10:00) to Saturday 31 December 2011 (+14:00): its Friday,
        # 17:00, comes at Saturday, 17:00; also for those who ask on Saturday, before it.
        ((4, 17, 0, "Pacific/Apia"), "2011-12-29T12:00Z", "2011-12-31T03:00Z"),
        ((4, 17, 0, "Pacific/Apia"), "2011-12-31T02:00Z", "2011-12-31T03:00Z"),
        ((4, 17, 0, "Pacific/Apia"), "2011-12-31T03:00:01Z", "2012-01-06T03:00Z"),
    ],
)
def test_a_time_of_the_week_is_found_on_the_wall_clock(
    weekly: Weekly | tuple[int, int, int, str], instant: str, after: str
) -> None:
    if isinstance(weekly, tuple):
        weekday, hour, minute, zone = weekly
        weekly = Weekly(weekday=weekday, hour=hour, minute=minute, zone=zone)
    found = weekly.after(datetime.fromisoformat(instant))
    assert found == datetime.fromisoformat(after)
    assert found.utcoffset() == timedelta(0)


def shows(weekly: Weekly, instant: datetime) -> bool:
    """Say whether the clock on the wall shows the time, and not for the second time."""
    local = instant.astimezone(ZoneInfo(weekly.zone))
    wanted = (weekly.weekday, weekly.hour, weekly.minute, 0)
    return (local.weekday(), local.hour, local.minute, local.fold) == wanted


#: Near where clocks change, and anywhere.
CHANGES = [
    *(datetime(year, month, 29, tzinfo=UTC) for year in (2016, 2018, 2024) for month in (3, 9, 10)),
    datetime(2011, 12, 30, tzinfo=UTC),
    datetime(2018, 11, 4, tzinfo=UTC),
    datetime(2024, 4, 26, tzinfo=UTC),
]
INSTANTS = st.datetimes(
    datetime(1975, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)
) | st.builds(
    lambda near, minutes: near + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-7 * 1440, 7 * 1440),
)


@given(TIMES, INSTANTS)
def test_it_is_the_first_such_time_at_or_after_the_instant(
    weekly: Weekly, instant: datetime
) -> None:
    found = weekly.after(instant)
    start = instant.replace(second=0, microsecond=0)
    start += MINUTE if start < instant else timedelta(0)
    # Every minute in between, looked at on the wall.
    before = (found - start) // MINUTE
    assert found >= instant
    assert not any(shows(weekly, start + count * MINUTE) for count in range(before))
    assert shows(weekly, found) or skipped(weekly, found)


def skipped(weekly: Weekly, found: datetime) -> bool:
    """Say whether the clocks skip the time, and show at ``found`` as much more as they skip."""
    zone = ZoneInfo(weekly.zone)
    moments = [found + count * MINUTE for count in range(-26 * 60, 1)]
    if any(shows(weekly, moment) for moment in moments):
        return False
    offsets = [moment.astimezone(zone).utcoffset() or timedelta(0) for moment in moments]
    # By the clock that nobody had set forward it is the time.
    unset = found + min(offsets)
    return (unset.weekday(), unset.hour, unset.minute) == (
        weekly.weekday,
        weekly.hour,
        weekly.minute,
    )


@given(TIMES, INSTANTS, st.integers(0, 14 * 1440))
def test_who_asks_later_is_never_told_an_earlier_time(
    weekly: Weekly, instant: datetime, minutes: int
) -> None:
    first = weekly.after(instant)
    later = weekly.after(instant + minutes * MINUTE)
    assert first <= later
    assert later == first or instant + minutes * MINUTE > first


@given(st.integers(0, 9999), INSTANTS)
def test_a_waiting_that_lasts_ends_so_many_hours_later(hours: int, instant: datetime) -> None:
    assert Lasting(hours=hours).after(instant) - instant == timedelta(hours=hours)


def test_a_weekday_is_written_as_it_is_read() -> None:
    for weekday, name in enumerate(WEEKDAYS):
        rule = parse(f"hold until {name} 07:00, then skip", zone="UTC")
        assert rule.deadline == Weekly(weekday=weekday, hour=7, minute=0, zone="UTC")
        assert str(rule) == f"hold until {name} 07:00 UTC, then skip"
