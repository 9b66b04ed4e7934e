"""Signing up: nothing counts before the mailbox says yes, and nobody learns who is known."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import languages
from publisher.config import Config
from publisher.errors import FormError, TokenError
from publisher.mail.letters import GOOD_FOR
from publisher.settings.site import SignupSection
from publisher.story import Label
from publisher.subscriptions import confirming, erasure, joining, keyring, suppressions
from publisher.subscriptions.choices import USUAL, Offer
from store import consents, subscribers
from store.database import Database
from store.records import Act, Status
from tests import make, people
from tests.people import ZOE

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OFFERS = [
    Offer(key="digest", name="Digest", topics=(Label(key="labour", name="Labour"),
                                               Label(key="asylum", name="Asylum"))),
    Offer(key="alerts", name="Alerts", topics=()),
]  # fmt: skip


def fields(**changes: Any) -> dict[str, Any]:
    values = {"email": ZOE, "name": "", "language": "en", "timezone": "", "wanted": {"digest": ()}}
    return {**values, **changes}


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_who_signs_up_is_pending_until_the_letter_is_answered(
    site: Database, config: Config, language: str
) -> None:
    people.ask(site, config, language=language, name="Zoë", timezone="Africa/Tunis")
    person = people.person(site)
    assert (person.status, person.language, person.name) == (Status.PENDING, language, "Zoë")
    assert people.wants(site, person) == {}
    now = make.NOW + HOUR
    token = people.token(site, config, "confirm")
    assert confirming.asked(site, config, token, now=now).subscriber == person
    confirming.confirm(site, config, token, now=now)
    person = people.person(site)
    assert (person.status, person.timezone) == (Status.ACTIVE, "Africa/Tunis")
    assert (person.consent_at, person.consent_source) == (now, "form")
    assert people.wants(site, person) == {"digest": ()}
    assert [letter.name for letter in people.written(site)] == ["confirm", "welcome"]


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_the_words_that_were_agreed_to_are_kept_as_they_were_shown(
    site: Database, config: Config, language: str
) -> None:
    person = people.join(site, config, language=language, wanted={"digest": (), "alerts": ()})
    with site.read() as tx:
        asked, confirmed = consents.of(tx, person.id)
    words = languages.strings(language).text("consent", site=config.name(language))
    assert (asked.act, asked.how, asked.language, asked.wording) == (
        Act.ASKED, "form", language, words,
    )  # fmt: skip
    assert asked.at == make.NOW
    assert asked.choice["newsletters"] == {"digest": [], "alerts": []}
    assert (confirmed.act, confirmed.asked, confirmed.at) == (Act.CONFIRMED, asked.id, make.NOW)


def test_a_second_confirmation_changes_nothing_also_when_the_reader_has_left_since(
    site: Database, config: Config
) -> None:
    person = people.join(site, config)
    token = people.token(site, config, "confirm")
    confirming.confirm(site, config, token, now=make.NOW + HOUR)
    assert people.person(site) == person
    assert len(people.written(site, "welcome")) == 1
    with site.write() as tx:
        subscribers.unsubscribe(tx, person.id)
        subscribers.change(tx, person.id, status=Status.UNSUBSCRIBED)
    confirming.confirm(site, config, token, now=make.NOW + HOUR)
    assert people.person(site).status is Status.UNSUBSCRIBED
    assert people.wants(site, person) == {}


def test_a_link_is_too_old_after_a_week(site: Database, config: Config) -> None:
    people.ask(site, config)
    token = people.token(site, config, "confirm")
    for act in (confirming.asked, confirming.confirm):
        with pytest.raises(TokenError) as refusal:
            act(site, config, token, now=make.NOW + GOOD_FOR)
        assert refusal.value.expired
    assert people.person(site).status is Status.PENDING


def test_nobody_can_change_a_stranger_by_signing_them_up(site: Database, config: Config) -> None:
    before = people.join(site, config, name="Zoë")
    people.ask(site, config, language="ar", name="Fool", wanted={"alerts": ()})
    assert people.person(site) == before
    assert people.wants(site, before) == {"digest": ()}
    # They themself can: what they asked for comes beside what they have.
    confirming.confirm(site, config, people.token(site, config, "confirm"), now=make.NOW)
    assert people.person(site).language == "ar"
    assert people.person(site).name == "Zoë"
    assert people.wants(site, before) == {"alerts": (), "digest": ()}


def test_an_address_is_written_three_letters_a_day_at_most(site: Database, config: Config) -> None:
    for hour in range(0, 48, 2):
        people.ask(site, config, now=make.NOW + hour * HOUR)
    hours = [(letter.created - make.NOW) // HOUR for letter in people.written(site)]
    assert hours == [0, 2, 4, 24, 26, 28]


def test_how_many_letters_that_are_is_a_setting(site: Database, config: Config) -> None:
    strict = config.model_copy(update={"signup": SignupSection(letters_a_day=1)})
    for _ in range(2):
        people.ask(site, strict)
    assert len(people.written(site)) == 1


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_letters_and_pages_say_how_often_each_newsletter_comes(
    site: Database, config: Config, language: str
) -> None:
    schedules = dict.fromkeys([*USUAL[1:], "full-moon"], "first thu 09:00")
    make.start(site, config, key="brief", names={"en": "Brief"}, frequencies=schedules)
    called = choices_of(site, config, language)
    assert len({*called.values()}) == len(called) == len(schedules) + 1
    people.join(
        site, config, language=language, wanted={"brief": ()}, often={"brief": "fortnightly"}
    )
    t = languages.strings(language).text
    said = t("with-frequency", newsletter="Brief", frequency=called["fortnightly"])
    for letter in ("confirm", "welcome"):
        shown = people.mail(site, config, letter).get_body(("plain",))
        assert shown is not None
        assert said in shown.get_content()
    assert called["full-moon"] == "full-moon"


def choices_of(site: Database, config: Config, language: str) -> Mapping[str, str]:
    """Return what the frequencies of the newsletter ``brief`` are called."""
    there = {offer.key: offer for offer in joining.offers(site, config, language)}
    return there["brief"].frequencies


@pytest.mark.parametrize("status", [Status.COMPLAINED, Status.BOUNCED])
def test_who_called_us_spam_or_is_gone_is_written_nothing(
    site: Database, config: Config, status: Status
) -> None:
    person = people.join(site, config)
    count = len(people.written(site))
    with site.write() as tx:
        subscribers.change(tx, person.id, status=status)
    people.ask(site, config, now=make.NOW + DAY)
    assert len(people.written(site)) == count
    # Nor after they are erased: a keyed hash remembers why.
    erasure.erase(site, ZOE, now=make.NOW + DAY)
    people.ask(site, config, now=make.NOW + DAY)
    with site.read() as tx:
        assert subscribers.by_email(tx, ZOE) is None
        assert suppressions.is_suppressed(tx, ZOE) == status


def test_who_was_erased_can_come_back_by_themself(site: Database, config: Config) -> None:
    first = people.join(site, config)
    old = people.token(site, config, "confirm")
    erasure.erase(site, ZOE, now=make.NOW)
    with pytest.raises(TokenError):
        confirming.confirm(site, config, old, now=make.NOW)
    people.ask(site, config, now=make.NOW + DAY)
    with site.read() as tx:
        assert suppressions.is_suppressed(tx, ZOE) == Status.ERASED
    confirming.confirm(site, config, people.token(site, config, "confirm"), now=make.NOW + DAY)
    assert people.person(site).id != first.id
    with site.read() as tx:
        assert suppressions.is_suppressed(tx, ZOE) is None


def test_keys_are_made_once_and_old_links_are_good_after_a_new_one(
    site: Database, config: Config
) -> None:
    people.ask(site, config)
    token = people.token(site, config, "confirm")
    assert keyring.rotate(site, now=make.NOW) == 2
    confirming.confirm(site, config, token, now=make.NOW)
    assert people.token(site, config, "welcome").startswith("p2.")
    assert len(keyring.tokens(site, now=make.NOW).keys) == 2


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"email": "zoe"}, ("email",)),
        ({"email": "a@b.org\r\nBcc: c@d.org"}, ("email",)),
        ({"name": "x" * 201}, ("name",)),
        ({"timezone": "Mars/Olympus"}, ("timezone",)),
        ({"timezone": "../../etc/passwd"}, ("timezone",)),
        ({"wanted": {}}, ("newsletters",)),
        ({"wanted": {"nope": ()}}, ("newsletters",)),
        ({"wanted": {"digest": ("nope",)}}, ("newsletters",)),
        (
            {"email": "", "name": "x" * 201, "wanted": {}, "timezone": "x"},
            ("email", "name", "newsletters", "timezone"),
        ),
    ],
)
def test_all_fields_that_cannot_be_taken_are_named_at_once(
    changes: dict[str, Any], wrong: tuple[str, ...]
) -> None:
    with pytest.raises(FormError) as refusal:
        joining.wish(OFFERS, **fields(**changes))
    assert refusal.value.fields == wrong


def test_where_there_is_one_newsletter_nobody_has_to_choose_it() -> None:
    wish = joining.wish(OFFERS[:1], **fields(wanted={}))
    assert wish.choice.newsletters == {"digest": ()}


@given(st.lists(st.sampled_from(["labour", "asylum"])))
def test_who_ticks_every_topic_wants_those_to_come_as_well(ticked: list[str]) -> None:
    wish = joining.wish(OFFERS, **fields(wanted={"digest": ticked}))
    chosen = tuple(sorted({*ticked}))
    assert wish.choice.newsletters["digest"] == (() if len(chosen) == 2 else chosen)


@settings(max_examples=200)
@given(
    st.text(max_size=60), st.text(max_size=250), st.text(max_size=40),
    st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=3), max_size=3),
)  # fmt: skip
def test_whatever_a_form_says_it_is_taken_or_its_fields_are_named(
    email: str, name: str, timezone: str, wanted: dict[str, list[str]]
) -> None:
    filled = fields(email=email, name=name, timezone=timezone, wanted=wanted)
    wrong: tuple[str, ...] = ()
    try:
        wish = joining.wish(OFFERS, **filled)
    except FormError as error:
        wrong = error.fields
    else:
        assert "@" in wish.email
        assert wish.name.isprintable()
    assert {*wrong} <= {"email", "name", "newsletters", "timezone"}
