"""Translators hear once a day what an issue waits for, in their language, and never twice."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import scheduler
from publisher import issuing, languages, press, publishing, reminding, trialled
from publisher.config import Config
from publisher.mail import keys
from publisher.mail.reminders import Reminder, Wanted, message
from store import issues, reminders
from store.database import Database
from store.records import IssueState, Missing
from tests import make
from tests.fakes import Relay, free_port
from tests.publisher.mail.test_wire import assert_whole, body, header, parsed
from tests.verifier import ed25519, records, rsa, verdicts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: A Friday, an hour after its slot: the deadline is the Thursday after it.
NOW = make.FRIDAY
#: In the past by any clock: dkimpy refuses what was signed in the future.
SIGNED = datetime(2013, 11, 22, 6, 0, 3, tzinfo=UTC)
HOLD = "hold until thu 17:00, then fallback"
ANN, BEN, ALI = "ann@example.org", "ben@example.org", "ali@example.org"


def staffed(config: Config, **by_language: tuple[str, ...]) -> Config:
    staff = config.staff.model_copy(update={"reminders": by_language})
    return config.model_copy(update={"staff": staff})


def wait(
    database: Database, config: Config, *, title: str = make.TITLES["en"], **newsletter: Any
) -> int:
    """Have an issue wait for texts of one item, which is in English only; return its number."""
    # By its schedule the newsletter has no other issue in that year.
    values = {"rules": {"*": HOLD}, "schedule": "0 7 1 1 *", **newsletter}
    make.start(database, config, **values)
    make.take(database, config, make.draft(words=make.text(title=title)))
    publishing.publish_due(database, config, now=make.NOW)
    issue = issuing.plan(database, "digest", NOW)
    press.press(database, issue.id, config, now=NOW)
    with database.read() as tx:
        assert issues.get(tx, issue.id).state is IssueState.AWAITING_TRANSLATIONS
    return issue.id


def remind(
    database: Database, config: Config, relay: Relay, *, after: timedelta = timedelta()
) -> reminding.Outcome:
    return reminding.remind(database, relay.serves(config), now=NOW + after)


def test_translators_are_reminded_once_a_day(either: Database, config: Config) -> None:
    wait(either, config)
    staff = staffed(config, fr=(ANN, BEN), ar=(ALI,))
    with Relay() as relay:
        # In Brussels the day ends at 23:00 UTC in winter.
        looks = [timedelta(), HOUR, 14 * HOUR, 15 * HOUR, 16 * HOUR]
        sent = [remind(either, staff, relay, after=after).sent for after in looks]
    assert NOW.hour == 8
    assert sent == [3, 0, 0, 3, 0]
    assert relay.counts == {ANN: 2, BEN: 2, ALI: 2}
    # No two mails are the same one.
    assert len({parsed(raw)["Message-ID"] for _, raw in relay.accepted}) == 6


@pytest.mark.parametrize("language", ["fr", "es", "ar"])
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (HOLD, ("reminder-then-fallback",)),
        ("hold until thu 17:00, then skip", ("reminder-then-skip",)),
        ("hold", ("reminder-waits",)),
    ],
)
def test_a_reminder_says_what_until_when_and_what_then_in_its_language(
    database: Database, config: Config, language: str, rule: str, said: tuple[str, ...]
) -> None:
    wait(database, config, rules={"*": rule})
    with Relay() as relay:
        remind(database, staffed(config, **{language: (ANN,)}), relay)
    ((recipient, raw),) = relay.accepted
    assert_whole(raw.rstrip(b"\r\n") + b"\r\n", once=())
    strings, name = languages.strings(language), make.newsletter().names[language]
    assert header(raw, "Subject") == strings.text("reminder-subject", newsletter=name)
    assert (recipient, parsed(raw)["To"]) == (ANN, ANN)
    assert relay.senders == [config.sender]
    assert parsed(raw)["Auto-Submitted"] == "auto-generated"
    text, html = body(raw, "plain"), body(raw, "html")
    for part in (text, html):
        assert make.TITLES["en"] in part
        assert name in part
        assert all(strings.text(key) in part for key in said)
        assert ("Europe/Brussels" in part) is (rule != "hold")
    assert f'lang="{language}" dir="{languages.direction(language)}"' in html
    if rule != "hold":
        # Thursday at 17:00 on the clocks of Brussels.
        assert languages.date(NOW + 6 * DAY, language) in text
        assert languages.time(NOW + 8 * HOUR, language, zone="Europe/Brussels") in text


def test_english_is_a_language_like_the_others(database: Database, config: Config) -> None:
    make.start(database, config, rules={"*": HOLD})
    make.take(database, config, make.draft("ar"))
    publishing.publish_due(database, config, now=make.NOW)
    press.press(database, issuing.plan(database, "digest", NOW).id, config, now=NOW)
    with Relay() as relay:
        remind(database, staffed(config, en=(ANN,)), relay)
    ((_, raw),) = relay.accepted
    assert header(raw, "Subject") == "Translations wanted for “Digest”"
    assert "It waits until December 3, 2026, 5:00\N{NARROW NO-BREAK SPACE}PM" in body(raw, "plain")
    assert f'<span lang="ar" dir="rtl">{make.TITLES["ar"]}</span>' in body(raw, "html")


def test_no_title_and_no_name_breaks_a_reminder(database: Database, config: Config) -> None:
    names = dict.fromkeys(make.LANGUAGES, trialled.HOSTILE)
    wait(database, config, title=trialled.HOSTILE, names=names)
    with Relay() as relay:
        remind(database, staffed(config, fr=(ANN,), ar=(ALI,)), relay)
    assert relay.counts == {ANN: 1, ALI: 1}
    for _, raw in relay.accepted:
        assert_whole(raw.rstrip(b"\r\n") + b"\r\n", once=())
        assert "<script>" not in body(raw, "html")
        assert "{{ 7 * 7 }}" in body(raw, "html")
        assert "\u202e" not in body(raw, "plain")


@pytest.mark.parametrize("addresses", [{}, {"fr": ()}, {"en": (ANN,)}])
def test_where_no_address_is_or_nothing_is_wanted_nobody_is_mailed(
    database: Database, config: Config, addresses: Mapping[str, tuple[str, ...]]
) -> None:
    wait(database, config)
    outcome = reminding.remind(database, without_a_relay(staffed(config, **addresses)), now=NOW)
    assert outcome == reminding.Outcome()


def test_an_issue_that_waits_no_longer_reminds_nobody(database: Database, config: Config) -> None:
    issue_id = wait(database, config)
    press.press(database, issue_id, config, now=NOW + 7 * DAY)
    with Relay() as relay:
        assert remind(database, staffed(config, fr=(ANN,)), relay, after=7 * DAY).sent == 0


def test_of_an_embargo_no_translator_is_told(database: Database, config: Config) -> None:
    make.start(database, config, rules={"*": HOLD})
    make.take(database, config, make.draft(embargo=NOW + 9 * DAY))
    issue = issuing.plan(database, "digest", NOW, chosen=[1])
    pressed = press.press(database, issue.id, config, now=NOW)
    assert {entry.reason for entry in pressed.issue.blocking} == {"embargo"}
    with Relay() as relay:
        assert remind(database, staffed(config, fr=(ANN,)), relay).sent == 0


def without_a_relay(config: Config) -> Config:
    mail = config.mail.model_copy(update={"host": "127.0.0.1", "port": free_port()})
    return config.model_copy(update={"mail": mail})


def test_without_a_relay_a_reminder_waits_for_the_next_tick(
    either: Database, config: Config
) -> None:
    wait(either, config)
    staff = staffed(config, fr=(ANN,), ar=(ALI,))
    done = scheduler.tick(either, without_a_relay(staff), now=NOW)
    # Said once: the second would be told the same.
    assert [problem[:8] for problem in done.problems] == ["no relay"]
    with Relay() as relay:
        ticks = [scheduler.tick(either, relay.serves(staff), now=NOW) for _ in range(2)]
    assert [done.reminded for done in ticks] == [2, 0]
    assert [done.problems for done in ticks] == [[], []]


def test_a_tick_that_leaves_mails_to_others_reminds_all_the_same(
    database: Database, config: Config
) -> None:
    wait(database, config)
    with Relay() as relay:
        served = relay.serves(staffed(config, fr=(ANN,)))
        assert scheduler.tick(database, served, now=NOW, sends=False).reminded == 1


def test_when_the_relay_goes_half_way_nobody_is_told_twice(
    database: Database, config: Config
) -> None:
    wait(database, config)
    staff = staffed(config, fr=(ANN, BEN))
    with Relay(data={BEN: "drop"}) as relay:
        first = remind(database, staff, relay)
        relay.data.clear()
        assert remind(database, staff, relay).sent == 0
    assert (first.sent, len(first.problems)) == (1, 1)
    assert relay.counts == {ANN: 1}


def test_an_address_that_is_refused_is_told_of_and_keeps_nobody_from_theirs(
    database: Database, config: Config
) -> None:
    wait(database, config)
    staff = staffed(config, fr=(ANN, BEN))
    with Relay(rcpt={ANN: "550 5.1.1 nobody"}) as relay:
        outcome = remind(database, staff, relay)
    assert outcome.sent == 1
    assert outcome.problems[0].startswith(f"reminder to {ANN}: 550")
    assert relay.counts == {BEN: 1}


def test_a_second_relay_stands_in_for_the_first(database: Database, config: Config) -> None:
    wait(database, config)
    staff = without_a_relay(staffed(config, fr=(ANN,)))
    with Relay() as relay:
        other = {"name": "other", "host": "127.0.0.1", "port": relay.port, "tls": "none"}
        section = type(config).model_validate({**staff.model_dump(), "relays": [other]}).relays
        both = staff.model_copy(update={"relays": section})
        outcome = reminding.remind(database, both, now=NOW)
    assert (outcome.sent, outcome.problems) == (1, [])


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_reminders_are_signed_as_letters_are(config: Config, language: str) -> None:
    both = (rsa(), ed25519())
    reminder = Reminder(
        issue_id=1,
        newsletter=make.newsletter(),
        language=language,
        day="2013-11-22",
        wanted=[Wanted(item=1, title=make.TITLES["ar"], source_language="ar")],
        until=NOW,
        then=Missing.SKIP,
    )
    plain = message(reminder, ANN, config, now=SIGNED)
    raw = message(reminder, ANN, config, now=SIGNED, keys=both)
    assert raw.endswith(plain)
    assert verdicts(raw, records(both)) == [True, True]


def test_the_keys_of_the_house_sign_what_goes_out(database: Database, config: Config) -> None:
    wait(database, config)
    key, _ = keys.make(config, config.host, "202611", ed25519=False)
    dkim = config.dkim.model_copy(update={"selectors": ("202611",)})
    signing = config.model_copy(update={"dkim": dkim})
    with Relay() as relay:
        remind(database, staffed(signing, fr=(ANN,)), relay)
    ((_, raw),) = relay.accepted
    assert f"d={config.host}; s={key.selector};" in " ".join(parsed(raw)["DKIM-Signature"].split())


def test_where_no_key_is_of_the_domain_of_the_house_that_is_said(
    database: Database, config: Config
) -> None:
    wait(database, config)
    keys.make(config, "example.net", "202611", ed25519=False)
    dkim = config.dkim.model_copy(update={"selectors": ("202611",)})
    signing = config.model_copy(update={"dkim": dkim})
    with Relay() as relay:
        done = remind(database, staffed(signing, fr=(ANN,)), relay)
    assert done.sent == len(relay.accepted) == 1
    (said,) = done.problems
    assert said.startswith("reminders go out unsigned: no key that signs is of the domain of ")


def test_a_template_that_fails_is_told_of_and_claims_nothing(
    database: Database, config: Config
) -> None:
    wait(database, config)
    own = config.folder / "own" / "email" / "letters" / "reminder" / "subject.txt"
    own.parent.mkdir(parents=True)
    own.write_text("{{ nothing }}")
    site = config.site.model_copy(update={"templates": Path("own")})
    staff = staffed(config, fr=(ANN,))
    with Relay() as relay:
        broken = remind(database, staff.model_copy(update={"site": site}), relay)
        assert remind(database, staff, relay).sent == 1
    assert broken.sent == 0
    assert "subject.txt:1: 'nothing' is undefined" in broken.problems[0]


def test_who_died_before_the_mail_went_has_told_nobody_that_day(
    database: Database, config: Config
) -> None:
    issue_id = wait(database, config)
    with database.write() as tx:
        reminders.claim(tx, issue_id, "fr", "2026-11-27")
    staff = staffed(config, fr=(ANN,))
    with Relay() as relay:
        sent = [remind(database, staff, relay, after=after).sent for after in (HOUR, DAY)]
    assert sent == [0, 1]
