"""The mails in hand: handed out once, witnessed, and given back when they must not go."""

import asyncio
import os
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from publisher.config import Config
from publisher.delivery import journal, journal_reading, smtp
from publisher.delivery.commands import Terms, Way
from publisher.delivery.dialogue import Dialogue
from publisher.delivery.hand import AHEAD, Hand
from publisher.delivery.held import Held, Mail
from publisher.delivery.journal import Attempt, Journal
from publisher.delivery.outgoing import Answer, Outgoing, Relay, Verdict
from publisher.delivery.pace import Pace, pause
from publisher.delivery.waiting import Waiting
from publisher.errors import JournalError, LeaseError
from store.records import Batch, Delivery, DeliveryState
from tests import claimed, make
from tests.fakes import Relay as Server

ACCEPTED = Answer(verdict=Verdict.ACCEPTED, code=250, status="2.0.0", text="2.0.0 kept")
UNSENT = Answer(verdict=Verdict.UNSENT, text="the relay closes the connection")


def clock() -> datetime:
    return make.NOW


@pytest.fixture
def own(config: Config) -> Iterator[Journal]:
    made = journal.create(config)
    yield made
    made.close(settled=True)


def hand(own: Journal, *, at: float = 0.0) -> Hand:
    return Hand(journal=own, clock=clock, time=lambda: at, waiting=Waiting(Pace()))


def held(*, until: float = 60.0) -> Held:
    batch = Batch(
        id=1, issue_id=1, edition_id=1, first=1, last=9, worker="w", lease=make.NOW, token=1
    )
    return Held(batch=batch, until=until)


def deliveries(count: int) -> list[Delivery]:
    return [claimed.delivery(number) for number in range(1, count + 1)]


def made(mails: Hand, batch: Held, count: int = 3) -> None:
    """Put mails into hand, and make them."""
    mails.hold(batch, deliveries(count))
    some = [*mails.unmade]
    mails.unmade.clear()
    for mail in some:
        mail.made = outgoing(mail)
    mails.offer(some)


def outgoing(mail: Mail) -> Outgoing:
    return Outgoing(
        id=mail.delivery.id,
        sender="news@example.org",
        recipient=mail.delivery.email,
        message=b"Subject: News\r\n\r\nNews\r\n",
    )


def taken(mails: Hand) -> Outgoing:
    mail = mails.next()
    assert mail is not None
    return mail


def test_what_has_ended_is_an_ending_and_its_batch_knows(own: Journal) -> None:
    mails, batch = hand(own), held()
    made(mails, batch)
    first, second = taken(mails), taken(mails)
    for mail in (first, second):
        mails.starting(mail)
        mails.ended(mail, ACCEPTED)
    assert [ending.id for ending, _ in mails.endings] == [first.id, second.id]
    assert (batch.left, mails.answered, len(mails.waiting)) == (1, 2, 1)


def test_a_mail_that_a_connection_gives_back_is_next_and_at_last_waits(own: Journal) -> None:
    mails, batch = hand(own), held()
    made(mails, batch)
    for _ in range(3):
        mail = taken(mails)
        assert mail.id == 1
        mails.ended(mail, UNSENT)
    ((ending, noted),) = mails.endings
    assert (ending.id, ending.state, noted) == (1, DeliveryState.POSTPONED, False)
    assert ending.due == make.NOW + (pause(1, delivery=1) or timedelta())
    assert (taken(mails).id, mails.answered, batch.left) == (2, 0, 2)


@pytest.mark.parametrize("lost", [False, True])
def test_nothing_begins_once_a_lease_is_over_or_a_batch_is_lost(
    own: Journal, *, lost: bool
) -> None:
    mails, batch = hand(own, at=60.0), held(until=61.0 if lost else 60.0)
    made(mails, batch)
    mail = taken(mails)
    batch.lost = lost
    with pytest.raises(LeaseError):
        mails.starting(mail)
    mails.ended(mail, UNSENT)
    found = journal_reading.read(own.path)
    assert (found.begun, found.ended, mails.endings) == (frozenset(), (), [])
    # It waits for the lease to be renewed; of a batch that is lost, nothing waits.
    assert batch.left == (2 if lost else 3)
    batch.until = 120.0
    if not lost:
        mails.starting(taken(mails))
        assert journal_reading.read(own.path).begun == {Attempt(id=1, attempt=1)}


def test_on_a_full_disk_no_mail_is_ended_before_the_relay(config: Config) -> None:
    own = Journal(config.folder / "full", os.open("/dev/full", os.O_WRONLY), sync=False)
    mails, batch = hand(own), held()
    made(mails, batch)
    mails.exhaust()
    with Server() as server:
        relay = Relay(host="127.0.0.1", port=server.port, tls="none")
        with pytest.raises(JournalError, match="space"):
            asyncio.run(smtp.send(relay, mails, mails))
        assert server.accepted == []
    own.close(settled=False)
    assert (mails.closed, mails.endings, batch.left, mails.under_way) == (True, [], 0, {})
    assert "space" in mails.problems[0]


def test_what_is_withdrawn_is_not_handed_out(own: Journal) -> None:
    mails, batch = hand(own), held()
    made(mails, batch)
    mails.withdraw(lambda mail: mail.delivery.id != 2)
    assert (taken(mails).id, mails.next(), batch.left) == (2, None, 1)


@pytest.mark.parametrize("way", [Way.PIPELINED, Way.CHUNKS])
@pytest.mark.parametrize("stops", [False, True])
def test_of_an_issue_that_is_paused_nothing_goes_that_was_only_named(
    own: Journal, way: Way, *, stops: bool
) -> None:
    mails, batch = hand(own), held()
    made(mails, batch)
    dialogue = Dialogue(mails, mails, Terms(way=way))
    dialogue.more()
    ok, go = b"250 ok\r\n", b"354 go\r\n"
    dialogue.received(ok * 2 + (go if way is Way.PIPELINED else b""))
    assert len(mails.under_way) == 2
    if stops:
        mails.close()
    else:
        mails.withdraw(lambda _: True)
    dialogue.output()
    dialogue.received(ok + (ok * 2 + go if way is Way.PIPELINED else ok * 3))
    assert dialogue.output() == []
    dialogue.fail("")
    assert (mails.under_way, mails.next(), batch.left) == ({}, None, 0)
    assert [ending.state for ending, _ in mails.endings] == [DeliveryState.SENT]
    assert journal_reading.read(own.path).begun == frozenset()


def test_what_comes_into_a_closed_hand_is_given_back(own: Journal) -> None:
    mails, batch = hand(own), held()
    mails.close()
    made(mails, batch)
    assert (batch.left, mails.next(), mails.over) == (0, None, True)
    assert not asyncio.run(mails.wait())


def test_a_mail_that_cannot_be_made_fails_and_no_relay_sees_it(own: Journal) -> None:
    mails, batch = hand(own), held()
    mails.hold(batch, deliveries(1))
    mails.refuse(mails.unmade.popleft(), "To: cannot stand in a header")
    ((ending, _),) = mails.endings
    assert (ending.state, batch.left) == (DeliveryState.FAILED, 0)
    assert "To" in ending.detail


def test_mails_are_made_once_somebody_asks_and_never_many_ahead(own: Journal) -> None:
    mails = hand(own)
    hungry = [mails.hungry]
    assert mails.next() is None
    hungry.append(mails.hungry)
    made(mails, held(), AHEAD + 1)
    for _ in range(2):
        taken(mails)
        hungry.append(mails.hungry)
    assert hungry == [False, True, False, True]


def test_whoever_waits_hears_of_what_comes_and_of_the_end(own: Journal) -> None:
    mails = hand(own)

    async def wait() -> tuple[bool, bool]:
        waiting = asyncio.create_task(mails.wait())
        await asyncio.sleep(0)
        made(mails, held(), 1)
        first = await waiting
        mails.ended(taken(mails), ACCEPTED)
        waiting = asyncio.create_task(mails.wait())
        await asyncio.sleep(0)
        mails.exhaust()
        return first, await waiting

    assert asyncio.run(wait()) == (True, False)
