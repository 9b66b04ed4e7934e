"""Hubs hear of what has changed, each as well as it can, and none holds up the others."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

import scheduler
from publisher import addresses, publishing, site, websub
from publisher.config import Config
from publisher.web import versions
from publisher.websub import MAX_ATTEMPTS, MOST, NOTEWORTHY, Answer
from store import issues, pings, stale, tables
from store.database import Database, open_database
from store.records import IssueState, Ping
from tests import make
from tests.fakes import Answer as Page
from tests.fakes import Web, free_port
from tests.make import NOW

FEED = "https://news.example.org/fr/feed.atom"
OTHER = "https://news.example.org/ar/topics/labour/feed.json"
MOMENT = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
#: Seconds: what a pass may take and as much again for a busy machine; those that hang take 60.
BOUND = 30
STATUSES = st.integers(100, 599)


@pytest.fixture
def web() -> Iterator[Web]:
    with Web().open() as made:
        made.pages["/hub"] = Page(status=202)
        yield made


def with_hubs(config: Config, *hubs: str) -> Config:
    return config.model_copy(update={"feeds": config.feeds.model_copy(update={"hubs": hubs})})


def put(database: Database, config: Config, *feeds: str, now: datetime = NOW) -> None:
    with database.write() as tx:
        pings.put(tx, config.feeds.hubs, feeds or (FEED, OTHER), now=now)


def left(database: Database) -> list[Ping]:
    with database.read() as tx:
        rows = tx.rows(select(tables.pings).order_by(tables.pings.c.id))
    return [Ping(**row) for row in rows]


def ping(**changes: object) -> Ping:
    values = {"id": 1, "hub": "https://hub.example/", "topic": FEED, "attempts": 0, "due": NOW}
    return Ping(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    # 1, 2, 4 ... 128 minutes, then four hours each time.
    [(1, 1), (2, 2), (3, 4), (8, 128), (9, 240), (MAX_ATTEMPTS - 1, 240), (MAX_ATTEMPTS, None)],
)
def test_each_pause_is_twice_the_one_before_up_to_four_hours(
    attempts: int, minutes: int | None
) -> None:
    expected = None if minutes is None else NOW + timedelta(minutes=minutes)
    assert websub.again(attempts, NOW) == expected


@given(st.integers(1, 10_000), st.datetimes(timezones=st.just(NOW.tzinfo)))
def test_a_hub_is_never_asked_again_at_once_nor_left_alone_for_long(
    attempts: int, now: datetime
) -> None:
    with suppress(OverflowError):
        due = websub.again(attempts, now)
        assert due is None or now + MINUTE <= due <= now + timedelta(hours=4)
        assert (due is None) == (attempts >= MAX_ATTEMPTS)


def test_a_hub_is_given_up_after_days() -> None:
    now = NOW
    for attempts in range(1, MAX_ATTEMPTS):
        now = websub.again(attempts, now) or now
    assert timedelta(days=2) < now - NOW < timedelta(days=3)


@given(STATUSES, st.integers(0, MAX_ATTEMPTS - 1))
def test_every_status_is_taken_refused_or_tried_again(status: int, attempts: int) -> None:
    verdict = websub.settle(ping(attempts=attempts), Answer(status=status), now=NOW)
    passing = status >= 500 or status in {408, 429}
    assert verdict.told == (200 <= status < 300)
    assert (verdict.later is not None) == (passing and attempts + 1 < MAX_ATTEMPTS)
    assert bool(verdict.problem) == (
        not verdict.told and (verdict.later is None or attempts + 1 >= NOTEWORTHY)
    )
    if verdict.later:
        assert verdict.later.attempts == attempts + 1
        assert verdict.later.due > NOW


def test_what_there_was_no_time_for_is_due_at_once_and_has_lost_no_attempt() -> None:
    waiting = ping(attempts=4, due=NOW + MINUTE)
    verdict = websub.settle(waiting, None, now=NOW)
    assert verdict.later == ping(attempts=4, due=NOW)
    assert not verdict.problem


def test_a_hub_hears_of_each_feed_by_both_of_its_names(
    database: Database, config: Config, web: Web
) -> None:
    telling = with_hubs(config, web.url("/hub"))
    put(database, telling)
    assert websub.tell(database, telling, now=NOW) == websub.Outcome(told=2)
    assert [asked.form for asked in web.asked] == [
        {"hub.mode": ["publish"], "hub.topic": [feed], "hub.url": [feed]} for feed in (FEED, OTHER)
    ]
    (agent,) = {asked.headers["user-agent"] for asked in web.asked}
    assert agent == "Tidings (+https://news.example.org)"
    assert left(database) == []
    assert websub.tell(database, telling, now=NOW) == websub.Outcome()
    assert len(web.asked) == 2


@pytest.mark.parametrize("status", [301, 400, 403, 404, 410])
def test_a_hub_that_refuses_is_named_once_and_not_asked_again(
    database: Database, config: Config, web: Web, status: int
) -> None:
    web.pages["/no"] = Page(status=status, headers={"Location": web.url("/hub")})
    telling = with_hubs(config, web.url("/no"))
    put(database, telling)
    (problem,) = websub.tell(database, telling, now=NOW).problems
    assert problem == (
        f"hub {web.url('/no')} refuses news: it answered {status}; check feeds.hubs (feeds: 2)"
    )
    assert left(database) == []
    assert web.paths == ["/no", "/no"]


def test_a_hub_with_a_fault_is_asked_again_when_the_pause_is_over(
    database: Database, config: Config, web: Web
) -> None:
    telling = with_hubs(config, web.url("/hub"))
    web.pages["/hub"] = Page(status=500)
    put(database, telling)
    assert websub.tell(database, telling, now=NOW) == websub.Outcome()
    assert {(ping.attempts, ping.due) for ping in left(database)} == {(1, NOW + MINUTE)}
    web.pages["/hub"] = Page(status=202)
    assert websub.tell(database, telling, now=NOW + MINUTE - MOMENT).told == 0
    assert len(web.asked) == 2
    assert websub.tell(database, telling, now=NOW + MINUTE).told == 2
    assert left(database) == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_hub_that_asks_to_wait_is_asked_once(
    database: Database, config: Config, web: Web, status: int
) -> None:
    web.pages["/hub"] = Page(status=status)
    telling = with_hubs(config, web.url("/hub"))
    put(database, telling)
    websub.tell(database, telling, now=NOW)
    assert len(web.asked) == 1
    assert [ping.attempts for ping in left(database)] == [1, 1]


def test_a_hub_that_is_not_there_is_named_from_its_third_failure_and_given_up_after_days(
    database: Database, config: Config
) -> None:
    telling = with_hubs(config, f"http://127.0.0.1:{free_port()}/")
    put(database, telling)
    told, now, last = [], NOW, NOW
    while waiting := left(database):
        last = now = min(ping.due for ping in waiting)
        told.append(websub.tell(database, telling, now=now).problems)
    assert len(told) == MAX_ATTEMPTS
    assert told[: NOTEWORTHY - 1] == [()] * (NOTEWORTHY - 1)
    assert all("takes no news yet: " in problem for (problem,) in told[NOTEWORTHY - 1 : -1])
    assert f"is given up after {MAX_ATTEMPTS} attempts: " in told[-1][0]
    assert told[-1][0].endswith(" (feeds: 2)")
    assert timedelta(days=2) < last - NOW < timedelta(days=3)


def test_the_next_change_gives_a_hub_another_chance(
    database: Database, config: Config, web: Web
) -> None:
    web.pages["/hub"] = Page(status=500)
    telling = with_hubs(config, web.url("/hub"))
    put(database, telling)
    websub.tell(database, telling, now=NOW)
    web.pages["/hub"] = Page(status=204)
    put(database, telling, FEED, now=NOW + MOMENT)
    assert websub.tell(database, telling, now=NOW + MOMENT).told == 1
    assert [ping.topic for ping in left(database)] == [OTHER]


@pytest.mark.parametrize(
    "silent",
    [Page(waits=60), Page(raw=b"HTTP/1.1 202 " + b"y" * 9_000, drips=True)],
    ids=["says nothing", "drips"],
)
def test_a_hub_that_hangs_costs_a_few_seconds_and_no_other_hub_anything(
    database: Database, config: Config, web: Web, silent: Page
) -> None:
    web.pages["/hangs"] = silent
    telling = with_hubs(config, web.url("/hangs"), web.url("/hub"))
    put(database, telling)
    began = monotonic()
    outcome = websub.tell(database, telling, now=NOW)
    assert monotonic() - began < BOUND
    assert outcome == websub.Outcome(told=2)
    assert sorted(web.paths) == ["/hangs", "/hub", "/hub"]
    assert [(ping.hub, ping.attempts) for ping in left(database)] == [(web.url("/hangs"), 1)] * 2


def test_an_answer_that_does_not_end_is_an_answer(
    database: Database, config: Config, web: Web
) -> None:
    web.pages["/hub"] = Page(status=202, body=b"y" * 9_000, drips=True)
    telling = with_hubs(config, web.url("/hub"))
    put(database, telling, FEED)
    assert websub.tell(database, telling, now=NOW).told == 1


def test_what_a_slow_hub_has_no_time_for_is_for_the_next_pass(
    database: Database, config: Config, web: Web
) -> None:
    web.pages["/hub"] = Page(status=202, waits=0.4)
    telling = with_hubs(config, web.url("/hub"))
    feeds = [f"{FEED}?{number}" for number in range(12)]
    put(database, telling, *feeds)
    began = monotonic()
    first = websub.tell(database, telling, now=NOW)
    assert monotonic() - began < BOUND
    assert 0 < first.told < 12
    assert {(ping.attempts, ping.due) for ping in left(database)} == {(0, NOW)}
    web.pages["/hub"] = Page(status=202)
    assert first.told + websub.tell(database, telling, now=NOW).told == 12
    assert [asked.form["hub.topic"] for asked in web.asked] == [[feed] for feed in feeds]


def test_many_feeds_are_told_over_few_connections_a_part_in_each_pass(
    database: Database, config: Config, web: Web
) -> None:
    telling = with_hubs(config, web.url("/hub"))
    feeds = [f"{FEED}?{number}" for number in range(MOST + 20)]
    put(database, telling, *feeds)
    passes = 0
    while left(database) and passes < 20:
        websub.tell(database, telling, now=NOW)
        passes += 1
    assert passes >= 2
    assert [asked.form["hub.topic"][0] for asked in web.asked] == feeds


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=80), st.binary(max_size=40).map(b"HTTP/1.1 ".__add__)))
def test_whatever_a_hub_says_it_is_heard_in_peace(
    database: Database, config: Config, web: Web, raw: bytes
) -> None:
    web.pages["/odd"] = Page(raw=raw)
    telling = with_hubs(config, web.url("/odd"), web.url("/hub"))
    put(database, telling, FEED)
    outcome = websub.tell(database, telling, now=NOW)
    assert outcome.told == 1 + raw.startswith(b"HTTP/1.1 2")
    assert {ping.hub for ping in left(database)} <= {web.url("/odd")}


@pytest.mark.parametrize(
    "hub",
    [
        "http://127.0.0.1:0/",
        "http://a..b/",
        "http://no-such-host.invalid/",
        "https://127.0.0.1:{port}/hub",
    ],
)
def test_an_address_that_leads_nowhere_is_a_problem_and_no_error(
    database: Database, config: Config, web: Web, hub: str
) -> None:
    telling = with_hubs(config, hub.replace("{port}", str(web.port)), web.url("/hub"))
    put(database, telling, FEED)
    for now in (NOW, NOW + MINUTE):
        assert websub.tell(database, telling, now=now).problems == ()
    (problem,) = websub.tell(database, telling, now=NOW + 3 * MINUTE).problems
    assert telling.feeds.hubs[0] in problem
    assert problem.count("\n") == 0
    assert [ping.attempts for ping in left(database)] == [NOTEWORTHY]


def test_a_hub_that_was_taken_from_the_settings_hears_nothing(
    database: Database, config: Config, web: Web
) -> None:
    put(database, with_hubs(config, web.url("/hub")))
    assert websub.tell(database, config, now=NOW) == websub.Outcome()
    assert (left(database), web.asked) == ([], [])


def test_what_a_killed_pass_had_taken_is_told_by_another_a_minute_later(
    either: Database, config: Config, web: Web
) -> None:
    telling = with_hubs(config, web.url("/hub"))
    put(either, telling)
    websub._claim(either, telling.feeds.hubs, NOW)
    assert websub.tell(either, telling, now=NOW + MINUTE - MOMENT).told == 0
    assert websub.tell(either, telling, now=NOW + MINUTE).told == 2


# What a publication gives hubs to hear.


@pytest.fixture
def telling(database: Database, config: Config) -> Config:
    """Return the configuration of a site with a hub, whose files are there before its news."""
    site.refresh(database, config, now=NOW)
    return with_hubs(config, "https://hub.example.org/")


def publish(database: Database, config: Config) -> int:
    publishing.publish_due(database, config, now=NOW)
    return site.refresh(database, config, now=NOW)


def topics_told(database: Database) -> set[str]:
    return {ping.topic for ping in left(database)}


def test_hubs_are_to_hear_of_every_feed_that_shows_the_news(
    database: Database, telling: Config
) -> None:
    hubs = (*telling.feeds.hubs, "https://hub.example.net/")
    topics = {"labour": "Labour"}
    make.take(database, telling, make.draft("en", topics=topics), make.draft("ar", topics=topics))
    publish(database, with_hubs(telling, *hubs))
    paths = [
        addresses.feed(language, suffix, topic)
        for language in ("en", "ar")
        for topic in ("", "labour")
        for suffix in ("atom", "rss", "json")
    ]
    expected = {(hub, f"https://news.example.org{path}", NOW) for hub in hubs for path in paths}
    assert len(expected) == 24
    assert {(ping.hub, ping.topic, ping.due) for ping in left(database)} == expected


def test_a_hub_hears_the_address_that_the_feed_says_it_has(
    database: Database, telling: Config
) -> None:
    make.take(database, telling, make.draft("ar", topics={"هجرة": "هجرة"}))
    publish(database, telling)
    where = versions.Site(url=telling.site.url, hubs=telling.feeds.hubs)
    files = site.feed_files(database, telling)
    said = {
        file.url
        for file in files
        if f'<{file.url}>; rel="self"'
        in versions.links(where, "/" + str(file.path.relative_to(telling.public)))
    }
    assert len(said) == len(files)
    assert len(topics_told(database)) == 6
    assert topics_told(database) <= said


def test_without_hubs_nothing_waits(database: Database, config: Config) -> None:
    make.take(database, config, make.draft("en"))
    assert publish(database, config)
    assert left(database) == []


def test_no_hub_hears_of_archive_documents(database: Database, telling: Config) -> None:
    feeds = telling.feeds.model_copy(update={"entries": 1})
    small = telling.model_copy(update={"feeds": feeds})
    for key in ("one", "two", "three"):
        make.take(database, small, make.draft("en", key=key))
        publish(database, small)
    assert (small.public / "en/archive/2/feed.atom").exists()
    assert topics_told(database) == {
        f"https://news.example.org/en/feed.{suffix}" for suffix in ("atom", "rss", "json")
    }


def test_an_issue_is_no_news_to_a_hub(database: Database, telling: Config) -> None:
    make.start(database, telling)
    with database.write() as tx:
        [issue] = issues.plan(tx, "digest", {NOW: IssueState.SENDING})
        stale.mark_issues(tx, [issue])
    publish(database, telling)
    with database.read() as tx:
        assert not stale.is_any(tx)
    assert left(database) == []


def test_whoever_was_killed_before_the_marks_were_taken_back_tells_the_hubs_all_the_same(
    database: Database, telling: Config
) -> None:
    make.take(database, telling, make.draft("en"))
    publish(database, telling)
    with database.write() as tx:
        pings.keep_only(tx, [])
        stale.mark_items(tx, [1])
    assert left(database) == []
    # The files are there already.
    assert site.refresh(database, telling, now=NOW) == 0
    assert len(left(database)) == 3


class Killed(BaseException):
    """Nobody catches it, as nobody catches SIGKILL; the transaction that is open is lost."""


def tick_killed_at(database: Database, config: Config, boundary: int) -> bool:
    """Tick, and die before or after a commit, the one of this number; say whether it came to it."""
    passed = 0

    def at_boundary(*_: object) -> None:
        nonlocal passed
        passed += 1
        if passed == boundary + 1:
            raise Killed

    for name in ("commit", "checkin"):
        event.listen(database._engine, name, at_boundary)
    with suppress(Killed):
        scheduler.tick(database, config, now=NOW)
    for name in ("commit", "checkin"):
        event.remove(database._engine, name, at_boundary)
    return passed > boundary


def test_wherever_a_tick_is_killed_the_hub_hears_of_every_feed_that_has_the_news(
    migrated: bytes, tmp_path: Path, web: Web
) -> None:
    expected = {f"https://news.example.org/ar/feed.{suffix}" for suffix in ("atom", "rss", "json")}
    boundary, killed = 0, True
    while killed:
        folder = tmp_path / str(boundary)
        folder.mkdir()
        (folder / "tidings.db").write_bytes(migrated)
        telling = with_hubs(make.config(folder), web.url("/hub"))
        database = open_database(telling.database_url)
        site.refresh(database, telling, now=NOW)
        make.take(database, telling, make.draft("ar"))
        web.asked.clear()
        killed = tick_killed_at(database, telling, boundary)
        for later in (NOW, NOW + MINUTE):
            done = scheduler.tick(database, telling, now=later)
            assert (done.problems, done.busy) == ([], [])
        assert {asked.form["hub.topic"][0] for asked in web.asked} == expected
        assert left(database) == []
        database.close()
        boundary += 1
    assert boundary > 10
