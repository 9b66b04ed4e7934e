"""Whoever is entitled to an issue gets it: once, in one language, and of it what they take.

Hypothesis has people come, leave, come back, and change language, topics and frequency between
the issues of a newsletter; the model is a loop over people and items.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from publisher import editions, press, publishing
from publisher.config import Config
from store import deliveries, publications, subscribers, tables
from store import editions as frozen
from store.database import Database, open_database
from store.records import Status, Subscription, newsletter_channel
from tests import make

DAY = timedelta(days=1)
TOPICS = ("asylum", "health", "work")
#: The last two get what is nearest.
SPOKEN = (*make.LANGUAGES, "fr-CA", "de")

SETS = st.sets(st.sampled_from((*TOPICS, "nobody")), max_size=3).map(sorted)
LANGUAGE = st.sampled_from(SPOKEN)
ITEM = st.tuples(
    st.sets(st.sampled_from(TOPICS), max_size=2),
    st.sets(st.sampled_from(make.LANGUAGES), min_size=1),
)
ACT = st.one_of(
    st.tuples(st.just("come"), LANGUAGE, SETS),
    st.tuples(st.just("leave"), st.integers(0, 30), st.none()),
    st.tuples(st.just("return"), st.integers(0, 30), st.none()),
    st.tuples(st.just("language"), st.integers(0, 30), LANGUAGE),
    st.tuples(st.just("topics"), st.integers(0, 30), SETS),
    st.tuples(st.just("frequency"), st.integers(0, 30), st.sampled_from(("", "weekly"))),
)
WEEK = st.tuples(st.lists(ITEM, max_size=3), st.lists(ACT, max_size=6))
RULE = st.sampled_from(("skip", "fallback"))


#: News by topics and languages, and what people do before the issue.
Week = tuple[list[tuple[set[str], set[str]]], list[tuple[str, Any, Any]]]


@dataclass
class Person:
    """Somebody as the model sees them."""

    id: int
    language: str
    topics: list[str]
    frequency: str = ""
    active: bool = True


@dataclass
class Model:
    """What the model remembers: who there is, and what each audience has been told."""

    rule: str
    people: list[Person] = field(default_factory=list)
    #: Items by id: their topics and the languages they are in.
    items: dict[int, tuple[set[str], set[str]]] = field(default_factory=dict)
    #: Items by language and frequency.
    told: set[tuple[int, str, str]] = field(default_factory=set)

    def press(self, readers: dict[str, str], frequency: str) -> dict[int, tuple[str, set[int]]]:
        """Return who gets the next issue at a frequency: in which language, and which items."""
        news: dict[str, set[int]] = defaultdict(set)
        for item, (_, there) in self.items.items():
            for language in make.LANGUAGES:
                # A chain ends in all languages of the site: a fallback always finds one.
                shown = language in there or self.rule == "fallback"
                if shown and (item, language, frequency) not in self.told:
                    news[language].add(item)
                    self.told.add((item, language, frequency))
        got = {}
        for person in self.people:
            language = readers.get(person.language, "")
            mine = {
                item
                for item in news[language]
                if not person.topics or self.items[item][0] & set(person.topics)
            }
            if person.active and person.frequency == frequency and mine:
                got[person.id] = (language, mine)
        return got


@contextmanager
def a_house(url: str) -> Iterator[Database]:
    database = open_database(url)
    yield database
    database.close()


def act(database: Database, model: Model, what: tuple[str, Any, Any], ids: Iterator[int]) -> None:
    """Have somebody do something, in the store and in the model."""
    verb, who, value = what
    if verb == "come":
        email = f"reader{next(ids)}@example.org"
        [number] = make.subscribe(database, [email], language=str(who), topics=value)
        model.people.append(Person(id=number, language=str(who), topics=value))
        return
    if not model.people:
        return
    person = model.people[who % len(model.people)]
    with database.write() as tx:
        if verb in {"leave", "return"}:
            person.active = verb == "return"
            status = Status.ACTIVE if person.active else Status.UNSUBSCRIBED
            subscribers.change(tx, person.id, status=status)
        elif verb == "language":
            person.language = str(value)
            subscribers.change(tx, person.id, language=person.language)
        else:
            setattr(person, verb, value)
            chosen = Subscription(
                newsletter="digest", topics=tuple(person.topics), frequency=person.frequency
            )
            subscribers.subscribe(tx, person.id, chosen)


def add_items(
    database: Database,
    config: Config,
    model: Model,
    news: list[tuple[set[str], set[str]]],
    now: datetime,
) -> None:
    for topics, there in news:
        number = len(model.items) + 1
        source = min(there, key=make.LANGUAGES.index)
        for language in sorted(there, key=make.LANGUAGES.index):
            words = make.text(language, title=f"Item {number}")
            make.take(
                database,
                config,
                make.draft(
                    language,
                    key=f"item-{number}",
                    source=f"{number}.{language}.md",
                    words=words,
                    topics={topic: topic for topic in sorted(topics)},
                    source_language=source,
                ),
                now=now,
            )
        model.items[number] = (topics, there)
    publishing.publish_due(database, config, now=now)


def got(database: Database, issue_id: int) -> dict[int, tuple[str, set[int]]]:
    """Return who has a delivery of an issue, in which language, and of which items."""
    with database.read() as tx:
        mails = deliveries.listing(tx, issue_id)
        tells: dict[int, set[int]] = defaultdict(set)
        for row in tx.rows(select(tables.edition_items)):
            tells[row["edition_id"]].add(row["item_id"])
        kept = {edition.id: edition for edition in frozen.of(tx, issue_id)}
    assert len({mail.subscriber_id for mail in mails}) == len(mails)
    for edition in kept.values():
        shown = {int(line[7:]) for line in edition.text.splitlines() if line.startswith("- Item ")}
        assert shown == tells[edition.id]
        assert edition.items == len(tells[edition.id])
    return {
        mail.subscriber_id: (kept[mail.edition_id].language, tells[mail.edition_id])
        for mail in mails
    }


def due(database: Database, issue_id: int) -> dict[int, datetime]:
    """Return when the mail of an issue is due to whom."""
    mine = tables.deliveries.c.issue_id == issue_id
    query = select(tables.deliveries.c.subscriber_id, tables.deliveries.c.due).where(mine)
    with database.read() as tx:
        return {row["subscriber_id"]: row["due"] for row in tx.rows(query)}


def run(database: Database, config: Config, rule: str, weeks: list[Week]) -> None:
    often = {"weekly": "fri 07:00"}
    newsletter = make.start(database, config, rules={"*": rule}, frequencies=often)
    model, ids, now = Model(rule=rule), count(), make.NOW
    readers = editions.audiences(SPOKEN, newsletter, config)
    for number, (news, acts) in enumerate(weeks):
        add_items(database, config, model, news, now)
        for what in acts:
            act(database, model, what, ids)
        now += DAY
        # At the other frequency, every second time.
        for frequency in ("", "weekly")[: 1 + number % 2]:
            (issue_id,) = press.plan(database, newsletter, [now], frequency=frequency)
            press.press(database, issue_id, config, now=now)
            assert got(database, issue_id) == model.press(readers, frequency)
    told = []
    with database.read() as tx:
        for frequency in ("", "weekly"):
            channel = newsletter_channel("digest", frequency)
            rows = publications.tellings(tx, list(model.items), channel)
            told += [(row.item_id, row.language, frequency) for row in rows]
    assert sorted(told) == sorted(model.told)


@settings(max_examples=25)
@given(rule=RULE, weeks=st.lists(WEEK, min_size=1, max_size=4))
def test_everybody_gets_what_they_are_entitled_to_once(
    migrated: bytes, tmp_path_factory: pytest.TempPathFactory, rule: str, weeks: list[Week]
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    with make.a_store(migrated) as database:
        run(database, config, rule, weeks)


def test_postgresql_gives_everybody_the_same(postgres_url: str, config: Config) -> None:
    weeks: list[Week] = [
        (
            [({"asylum"}, {"en", "fr"}), ({"work", "health"}, {"en", "ar", "es"}), (set(), {"fr"})],
            [
                *(("come", tag, topics) for tag in SPOKEN for topics in ([], ["asylum"], ["work"])),
                ("come", "ar", ["health", "work"]),
                ("come", "fr", ["nobody"]),
                ("leave", 3, None),
            ],
        ),
        (
            [({"health"}, {"ar"})],
            [
                *(("language", 0, "ar"), ("topics", 1, ["health"]), ("return", 3, None)),
                *(("frequency", who, "weekly") for who in (2, 4, 6)),
            ],
        ),
        ([], [("topics", 2, []), ("frequency", 4, "")]),
    ]
    with a_house(postgres_url) as database:
        run(database, config, "fallback", weeks)


def test_readers_by_topics_frequency_and_zone_get_what_is_theirs_when_their_window_is_open(
    either: Database, config: Config
) -> None:
    newsletter = make.start(
        either,
        config,
        rules={"*": "skip"},
        frequencies={"weekly": "fri 07:00"},
        windows={"*": "daily 08:00-18:00 reader", "fr": "daily 12:00-13:00"},
    )
    model = Model(rule="skip")
    everywhere = {*make.LANGUAGES}
    news: list[tuple[set[str], set[str]]] = [({"work"}, everywhere), ({"health"}, everywhere)]
    add_items(either, config, model, news, make.NOW)
    # Tuesday, six in the morning in UTC: seven in Brussels, eight in Amman, fifteen in Tokyo.
    slot = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
    amman, tokyo, brussels = "Asia/Amman", "Asia/Tokyo", "Europe/Brussels"
    places: tuple[tuple[str, str, list[str], str, tuple[int, ...], int], ...] = (
        ("", "ar", [], tokyo, (1, 2), 6),
        ("weekly", "ar", [], tokyo, (1, 2), 6),
        ("weekly", "ar", ["work"], brussels, (1,), 7),
        ("weekly", "ar", ["work"], amman, (1,), 6),
        ("weekly", "es", ["health", "work"], "UTC", (1, 2), 8),
        ("weekly", "fr", ["health"], tokyo, (2,), 11),
        ("weekly", "fr-CA", [], "America/Toronto", (1, 2), 11),
        ("weekly", "en", ["health"], "America/Toronto", (2,), 13),
        ("weekly", "en", ["asylum"], "UTC", (), 0),
    )
    wanted: dict[str, dict[int, tuple[str, set[int]]]] = {"": {}, "weekly": {}}
    hours = {}
    for number, (often, language, topics, zone, tells, hour) in enumerate(places):
        [id_] = make.subscribe(
            either,
            [f"{number}@example.org"],
            language=language,
            topics=topics,
            frequency=often,
            timezone=zone,
        )
        if tells:
            wanted[often][id_] = (language[:2], {*tells})
            hours[id_] = slot.replace(hour=hour)
    for often, theirs in wanted.items():
        (issue_id,) = press.plan(either, newsletter, [slot], frequency=often)
        press.press(either, issue_id, config, now=slot)
        assert got(either, issue_id) == theirs
        assert due(either, issue_id) == {id_: hours[id_] for id_ in theirs}
