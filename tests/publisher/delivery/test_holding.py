"""What a worker takes: all of it is its own to send, and none of it is forgotten."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Event

import pytest

import scheduler
from publisher import issuing, publishing
from publisher.config import Config
from publisher.delivery import engine
from publisher.delivery.holding import Holder
from publisher.delivery.making import Maker
from publisher.errors import StoreError
from publisher.mail import keys
from publisher.settings.mail import RelaySection
from publisher.subscriptions import keyring
from store import batches, claims, deliveries
from store.database import Database, Transaction
from store.records import DeliveryState
from tests import claimed, make
from tests.fakes import Relay

QUEUED, SENT = DeliveryState.QUEUED, DeliveryState.SENT


@pytest.fixture
def house(database: Database, config: Config) -> Database:
    """Give two issues that are due, one of them of a sender at province.example."""
    make.start(database, config, languages=("en",))
    province = {"*": "News <news@province.example>"}
    make.start(database, config, key="province", languages=("en",), senders=province)
    make.subscribe(database, [f"p{number}@example.org" for number in range(6)])
    make.subscribe(database, ["reader@example.org"], newsletter="province")
    make.take(database, config, make.draft("en"))
    publishing.publish_due(database, config, now=make.NOW)
    scheduler.tick(database, config, now=make.NOW, sends=False)
    return database


def states(database: Database) -> set[tuple[DeliveryState, int]]:
    """Return what the mails have become, after how many attempts."""
    with database.read() as tx:
        mails = [mail for issue_id in (1, 2) for mail in deliveries.listing(tx, issue_id)]
        assert batches.held(tx) == []
    return {(mail.state, mail.attempts) for mail in mails}


def a_holder(database: Database, config: Config) -> Holder:
    """Return a worker of which nothing is asked yet, at a site with two routes."""
    section = RelaySection(name="province", host="127.0.0.1", domains=("province.example",))
    config = config.model_copy(update={"relays": (section,)})
    tokens = keyring.tokens(database, now=make.NOW)
    return Holder(
        database=database,
        maker=Maker(config=config, tokens=tokens, keys=keys.load(config)),
        worker="one",
        clock=lambda: make.NOW,
        time=lambda: 0.0,
        lease=60.0,
        limited=True,
    )


def test_whoever_sends_by_some_relays_leaves_alone_what_falls_due_by_others(
    house: Database, config: Config
) -> None:
    whole = a_holder(house, config)
    ours, theirs = (replace(whole, route=route) for route in (("mail",), ("province",)))
    issuing.pause(house, 2)
    assert whole.routes(make.NOW) == [ours.route]
    taken = ours.take()
    assert taken
    assert len(taken.deliveries) == 6
    issuing.resume(house, 2, now=make.NOW)
    assert whole.routes(make.NOW) == [theirs.route]
    assert ours.take([taken.held.batch]) is None
    late = theirs.take([taken.held.batch])
    assert late
    assert [mail.email for mail in late.deliveries] == ["reader@example.org"]


def test_who_sends_by_the_same_relays_is_counted_also_where_it_fell_due_later(
    house: Database, config: Config
) -> None:
    whole = a_holder(house, config)
    ours, theirs = (replace(whole, route=route) for route in (("mail",), ("province",)))
    issuing.pause(house, 1)
    assert (ours.among(), theirs.among()) == (1, 1)
    issuing.resume(house, 1, now=make.NOW)
    with house.write() as tx:
        assert claimed.batch(tx, make.NOW, worker="another", issue_id=1)
    assert (ours.among(), theirs.among()) == (2, 1)


@dataclass
class Deaf(Database):
    """A store whose first claim is done, and nobody hears so."""

    store: Database
    #: What happens at that moment.
    then: Callable[[], None] = lambda: None
    is_lost: bool = False

    def __post_init__(self) -> None:
        super().__init__(self.store._engine)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with super().write() as tx:
            yield tx
            claims = not self.is_lost and batches.held(tx)
        if claims:
            self.is_lost = True
            self.then()
            raise StoreError("the connection was lost")


def test_a_batch_whose_claim_nobody_heard_of_is_taken_again(
    house: Database, config: Config
) -> None:
    deaf = Deaf(house)
    with Relay() as relay:
        outcome = engine.deliver(deaf, relay.serves(config), now=make.NOW)
        assert set(relay.counts.values()) == {1}
    assert (deaf.is_lost, outcome.sent, outcome.unknown) == (True, 7, 0)
    # What was not begun is no attempt.
    assert states(house) == {(SENT, 1)}


def test_a_batch_that_was_lost_and_is_claimed_again_unheard_is_taken_again(
    house: Database, config: Config
) -> None:
    ours = replace(a_holder(house, config), route=("mail",))
    before = ours.take()
    assert before
    with house.write() as tx:
        assert claims.abandon(tx, before.held.batch, begun=(), now=make.NOW) == []
        assert claimed.batch(tx, make.NOW, worker=ours.worker, issue_id=1)
    after = ours.take([before.held.batch])
    assert after
    assert after.held.batch.id == before.held.batch.id
    assert [mail.attempts for mail in after.deliveries] == [1] * 6


def test_a_batch_whose_claim_nobody_heard_of_waits_again_where_the_pass_ends(
    house: Database, config: Config
) -> None:
    stop = Event()
    with Relay() as relay:
        deaf = Deaf(house, then=stop.set)
        outcome = engine.deliver(deaf, relay.serves(config), now=make.NOW, stop=stop)
    assert (deaf.is_lost, outcome.unknown) == (True, 0)
    assert states(house) <= {(QUEUED, 0), (SENT, 1)}
    later = make.NOW + timedelta(days=1)
    with Relay() as relay:
        assert engine.deliver(house, relay.serves(config), now=later).unknown == 0
    assert states(house) == {(SENT, 1)}
