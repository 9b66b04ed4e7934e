"""Whose log is believed: only that of the host and the relay that a mail went out by says no."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

import scheduler
from publisher.config import Config
from publisher.delivery import engine, recovery, unknowns, ways
from publisher.delivery.unknowns import Settled, settle, settle_due
from publisher.delivery.ways import Way
from publisher.launching import change
from store import claims, deliveries, tables
from store.database import Database
from store.records import DeliveryState, UnknownRule
from tests import claimed, make
from tests.fakes import Relay, free_port
from tests.publisher.delivery.test_unknowns import ids, log_of, make_unknown, states

EN = "en@example.org"
QUEUED, SENT, UNKNOWN = DeliveryState.QUEUED, DeliveryState.SENT, DeliveryState.UNKNOWN
LATER = make.NOW + timedelta(minutes=10)


class Dying(Relay):
    """A relay that accepts, and whose host dies before the answer is out."""

    dies = True

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        reply = await super().handle_DATA(server, session, envelope)
        if self.dies:
            server.transport.abort()
        return reply


@pytest.fixture
def queued(database: Database, config: Config) -> Database:
    """Return a store with one mail that is due."""
    make.start(database, config, languages=("en",))
    make.subscribe(database, [EN])
    make.take(database, config, make.draft("en"))
    nowhere = config.mail.model_copy(update={"host": "127.0.0.1", "port": free_port()})
    scheduler.tick(database, config.model_copy(update={"mail": nowhere}), now=make.NOW)
    return database


def named(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Be on another machine from now on."""
    monkeypatch.setattr("socket.gethostname", lambda: host)


@pytest.mark.parametrize("shared", [False, True])
def test_where_each_host_has_a_postfix_the_log_of_one_says_nothing_of_anothers_mail(
    queued: Database,
    config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shared: bool,
) -> None:
    with Dying() as relay:
        # The same configuration on both, and a log of the same name.
        both = relay.serves(config, connections=1, ask=tmp_path / "mail.log", ask_shared=shared)
        named(monkeypatch, "one")
        assert engine.deliver(queued, both, now=make.NOW).unknown == 1
        named(monkeypatch, "two")
        log_of(tmp_path, until=LATER)
        assert settle_due(queued, both, now=LATER) == (Settled(queued=1) if shared else Settled())
        if shared:
            return
        # By hand it is asked for what it has, and what it does not have proves nothing.
        assert settle(queued, both, 1, now=LATER) == Settled(held=1)
        (told,) = unknowns.told(queued, both)
        assert "some went out from the host one: only there its relay can be asked" in told
        # Looking elsewhere keeps nobody from it, on the host where it can be done.
        later = LATER + timedelta(hours=2)
        log_of(tmp_path, ids(queued, both)[EN], until=later)
        assert settle_due(queued, both, now=later) == Settled()
        named(monkeypatch, "one")
        assert unknowns.told(queued, both)[0].endswith("settles one")
        assert settle_due(queued, both, now=later, only_ours=True) == Settled(sent=1)
        assert relay.counts == {EN: 1}


def test_that_a_mail_was_accepted_any_log_may_say(
    queued: Database, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Dying() as relay:
        named(monkeypatch, "one")
        engine.deliver(queued, relay.serves(config), now=make.NOW)
        named(monkeypatch, "two")
        log = log_of(tmp_path, ids(queued, config)[EN], until=LATER)
        assert settle(queued, relay.serves(config, ask=log), 1, now=LATER) == Settled(sent=1)


def test_another_relay_in_its_place_does_not_say_that_the_one_before_had_nothing(
    queued: Database, config: Config, tmp_path: Path
) -> None:
    with Dying() as old, Relay() as new:
        engine.deliver(queued, old.serves(config, connections=1), now=make.NOW)
        served = new.serves(config, ask=log_of(tmp_path, until=LATER))
        scheduler.tick(queued, served, now=LATER)
        assert (old.counts[EN], new.counts[EN]) == (1, 0)
        (told,) = unknowns.told(queued, served)
        assert f"127.0.0.1:{old.port}, which the configuration does not name" in told
        # As soon as it can be asked as well, it goes by what that says.
        served = old.serves(config, ask=tmp_path / "mail.log")
        assert settle(queued, served, 1, now=LATER) == Settled(queued=1)


def test_a_site_that_moved_is_asked_for_under_the_name_that_it_had(
    queued: Database, config: Config, tmp_path: Path
) -> None:
    with Dying() as relay:
        engine.deliver(queued, relay.serves(config, connections=1), now=make.NOW)
        log = log_of(tmp_path, ids(queued, config)[EN], until=LATER)
        moved = make.config(config.folder, site={"url": "https://www.example.org"})
        assert settle_due(queued, relay.serves(moved, ask=log), now=LATER) == Settled(sent=1)


def test_of_a_mail_that_nobody_knows_the_way_of_no_log_says_no(
    queued: Database, config: Config, tmp_path: Path
) -> None:
    with Relay() as relay:
        served = relay.serves(config, ask=log_of(tmp_path, until=LATER))
        # As those are that were unknown before ways were kept.
        make_unknown(queued)
    with queued.write() as tx:
        tx.run(update(tables.deliveries).values(way=""))
    assert settle_due(queued, served, now=LATER) == Settled(held=1)
    log_of(tmp_path, ids(queued, config)[EN], until=LATER)
    assert settle(queued, served, 1, now=LATER) == Settled(sent=1)


def test_a_batch_says_by_what_it_goes_out_before_anything_does_and_so_do_the_unknown_of_it(
    queued: Database, config: Config
) -> None:
    with queued.write() as tx:
        batch = claimed.batch(tx, make.NOW, worker="gone", way="one news.example.org")
        assert batch
        assert batch.way == "one news.example.org"
        claims.take(tx, batch, make.NOW)
    # Its host is gone: whoever takes over calls it unknown.
    assert recovery.recover(queued, config, now=LATER + timedelta(hours=1))
    with queued.read() as tx:
        (mail,) = deliveries.listing(tx, 1)
    assert (mail.state, mail.way) == (UNKNOWN, "one news.example.org")


def test_a_mail_that_is_to_be_sent_again_by_rule_waits_for_no_other_host(
    queued: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(queued, "digest", unknown=UnknownRule.RETRY)
    with Dying() as relay:
        named(monkeypatch, "one")
        engine.deliver(queued, relay.serves(config, connections=1), now=make.NOW)
        named(monkeypatch, "two")
        assert settle_due(queued, relay.serves(config), now=LATER) == Settled(queued=1)
    assert states(queued) == {EN: QUEUED}


def test_a_way_is_read_as_it_was_written() -> None:
    places = ("localhost:25", "[2001:db8::1]:587")
    way = Way(host="one", domain="news.example.org", began=make.NOW, relays=places)
    assert ways.read(way.written()) == way
    assert ways.read("") is None
