"""Letters go out once, before campaigns; who died half-way says that nobody can know."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from time import monotonic, sleep
from typing import Any

import pytest

import scheduler
from publisher.config import Config
from publisher.delivery import engine
from publisher.delivery import letters as post
from publisher.delivery.room import Room
from publisher.errors import BusyError
from store import letters
from store.database import Database
from store.records import DeliveryState
from tests import make, people
from tests.fakes import Relay
from tests.people import ZOE

MINUTE = timedelta(minutes=1)


@pytest.fixture
def asked(either: Database, config: Config) -> Database:
    """Return a store with a letter that waits."""
    people.site(either, config)
    people.ask(either, config)
    return either


def test_a_letter_is_sent_once(asked: Database, config: Config) -> None:
    with Relay() as relay:
        sent = [post.send(asked, relay.serves(config), now=make.NOW).sent for _ in range(3)]
    assert sent == [1, 0, 0]
    assert relay.counts == {ZOE: 1}
    (letter,) = people.written(asked)
    assert (letter.state, letter.code, letter.attempts) == (DeliveryState.SENT, 250, 1)


def test_letters_go_out_before_a_campaign(asked: Database, config: Config) -> None:
    make.subscribe(asked, ["first@example.org"])
    make.take(asked, config, make.draft())
    with Relay() as relay:
        done = scheduler.tick(asked, relay.serves(config), now=make.NOW)
    assert [to for to, _ in relay.accepted] == [ZOE, "first@example.org"]
    assert (done.letters, done.sent) == (1, 1)


@pytest.mark.parametrize(
    ("step", "reply", "state"),
    [
        ("rcpt", "550 5.1.1 nobody", DeliveryState.FAILED),
        ("rcpt", "450 4.2.1 later", DeliveryState.POSTPONED),
        ("data", "554 5.6.0 no", DeliveryState.FAILED),
        ("data", "554 5.7.1 no", DeliveryState.POSTPONED),
        ("data", "drop", DeliveryState.UNKNOWN),
    ],
)
def test_what_the_relay_says_decides_what_becomes_of_a_letter(
    asked: Database, config: Config, step: str, reply: str, state: DeliveryState
) -> None:
    with Relay() as relay:
        served = relay.serves(config)
        getattr(relay, step)[ZOE] = reply
        outcome = post.send(asked, served, now=make.NOW)
        assert getattr(outcome, state) == 1
        assert people.written(asked)[0].state is state
        relay.rcpt.clear()
        relay.data.clear()
        post.send(asked, served, now=make.NOW + 5 * MINUTE)
    # Only what was refused for now is tried again; nothing is when nobody can know.
    assert relay.counts[ZOE] == (state is DeliveryState.POSTPONED)


def test_a_relay_that_wants_a_login_is_told_of_and_has_the_letter_once_it_is_mended(
    asked: Database, config: Config
) -> None:
    with Relay(rcpt={ZOE: "530 5.7.0 log in first"}) as relay:
        served = relay.serves(config)
        (problem,) = post.send(asked, served, now=make.NOW).problems
        assert "530 5.7.0 log in first" in problem
        relay.rcpt.clear()
        assert post.send(asked, served, now=make.NOW + 5 * MINUTE).sent == 1


def test_a_second_attempt_is_the_same_message(asked: Database, config: Config) -> None:
    first = people.mail(asked, config, "confirm")
    with Relay(rcpt={ZOE: "450 4.2.1 later"}) as relay:
        post.send(asked, relay.serves(config), now=make.NOW)
    assert people.mail(asked, config, "confirm").as_bytes() == first.as_bytes()


def test_what_a_dead_process_had_claimed_is_unknown_and_told_of(
    asked: Database, config: Config
) -> None:
    with asked.write() as tx:
        assert letters.claim(tx, make.NOW) is not None
        assert letters.claim(tx, make.NOW) is None
    people.ask(asked, config, "joe@example.org")
    with Relay() as relay:
        outcome = post.send(asked, relay.serves(config), now=make.NOW)
    assert (outcome.sent, outcome.unknown) == (1, 1)
    assert outcome.problems == ["1 letters may or may not have been sent"]
    assert relay.counts == {"joe@example.org": 1}
    assert [letter.state for letter in people.written(asked)] == ["unknown", "sent"]


def test_what_a_dead_process_had_claimed_is_told_of_though_nobody_else_is_written_to(
    asked: Database, config: Config
) -> None:
    with asked.write() as tx:
        assert letters.claim(tx, make.NOW) is not None
    with asked.exclusive("letters"), pytest.raises(BusyError):
        # Whoever has it may be alive.
        post.send(asked, config, now=make.NOW)
    assert people.written(asked)[0].state is DeliveryState.CLAIMED
    with Relay() as relay:
        outcomes = [post.send(asked, relay.serves(config), now=make.NOW) for _ in range(2)]
    assert [(each.sent, each.unknown) for each in outcomes] == [(0, 1), (0, 0)]
    assert outcomes[0].problems == ["1 letters may or may not have been sent"]
    assert relay.counts == {}
    assert people.written(asked)[0].state is DeliveryState.UNKNOWN


def test_only_one_process_sends_letters(asked: Database, config: Config) -> None:
    with asked.exclusive("letters"), pytest.raises(BusyError):
        post.send(asked, config, now=make.NOW)


class Narrow(Relay):
    """It lets in so many connections at once, as large providers do."""

    def __init__(self, *, lets_in: int) -> None:
        super().__init__(takes=0.1)
        self.lets_in, self.inside, self.refused = lets_in, 0, 0

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        if self.inside == self.lets_in:
            self.refused += 1
            return ["421 4.7.0 too many connections"]
        self.inside += 1
        session.host_name, lost = hostname, server.connection_lost

        def gone(error: Exception | None) -> None:
            self.inside -= 1
            lost(error)

        server.connection_lost = gone
        return responses


@contextmanager
def campaign(either: Database, config: Config, relay: Narrow) -> Iterator[Config]:
    """Send a campaign in another thread for as long as a block lasts; it is to be in the middle."""
    people.site(either, config)
    make.subscribe(either, [f"p{number}@example.org" for number in range(200)])
    make.take(either, config, make.draft())
    served, stop = relay.serves(config, connections=relay.lets_in), Event()
    scheduler.tick(either, served, now=make.NOW, sends=False)
    with ThreadPoolExecutor(1) as thread:
        sent = thread.submit(engine.deliver, either, served, now=make.NOW, stop=stop)
        try:
            until(lambda: len(relay.accepted) > 3)
            yield served
            assert not sent.done()
        finally:
            stop.set()
        assert sent.result().problems == []


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    limit = monotonic() + 20
    while not is_so():
        assert monotonic() < limit
        sleep(0.01)


@pytest.mark.parametrize("connections", [1, 2])
def test_a_campaign_makes_room_for_a_letter_and_goes_on(
    either: Database, config: Config, connections: int
) -> None:
    relay = Narrow(lets_in=connections)
    with relay, campaign(either, config, relay) as served:
        people.ask(either, served)
        done = post.send(either, served, now=make.NOW)
        before = len(relay.accepted)
        assert (done.sent, done.problems) == (1, [])
        until(lambda: relay.inside == connections and len(relay.accepted) > before + 3)
    # Nobody was refused: it never had more connections than it was to have.
    assert relay.refused == 0


def test_a_campaign_makes_room_for_letters_that_another_process_sends(
    either: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It knows nothing of this one.
    monkeypatch.setattr(post, "ROOM", Room())
    relay = Narrow(lets_in=1)
    with relay, campaign(either, config, relay) as served:
        people.ask(either, served)
        until(lambda: relay.inside == 0)
        assert post.send(either, served, now=make.NOW).sent == 1
        before = len(relay.accepted)
        until(lambda: len(relay.accepted) > before)


def test_without_a_relay_a_letter_waits(asked: Database, config: Config) -> None:
    mail = config.mail.model_copy(update={"host": "127.0.0.1", "port": 1})
    outcome = post.send(asked, config.model_copy(update={"mail": mail}), now=make.NOW)
    assert "no relay" in outcome.problems[0]
    assert people.written(asked)[0].state is DeliveryState.QUEUED


@pytest.mark.parametrize("messages", [0, 2])
def test_a_connection_that_is_left_for_a_new_one_keeps_no_letter_waiting(
    asked: Database, config: Config, messages: int
) -> None:
    strangers = [f"r{number}@example.org" for number in range(11)]
    for email in [*strangers, "last@example.org"]:
        people.ask(asked, config, email)
    with Relay(rcpt=dict.fromkeys(strangers, "550 5.1.1 nobody")) as relay:
        outcome = post.send(asked, relay.serves(config, messages=messages), now=make.NOW)
    assert (outcome.sent, outcome.failed) == (2, 11)
    assert relay.counts == {ZOE: 1, "last@example.org": 1}
