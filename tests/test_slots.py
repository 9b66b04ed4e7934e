"""When newsletters go out, as the whole job sees it: slots, frequencies, minimum, send windows."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scheduler
from publisher.config import Config
from publisher.errors import InputError
from publisher.passes import Pass
from publisher.wallclock import WEEKDAYS
from store import deliveries, editions, issues, publications, subscribers
from store.database import Database
from store.records import Issue, IssueState, Newsletter, Subscription, newsletter_channel
from tests import clocks, make
from tests.fakes import Relay, free_port

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
BRUSSELS = ZoneInfo("Europe/Brussels")
#: The first of these slots: Tuesday at seven in Brussels.
TUESDAY = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


@pytest.fixture
def quiet(config: Config) -> Config:
    """Return a configuration whose relay does not exist: nobody may call it in vain."""
    mail = config.mail.model_copy(update={"host": "127.0.0.1", "port": free_port()})
    return config.model_copy(update={"mail": mail})


def tick(database: Database, config: Config, now: datetime) -> Pass:
    done = scheduler.tick(database, config, now=now)
    assert done.problems == []
    return done


# Every sentence in every zone.


@st.composite
def sentences(draw: st.DrawFn) -> str:
    # Every second one at night, when clocks are turned.
    minute = draw(st.integers(0, 3 * 60 + 59) | st.integers(0, 24 * 60 - 1))
    clock = f"{minute // 60:02}:{minute % 60:02}"
    weekday = draw(st.sampled_from(WEEKDAYS))
    ordinal = draw(st.sampled_from(["first", "second", "third", "fourth", "last"]))
    day = date(2026, 1, 1) + draw(st.integers(0, 729)) * DAY
    step = draw(st.integers(1, 40))
    forms = ("daily", weekday, f"{ordinal} {weekday}", f"every {step} days", f"once {day}")
    return f"{draw(st.sampled_from(forms))} {clock}"


def is_day(sentence: str, day: date, since: date) -> bool:
    """Say whether a sentence names a day: by itself, not by how the days are found."""
    match sentence.split():
        case ["daily", _]:
            return True
        case [weekday, _]:
            return day.weekday() == WEEKDAYS.index(weekday)
        case ["every", step, _, _]:
            return day >= since and (day - since).days % int(step) == 0
        case ["once", only, _]:
            return day.isoformat() == only
        case ["last", weekday, _]:
            last = day.day + 7 > monthrange(day.year, day.month)[1]
            return last and day.weekday() == WEEKDAYS.index(weekday)
        case [ordinal, weekday, _]:
            number = ["first", "second", "third", "fourth"].index(ordinal)
            return (day.day - 1) // 7 == number and day.weekday() == WEEKDAYS.index(weekday)
    raise AssertionError(sentence)


def said(sentence: str, zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the times on the wall clock that a sentence names, without a zone."""
    first, clock = since.astimezone(zone).date(), sentence.rpartition(" ")[2]
    for number in range(-2, (until - since).days + 3):
        if is_day(sentence, first + number * DAY, first):
            yield datetime.combine(first + number * DAY, time.fromisoformat(clock))


@settings(max_examples=120)
@given(data=st.data(), name=st.sampled_from(clocks.ZONES), sentence=sentences())
def test_a_slot_is_when_the_wall_clock_shows_what_the_sentence_says(
    data: st.DataObject, name: str, sentence: str
) -> None:
    zone, since = ZoneInfo(name), data.draw(clocks.moments(name))
    until = since + data.draw(st.integers(0, 730)) * DAY
    found = list(scheduler.slots(sentence, zone, since=since, after=since, until=until))
    assert all(since < slot <= until for slot in found)
    assert all(earlier < later for earlier, later in pairwise(found))
    left = {slot.astimezone(zone).replace(tzinfo=None) for slot in found}
    for wall in said(sentence, zone, since, until):
        slot = wall.replace(tzinfo=zone).astimezone(UTC)
        if since < slot <= until:
            # Where the clocks skip the time, the slot comes as much later as they skip.
            shown = slot.astimezone(zone).replace(tzinfo=None)
            assert shown == wall or (not clocks.exists(wall, zone) and shown > wall)
            left.discard(shown)
            assert slot in found
    assert left == set()


@settings(max_examples=12)
@given(data=st.data(), name=st.sampled_from(clocks.ZONES), sentence=sentences())
def test_every_slot_is_planned_once_and_the_newest_gets_the_news_whatever_the_downtime(
    migrated: bytes,
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    name: str,
    sentence: str,
) -> None:
    config = make.config(tmp_path_factory.mktemp("site"))
    since = now = data.draw(clocks.moments(name))
    other = data.draw(sentences())
    with make.a_store(migrated) as database:
        newsletter = make.start(
            database,
            config,
            languages=("en",),
            since=since,
            timezone=name,
            schedule=sentence,
            frequencies={"other": other},
        )
        seen: set[int] = set()
        for number in range(data.draw(st.integers(1, 8))):
            now += data.draw(st.integers(1, 60 * 24 * 90)) * timedelta(minutes=1)
            make.take(database, config, make.draft("en", key=f"item {number}"), now=now)
            for _ in range(data.draw(st.integers(1, 2))):
                scheduler.tick(database, config, now=now)
            for frequency in ("", "other"):
                assert_newest_told(database, newsletter, frequency, seen)
        for frequency, schedule in newsletter.schedules.items():
            zone = ZoneInfo(name)
            walls = said(schedule, zone, since, now)
            wanted = {wall.replace(tzinfo=zone).astimezone(UTC) for wall in walls}
            planned = [issue.slot for issue in all_issues(database, frequency)]
            assert planned == sorted(slot for slot in wanted if since < slot <= now)


def all_issues(database: Database, frequency: str) -> list[Issue]:
    with database.read() as tx:
        return [issue for issue in issues.listing(tx) if issue.frequency == frequency]


def assert_newest_told(
    database: Database, newsletter: Newsletter, frequency: str, seen: set[int]
) -> None:
    """Of the issues that are new since the last look, only the newest may hold anything."""
    new = [issue for issue in all_issues(database, frequency) if issue.id not in seen]
    seen |= {issue.id for issue in new}
    states = [issue.state for issue in new]
    assert states == [IssueState.SKIPPED] * (len(new) - 1) + [IssueState.SENT] * bool(new)
    if new:
        with database.read() as tx:
            channel = newsletter_channel(newsletter.key, frequency)
            told = {row.channel for row in publications.of_issue(tx, new[-1].id)}
        assert told == {channel}


def test_a_newsletter_whose_time_is_over_is_refused() -> None:
    over = make.newsletter(schedule="once 2026-11-16 08:00")
    with pytest.raises(InputError, match="'once 2026-11-16 08:00' has no slot any more"):
        scheduler.check_all(over)
    nowhere = make.newsletter(timezone="Mars/Olympus")
    with pytest.raises(InputError, match="no IANA time zone"):
        scheduler.check_all(nowhere)
    wrong = make.newsletter(frequencies={"monthly": "monthly"})
    with pytest.raises(InputError, match="'monthly': not one of the forms"):
        scheduler.check_all(wrong)


def test_a_mailing_that_goes_out_once_does_so(database: Database, quiet: Config) -> None:
    make.start(database, quiet, schedule="once 2026-11-24 07:00")
    make.take(database, quiet, make.draft("en"))
    assert tick(database, quiet, TUESDAY - HOUR).issues == []
    done = tick(database, quiet, TUESDAY)
    assert [p.issue.state for p in done.issues] == [IssueState.SENDING, IssueState.SENT]
    make.take(database, quiet, make.draft("en", key="later"))
    assert tick(database, quiet, TUESDAY + 60 * WEEK).issues == []
    assert done.issues[0].issue.slot == TUESDAY


def test_every_two_days_stays_so_whenever_somebody_looks() -> None:
    newsletter = make.newsletter(schedule="every 2 days 09:00")
    at_once = list(islice(scheduler.coming(newsletter, after=newsletter.since), 40))
    for before, slot in pairwise(at_once):
        assert next(scheduler.coming(newsletter, after=before + HOUR)) == slot


# Frequencies.


def subscribe(database: Database, email: str, frequency: str, **person: str) -> int:
    (id_,) = make.subscribe(database, [email], language=person.get("language", "en"))
    wanted = Subscription(newsletter="digest", topics=(), frequency=frequency)
    with database.write() as tx:
        subscribers.subscribe(tx, id_, wanted)
        if "timezone" in person:
            subscribers.change(tx, id_, timezone=person["timezone"])
    return id_


def test_each_frequency_tells_its_own_readers_all_that_they_have_not_had(
    database: Database, config: Config
) -> None:
    """Two items on two days: two daily mails, one weekly mail with both."""
    with Relay() as relay:
        served = relay.serves(config)
        make.start(
            database,
            served,
            languages=("en",),
            schedule="daily 07:00",
            frequencies={"weekly": "thu 07:00"},
            since=make.NOW,
        )
        subscribe(database, "daily@example.org", "")
        subscribe(database, "weekly@example.org", "weekly")
        make.take(database, served, make.draft("en"))
        tick(database, served, TUESDAY)
        make.take(database, served, make.draft("en", key="second"), now=TUESDAY + HOUR)
        tick(database, served, TUESDAY + DAY)
        assert relay.counts == {"daily@example.org": 2}
        done = tick(database, served, TUESDAY + 2 * DAY)
        assert relay.counts == {"daily@example.org": 2, "weekly@example.org": 1}
        tick(database, served, TUESDAY + 9 * DAY)
        assert sum(relay.counts.values()) == 3
    states = {(p.issue.frequency, p.issue.state) for p in done.issues}
    assert states == {
        ("", IssueState.SKIPPED),
        ("weekly", IssueState.SENDING),
        ("weekly", IssueState.SENT),
    }
    with database.read() as tx:
        weekly = next(i for i in issues.listing(tx) if i.frequency == "weekly")
        (edition,) = editions.of(tx, weekly.id)
    assert edition.items == 2


def test_two_frequencies_with_the_same_slot_have_an_issue_each(
    database: Database, quiet: Config
) -> None:
    make.start(
        database,
        quiet,
        languages=("en",),
        schedule="daily 07:00",
        frequencies={"weekly": "tue 07:00"},
        since=make.NOW,
    )
    make.take(database, quiet, make.draft("en"))
    tick(database, quiet, TUESDAY)
    with database.read() as tx:
        found = [(i.frequency, i.slot, i.state) for i in issues.listing(tx)]
        archive = [headline.issue_id for headline in editions.headlines(tx, "digest", "en")]
    assert found == [("", TUESDAY, IssueState.SENT), ("weekly", TUESDAY, IssueState.SENT)]
    assert archive == [2, 1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"frequencies": {"Every day": "daily 07:00"}}, "lower-case letters, digits, hyphens"),
        ({"frequencies": {"default": "daily 07:00"}}, "'default' is taken"),
        ({"frequencies": {"x" * 41: "daily 07:00"}}, "too long"),
        ({"minimum": 0}, "0 items make no issue: 1 at the least"),
        ({"windows": {"*": "always"}}, "'always' is no window"),
        ({"windows": {"it": "daily 08:00-18:00"}}, "it: this site has en, fr, es, ar"),
    ],
)
def test_a_newsletter_that_cannot_go_out_so_is_refused(
    database: Database, config: Config, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        make.start(database, config, **changes)


# The least that makes an issue.


def test_too_few_items_stay_for_the_next_slot_in_each_language_by_itself(
    database: Database, config: Config
) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        make.start(
            database,
            served,
            languages=("en", "fr", "ar"),
            missing="skip",
            schedule="daily 07:00",
            minimum=2,
            since=make.NOW,
        )
        for tag in ("en", "fr", "ar"):
            make.subscribe(database, [f"{tag}@example.org"], language=tag)
        make.take(database, served, make.draft("en"), make.draft("fr"))
        done = tick(database, served, TUESDAY)
        assert [p.issue.state for p in done.issues] == [IssueState.SKIPPED]
        make.take(database, served, make.draft("en", key="second"), now=TUESDAY + HOUR)
        tick(database, served, TUESDAY + DAY)
        assert relay.counts == {"en@example.org": 1}
        make.take(database, served, make.draft("fr", key="second"), now=TUESDAY + 25 * HOUR)
        tick(database, served, TUESDAY + 2 * DAY)
        assert relay.counts == {"en@example.org": 1, "fr@example.org": 1}
    with database.read() as tx:
        frozen = [e for i in issues.listing(tx) for e in editions.of(tx, i.id)]
    assert [(e.language, e.items) for e in frozen] == [("en", 2), ("fr", 2)]


def test_nobody_waits_for_a_text_that_would_not_make_it_enough(
    database: Database, quiet: Config
) -> None:
    make.start(
        database,
        quiet,
        languages=("en", "fr"),
        missing="hold",
        schedule="daily 07:00",
        minimum=2,
        since=make.NOW,
    )
    make.take(database, quiet, make.draft("en"))
    states = [p.issue.state for p in tick(database, quiet, TUESDAY).issues]
    assert states == [IssueState.SKIPPED]
    make.take(database, quiet, make.draft("en", key="second"), now=TUESDAY)
    (pressed,) = tick(database, quiet, TUESDAY + DAY).issues
    assert pressed.issue.state is IssueState.AWAITING_TRANSLATIONS
    assert {(b.item, b.language) for b in pressed.issue.blocking} == {(1, "fr"), (2, "fr")}


# Send windows.

OFFICE = "mon-fri 08:00-18:00"


def test_mail_waits_for_the_window_of_each_readers_own_zone(
    database: Database, config: Config
) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        make.start(
            database,
            served,
            languages=("en",),
            schedule="daily 07:00",
            windows={"*": f"{OFFICE} reader"},
            since=make.NOW,
        )
        # Seven in Brussels is a quarter to twelve in Nepal, and one at night in New York.
        for email, zone in (
            ("nepal@example.org", "Asia/Kathmandu"),
            ("york@example.org", "America/New_York"),
            ("brussels@example.org", "Europe/Brussels"),
            ("nowhere@example.org", "Nowhere/Gone"),
        ):
            subscribe(database, email, "", timezone=zone)
        make.take(database, served, make.draft("en"))
        assert tick(database, served, TUESDAY).queued == 4
        assert relay.counts.keys() == {"nepal@example.org"}
        tick(database, served, TUESDAY + HOUR)
        at_eight = {"nepal@example.org", "brussels@example.org", "nowhere@example.org"}
        assert relay.counts.keys() == at_eight
        tick(database, served, TUESDAY + 7 * HOUR - timedelta(minutes=1))
        assert relay.counts.keys() == at_eight
        tick(database, served, TUESDAY + 7 * HOUR)
        assert relay.counts == dict.fromkeys([*at_eight, "york@example.org"], 1)


def test_each_language_may_have_a_window_of_its_own(database: Database, config: Config) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        make.start(
            database,
            served,
            languages=("en", "fr", "ar"),
            schedule="daily 07:00",
            windows={
                "*": "daily 06:00-23:00",
                "fr": "wed 08:00-18:00",
                "ar": f"{OFFICE} Asia/Amman",
            },
            since=make.NOW,
        )
        for tag in ("en", "fr", "ar"):
            make.subscribe(database, [f"{tag}@example.org"], language=tag)
        make.take(database, served, *(make.draft(tag) for tag in ("en", "fr", "ar")))
        tick(database, served, TUESDAY)
        assert relay.counts.keys() == {"en@example.org", "ar@example.org"}
        tick(database, served, TUESDAY + 24 * HOUR)
        assert "fr@example.org" not in relay.counts
        tick(database, served, TUESDAY + 25 * HOUR)
        assert relay.counts["fr@example.org"] == 1


def test_what_could_not_be_sent_while_the_window_was_open_waits_until_it_opens_again(
    database: Database, quiet: Config
) -> None:
    """Nobody answers on Friday, and again refuses for now on Monday evening."""
    friday = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
    make.start(
        database,
        quiet,
        languages=("en",),
        schedule="fri 09:00",
        windows={"*": OFFICE},
        since=make.NOW,
    )
    make.subscribe(database, ["en@example.org"])
    make.take(database, quiet, make.draft("en"))
    done = scheduler.tick(database, quiet, now=friday)
    assert (done.queued, len(done.problems)) == (1, 1)
    with Relay(rcpt={"en@example.org": "450 4.2.1 later"}) as relay:
        served = relay.serves(quiet)
        saturday, monday = friday + DAY, friday + 3 * DAY - HOUR
        assert tick(database, served, saturday).sent == 0
        with database.read() as tx:
            assert deliveries.next_due(tx) == monday
        evening = monday + timedelta(hours=9, minutes=58)
        assert tick(database, served, evening).postponed == 1
        relay.rcpt.clear()
        assert tick(database, served, evening + HOUR).sent == 0
        with database.read() as tx:
            assert deliveries.next_due(tx) == monday + DAY
        assert tick(database, served, monday + DAY).sent == 1
