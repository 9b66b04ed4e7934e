"""When: slots in every zone, and what a tick does."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scheduler
from publisher import corrections, cron, editing, issuing, retracting
from publisher.config import Config
from publisher.errors import InputError
from publisher.passes import Pass
from store import editions, issues, publications
from store.database import Database
from store.records import Blocking, Change, Hold, IssueState, Missing, Workflow, newsletter_channel
from tests import make
from tests.fakes import Answer, Relay, Web, free_port

BRUSSELS = ZoneInfo("Europe/Brussels")
ZONES = [
    "UTC",
    "Europe/Brussels",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
]


def first(schedule: str, after: datetime, count: int, zone: ZoneInfo = BRUSSELS) -> list[str]:
    found = islice(scheduler.slots(schedule, zone, after=after), count)
    return [slot.isoformat().removesuffix(":00+00:00") for slot in found]


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        # Winter is UTC+1, summer UTC+2; the clock is turned on 29 March and 25 October 2026.
        ("0 7 * * FRI", datetime(2026, 3, 26), ["2026-03-27T06:00", "2026-04-03T05:00"]),
        # 02:30 does not exist on the 29th: it is half past three, as the day goes.
        ("30 2 * * *", datetime(2026, 3, 28, 12), ["2026-03-29T01:30", "2026-03-30T00:30"]),
        # 02:30 comes twice on the 25th: the first counts.
        ("30 2 * * *", datetime(2026, 10, 24, 12), ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("0 9 1 * *", datetime(2026, 1, 15), ["2026-02-01T08:00", "2026-03-01T08:00"]),
        ("0 0 29 2 *", datetime(2026, 1, 1), ["2028-02-28T23:00", "2032-02-28T23:00"]),
        ("0 0 31 2 *", datetime(2026, 1, 1), []),
    ],
)
def test_a_schedule_means_the_wall_clock_of_its_zone(
    schedule: str, after: datetime, expected: list[str]
) -> None:
    assert first(schedule, after.replace(tzinfo=BRUSSELS), 2) == expected


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("*", "*"),
        ("0", "sun"),
        ("7", "sun"),
        ("1", "mon"),
        ("1-5", "mon,tue,wed,thu,fri"),
        ("5-7", "sun,fri,sat"),
        ("*/2", "sun,tue,thu,sat"),
        ("FRI", "fri"),
        ("mon,Wed", "mon,wed"),
        ("sat-mon", "sun,mon,sat"),
    ],
)
def test_weekday_numbers_are_those_of_cron(field: str, names: str) -> None:
    assert cron.weekdays(field) == names


def test_day_zero_is_sunday_and_not_apschedulers_monday() -> None:
    slot = next(scheduler.slots("0 7 * * 0", BRUSSELS, after=make.NOW))
    assert slot.astimezone(BRUSSELS).strftime("%A") == "Sunday"


@pytest.mark.parametrize(
    "schedule",
    ["", "daily", "0 7 * *", "61 * * * *", "0 7 * * 8", "0 7 * * 1/0", "a b * * *", "0 7 1 * FRI"],
)
def test_what_is_no_schedule_is_refused_with_a_reason(schedule: str) -> None:
    with pytest.raises(InputError, match="schedule"):
        scheduler.check(schedule)


@settings(max_examples=60)
@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    schedule=st.sampled_from(["30 2 * * *", "0 7 * * 0", "*/20 1-3 * * *", "0 9 1 * *"]),
    begin=st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 1)),
    looks=st.lists(st.integers(1, 60 * 24 * 20), min_size=1, max_size=30),
)
def test_every_slot_is_found_exactly_once_whenever_somebody_looks(
    zone: ZoneInfo, schedule: str, begin: datetime, looks: list[int]
) -> None:
    start = begin.replace(tzinfo=UTC)
    end = start + timedelta(minutes=sum(looks))
    at_once = list(scheduler.slots(schedule, zone, after=start, until=end))
    one_by_one, now, last = [], start, start
    for minutes in looks:
        now += timedelta(minutes=minutes)
        found = list(scheduler.slots(schedule, zone, after=last, until=now))
        one_by_one += found
        last = found[-1] if found else last
    assert one_by_one == at_once
    assert at_once == sorted(set(at_once))
    days = [slot.astimezone(zone).date() for slot in at_once]
    if schedule == "30 2 * * *":
        assert len(days) == len(set(days))


def tick(database: Database, config: Config, now: datetime = make.NOW) -> Pass:
    done = scheduler.tick(database, config, now=now)
    assert done.problems == []
    return done


def held(database: Database) -> list[Hold]:
    with database.read() as tx:
        return publications.held(tx)


@pytest.fixture
def quiet(config: Config) -> Config:
    """Return a configuration whose relay does not exist: nobody may call it in vain."""
    mail = config.mail.model_copy(update={"host": "127.0.0.1", "port": free_port()})
    return config.model_copy(update={"mail": mail})


def test_a_tick_with_nothing_due_does_nothing(database: Database, quiet: Config) -> None:
    tick(database, quiet)
    done = tick(database, quiet)
    assert (done.published, held(database), done.issues) == ([], [], [])
    assert (done.feeds_written, done.queued, done.sent) == (0, 0, 0)


def test_a_second_tick_at_the_same_instant_finds_nothing_to_do(
    database: Database, quiet: Config
) -> None:
    make.take(database, quiet, make.draft("en"), make.draft("fr"))
    done = tick(database, quiet)
    assert [(row.language, row.rule) for row in done.published] == [
        ("en", "ready"),
        ("fr", "ready"),
    ]
    again = tick(database, quiet)
    assert again.published == []
    assert again.feeds_written == 0


def test_a_hub_that_hangs_holds_up_neither_files_nor_mail_and_is_left_alone_afterwards(
    database: Database, config: Config
) -> None:
    with Relay() as relay, Web().open() as web:
        web.pages["/hangs"] = Answer(waits=60)
        feeds = config.feeds.model_copy(update={"hubs": (web.url("/hangs"),)})
        served = relay.serves(config.model_copy(update={"feeds": feeds}))
        make.start(database, served)
        make.subscribe(database, ["en@example.org"])
        make.take(database, served, make.draft("en"))
        began = monotonic()
        done = tick(database, served)
        assert monotonic() - began < 30
        assert (done.feeds_written, done.sent, done.pinged) == (12, 1, 0)
        assert relay.counts == {"en@example.org": 1}
        web.pages["/hangs"] = Answer(status=202)
        assert tick(database, served).pinged == 0
        assert len(web.asked) == 1
        assert tick(database, served, make.NOW + timedelta(minutes=1)).pinged == 12


def test_an_embargo_holds_every_language_and_then_lets_all_out_together(
    database: Database, quiet: Config
) -> None:
    until = make.NOW + timedelta(hours=4)
    drafts = [make.draft(tag, embargo=until) for tag in make.LANGUAGES]
    make.take(database, quiet, *drafts)
    before = tick(database, quiet)
    assert before.published == []
    assert {(hold.language, hold.until, hold.reason) for hold in held(database)} == {
        (tag, until, "embargo") for tag in make.LANGUAGES
    }
    assert tick(database, quiet, until - timedelta(microseconds=1)).published == []
    after = tick(database, quiet, until)
    assert [row.language for row in after.published] == list(make.LANGUAGES)
    assert {row.told for row in after.published} == {until}
    assert held(database) == []


def test_a_late_translation_enters_its_feed_and_disturbs_no_other(
    database: Database, quiet: Config
) -> None:
    make.take(database, quiet, make.draft("en"), make.draft("es"))
    tick(database, quiet)
    later = make.NOW + timedelta(days=3)
    make.take(database, quiet, make.draft("fr"), now=later)
    done = tick(database, quiet, later)
    assert [(row.language, row.telling) for row in done.published] == [("fr", 1)]
    # Those of the other two lead to it now; that of Arabic has nothing to lead from.
    assert done.feeds_written == 9


def test_only_the_newest_of_several_missed_slots_gets_the_news(
    database: Database, quiet: Config
) -> None:
    make.start(database, quiet, since=make.NOW - timedelta(days=21))
    make.take(database, quiet, make.draft("en"))
    done = tick(database, quiet)
    with database.read() as tx:
        states = [issue.state for issue in issues.listing(tx)]
    # Nobody subscribes, so the one that took the news is sent as soon as it is frozen.
    assert states == [IssueState.SKIPPED, IssueState.SKIPPED, IssueState.SENT]
    assert [pressed.issue.state for pressed in done.issues] == [
        IssueState.SENDING,
        IssueState.SENT,
    ]


def test_an_issue_without_news_is_skipped(database: Database, quiet: Config) -> None:
    make.start(database, quiet)
    done = tick(database, quiet)
    assert [pressed.issue.state for pressed in done.issues] == [IssueState.SKIPPED]


def test_an_issue_waits_for_its_translations_and_says_which(
    database: Database, config: Config
) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        make.start(database, served, missing=Missing.HOLD, languages=("en", "fr"))
        make.subscribe(database, ["one@example.org"])
        make.take(database, served, make.draft("en"), make.draft("fr", workflow=Workflow.DRAFT))
        waiting = tick(database, served).issues[0].issue
        assert waiting.state is IssueState.AWAITING_TRANSLATIONS
        assert [(b.item, b.language, b.reason) for b in waiting.blocking] == [(1, "fr", "draft")]
        assert relay.accepted == []
        make.take(database, served, make.draft("fr"))
        done = tick(database, served, make.NOW + timedelta(minutes=1))
        assert [p.issue.state for p in done.issues] == [IssueState.SENDING, IssueState.SENT]
        assert relay.counts == {"one@example.org": 1}


def test_each_language_gets_each_item_in_one_digest_only(
    database: Database, config: Config
) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        make.start(database, served, missing=Missing.SKIP)
        make.subscribe(database, ["en@example.org"], language="en")
        make.subscribe(database, ["fr@example.org"], language="fr")
        make.take(database, served, make.draft("en"))
        tick(database, served)
        assert relay.counts == {"en@example.org": 1}
        make.take(database, served, make.draft("fr"))
        tick(database, served, make.NOW + timedelta(days=7))
        assert relay.counts == {"en@example.org": 1, "fr@example.org": 1}
        tick(database, served, make.NOW + timedelta(days=14))
        assert sum(relay.counts.values()) == 2


def test_a_fallback_in_a_digest_is_labelled_in_the_readers_language(
    database: Database, config: Config
) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        make.start(database, served)
        make.subscribe(database, ["ar@example.org"], language="ar")
        make.take(database, served, make.draft("en"))
        tick(database, served)
    with database.read() as tx:
        edition = next(e for e in editions.of(tx, 1) if e.language == "ar")
        told = [row for row in publications.of_issue(tx, 1) if row.language == "ar"]
    notice = "هذا النص غير متاح بعد باللغة العربية، وهو معروض باللغة الإنجليزية."
    assert notice in edition.html
    assert notice in edition.text
    assert '<html lang="ar" dir="rtl"' in edition.html
    assert '<h2 lang="en" dir="ltr"' in edition.html
    assert [(row.rule, row.shown_language) for row in told] == [("fallback", "en")]


def test_an_absent_relay_holds_up_neither_feeds_nor_issues_and_nothing_is_lost(
    database: Database, quiet: Config
) -> None:
    make.start(database, quiet)
    make.subscribe(database, ["en@example.org"])
    make.take(database, quiet, make.draft("en"))
    done = scheduler.tick(database, quiet, now=make.NOW)
    assert done.feeds_written == 12
    assert done.queued == 1
    assert len(done.problems) == 1
    assert "no relay at 127.0.0.1" in done.problems[0]
    with Relay() as relay:
        done = tick(database, relay.serves(quiet))
        assert done.sent == 1
        assert relay.counts == {"en@example.org": 1}


def test_a_tick_beside_another_process_at_work_leaves_it_the_work(
    database: Database, quiet: Config
) -> None:
    make.take(database, quiet, make.draft("en"))
    with database.exclusive("site"):
        done = scheduler.tick(database, quiet, now=make.NOW)
    assert len(done.busy) == 1
    assert len(done.published) == 1
    assert tick(database, quiet).feeds_written == 12


def test_the_job_looks_at_once_and_again_and_survives_its_own_errors(tmp_path: Path) -> None:
    looks, twice = [], Event()

    def look() -> None:
        looks.append(datetime.now(UTC))
        if len(looks) >= 2:
            twice.set()

    jobs = scheduler.start(make.config(tmp_path, scheduler={"interval": 0.1}), look)
    try:
        assert twice.wait(10)
        (job,) = jobs.get_jobs()
        assert (job.coalesce, job.max_instances, job.misfire_grace_time) == (True, 1, None)
    finally:
        jobs.shutdown(wait=True)


def test_a_fallback_whose_chain_has_nothing_ready_blocks_no_issue(
    database: Database, tmp_path: Path
) -> None:
    with Relay() as relay:
        chains = {"site": {"chains": {"fr": ["fr"]}}}
        served = relay.serves(make.config(tmp_path, **chains))
        make.start(database, served, languages=("en", "fr"))
        make.subscribe(database, ["en@example.org"], language="en")
        make.subscribe(database, ["fr@example.org"], language="fr")
        make.take(database, served, make.draft("en"))
        tick(database, served)
        assert relay.counts == {"en@example.org": 1}


# Deadlines, late translations, and embargoes that are set later, as the whole job sees them.

RULE = "hold until thu 17:00 Europe/Brussels, then fallback"
#: The Thursday after NOW, a Monday, at five in Brussels.
THURSDAY = datetime(2026, 11, 26, 16, 0, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def rules_of(database: Database, language: str, issue: int) -> list[tuple[str, str]]:
    """Return what an edition told: the language that was shown, and the rule."""
    with database.read() as tx:
        rows = publications.of_issue(tx, issue)
    return [(row.shown_language, row.rule) for row in rows if row.language == language]


def test_feeds_hold_until_their_deadline_and_then_fall_back(
    database: Database, quiet: Config
) -> None:
    feeds = quiet.feeds.model_copy(update={"missing_in": {"fr": RULE, "ar": "skip"}})
    holding = quiet.model_copy(update={"feeds": feeds})
    make.take(database, holding, make.draft("en"))
    first = tick(database, holding)
    assert [row.language for row in first.published] == ["en"]
    assert [(h.language, h.until, h.reason) for h in held(database)] == [
        ("fr", THURSDAY, "missing")
    ]
    assert tick(database, holding, THURSDAY - MOMENT).published == []
    (row,) = tick(database, holding, THURSDAY).published
    assert (row.language, row.shown_language, row.rule) == ("fr", "en", "deadline")
    done = tick(database, holding, THURSDAY + timedelta(days=9))
    assert (done.published, held(database)) == ([], [])


def test_an_issue_holds_until_its_deadline_says_so_and_then_falls_back(
    database: Database, config: Config
) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        # Its slot is the Monday of NOW.
        make.start(
            database, served, languages=("en", "fr"), schedule="0 7 * * MON", rules={"*": RULE}
        )
        make.subscribe(database, ["en@example.org"], language="en")
        make.subscribe(database, ["fr@example.org"], language="fr")
        make.take(database, served, make.draft("en"))
        for now in (make.NOW, THURSDAY - MOMENT):
            (pressed,) = tick(database, served, now).issues
            assert pressed.issue.state is IssueState.AWAITING_TRANSLATIONS
            assert pressed.issue.blocking == (
                Blocking(item=1, language="fr", reason="missing", until=THURSDAY),
            )
        assert relay.accepted == []
        states = [p.issue.state for p in tick(database, served, THURSDAY).issues]
        assert states == [IssueState.SENDING, IssueState.SENT]
        assert relay.counts == {"en@example.org": 1, "fr@example.org": 1}
    assert rules_of(database, "fr", 1) == [("en", "deadline")]
    assert rules_of(database, "en", 1) == [("en", "ready")]


def test_what_is_ready_before_the_deadline_lets_the_issue_go_at_once(
    database: Database, config: Config
) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        make.start(
            database, served, languages=("en", "fr"), schedule="0 7 * * MON", rules={"*": RULE}
        )
        make.subscribe(database, ["fr@example.org"], language="fr")
        make.take(database, served, make.draft("en"))
        tick(database, served)
        make.take(database, served, make.draft("fr"))
        tick(database, served, make.NOW + timedelta(hours=1))
        assert relay.counts == {"fr@example.org": 1}
    assert rules_of(database, "fr", 1) == [("fr", "ready")]


@pytest.mark.parametrize(
    ("rules", "french"),
    [({"*": "skip", "fr": "hold for 2h, then fallback"}, 1), ({"*": "fallback", "fr": "skip"}, 0)],
)
def test_each_edition_may_have_a_rule_of_its_own(
    database: Database, config: Config, rules: dict[str, str], french: int
) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        make.start(database, served, languages=("en", "fr"), rules=rules)
        make.subscribe(database, ["fr@example.org"], language="fr")
        make.take(database, served, make.draft("en"))
        tick(database, served)
        tick(database, served, make.NOW + timedelta(hours=3))
        assert sum(relay.counts.values()) == french


def told_in(feed: Path) -> list[tuple[str, str]]:
    """Return what a feed of Atom calls new: when it and its entries were updated, and their ids."""
    parsed = feedparser.parse(feed.read_bytes())
    return [(told.id, told.updated) for told in (parsed.feed, *parsed.entries)]


def test_a_late_translation_is_in_its_feed_now_and_in_its_next_digest_once(
    database: Database, config: Config
) -> None:
    """French arrives after English and Spanish went out; the others see nothing."""
    week = timedelta(days=7)
    with Relay() as relay:
        served = relay.serves(config)
        make.start(database, served, languages=("en", "es", "fr"), missing=Missing.SKIP)
        for tag in ("en", "es", "fr"):
            make.subscribe(database, [f"{tag}@example.org"], language=tag)
        make.take(database, served, make.draft("en"), make.draft("es"))
        tick(database, served)
        assert relay.counts == {"en@example.org": 1, "es@example.org": 1}
        others = [served.public / tag / "feed.atom" for tag in ("en", "es", "ar")]
        before = [told_in(path) for path in others]
        late = make.NOW + timedelta(days=2)
        make.take(database, served, make.draft("fr"), now=late)
        done = tick(database, served, late)
        assert [(row.language, row.telling) for row in done.published] == [("fr", 1)]
        feed = (served.public / "fr" / "feed.atom").read_text(encoding="utf-8")
        assert feed.count("<entry>") == 1
        # The others lead to it now, and call nothing new.
        assert [told_in(path) for path in others] == before
        assert [path.read_bytes().count(b'hreflang="fr"') for path in others] == [1, 1, 0]
        for number in range(1, 4):
            tick(database, served, make.NOW + number * week)
            assert relay.counts == {f"{tag}@example.org": 1 for tag in ("en", "es", "fr")}
    with database.read() as tx:
        states = [issue.state for issue in issues.listing(tx)]
        rows = publications.tellings(tx, [1], newsletter_channel("digest"))
    assert states == [IssueState.SENT, IssueState.SENT, IssueState.SKIPPED, IssueState.SKIPPED]
    assert sorted((row.language, row.telling) for row in rows) == [
        ("en", 1),
        ("es", 1),
        ("fr", 1),
    ]


def test_an_embargo_set_before_the_slot_keeps_an_item_from_the_issue_and_not_from_the_next(
    database: Database, config: Config
) -> None:
    until = make.NOW + timedelta(days=2)
    with Relay() as relay:
        served = relay.serves(config)
        make.start(database, served, languages=("en",), missing=Missing.HOLD)
        make.subscribe(database, ["en@example.org"])
        make.take(database, served, make.draft("en"))
        editing.embargo(database, 1, until, now=make.NOW)
        tick(database, served)
        tick(database, served, until)
        assert relay.accepted == []
        tick(database, served, make.NOW + timedelta(days=7))
        assert relay.counts == {"en@example.org": 1}


def test_a_retracted_item_goes_into_no_digest_whatever_is_translated_afterwards(
    database: Database, config: Config
) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        make.start(database, served, languages=("en", "fr"))
        make.subscribe(database, ["en@example.org"], language="en")
        make.subscribe(database, ["fr@example.org"], language="fr")
        make.take(database, served, make.draft("en"))
        retracting.retract(database, served, 1, {"": "Wrong."}, author="ann", now=make.NOW)
        make.take(database, served, make.draft("fr"))
        done = tick(database, served)
        assert done.published == []
        assert [pressed.issue.state for pressed in done.issues] == [IssueState.SKIPPED]
        assert relay.accepted == []


def test_a_correction_is_delivered_by_the_next_look_to_those_who_had_the_wrong_text(
    database: Database, config: Config
) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        make.start(database, served, languages=("en", "fr"), missing=Missing.SKIP)
        make.subscribe(database, ["en@example.org"], language="en")
        make.subscribe(database, ["fr@example.org"], language="fr")
        make.take(database, served, make.draft("en"))
        tick(database, served)
        later = make.NOW + timedelta(hours=1)
        words = make.text("en", body="It was 200.")
        act: dict[str, Any] = {"author": "ann", "now": later}
        editing.correct(database, served, 1, "en", words, change=Change.CORRECTION, **act)
        editing.approve(database, 1, "en", now=later)
        corrections.notify(database, served, 1, now=later)
        done = tick(database, served, later)
        assert [(row.change, row.language) for row in done.published] == [(Change.CORRECTION, "en")]
        assert [pressed.issue.state for pressed in done.issues] == [IssueState.SENT]
        assert relay.counts == {"en@example.org": 2}
        assert b"Correction: " in relay.accepted[-1][1]
        # The next regular slot is where it would have been.
        assert tick(database, served, make.NOW + timedelta(days=7)).issues[-1].issue.state is (
            IssueState.SKIPPED
        )
        assert relay.counts == {"en@example.org": 2}


def test_a_scheduled_issue_is_frozen_by_one_tick_and_sent_by_one_at_its_time(
    database: Database, config: Config
) -> None:
    make.start(database, config, languages=("en", "ar"), since=make.NOW)
    make.take(database, config, make.draft("en"), make.draft("ar"))
    make.subscribe(database, ["ar@example.org"], language="ar")
    issue = issuing.plan(database, "digest", make.NOW)
    issuing.schedule(database, issue.id, make.NOW + timedelta(hours=2))
    with Relay() as relay:
        served = relay.serves(config)
        first = scheduler.tick(database, served, now=make.NOW)
        assert [pressed.issue.state for pressed in first.issues] == [IssueState.SCHEDULED]
        assert (first.queued, first.sent) == (1, 0)
        early = scheduler.tick(database, served, now=make.NOW + timedelta(hours=1))
        assert (early.issues, early.sent) == ([], 0)
        done = scheduler.tick(database, served, now=make.NOW + timedelta(hours=2))
        states = [pressed.issue.state for pressed in done.issues]
        assert (states, done.sent) == ([IssueState.SENDING, IssueState.SENT], 1)
        ((_, message),) = relay.accepted
    assert b"Date: Mon, 23 Nov 2026 10:00:00 +0000" in message
