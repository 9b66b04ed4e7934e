"""A relay that refuses us is told from one that refuses some mails."""

from collections import Counter
from datetime import timedelta
from functools import reduce
from typing import Any

import pytest

import scheduler
from publisher.config import Config
from publisher.delivery import engine
from publisher.delivery.outgoing import Answer, Relay, Verdict
from publisher.delivery.welcome import Welcome
from publisher.settings.mail import RelaySection
from store import deliveries
from store.database import Database
from store.records import DeliveryState
from tests import fakes, make, people, postfix

RELAY = Relay(host="relay.example.org", port=587)
TAKEN = Answer(verdict=Verdict.ACCEPTED, code=250, text="2.0.0 kept")
NO = Answer(verdict=Verdict.POLICY, code=554, status="5.7.1", text="5.7.1 not you")
LATER = Answer(verdict=Verdict.POLICY, code=451, status="4.7.1", text="4.7.1 greylisted")
NOBODY = Answer(verdict=Verdict.PERMANENT, code=550, status="5.1.1", text="5.1.1 nobody")
LOGIN = Answer(verdict=Verdict.UNWELCOME, code=530, status="5.7.0", text="5.7.0 log in first")


def heard(*answers: Answer) -> Welcome:
    return reduce(Welcome.after, answers, Welcome())


def test_a_relay_that_has_taken_nothing_and_refuses_what_we_are_is_left() -> None:
    assert not heard(*[NO] * 9).is_none
    assert not heard(*[NO] * 9).problem(RELAY)
    left = heard(NOBODY, *[NO] * 9, LATER, NO)
    assert left.is_none
    assert "relay.example.org:587 refuses us" in left.problem(RELAY)
    assert "554 5.7.1 not you" in left.problem(RELAY)


def test_a_relay_that_takes_mail_of_ours_may_refuse_as_many_as_it_likes() -> None:
    known = heard(*[NO] * 3, TAKEN, *[NO] * 50)
    assert not known.is_none
    assert not known.problem(RELAY)


@pytest.mark.parametrize(
    ("before", "answer", "meant"),
    [
        ([], NO, Verdict.UNWELCOME),
        ([NOBODY], NO, Verdict.UNWELCOME),
        ([TAKEN], NO, Verdict.POLICY),
        ([], LATER, Verdict.POLICY),
        ([], NOBODY, Verdict.PERMANENT),
        ([], TAKEN, Verdict.ACCEPTED),
        ([TAKEN], LOGIN, Verdict.UNWELCOME),
    ],
)
def test_a_refusal_is_of_the_mail_once_the_relay_has_taken_another(
    before: list[Answer], answer: Answer, meant: Verdict
) -> None:
    assert heard(*before).meant(answer).verdict is meant


def test_what_can_be_of_nothing_but_us_is_told_whatever_else_goes_out() -> None:
    assert "530 5.7.0 log in first" in heard(NO, LOGIN, TAKEN).problem(RELAY)


@pytest.mark.parametrize(
    ("answers", "count"),
    [([NO], 1), ([LATER, NOBODY, NO, NO], 2), ([NO] * 9, 9)],
)
def test_a_few_refusals_and_no_mail_taken_are_in_doubt(answers: list[Answer], count: int) -> None:
    doubt = heard(*answers).doubt(RELAY)
    assert "relay.example.org:587 took no mail" in doubt
    assert f"refused {count}," in doubt
    assert "554 5.7.1 not you" in doubt


@pytest.mark.parametrize("answers", [[], [NOBODY, LATER], [NO, TAKEN], [NO] * 10, [NO, LOGIN]])
def test_what_is_told_otherwise_or_is_of_readers_is_not_in_doubt(answers: list[Answer]) -> None:
    assert not heard(*answers).doubt(RELAY)


@pytest.fixture
def queued(database: Database, config: Config) -> Database:
    """Return a store with an issue queued for forty people, and nobody to send it to yet."""
    make.start(database, config, languages=("en",))
    make.subscribe(database, [f"p{number}@example.org" for number in range(40)])
    make.take(database, config, make.draft("en"))
    nowhere = config.mail.model_copy(update={"host": "127.0.0.1", "port": fakes.free_port()})
    scheduler.tick(database, config.model_copy(update={"mail": nowhere}), now=make.NOW)
    return database


def states(database: Database) -> Counter[DeliveryState]:
    with database.read() as tx:
        return Counter(mail.state for mail in deliveries.listing(tx, 1))


class Refusing(fakes.Relay):
    """It says the same to every MAIL or RCPT, until it is mended."""

    def __init__(self, *, mail: str = "", rcpt: str = "") -> None:
        super().__init__()
        self.says = {"mail": mail, "rcpt": rcpt}

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.says["mail"]:
            return self.says["mail"]
        envelope.mail_from = address
        return "250 2.1.0 yes"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        known = await super().handle_RCPT(server, session, envelope, address, options)
        return self.says["rcpt"] or known


@pytest.mark.parametrize(
    ("step", "reply"),
    [
        ("mail", "530 5.7.0 Must issue a STARTTLS command first"),
        ("mail", "550 5.1.8 no such sender"),
        ("mail", "550 you may not send"),
        ("rcpt", "554 5.7.1 relay access denied"),
        ("rcpt", "530 5.7.0 log in first"),
    ],
)
def test_a_relay_that_refuses_us_is_left_and_told_of_and_once_mended_everybody_gets_their_mail(
    queued: Database, config: Config, step: str, reply: str
) -> None:
    with Refusing(**{step: reply}) as relay:
        served = relay.serves(config)
        outcome = engine.deliver(queued, served, now=make.NOW)
        (problem,) = outcome.problems
        assert reply in problem
        assert 10 <= outcome.postponed < 20
        assert states(queued) == {"postponed": outcome.postponed, "queued": 40 - outcome.postponed}
        relay.says[step] = ""
        assert engine.deliver(queued, served, now=make.NOW).problems == []
        engine.deliver(queued, served, now=make.NOW + timedelta(minutes=5))
    assert states(queued) == {"sent": 40}
    assert set(relay.counts.values()) == {1}


def test_a_small_list_whose_relay_refuses_us_is_told_of_once_in_a_pass(
    database: Database, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    people.site(database, config)
    people.ask(database, config)
    make.subscribe(database, ["one@example.org", "two@example.org"])
    make.take(database, config, make.draft("en"))
    with Refusing(rcpt="554 5.7.1 relay access denied") as relay:
        done = scheduler.tick(database, relay.serves(config), now=make.NOW)
        assert (done.postponed, done.problems) == (2, [])
        # Of the letter, and of the issue.
        told = [record.getMessage() for record in caplog.records]
        assert [f"refused {count}," in line for count, line in zip((1, 2), told, strict=True)]
        assert all("554 5.7.1 relay access denied" in line for line in told)
        relay.says["rcpt"] = ""
        later = make.NOW + timedelta(minutes=5)
        done = scheduler.tick(database, relay.serves(config), now=later)
    assert (done.letters, done.sent, len(caplog.records)) == (1, 2, 2)


def test_where_one_relay_refuses_us_the_next_one_takes_the_mail(
    queued: Database, config: Config
) -> None:
    with Refusing(rcpt="554 5.7.1 no") as relay, fakes.Relay() as spare:
        served = relay.serves(config)
        more = RelaySection(name="spare", host="127.0.0.1", port=spare.port, tls="none")
        served = served.model_copy(update={"relays": (more,)})
        outcome = engine.deliver(queued, served, now=make.NOW)
    (problem,) = outcome.problems
    assert f"127.0.0.1:{relay.port} refuses us" in problem
    assert outcome.sent + outcome.postponed == 40
    assert outcome.sent > 20


def test_what_is_too_long_for_a_relay_fails_for_ever(queued: Database, config: Config) -> None:
    with Refusing(mail="552 5.3.4 too long") as relay:
        outcome = engine.deliver(queued, relay.serves(config), now=make.NOW)
    assert (outcome.failed, outcome.problems) == (40, [])


def test_a_refusal_of_us_is_given_up_when_the_operator_says(
    queued: Database, config: Config
) -> None:
    with Refusing(mail="530 5.7.0 log in first") as relay:
        served = relay.serves(config, give_up_days=0.0)
        outcome = engine.deliver(queued, served, now=make.NOW)
    assert outcome.failed >= 10
    assert states(queued)[DeliveryState.POSTPONED] == 0


@pytest.mark.parametrize(
    "settings", [{"mynetworks": "192.0.2.0/24"}, {"smtpd_tls_security_level": "encrypt"}]
)
def test_a_postfix_that_does_not_know_us_loses_nobody(
    queued: Database, config: Config, settings: dict[str, str]
) -> None:
    def served(port: int) -> Config:
        at = {"host": "127.0.0.1", "port": port, "tls": "none"}
        return config.model_copy(update={"mail": config.mail.model_copy(update=at)})

    with postfix.server(smtpd_error_sleep_time="0", **settings) as relay:
        outcome = engine.deliver(queued, served(relay.port), now=make.NOW)
    assert len(outcome.problems) == 1
    with postfix.server() as relay:
        later = make.NOW + timedelta(minutes=5)
        engine.deliver(queued, served(relay.port), now=later)
    assert states(queued) == {"sent": 40}
