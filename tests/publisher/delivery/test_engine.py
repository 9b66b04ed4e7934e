"""Delivery over real SMTP: every recipient ends in the right state."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event, current_thread
from typing import Any, ClassVar

import pytest
from sqlalchemy import event, true, update

import scheduler
from publisher import issuing, press, publishing
from publisher.config import Config
from publisher.delivery import conversing, engine, journal_reading, relays
from publisher.delivery.hand import Hand
from publisher.delivery.held import Held, Mail
from publisher.delivery.holding import Holder
from publisher.delivery.journal import Journal
from publisher.delivery.pace import Pace
from publisher.errors import BusyError, ConflictError
from publisher.settings.mail import RelaySection
from publisher.subscriptions import leaving
from store import batches, claims, deliveries, subscribers, tables
from store.database import Database, Transaction
from store.records import Batch, DeliveryState, Ending, Status, Subscription
from tests import claimed, make
from tests.fakes import Relay, Silent, free_port
from tests.served import wait_until
from tests.store import fill

SENT = DeliveryState.SENT
share = Pace.share


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
        # Over one connection somebody else has got theirs by then.
        outcome = engine.deliver(queued, relay.serves(config, connections=1), now=make.NOW)
    assert (outcome.sent, outcome.problems) == (5, [])
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


@pytest.fixture
def slow(database: Database, config: Config) -> Database:
    """Return a store with an issue queued for so many that a slow relay takes long for them."""
    make.start(database, config, languages=("en",))
    make.subscribe(database, [f"p{number}@example.org" for number in range(60)])
    make.take(database, config, make.draft("en"))
    nowhere = config.mail.model_copy(update={"host": "127.0.0.1", "port": free_port()})
    scheduler.tick(database, config.model_copy(update={"mail": nowhere}), now=make.NOW)
    return database


def test_all_lines_of_a_journal_are_written_by_one_thread(
    queued: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A line that a full disk cuts off is taken back, by the length of the file before it.
    lines: list[tuple[str, str]] = []
    write = Journal._write

    def noted(own: Journal, line: str, *, sync: bool = False) -> None:
        lines.append((line[0], current_thread().name))
        write(own, line, sync=sync)

    monkeypatch.setattr(Journal, "_write", noted)
    with Relay() as relay:
        assert engine.deliver(queued, relay.serves(config), now=make.NOW).sent == 6
    assert {kind for kind, _ in lines} == {"t", "S", "D", "F"}
    assert {thread for _, thread in lines} == {current_thread().name}


@pytest.mark.parametrize("connections", [1, 3])
def test_a_pause_in_the_middle_stops_with_the_mails_under_way(
    slow: Database, config: Config, connections: int
) -> None:
    def stop(_ending: Ending) -> None:
        with suppress(ConflictError):
            issuing.pause(slow, 1)

    with Relay(takes=0.25) as relay:
        served = relay.serves(config, connections=connections)
        first = engine.deliver(slow, served, now=make.NOW, progress=stop)
        assert 1 <= first.sent < 60
        assert engine.deliver(slow, served, now=make.NOW).sent == 0
        issuing.resume(slow, 1, now=make.NOW)
        relay.takes = 0.0
        assert engine.deliver(slow, served, now=make.NOW).sent == 60 - first.sent
        assert set(relay.counts.values()) == {1}
    with slow.read() as tx:
        # What was given back counts as no attempt.
        assert {mail.attempts for mail in deliveries.listing(tx, 1)} == {1}


def test_a_pause_does_not_wait_for_what_is_being_folded(
    slow: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    folds, withdraw, is_stopped = Holder.settle, Hand.withdraw, Event()

    def settle(self: Holder, endings: Sequence[Ending], done: Sequence[Held]) -> None:
        if endings and not is_stopped.is_set():
            issuing.pause(slow, 1)
            assert is_stopped.wait(10)
        folds(self, endings, done)

    def withdrawn(self: Hand, which: Callable[[Mail], bool]) -> None:
        before = len(self.waiting)
        withdraw(self, which)
        if before > len(self.waiting) == 0:
            is_stopped.set()

    monkeypatch.setattr(Holder, "settle", settle)
    monkeypatch.setattr(Hand, "withdraw", withdrawn)
    with Relay(takes=0.25) as relay:
        outcome = engine.deliver(slow, relay.serves(config, connections=1), now=make.NOW)
    assert 1 <= outcome.sent < 30


def test_a_cancel_in_the_middle_leaves_what_was_sent(slow: Database, config: Config) -> None:
    def end(_ending: Ending) -> None:
        with suppress(ConflictError):
            issuing.cancel(slow, 1, now=make.NOW)

    with Relay(takes=0.25) as relay:
        served = relay.serves(config, connections=1)
        outcome = engine.deliver(slow, served, now=make.NOW, progress=end)
        assert outcome.sent == len(relay.accepted) < 60
        assert outcome.cancelled == 60 - outcome.sent
    assert Counter(states(slow).values()) == {
        "cancelled": 60 - outcome.sent,
        "sent": outcome.sent,
    }


def test_a_retry_is_the_same_message_byte_for_byte(queued: Database, config: Config) -> None:
    first, second = Relay(), Relay()
    for number, relay in enumerate((first, second)):
        with relay:
            engine.deliver(queued, relay.serves(config), now=make.NOW + timedelta(hours=number))
        with queued.write() as tx:
            requeue(tx)
    assert dict(first.accepted) == dict(second.accepted)
    assert len(first.accepted) == 6


def requeue(tx: Transaction) -> None:
    """Have all be sent again, whatever became of them."""
    again = update(tables.deliveries).values(state=DeliveryState.QUEUED)
    batches.change(tx, batches.lock(tx, true()), again)


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


def test_what_came_to_wait_in_an_issue_that_was_sent_already_goes_out(
    queued: Database, config: Config
) -> None:
    with queued.write() as tx:
        mails = claimed.claim(tx, make.NOW)
        claimed.settle(tx, mails[1:], SENT, now=make.NOW)
        claimed.settle(tx, mails[:1], DeliveryState.UNKNOWN, now=make.NOW)
    assert press.finish(queued) != []
    with queued.write() as tx:
        claimed.settle(tx, mails[:1], DeliveryState.POSTPONED, now=make.NOW)
    with Relay() as relay:
        assert engine.deliver(queued, relay.serves(config), now=make.NOW).sent == 1
        assert relay.counts == {mails[0].email: 1}
    assert press.finish(queued) != []


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


def test_who_left_this_newsletter_alone_while_a_mail_was_unknown_does_not_get_it_again(
    queued: Database, config: Config
) -> None:
    make.start(queued, config, key="alerts", names={"en": "Alerts"}, languages=("en",))
    alerts = Subscription(newsletter="alerts", topics=(), frequency="")
    with Relay(data={"p1@example.org": "drop"}) as relay:
        served = relay.serves(config)
        (unknown,) = engine.deliver(queued, served, now=make.NOW).doubtful
        relay.data.clear()
        with queued.write() as tx:
            person = subscribers.by_email(tx, "p1@example.org")
            assert person is not None
            subscribers.subscribe(tx, person.id, alerts)
            leaving.take_off(tx, config, person, "digest", how="link", now=make.NOW)
        engine.resolve(queued, unknown, "retry", now=make.NOW)
        assert engine.deliver(queued, served, now=make.NOW).cancelled == 1
        assert relay.counts["p1@example.org"] == 0
    assert states(queued)["p1@example.org"] is DeliveryState.CANCELLED


def test_a_batch_of_a_worker_on_another_host_is_unknown_once_its_lease_is_long_over(
    queued: Database, config: Config
) -> None:
    with queued.write() as tx:
        mails = claimed.claim(tx, make.NOW)
    over = make.NOW + claimed.LEASE + timedelta(seconds=config.delivery.grace)
    with Relay() as relay:
        served = relay.serves(config)
        outcome = engine.deliver(queued, served, now=over - timedelta(seconds=1))
        assert (outcome.sent, outcome.unknown) == (0, 0)
        outcome = engine.deliver(queued, served, now=over)
        assert (outcome.sent, outcome.unknown) == (0, 6)
        assert relay.accepted == []
    assert outcome.doubtful == [mail.id for mail in mails]
    assert set(states(queued).values()) == {DeliveryState.UNKNOWN}


@pytest.mark.parametrize(
    ("ending", "state", "mails"),
    [("sent", SENT, 0), ("failed", DeliveryState.FAILED, 0), ("retry", SENT, 1)],
)
def test_a_person_says_what_became_of_an_unknown_mail(
    queued: Database, config: Config, ending: str, state: DeliveryState, mails: int
) -> None:
    with Relay(data={"p1@example.org": "drop"}) as relay:
        served = relay.serves(config)
        (unknown,) = engine.deliver(queued, served, now=make.NOW).doubtful
        relay.data.clear()
        engine.resolve(queued, unknown, ending, now=make.NOW)
        engine.deliver(queued, served, now=make.NOW)
        assert relay.counts["p1@example.org"] == mails
    assert states(queued)["p1@example.org"] is state
    with pytest.raises(ConflictError, match="not unknown"):
        engine.resolve(queued, unknown, ending, now=make.NOW)


def test_progress_is_told_for_every_mail(queued: Database, config: Config) -> None:
    told = []
    with Relay() as relay:
        engine.deliver(
            queued,
            relay.serves(config),
            now=make.NOW,
            progress=lambda ending: told.append((ending.id, ending.state)),
        )
    with queued.read() as tx:
        ids = [mail.id for mail in deliveries.listing(tx, 1)]
    assert sorted(told) == [(number, SENT) for number in ids]


def test_a_domain_that_asks_for_patience_gets_no_more_and_holds_up_nobody(
    database: Database, config: Config
) -> None:
    make.start(database, config, languages=("en",))
    slow = [f"p{number}@slow.example" for number in range(20)]
    others = [f"p{number}@d{number}.example" for number in range(20)]
    make.subscribe(database, slow + others)
    make.take(database, config, make.draft("en"))
    with Relay(rcpt=dict.fromkeys(slow, "451 4.7.1 patience")) as relay:
        served = relay.serves(config, connections=2)
        done = scheduler.tick(database, served, now=make.NOW)
        assert set(relay.counts) == set(others)
        # Those under way when it said so; with pipelining each connection has two.
        assert (done.sent, 1 <= done.postponed <= 4) == (20, True)
        with database.read() as tx:
            mails = [mail for mail in deliveries.listing(tx, 1) if mail.email in slow]
            due = deliveries.next_due(tx)
        # What no relay was offered is no attempt, and due once its domain's time is over.
        tried = Counter((mail.state, mail.attempts) for mail in mails)
        assert tried == {
            (DeliveryState.POSTPONED, 1): done.postponed,
            (DeliveryState.QUEUED, 0): 20 - done.postponed,
        }
        assert due
        assert timedelta(seconds=5) < due - make.NOW <= timedelta(seconds=10)
        relay.rcpt.clear()
        later = make.NOW + timedelta(minutes=5)
        assert engine.deliver(database, served, now=later).sent == 20


@pytest.mark.parametrize(("days", "state"), [(0.0, DeliveryState.FAILED), (2.0, None)])
def test_a_mail_is_given_up_when_the_operator_says(
    queued: Database, config: Config, days: float, state: DeliveryState | None
) -> None:
    with Relay(rcpt={"p0@example.org": "452 4.2.2 full"}) as relay:
        engine.deliver(queued, relay.serves(config, give_up_days=days), now=make.NOW)
    assert states(queued)["p0@example.org"] is (state or DeliveryState.POSTPONED)


def relayed(
    config: Config, *relays: Relay, domains: Sequence[Sequence[str]] = (), **settings: Any
) -> Config:
    """Return a configuration with these relays as well, each for its domains where it has some."""
    more = tuple(
        RelaySection(
            name=f"r{number}",
            host="127.0.0.1",
            port=relay.port,
            tls="none",
            domains=tuple(of_it),
            **settings,
        )
        for number, (relay, of_it) in enumerate(
            zip(relays, [*domains, *[()] * len(relays)], strict=False)
        )
    )
    return config.model_copy(update={"relays": more})


def test_where_nobody_answers_the_next_relay_takes_the_mail(
    queued: Database, config: Config
) -> None:
    nowhere = {"host": "127.0.0.1", "port": free_port()}
    config = config.model_copy(update={"mail": config.mail.model_copy(update=nowhere)})
    with Relay() as spare:
        outcome = engine.deliver(queued, relayed(config, spare), now=make.NOW)
        assert (outcome.sent, outcome.problems) == (6, [])
        assert set(spare.counts.values()) == {1}


def test_a_connection_that_ends_goes_on_at_the_next_relay_while_the_first_is_still_away(
    queued: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By the end of the first connection the first relay is tried again, and by that of the next.
    monkeypatch.setattr(relays, "_LEFT", 0.05)
    nowhere = {"host": "127.0.0.1", "port": free_port()}
    config = config.model_copy(update={"mail": config.mail.model_copy(update=nowhere)})
    broken = {"p1@example.org": "drop", "p3@example.org": "drop"}
    with Relay(takes=0.2, data=broken) as spare:
        config = relayed(config, spare, connections=1)
        outcome = engine.deliver(queued, config, now=make.NOW)
    assert (outcome.sent, outcome.unknown, outcome.problems) == (4, 2, [])


def test_a_relay_that_takes_no_more_connections_is_not_left(slow: Database, config: Config) -> None:
    class Narrow(Relay):
        """It has room for one, and says so to the others once that one has sent something."""

        sessions: ClassVar[list[object]] = []

        async def handle_EHLO(  # noqa: N802
            self, server: Any, session: Any, envelope: Any, name: str, offers: list[str]
        ) -> list[str]:
            session.host_name = name
            self.sessions.append(session)
            if len(self.sessions) not in {2, 3}:
                return offers
            while not self.accepted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            return ["421 4.7.0 too many"]

    with Narrow(takes=0.02) as relay, Relay() as spare:
        served = relayed(relay.serves(config, connections=3, messages=25), spare)
        outcome = engine.deliver(slow, served, now=make.NOW)
        assert (outcome.sent, len(spare.accepted)) == (60, 0)


def test_a_connection_that_is_refused_when_it_is_made_anew_comes_back(
    slow: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversing, "_LATER", 0.1)

    class Narrow(Relay):
        """It has no room for the third connection, which follows one that has carried enough."""

        sessions, under_way, most = 0, 0, 0

        async def handle_EHLO(  # noqa: N802
            self, server: Any, session: Any, envelope: Any, name: str, offers: list[str]
        ) -> list[str]:
            session.host_name = name
            self.sessions += 1
            if self.sessions != 3:
                return offers
            while not self.under_way:  # noqa: ASYNC110  (the other one goes on)
                await asyncio.sleep(0.01)
            return ["421 4.7.0 too many"]

        async def handle_DATA(  # noqa: N802
            self, server: Any, session: Any, envelope: Any
        ) -> str:
            while self.sessions < 2:  # noqa: ASYNC110  (the other one is on its way)
                await asyncio.sleep(0.01)
            self.under_way += 1
            if self.sessions > 3:
                self.most = max(self.most, self.under_way)
            reply = await super().handle_DATA(server, session, envelope)
            self.under_way -= 1
            return reply

    with Narrow(takes=0.02) as relay:
        served = relay.serves(config, connections=2, messages=5)
        outcome = engine.deliver(slow, served, now=make.NOW)
        assert (outcome.sent, outcome.problems, relay.most) == (60, [], 2)


def test_where_nobody_answers_anywhere_everything_waits_and_it_is_told(
    queued: Database, config: Config
) -> None:
    nowhere = {"host": "127.0.0.1", "port": free_port()}
    config = config.model_copy(update={"mail": config.mail.model_copy(update=nowhere)})
    with Relay() as gone:
        config = relayed(config, gone)
    outcome = engine.deliver(queued, config, now=make.NOW)
    assert outcome.sent == 0
    assert "no relay at 127.0.0.1" in str(outcome.problems)
    assert set(states(queued).values()) == {DeliveryState.QUEUED}


def test_each_language_goes_by_the_relays_of_its_senders_domain(
    database: Database, config: Config
) -> None:
    make.start(database, config, senders={"fr": "Infos <infos@actualites.example>"})
    make.subscribe(database, ["en1@example.org", "en2@example.org"])
    make.subscribe(database, ["fr1@example.org"], language="fr")
    make.take(database, config, make.draft("en"), make.draft("fr"))
    with Relay() as ours, Relay() as theirs:
        served = relayed(ours.serves(config), theirs, domains=[["actualites.example"]])
        done = scheduler.tick(database, served, now=make.NOW)
        assert (done.sent, done.problems) == (3, [])
        assert ours.counts == {"en1@example.org": 1, "en2@example.org": 1}
        assert theirs.counts == {"fr1@example.org": 1}


def test_what_one_relay_alone_may_take_waits_for_it_and_the_rest_goes_out(
    database: Database, config: Config
) -> None:
    make.start(database, config, senders={"fr": "Infos <infos@actualites.example>"})
    make.subscribe(database, ["en1@example.org"])
    make.subscribe(database, ["fr1@example.org"], language="fr")
    make.take(database, config, make.draft("en"), make.draft("fr"))
    with Relay() as theirs:
        pass
    with Relay() as ours:
        served = relayed(ours.serves(config), theirs, domains=[["actualites.example"]])
        done = scheduler.tick(database, served, now=make.NOW)
        assert done.sent == 1
        assert "no relay at" in str(done.problems)
        assert ours.counts == {"en1@example.org": 1}
    assert states(database)["fr1@example.org"] is DeliveryState.QUEUED


def test_two_who_deliver_at_once_share_the_work(either: Database, config: Config) -> None:
    make.start(either, config, languages=make.LANGUAGES)
    for language in make.LANGUAGES:
        emails = [f"{language}{number}@example.org" for number in range(9)]
        make.subscribe(either, emails, language=language)
    make.take(either, config, *(make.draft(language) for language in make.LANGUAGES))
    publishing.publish_due(either, config, now=make.NOW)
    scheduler.tick(either, config, now=make.NOW, sends=False)
    with Relay(takes=0.02) as relay:
        served = relay.serves(config, connections=1)
        outcomes = fill.at_once(2, lambda _: engine.deliver(either, served, now=make.NOW))
        assert sum(outcome.sent for outcome in outcomes) == 36
        assert set(relay.counts.values()) == {1}
    assert {*states(either).values()} == {SENT}


FRENCH = {"fr": "Infos <infos@actualites.example>"}
BOTH = {**FRENCH, "en": "News <news@news.example>"}


@pytest.mark.parametrize(
    ("rate", "senders", "domains", "shares"),
    [
        (0.0, {}, [], {1}),
        (1000.0, {}, [], {2}),
        # What the other one sends goes by another relay,
        (1000.0, FRENCH, [["actualites.example"]], {1}),
        (1000.0, BOTH, [["actualites.example"], ["news.example"]], {1}),
        # by the same first, and by another where nobody answers there.
        (1000.0, BOTH, [["actualites.example", "news.example"], ["actualites.example"]], {2}),
        (1000.0, BOTH, [["actualites.example", "news.example"], ["news.example"]], {2}),
    ],
)
def test_whoever_sends_beside_others_keeps_to_a_part_of_what_the_relay_wants(
    either: Database,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    rate: float,
    senders: dict[str, str],
    domains: list[list[str]],
    shares: set[int],
) -> None:
    make.start(either, config, languages=("en", "fr"), senders=senders)
    make.subscribe(either, ["en1@example.org"])
    make.subscribe(either, ["fr1@example.org"], language="fr")
    make.take(either, config, make.draft("en"), make.draft("fr"))
    publishing.publish_due(either, config, now=make.NOW)
    scheduler.tick(either, config, now=make.NOW, sends=False)
    with either.write() as tx:
        french = max(batches.due_editions(tx, make.NOW))
        assert claimed.batch(tx, make.NOW, worker="another", editions=[french])
    told: list[int] = []

    def shared(pace: Pace, among: int) -> None:
        told.append(among)
        share(pace, among)

    monkeypatch.setattr(Pace, "share", shared)
    with Relay(takes=0.4) as relay:
        served = relay.serves(config, rate=rate)
        served = relayed(served, *[relay] * len(domains), domains=domains, rate=rate)
        outcome = engine.deliver(either, served, now=make.NOW)
    assert outcome.sent == 1
    # The pace as it begins and knows of nobody; then with the batch, and at each look.
    assert told[0] == 1
    assert {*told[1:]} == shares
    assert rate == 0.0 or len(told) > 2


def test_what_is_told_to_stop_ends_what_is_under_way_and_gives_back_the_rest(
    slow: Database, config: Config
) -> None:
    stop = Event()
    with Relay(takes=0.25) as relay:
        served = relay.serves(config, connections=2)
        outcome = engine.deliver(
            slow, served, now=make.NOW, progress=lambda _: stop.set(), stop=stop
        )
        assert 1 <= outcome.sent == len(relay.accepted) < 60
    assert Counter(states(slow).values()) == {"sent": outcome.sent, "queued": 60 - outcome.sent}
    assert journal_reading.names(served) == []


def impatient(relay: Relay, config: Config) -> Config:
    """Return a configuration that waits five seconds for answers, and long for that to the end."""
    delivery = config.delivery.model_copy(update={"lease": 1.0})
    config = config.model_copy(update={"delivery": delivery})
    return relay.serves(config, connections=1, timeout=5.0, end_timeout=600.0)


def test_while_a_relay_looks_through_a_message_the_batch_is_kept_and_the_issue_can_be_paused(
    slow: Database, config: Config
) -> None:
    with Silent() as relay, ThreadPoolExecutor(1) as pool:
        served = impatient(relay, config)
        done = pool.submit(engine.deliver, slow, served, now=make.NOW, clock=later())
        try:
            wait_until(lambda: bool(relay.accepted))
            with slow.read() as tx:
                (held,) = batches.held(tx)
            issuing.pause(slow, 1)
            wait_until(lambda: is_renewed(slow, held, times=6))
        finally:
            relay.answers.set()
        assert done.result(timeout=30).sent == 1
        assert len(relay.accepted) == 1
    assert Counter(states(slow).values()) == {SENT: 1, DeliveryState.QUEUED: 59}


def later() -> Callable[[], datetime]:
    """Return a clock that goes on from the tests' instant."""
    start = time.monotonic()
    return lambda: make.NOW + timedelta(seconds=time.monotonic() - start)


def is_renewed(database: Database, batch: Batch, *, times: int) -> bool:
    """Return whether so many leases of a second have been over by now, and it is still held."""
    with database.read() as tx:
        (now,) = batches.held(tx)
    assert (now.id, now.token) == (batch.id, batch.token)
    assert now.lease is not None
    assert batch.lease is not None
    return now.lease > batch.lease + timedelta(seconds=times)


def test_what_is_told_to_stop_does_not_wait_for_a_relay_that_looks_through_a_message(
    slow: Database, config: Config
) -> None:
    stop = Event()
    with Silent() as relay, ThreadPoolExecutor(1) as pool:
        served = impatient(relay, config)
        done = pool.submit(engine.deliver, slow, served, now=make.NOW, stop=stop)
        try:
            wait_until(lambda: bool(relay.accepted))
            stop.set()
            assert done.result(timeout=30).unknown == 1
        finally:
            relay.answers.set()
    assert Counter(states(slow).values()) == {DeliveryState.UNKNOWN: 1, DeliveryState.QUEUED: 59}


def test_what_others_took_over_is_sent_no_more_and_what_was_sent_is_known(
    slow: Database, config: Config
) -> None:
    """A worker of another host takes the batch that a lease of a second did not hold."""

    def take_over(_ending: Ending) -> None:
        with slow.write() as tx:
            for batch in batches.held(tx):
                claims.abandon(tx, batch, begun=None, now=make.NOW)

    lease = config.delivery.model_copy(update={"lease": 1.0})
    with Relay(takes=0.25) as relay:
        served = relay.serves(config.model_copy(update={"delivery": lease}), connections=2)
        outcome = engine.deliver(slow, served, now=make.NOW, progress=take_over)
        assert len(relay.accepted) < 60
        assert set(relay.counts.values()) == {1}
    found = states(slow)
    assert {mail for mail, state in found.items() if state is SENT} == {*relay.counts}
    assert {*found.values()} == {SENT, DeliveryState.UNKNOWN}
    assert outcome.sent == len(relay.accepted)


def test_while_the_store_is_gone_what_is_in_hand_goes_on(slow: Database, config: Config) -> None:
    gone = Event()

    def refuse(*_: object) -> None:
        if gone.is_set():
            raise BusyError("the database is gone")

    class Seen(Relay):
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            reply = await super().handle_DATA(server, session, envelope)
            # It goes when the first mail is there, and comes back with the last but one.
            (gone.set if len(self.accepted) < 59 else gone.clear)()
            return reply

    event.listen(slow._engine, "begin", refuse)
    with Seen() as relay:
        outcome = engine.deliver(slow, relay.serves(config), now=make.NOW)
        assert set(relay.counts.values()) == {1}
    assert (outcome.sent, outcome.problems) == (60, [])
    assert {*states(slow).values()} == {SENT}


def test_a_clock_that_jumps_sends_nothing_twice_and_loses_nothing(
    slow: Database, config: Config
) -> None:
    days = itertools.cycle([0, 30, -30, 400])

    def clock() -> datetime:
        return make.NOW + timedelta(days=next(days))

    with Relay() as relay:
        served = relay.serves(config)
        while engine.deliver(slow, served, now=make.NOW, clock=clock).sent:
            pass
        assert set(relay.counts.values()) == {1}
    assert {*states(slow).values()} == {SENT}


def test_a_window_that_closes_keeps_back_what_is_not_under_way(
    database: Database, config: Config
) -> None:
    make.start(
        database, config, languages=("en",), windows={"*": "daily 06:00-09:00"}, timezone="UTC"
    )
    make.subscribe(database, [f"p{number}@example.org" for number in range(60)])
    make.take(database, config, make.draft("en"))
    scheduler.tick(database, config, now=make.NOW, sends=False)
    moments = itertools.chain([make.NOW] * 8, itertools.repeat(make.NOW + timedelta(hours=1)))
    with Relay(takes=0.25) as relay:
        served = relay.serves(config, connections=1)
        sent = engine.deliver(database, served, now=make.NOW, clock=lambda: next(moments)).sent
        assert sent == len(relay.accepted) < 60
        evening = make.NOW + timedelta(hours=1)
        assert engine.deliver(database, served, now=evening).sent == 0
        with database.read() as tx:
            assert deliveries.next_due(tx) == make.NOW + timedelta(hours=22)
