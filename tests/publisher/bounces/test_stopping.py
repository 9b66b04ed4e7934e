"""Whom the relay does not know is written to no more, as if a mail had come back."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest

from publisher.bounces import stopping
from publisher.config import Config
from publisher.delivery import engine, journal, recovery
from publisher.delivery.journal import Attempt
from publisher.delivery.letters import send
from publisher.delivery.outgoing import Answer, Verdict
from store import consents, deliveries, letters
from store.database import Database, Transaction
from store.errors import StoreError
from store.records import Act, DeliveryState, Ending, Status
from tests import claimed, make, people
from tests.fakes import Relay
from tests.publisher.bounces.conftest import ALI, DAY, ZOE, Post

NOBODY = "550 5.1.1 no such user"


def acts(post: Post) -> list[tuple[Act, str]]:
    with post.database.read() as tx:
        return [(said.act, said.how) for said in consents.of(tx, post.person().id)]


def test_a_refusal_for_ever_of_an_address_stops_its_reader(either_post: Post) -> None:
    site = either_post
    site.queue(make.NOW)
    later = site.queue(make.NOW + DAY)
    with Relay(rcpt={ZOE: NOBODY}) as relay:
        outcome = engine.deliver(site.database, relay.serves(site.config), now=make.NOW)
    assert (outcome.sent, outcome.failed) == (1, 1)
    assert (site.status(), site.suppressed()) == (Status.BOUNCED, Status.BOUNCED)
    assert (site.status(ALI), site.suppressed(ALI)) == (Status.ACTIVE, None)
    with site.database.read() as tx:
        states = {row.email: row.state for row in deliveries.listing(tx, later)}
    assert states == {ZOE: DeliveryState.CANCELLED, ALI: DeliveryState.QUEUED}
    assert acts(site)[-1] == (Act.STOPPED, "refusal")


@pytest.mark.parametrize(
    "reply",
    ["550 refused", "554 5.7.1 looks like spam", "552 5.2.2 full", "450 4.1.1 not known here yet"],
)
def test_any_other_refusal_stops_nobody(post: Post, reply: str) -> None:
    post.queue(make.NOW)
    with Relay(rcpt={ZOE: reply}) as relay:
        engine.deliver(post.database, relay.serves(post.config), now=make.NOW)
    assert (post.status(), post.suppressed()) == (Status.ACTIVE, None)


def test_what_a_dead_worker_heard_stops_a_reader_once(either_post: Post) -> None:
    site = either_post
    site.queue(make.NOW)
    # Whoever sends has made keys.
    assert site.tokens.keys
    own = journal.create(site.config)
    with site.database.write() as tx:
        mails = {mail.email: mail for mail in claimed.claim(tx, make.NOW, worker=own.worker)}
    attempt = Attempt(id=mails[ZOE].id, attempt=mails[ZOE].attempts)
    own.begin(attempt)
    own.end(
        attempt, Answer(verdict=Verdict.PERMANENT, code=550, status="5.1.1", text="5.1.1 nobody")
    )
    own.close(settled=False)
    said = own.path.read_text()
    for _ in range(2):
        # It may die again before the journal is gone, and another one reads it once more.
        own.path.write_text(said)
        recovery.recover(site.database, site.config, now=make.NOW)
        assert (site.status(), site.suppressed()) == (Status.BOUNCED, Status.BOUNCED)
    assert acts(site).count((Act.STOPPED, "refusal")) == 1


def test_a_reader_is_stopped_though_the_store_was_gone_just_then(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.queue(make.NOW)
    gone = [StoreError("gone")]

    def stop(tx: Transaction, delivery_ids: Collection[int], now: datetime) -> None:
        if gone:
            raise gone.pop()
        real(tx, delivery_ids, now)

    real = stopping._stop_refused
    monkeypatch.setattr(stopping, "_stop_refused", stop)
    with Relay(rcpt={ZOE: NOBODY}) as relay:
        outcome = engine.deliver(post.database, relay.serves(post.config), now=make.NOW)
    assert (outcome.sent, outcome.failed) == (1, 1)
    assert post.status() is Status.BOUNCED


def test_whom_one_relay_does_not_know_are_stopped_together(
    either_post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, many = either_post, [f"dead{number}@example.org" for number in range(60)]
    make.subscribe(site.database, many)
    # Whoever sends has made keys.
    assert site.tokens.keys
    first, later = site.queue(make.NOW), site.queue(make.NOW + DAY)
    with site.database.read() as tx:
        mails = deliveries.listing(tx, first)
    endings = [
        Ending(
            id=mail.id,
            attempt=1,
            state=DeliveryState.FAILED,
            code=550,
            detail=NOBODY,
            due=make.NOW,
            is_dead=mail.email != ALI,
        )
        for mail in mails
    ]
    begun, write = [], site.database.write

    def counted() -> AbstractContextManager[Transaction]:
        begun.append(1)
        return write()

    monkeypatch.setattr(site.database, "write", counted)
    stopping.stop_refused(site.database, endings, now=make.NOW)
    # Each would lock, and count anew, the batches of all that waits for its reader.
    assert len(begun) == 1
    assert {site.status(email) for email in (ZOE, *many)} == {Status.BOUNCED}
    assert (site.status(ALI), site.suppressed(many[-1])) == (Status.ACTIVE, Status.BOUNCED)
    with site.database.read() as tx:
        waits = deliveries.listing(tx, later, state=DeliveryState.QUEUED)
    assert [mail.email for mail in waits] == [ALI]


def test_whoever_has_moved_since_is_not_blamed_for_the_old_address(post: Post) -> None:
    post.queue(make.NOW)
    reader = post.person()
    with post.database.write() as tx:
        letters.queue(tx, reader.id, "changed", language="en", email=ZOE, details={}, now=make.NOW)
    with Relay(rcpt={ZOE: NOBODY}) as relay:
        engine.deliver(post.database, relay.serves(post.config), now=make.NOW)
    assert (post.status(), post.suppressed()) == (Status.ACTIVE, None)


def test_a_letter_to_nobody_stops_who_asked_for_it(either: Database, config: Config) -> None:
    people.site(either, config)
    people.ask(either, config)
    with Relay(rcpt={ZOE: NOBODY}) as relay:
        assert send(either, relay.serves(config), now=make.NOW).failed == 1
    assert people.person(either).status is Status.BOUNCED


def test_a_letter_to_an_address_that_a_reader_wanted_to_have_stops_nobody(
    database: Database, config: Config
) -> None:
    people.site(database, config)
    reader = people.join(database, config)
    with database.write() as tx:
        letters.queue(tx, reader.id, "address", language="en", email=ALI, details={}, now=make.NOW)
        letter = next(mail for mail in letters.listing(tx) if mail.name == "address")
    stopping.stop_refused_letter(database, letter, now=make.NOW + timedelta(minutes=1))
    assert people.person(database).status is Status.ACTIVE
