"""What follows when a relay does not take a mail because nobody reads any at its address."""

from datetime import timedelta

import pytest

from publisher.bounces import refusals
from publisher.config import Config
from publisher.delivery import engine
from publisher.delivery.letters import send
from store import bounces, subscribers
from store.database import Database
from store.records import Status
from tests import make, people
from tests.fakes import Relay
from tests.publisher.bounces.conftest import ALI, ZOE, a_post

LATER = make.NOW + timedelta(minutes=10)


def statuses(database: Database) -> dict[str, Status]:
    with database.read() as tx:
        return {person.email: person.status for person in subscribers.listing(tx)}


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ("550 5.1.1 no such user", Status.BOUNCED),
        ("550 5.1.10 no mail is taken there", Status.BOUNCED),
        # The opinion of a filter, and what says nothing.
        ("550 5.7.1 looks like spam", Status.ACTIVE),
        ("550 no", Status.ACTIVE),
        ("450 4.1.1 not found now", Status.ACTIVE),
    ],
)
def test_a_reader_whose_address_is_dead_is_written_to_no_more(
    database: Database, config: Config, reply: str, status: Status
) -> None:
    post = a_post(database, config)
    post.queue(make.NOW)
    with Relay(rcpt={ZOE: reply}) as relay:
        engine.deliver(database, relay.serves(post.config), now=make.NOW)
    assert statuses(database) == {ZOE: status, ALI: Status.ACTIVE}
    with database.read() as tx:
        shown = [(back.email, back.status, back.source) for back in bounces.listing(tx)]
    is_dead = status is Status.BOUNCED
    assert shown == ([(ZOE, reply.split(" ")[1], "the relay")] if is_dead else [])


def test_a_letter_that_a_dead_address_refuses_says_it_too(
    database: Database, config: Config
) -> None:
    post = a_post(database, config)
    people.ask(database, post.config, "new@example.org", language="ar", now=make.NOW)
    with Relay(rcpt={"new@example.org": "550 5.1.1 لا"}) as relay:
        send(database, relay.serves(post.config), now=make.NOW)
    assert statuses(database)["new@example.org"] is Status.BOUNCED


def test_a_refusal_counts_once_and_never_against_another_address(
    database: Database, config: Config
) -> None:
    a_post(database, config)
    with database.read() as tx:
        found = {person.email: person.id for person in subscribers.listing(tx)}
    said = "5.1.1 no such user"
    assert refusals.take(database, found[ZOE], "old@example.org", said, now=LATER) is None
    assert statuses(database)[ZOE] is Status.ACTIVE
    assert refusals.take(database, found[ZOE], ZOE, said, now=LATER) is None
    ali = found[ALI]
    assert refusals.take(database, ali, ALI, said, now=LATER, letter_id=7) is Status.BOUNCED
    assert refusals.take(database, ali, ALI, said, now=LATER, letter_id=7) is None
