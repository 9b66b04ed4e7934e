"""What readers change: it counts from the next issue on."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import scheduler
from publisher.config import Config
from publisher.errors import FormError, InputError
from publisher.subscriptions import leaving, preferences
from publisher.subscriptions.choices import zones
from publisher.subscriptions.preferences import pause_of
from store import consents, deliveries, editions, issues, subscribers
from store.database import Database
from store.records import Act, DeliveryState, Status, Subscriber
from tests import make, people
from tests.fakes import Relay

DAY = timedelta(days=1)


def test_a_reader_changes_what_they_get(site: Database, config: Config, reader: Subscriber) -> None:
    people.save(
        site,
        config,
        reader,
        name="Zoë",
        language="ar",
        timezone="Asia/Beirut",
        wanted={"alerts": ()},
        pause="2026-12-24",
    )
    person = people.person(site)
    assert (person.name, person.language, person.timezone) == ("Zoë", "ar", "Asia/Beirut")
    assert people.wants(site, reader) == {"alerts": ()}
    shown = preferences.read(site, config, people.own_token(site, reader), now=make.NOW)
    assert shown.paused_until == date(2026, 12, 24)
    with site.read() as tx:
        *_, withdrawn, chosen = consents.of(tx, reader.id)
    assert (withdrawn.act, withdrawn.choice["newsletters"]) == (Act.WITHDRAWN, {"digest": []})
    assert (chosen.act, chosen.language, chosen.how) == (Act.CHOSEN, "ar", "preferences")


def test_who_chooses_nothing_has_left_and_who_chooses_again_is_back(
    site: Database, config: Config, reader: Subscriber
) -> None:
    people.save(site, config, reader, wanted={})
    assert people.person(site).status is Status.UNSUBSCRIBED
    people.save(site, config, reader, wanted={"alerts": ()})
    assert people.person(site).status is Status.ACTIVE
    assert people.wants(site, reader) == {"alerts": ()}


def test_who_swaps_all_newsletters_for_others_is_still_written_to_and_told_no_goodbye(
    site: Database, config: Config, reader: Subscriber
) -> None:
    people.save(site, config, reader, wanted={"alerts": ()})
    assert people.person(site).status is Status.ACTIVE
    assert people.wants(site, reader) == {"alerts": ()}
    assert people.written(site, "goodbye") == []


def test_who_left_and_saves_what_is_still_ticked_is_back(
    site: Database, config: Config, reader: Subscriber
) -> None:
    with site.write() as tx:
        subscribers.change(tx, reader.id, status=Status.UNSUBSCRIBED)
    people.save(site, config, reader)
    assert people.person(site).status is Status.ACTIVE
    with site.read() as tx:
        assert consents.of(tx, reader.id)[-1].act is Act.CHOSEN


def test_who_drops_one_newsletter_of_two_has_not_left(site: Database, config: Config) -> None:
    reader = people.join(site, config, wanted={"digest": (), "alerts": ()})
    people.save(site, config, reader, wanted={"alerts": ()})
    assert people.person(site).status is Status.ACTIVE
    with site.read() as tx:
        withdrawn, chosen = consents.of(tx, reader.id)[-2:]
    assert (withdrawn.choice["newsletters"], chosen.choice["newsletters"]) == (
        {"digest": []}, {"alerts": []},
    )  # fmt: skip
    assert people.written(site, "goodbye") == []


def test_saving_what_was_there_says_nothing_new(
    site: Database, config: Config, reader: Subscriber
) -> None:
    people.save(site, config, reader)
    with site.read() as tx:
        assert len(consents.of(tx, reader.id)) == 2


@pytest.mark.parametrize("language", ["fr-CA", "ar-LB", "it"])
def test_a_language_that_the_site_has_not_stays_until_another_is_chosen(
    site: Database, config: Config, reader: Subscriber, language: str
) -> None:
    with site.write() as tx:
        subscribers.change(tx, reader.id, language=language)
    shown = preferences.read(site, config, people.own_token(site, reader), now=make.NOW)
    assert shown.languages == (*make.LANGUAGES, language)
    people.save(site, config, reader, language=language, name="Zoë")
    assert (people.person(site).name, people.person(site).language) == ("Zoë", language)
    people.save(site, config, reader, language="es")
    assert people.person(site).language == "es"
    with pytest.raises(FormError):
        people.save(site, config, reader, language=language)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"language": "de"}, "language"),
        ({"timezone": "Mars"}, "timezone"),
        ({"name": "x" * 300}, "name"),
        ({"pause": "soon"}, "pause"),
        ({"pause": "2036-01-01"}, "pause"),
        ({"pause": "2025-12-24"}, "pause"),
        ({"wanted": {"nope": ()}}, "newsletters"),
    ],
)
def test_what_cannot_be_taken_changes_nothing(
    site: Database, config: Config, reader: Subscriber, changes: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(FormError) as refusal:
        people.save(site, config, reader, **{"name": "New", **changes})
    assert refusal.value.fields == (wrong,)
    assert people.person(site) == reader


def test_who_pauses_is_queued_nothing_until_the_day(database: Database, config: Config) -> None:
    people.site(database, config)
    reader = people.join(database, config)
    people.save(database, config, reader, pause="2026-12-01", timezone="Europe/Brussels")
    sent = []
    with Relay() as relay:
        served = relay.serves(config)
        for week in range(3):
            now = make.NOW + week * 7 * DAY
            make.take(database, config, make.draft(key=f"item-{week}"), now=now)
            scheduler.tick(database, served, now=now)
            sent.append(relay.counts[reader.email])
    # Two letters; then, of the slots of 20 and 27 November and 4 December, only the last.
    assert sent == [2, 2, 3]


@given(st.dates(date(2026, 11, 24), date(2027, 11, 20)), st.sampled_from(zones()))
def test_a_pause_ends_when_the_day_begins_where_the_reader_is(day: date, zone: str) -> None:
    until = pause_of(day.isoformat(), zone, make.NOW)
    if until is None:
        assert datetime.combine(day, datetime.min.time(), tzinfo=ZoneInfo(zone)) <= make.NOW
        return
    here = until.astimezone(UTC).astimezone(ZoneInfo(zone))
    # In a zone where midnight does not exist on that day it is the first hour that does.
    assert here.date() == day
    assert here.hour <= 1


@pytest.mark.parametrize(
    ("zone", "today"), [("America/Bogota", "2026-11-23"), ("Pacific/Kiritimati", "2026-11-24")]
)
def test_mail_from_today_on_is_no_pause_and_a_day_before_is_a_slip(zone: str, today: str) -> None:
    now = make.NOW.replace(hour=11)
    assert pause_of(today, zone, now) is None
    with pytest.raises(InputError):
        pause_of((date.fromisoformat(today) - DAY).isoformat(), zone, now)


def test_a_form_that_is_sent_after_the_pause_that_it_shows_is_taken(
    site: Database, config: Config, reader: Subscriber
) -> None:
    people.save(site, config, reader, pause="2026-12-01")
    later = make.NOW + timedelta(days=60)
    people.save(site, config, reader, pause="2026-12-01", name="Zoë", now=later)
    assert people.person(site).name == "Zoë"
    with pytest.raises(FormError):
        people.save(site, config, reader, pause="2026-12-01", now=later)


@pytest.mark.parametrize("text", ["soon", "2026-13-01", "0001-01-01T", "9999-12-31", "٢٤"])
def test_what_is_no_day_within_a_year_is_no_pause(text: str) -> None:
    with pytest.raises(InputError) as refusal:
        pause_of(text, "Asia/Beirut", make.NOW)
    assert refusal.value.source == "pause"


def test_who_changes_language_between_freeze_and_sending_gets_one_edition(
    either: Database, config: Config
) -> None:
    people.site(either, config)
    reader = people.join(either, config)
    make.take(either, config, make.draft("en"), make.draft("fr"))
    # No relay answers: editions are frozen and queued, and nothing is sent.
    scheduler.tick(either, config.model_copy(update={"mail": _nowhere(config)}), now=make.NOW)
    people.save(either, config, reader, language="fr")
    with Relay() as relay:
        for hours in range(0, 24, 6):
            now = make.NOW + timedelta(hours=hours)
            scheduler.tick(either, relay.serves(config), now=now)
    with either.read() as tx:
        (issue,) = [row for row in issues.listing(tx) if editions.of(tx, row.id)
                    and row.newsletter == "digest"]  # fmt: skip
        (mail,) = deliveries.listing(tx, issue.id)
    # The edition that was frozen for them; the next issue comes in their new language.
    assert (mail.language, mail.state) == ("en", DeliveryState.SENT)
    assert [to for to, body in relay.accepted if b"List-Id" in body] == [reader.email]


def _nowhere(config: Config) -> Any:
    return config.mail.model_copy(update={"host": "127.0.0.1", "port": 1})


def test_a_reader_chooses_how_often_where_there_is_a_choice(site: Database, config: Config) -> None:
    make.start(
        site, config, key="brief", names={"en": "Brief"},
        frequencies={"daily": "mon-fri 07:00", "quarterly": "first thu 09:00"},
    )  # fmt: skip
    person = people.join(site, config, wanted={"brief": ()}, often={"brief": "daily"})
    shown = preferences.read(site, config, people.own_token(site, person), now=make.NOW)
    offered = {offer.key: dict(offer.frequencies) for offer in shown.offers}
    assert offered["brief"] == {"": "as usual", "daily": "daily", "quarterly": "every three months"}
    assert offered["digest"] == {}
    assert shown.often == {"brief": "daily"}
    # What a form does not ask stays as it was.
    people.save(site, config, person, wanted={"brief": ()})
    assert often(site, person) == {"brief": "daily"}
    people.save(site, config, person, wanted={"brief": ()}, often={"brief": "quarterly"})
    assert often(site, person) == {"brief": "quarterly"}
    token = people.leave_token(site, person, "brief")
    leaving.leave(site, config, token, now=make.NOW)
    leaving.undo(site, config, token, now=make.NOW)
    assert often(site, person) == {"brief": "quarterly"}
    with pytest.raises(FormError):
        people.save(site, config, person, wanted={"brief": ()}, often={"brief": "hourly"})


def often(site: Database, person: Subscriber) -> dict[str, str]:
    with site.read() as tx:
        had = subscribers.subscriptions_of(tx, person.id)
    return {entry.newsletter: entry.frequency for entry in had}
