"""Delivery over real SMTP: every recipient ends in the right state."""

from contextlib import suppress
from datetime import timedelta

import pytest

import scheduler
from publisher import issuing
from publisher.config import Config
from publisher.delivery import engine
from publisher.errors import BusyError, ConflictError
from store import deliveries, subscribers
from store.database import Database
from store.records import Delivery, DeliveryState, Status
from tests import make
from tests.fakes import Relay, free_port

SENT = DeliveryState.SENT


@pytest.fixture
def queued(database: Database, config: Config) -> Database:
    """Return a store with an issue queued for six people, and nobody to send it to yet."""
    make.start(database, config, languages=("en",))
    make.subscribe(database, [f"p{number}@example.org" for number in range(6)])
    make.take(database, config, make.draft("en"))
    nowhere = config.mail.model_copy(update={"host": "127.0.0.1", "port": free_port()})
    done = scheduler.tick(database, config.model_copy(update={"mail": nowhere}), now=make.NOW)
    assert done.queued == 6
    return database


def states(database: Database) -> dict[str, DeliveryState]:
    with database.read() as tx:
        return {mail.email: mail.state for mail in deliveries.listing(tx, 1)}


def test_everybody_gets_one_mail(queued: Database, config: Config) -> None:
    with Relay() as relay:
        outcome = engine.deliver(queued, relay.serves(config), now=make.NOW)
        assert outcome.sent == 6
        assert set(relay.counts.values()) == {1}
        assert set(states(queued).values()) == {SENT}
        again = engine.deliver(queued, relay.serves(config), now=make.NOW)
        assert again.sent == 0
        assert len(relay.accepted) == 6


@pytest.mark.parametrize("step", ["rcpt", "data"])
@pytest.mark.parametrize(
    ("reply", "state", "code"),
    [
        ("550 5.1.1 no such user", DeliveryState.FAILED, 550),
        ("554 5.7.1 policy", DeliveryState.FAILED, 554),
        ("450 4.2.1 busy", DeliveryState.POSTPONED, 450),
        ("452 4.2.2 full", DeliveryState.POSTPONED, 452),
    ],
)
def test_a_refusal_is_recorded_for_its_recipient_and_the_others_get_their_mail(
    queued: Database, config: Config, step: str, reply: str, state: DeliveryState, code: int
) -> None:
    with Relay() as relay:
        getattr(relay, step)["p2@example.org"] = reply
        outcome = engine.deliver(queued, relay.serves(config), now=make.NOW)
    assert outcome.sent == 5
    assert states(queued)["p2@example.org"] is state
    with queued.read() as tx:
        (mail,) = deliveries.listing(tx, 1, state=state)
    assert (mail.code, mail.attempts) == (code, 1)
    assert reply[4:] in mail.detail


def test_a_postponed_mail_is_tried_again_when_its_pause_is_over(
    queued: Database, config: Config
) -> None:
    with Relay(rcpt={"p0@example.org": "450 4.2.1 later"}) as relay:
        served = relay.serves(config)
        engine.deliver(queued, served, now=make.NOW)
        relay.rcpt.clear()
        assert engine.deliver(queued, served, now=make.NOW + timedelta(minutes=4)).sent == 0
        assert engine.deliver(queued, served, now=make.NOW + timedelta(minutes=5)).sent == 1
        assert relay.counts["p0@example.org"] == 1


@pytest.mark.parametrize("connections", [1, 3])
def test_a_pause_in_the_middle_stops_with_the_mails_under_way(
    queued: Database, config: Config, connections: int
) -> None:
    def stop(_mail: Delivery, _state: DeliveryState) -> None:
        with suppress(ConflictError):
            issuing.pause(queued, 1)

    with Relay() as relay:
        served = relay.serves(config, connections=connections)
        first = engine.deliver(queued, served, now=make.NOW, progress=stop)
        assert 1 <= first.sent <= connections
        assert engine.deliver(queued, served, now=make.NOW).sent == 0
        issuing.resume(queued, 1, now=make.NOW)
        assert engine.deliver(queued, served, now=make.NOW).sent == 6 - first.sent
        assert set(relay.counts.values()) == {1}


def test_a_cancel_in_the_middle_leaves_what_was_sent(queued: Database, config: Config) -> None:
    def end(_mail: Delivery, _state: DeliveryState) -> None:
        with suppress(ConflictError):
            issuing.cancel(queued, 1, now=make.NOW)

    with Relay() as relay:
        served = relay.serves(config, connections=1)
        assert engine.deliver(queued, served, now=make.NOW, progress=end).sent == 1
        assert len(relay.accepted) == 1
    assert sorted(states(queued).values()) == [*["cancelled"] * 5, "sent"]


def test_a_retry_is_the_same_message_byte_for_byte(queued: Database, config: Config) -> None:
    first, second = Relay(), Relay()
    for number, relay in enumerate((first, second)):
        with relay:
            engine.deliver(queued, relay.serves(config), now=make.NOW + timedelta(hours=number))
        with queued.write() as tx:
            for mail in deliveries.listing(tx, 1):
                requeue(tx, mail.id)
    assert dict(first.accepted) == dict(second.accepted)
    assert len(first.accepted) == 6


def requeue(tx: object, delivery_id: int) -> None:
    from sqlalchemy import update  # noqa: PLC0415

    from store import tables  # noqa: PLC0415

    statement = update(tables.deliveries).where(tables.deliveries.c.id == delivery_id)
    tx.run(statement.values(state="queued"))  # type: ignore[attr-defined]


def test_a_connection_that_breaks_after_the_text_leaves_an_unknown_that_is_not_sent_again(
    queued: Database, config: Config
) -> None:
    with Relay(data={"p1@example.org": "drop"}) as relay:
        served = relay.serves(config, connections=1)
        outcome = engine.deliver(queued, served, now=make.NOW)
        assert (outcome.sent, outcome.unknown) == (5, 1)
        assert states(queued)["p1@example.org"] is DeliveryState.UNKNOWN
        relay.data.clear()
        assert engine.deliver(queued, served, now=make.NOW + timedelta(days=9)).sent == 0
        assert relay.counts["p1@example.org"] == 0


def test_without_a_relay_nothing_is_claimed_and_the_reason_is_told(
    queued: Database, config: Config
) -> None:
    nowhere = config.mail.model_copy(update={"host": "127.0.0.1", "port": free_port()})
    outcome = engine.deliver(queued, config.model_copy(update={"mail": nowhere}), now=make.NOW)
    assert outcome.sent == 0
    assert ["no relay at 127.0.0.1" in problem for problem in outcome.problems] == [True]
    assert set(states(queued).values()) == {DeliveryState.QUEUED}


def test_who_left_after_queueing_is_not_written_to(queued: Database, config: Config) -> None:
    with queued.write() as tx:
        person = subscribers.by_email(tx, "p3@example.org")
        assert person is not None
        subscribers.change(tx, person.id, status=Status.UNSUBSCRIBED)
    with Relay() as relay:
        outcome = engine.deliver(queued, relay.serves(config), now=make.NOW)
        assert (outcome.sent, outcome.cancelled) == (5, 1)
        assert "p3@example.org" not in relay.counts
    assert states(queued)["p3@example.org"] is DeliveryState.CANCELLED


def test_a_claim_of_a_dead_process_becomes_unknown_and_is_shown(
    queued: Database, config: Config
) -> None:
    with queued.write() as tx:
        claimed = deliveries.claim(tx, make.NOW)
    assert claimed is not None
    with Relay() as relay:
        outcome = engine.deliver(queued, relay.serves(config), now=make.NOW)
        assert (outcome.sent, outcome.unknown) == (5, 1)
        assert claimed.email not in relay.counts
    assert states(queued)[claimed.email] is DeliveryState.UNKNOWN


@pytest.mark.parametrize(
    ("ending", "state", "mails"),
    [("sent", SENT, 0), ("failed", DeliveryState.FAILED, 0), ("retry", SENT, 1)],
)
def test_a_person_says_what_became_of_an_unknown_mail(
    queued: Database, config: Config, ending: str, state: DeliveryState, mails: int
) -> None:
    with queued.write() as tx:
        claimed = deliveries.claim(tx, make.NOW)
    assert claimed is not None
    with Relay() as relay:
        served = relay.serves(config)
        engine.deliver(queued, served, now=make.NOW)
        engine.resolve(queued, claimed.id, ending, now=make.NOW)
        engine.deliver(queued, served, now=make.NOW)
        assert relay.counts[claimed.email] == mails
    assert states(queued)[claimed.email] is state
    with pytest.raises(ConflictError, match="not unknown"):
        engine.resolve(queued, claimed.id, ending, now=make.NOW)


def test_two_processes_do_not_deliver_at_once(queued: Database, config: Config) -> None:
    with queued.exclusive("delivery"), pytest.raises(BusyError, match="try again"):
        engine.deliver(queued, config, now=make.NOW)


def test_progress_is_told_for_every_mail(queued: Database, config: Config) -> None:
    told = []
    with Relay() as relay:
        engine.deliver(
            queued,
            relay.serves(config),
            now=make.NOW,
            progress=lambda mail, state: told.append((mail.email, state)),
        )
    assert sorted(told) == [(f"p{number}@example.org", SENT) for number in range(6)]
