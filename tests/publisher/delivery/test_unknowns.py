"""Mails that nobody can say of: asked for, held or sent again, and never silent."""

import gzip
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from logging import LogRecord
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import true, update

import scheduler
from publisher import issuing
from publisher.config import Config
from publisher.delivery import asking, engine, unknowns, ways
from publisher.delivery.asking import SLACK, Found, Question
from publisher.delivery.rulings import decide, goes_again, together
from publisher.delivery.unknowns import Settled, next_answer, settle, settle_due
from publisher.delivery.ways import Way
from publisher.errors import NotFoundError
from publisher.launching import change
from publisher.mail.wire import message_id
from publisher.passes import Pass
from publisher.settings.mail import RelaySection
from publisher.subscriptions import address_change, keyring
from store import batches, deliveries, editions, issues, tables
from store.database import Database
from store.records import DeliveryState, IssueState, UnknownRule
from tests import claimed, make, people, postfix
from tests.fakes import Relay, free_port

ASK, HOLD, RETRY = UnknownRule.ASK, UnknownRule.HOLD, UnknownRule.RETRY
UNKNOWN, QUEUED, SENT = DeliveryState.UNKNOWN, DeliveryState.QUEUED, DeliveryState.SENT
EN, FR, AR = "en@example.org", "fr@example.org", "ar@example.org"
NEW = "new@example.org"
#: A port that nobody answers at.
NOBODY = free_port()
#: The connection is over by the log ten seconds after our process was dead.
LATER = make.NOW + timedelta(seconds=10)


@pytest.fixture
def house(database: Database, config: Config) -> Database:
    """Return a store with an issue whose mails to readers of three languages are all unknown."""
    make.start(database, config)
    for address in (EN, FR, AR):
        make.subscribe(database, [address], language=address[:2])
    make.take(database, config, *(make.draft(tag) for tag in ("en", "fr", "ar")))
    nowhere = config.mail.model_copy(update={"host": "127.0.0.1", "port": free_port()})
    done = scheduler.tick(database, config.model_copy(update={"mail": nowhere}), now=make.NOW)
    assert done.queued == 3
    make_unknown(database)
    return database


def way(*relays: str, **others: Any) -> str:
    """Return by what mails went out, from this host to the relay that is asked, unless given."""
    places = relays or (f"127.0.0.1:{NOBODY}",)
    values = {"host": ways.here(), "domain": "news.example.org", "began": make.NOW, **others}
    return Way(relays=places, **values).written()


def make_unknown(database: Database, since: datetime = make.NOW, went: str = "") -> None:
    """Have all mails be such that nobody can say of."""
    values = {"state": UNKNOWN, "due": since, "changed": since, "way": went or way()}
    with database.write() as tx:
        tx.run(update(tables.deliveries).values(**values))
        batches.recount(tx, batches.lock(tx, true()))


def states(database: Database) -> dict[str, DeliveryState]:
    with database.read() as tx:
        return {mail.email: mail.state for mail in deliveries.listing(tx, 1)}


def ids(database: Database, config: Config) -> dict[str, str]:
    """Return the Message-ID of each mail, by its address."""
    tokens = keyring.tokens(database, now=make.NOW)
    with database.read() as tx:
        known = {edition.id: edition for edition in editions.of(tx, 1)}
        return {
            mail.email: message_id(mail, known[mail.edition_id], config.host, tokens)
            for mail in deliveries.listing(tx, 1)
        }


def asks(config: Config, log: Path | None) -> Config:
    """Return a configuration whose relay has a log; nobody answers there."""
    values = {"host": "127.0.0.1", "port": NOBODY, "ask": log}
    return config.model_copy(update={"mail": config.mail.model_copy(update=values)})


def line(at: datetime, said: str) -> str:
    return f"{at.astimezone(UTC).isoformat()} mx postfix/{said}\n"


def log_of(folder: Path, *accepted: str, until: datetime = LATER, name: str = "mail.log") -> Path:
    """Write the log of a relay that has these messages, and speaks with nobody any more."""
    text = line(make.NOW - timedelta(days=1), "smtpd[1]: disconnect from a[::1]")
    for number, identity in enumerate(accepted):
        text += line(make.NOW, f"cleanup[2]: A{number}: message-id={identity}")
        text += line(make.NOW, f"qmgr[3]: A{number}: from=<a@b>, size=1, nrcpt=1 (queue active)")
    text += line(until, "smtpd[1]: disconnect from a[::1]")
    log = folder / name
    log.write_text(text, encoding="utf-8")
    return log


def test_what_the_relay_has_is_sent_and_what_it_does_not_have_goes_out_once(
    house: Database, config: Config, tmp_path: Path
) -> None:
    log = log_of(tmp_path, ids(house, config)[FR])
    done = settle(house, asks(config, log), 1, now=LATER)
    assert done == Settled(sent=1, queued=2)
    assert states(house) == {EN: QUEUED, FR: SENT, AR: QUEUED}
    with house.read() as tx:
        assert issues.get(tx, 1).state is IssueState.SENDING
        assert "log says that it was accepted" in deliveries.listing(tx, 1, state=SENT)[0].detail
    with Relay() as relay:
        engine.deliver(house, relay.serves(config), now=LATER)
        assert relay.counts == {EN: 1, AR: 1}


def test_what_a_relay_says_of_an_attempt_says_nothing_of_one_that_was_made_meanwhile(
    house: Database, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = asking.ask

    def slowly(log: Path, questions: Sequence[Question], *, now: datetime) -> dict[str, Found]:
        # Somebody has them sent again while we read, and of that nobody can say either.
        with house.write() as tx:
            tx.run(update(tables.deliveries).values(attempts=tables.deliveries.c.attempts + 1))
        return ask(log, questions, now=now)

    monkeypatch.setattr(asking, "ask", slowly)
    assert settle(house, asks(config, log_of(tmp_path)), 1, now=LATER) == Settled()
    assert states(house) == {EN: UNKNOWN, FR: UNKNOWN, AR: UNKNOWN}


def test_an_answer_that_is_not_there_yet_is_asked_for_again_ever_more_rarely(
    house: Database, config: Config, tmp_path: Path
) -> None:
    asking = asks(config, log_of(tmp_path, until=make.NOW))
    asked, at = [], make.NOW
    while at < make.NOW + timedelta(hours=4):
        done = settle_due(house, asking, now=at)
        if done != Settled():
            assert done == Settled(not_yet=3)
            asked.append(at - make.NOW)
        at += timedelta(seconds=1) if len(asked) < 8 else timedelta(minutes=1)
    assert [gap.total_seconds() for gap in asked[:7]] == [0, 2, 4, 8, 16, 32, 64]
    assert len(asked) < 20
    log_of(tmp_path)
    assert settle(house, asking, 1, now=at) == Settled(queued=3)


def move(database: Database, config: Config) -> None:
    """Have the reader of French change their address, as readers do."""
    own = people.own_token(database, people.person(database, FR))
    address_change.ask_address(database, config, own, NEW, now=make.NOW)
    link = people.token(database, config, "address")
    address_change.confirm_address(database, config, link, now=make.NOW)


def test_what_the_relay_has_is_not_sent_again_to_who_has_another_address_since(
    house: Database, config: Config, tmp_path: Path
) -> None:
    log = log_of(tmp_path, ids(house, config)[FR])
    move(house, config)
    keyring.rotate(house, now=make.NOW)
    assert settle(house, asks(config, log), 1, now=LATER) == Settled(sent=1, queued=2)
    assert states(house) == {EN: QUEUED, NEW: SENT, AR: QUEUED}


@pytest.mark.parametrize("rule", [ASK, HOLD])
def test_where_nobody_can_be_asked_or_a_person_shall_say_it_is_held_and_shown(
    house: Database, config: Config, tmp_path: Path, rule: UnknownRule
) -> None:
    change(house, "digest", unknown=rule)
    log = log_of(tmp_path) if rule is HOLD else None
    assert settle(house, asks(config, log), 1, now=LATER) == Settled(held=3)
    assert set(states(house).values()) == {UNKNOWN}
    (told,) = unknowns.told(house, config)
    assert told.startswith(
        "issue 1: 3 of its mails may or may not have been sent; 'tidings delivery list"
    )


def test_a_person_can_have_the_relay_asked_whatever_the_rule(
    house: Database, config: Config, tmp_path: Path
) -> None:
    change(house, "digest", unknown=HOLD)
    log = log_of(tmp_path, *ids(house, config).values())
    assert settle(house, asks(config, log), 1, now=LATER, rule=ASK) == Settled(sent=3)
    assert unknowns.told(house, config) == []
    assert settle(house, asks(config, log), 1, now=LATER) == Settled()


def test_by_retry_they_are_sent_again_without_asking(house: Database, config: Config) -> None:
    change(house, "digest", unknown=RETRY)
    with Relay() as relay:
        done = scheduler.tick(house, relay.serves(config), now=LATER)
        assert (done.sent, set(relay.counts.values())) == (3, {1})
    with house.read() as tx:
        assert issues.get(tx, 1).state is IssueState.SENT


def test_by_retry_what_is_unknown_again_is_sent_no_more_and_shown(
    house: Database, config: Config
) -> None:
    change(house, "digest", unknown=RETRY)

    class Mute(Relay):
        """It takes each mail, and its answer never comes."""

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            reply = await super().handle_DATA(server, session, envelope)
            server.transport.abort()
            return reply

    with Mute(rcpt={EN: "450 4.2.1 later"}) as relay:
        served = relay.serves(config)
        for hours in range(72):
            scheduler.tick(house, served, now=LATER + timedelta(hours=hours))
            # It is put off the first time only: that, too, goes on as the one retry.
            relay.rcpt.clear()
        assert relay.counts == {EN: 1, FR: 1, AR: 1}
    assert set(states(house).values()) == {UNKNOWN}
    assert "3 of its mails may or may not have been sent" in unknowns.told(house, config)[0]


@pytest.mark.parametrize("rule", [ASK, RETRY])
def test_nothing_of_an_issue_that_was_cancelled_is_sent_again(
    house: Database, config: Config, tmp_path: Path, rule: UnknownRule
) -> None:
    change(house, "digest", unknown=rule)
    with house.write() as tx:
        # It was in the middle of its sending.
        issues.move(tx, issues.get(tx, 1), IssueState.SENDING)
    issuing.cancel(house, 1, now=make.NOW)
    done = settle(house, asks(config, log_of(tmp_path)), 1, now=LATER)
    assert done == Settled(cancelled=3)
    assert set(states(house).values()) == {DeliveryState.CANCELLED}


def test_a_log_that_cannot_be_read_is_told_and_holds_up_nothing(
    house: Database, config: Config, tmp_path: Path
) -> None:
    done = scheduler.tick(house, asks(config, tmp_path / "none.log"), now=LATER)
    assert "relay mail cannot be asked for unknown mails: [Errno 2] No such file" in str(
        done.problems
    )
    assert set(states(house).values()) == {UNKNOWN}


def sent_beside(house: Database, config: Config, log: Path) -> Pass:
    """Have the next issue be due, and go out, while the relay's log is asked."""
    later, added = LATER + timedelta(days=7), "new@example.org"
    make.subscribe(house, [added])
    make.take(house, config, make.draft("en", key="second"), now=later)
    with Relay() as relay:
        served = relay.serves(config)
        asking = served.model_copy(update={"mail": served.mail.model_copy(update={"ask": log})})
        done = scheduler.tick(house, asking, now=later)
        assert relay.counts[added] == 1
    return done


def test_whatever_goes_wrong_in_asking_no_other_mail_waits_for_it(
    house: Database, config: Config, unforeseen: list[LogRecord]
) -> None:
    # No file is called so, and nobody has thought of it.
    done = sent_beside(house, config, Path("mail\0log"))
    assert done.unforeseen
    assert unforeseen.pop().exc_info
    assert "unforeseen, see the traceback: ValueError('embedded null byte')" in done.problems


@pytest.mark.parametrize("damage", ["flipped", "cut", "no date"])
def test_a_damaged_packed_log_is_told_and_no_other_mail_waits_for_it(
    house: Database, config: Config, tmp_path: Path, damage: str
) -> None:
    log = log_of(tmp_path)
    packed = bytearray(gzip.compress(log.read_bytes() * 50, mtime=0))
    if damage == "flipped":
        # The first octet of what is packed: that kind of block does not exist.
        packed[10] = 0xFF
    elif damage == "cut":
        del packed[len(packed) // 2 :]
    else:
        packed[:] = gzip.compress(b"Xyz 99 07:00:00 mx postfix/smtpd[1]: disconnect from a[::1]\n")
    rotated = tmp_path / "mail.log.2.gz"
    rotated.write_bytes(packed)
    os.utime(rotated, (LATER.timestamp(), LATER.timestamp()))
    done = sent_beside(house, config, log)
    assert "relay mail cannot be asked for unknown mails: " in str(done.problems)
    assert str(tmp_path) in str(done.problems)
    assert states(house)[EN] is UNKNOWN


def relayed(config: Config, logs: dict[str, Path | None]) -> Config:
    """Return a configuration with two relays for every sender."""
    found = tuple(
        RelaySection(name=name, host="127.0.0.1", port=NOBODY + number, ask=log)
        for number, (name, log) in enumerate(logs.items())
    )
    return config.model_copy(update={"relays": found})


def test_a_mail_may_be_with_any_relay_of_its_sender(
    house: Database, config: Config, tmp_path: Path
) -> None:
    make_unknown(house, went=way(f"127.0.0.1:{NOBODY}", f"127.0.0.1:{NOBODY + 1}"))
    identities = ids(house, config)
    first = log_of(tmp_path, identities[EN], name="first.log")
    second = log_of(tmp_path, identities[FR], name="second.log")
    config = config.model_copy(update={"mail": type(config.mail)()})
    half = relayed(config, {"first": first, "second": None})
    # That one has it is certain, that none has it is not.
    assert settle(house, half, 1, now=LATER) == Settled(sent=1, held=2)
    both = relayed(config, {"first": first, "second": second})
    assert settle(house, both, 1, now=LATER) == Settled(sent=1, queued=1)
    assert states(house) == {EN: SENT, FR: SENT, AR: QUEUED}


def test_each_language_is_asked_for_at_the_relays_of_its_own_sender(
    database: Database, config: Config, tmp_path: Path
) -> None:
    make.start(database, config, senders={"fr": "Infos <infos@actualites.example>"})
    make.subscribe(database, [EN])
    make.subscribe(database, [FR], language="fr")
    make.take(database, config, make.draft("en"), make.draft("fr"))
    scheduler.tick(database, asks(config, None), now=make.NOW)
    make_unknown(database)
    french = RelaySection(
        name="fr",
        host="127.0.0.1",
        port=free_port(),
        domains=("actualites.example",),
        ask=log_of(tmp_path, ids(database, config)[FR]),
    )
    asking = asks(config, None).model_copy(update={"relays": (french,)})
    assert settle(database, asking, 1, now=LATER) == Settled(sent=1, held=1)
    assert states(database) == {EN: UNKNOWN, FR: SENT}


def test_an_issue_that_is_none_is_told(database: Database, config: Config) -> None:
    with pytest.raises(NotFoundError):
        settle(database, config, 7, now=make.NOW)
    with pytest.raises(NotFoundError):
        change(database, "none", unknown=HOLD)


@pytest.mark.parametrize(
    ("rule", "found", "state"),
    [
        (ASK, Found.ACCEPTED, SENT),
        (ASK, Found.REFUSED, QUEUED),
        (ASK, Found.NOT_YET, UNKNOWN),
        (ASK, None, UNKNOWN),
        *((HOLD, found, UNKNOWN) for found in (*Found, None)),
        *((RETRY, found, QUEUED) for found in (*Found, None)),
    ],
)
def test_a_rule_decides_by_what_the_relays_say(
    rule: UnknownRule, found: Found | None, state: DeliveryState
) -> None:
    assert decide(rule, found, IssueState.SENDING) is state
    over = decide(rule, found, IssueState.CANCELLED)
    assert over is (DeliveryState.CANCELLED if state is QUEUED else state)
    # Only who asked may send it again and again.
    again = decide(rule, found, IssueState.SENDING, is_retried=True)
    assert again is (UNKNOWN if rule is RETRY else state)


def test_a_mail_that_is_unknown_again_and_again_waits_ever_longer_before_it_goes_again() -> None:
    mail = claimed.delivery(state=UNKNOWN)
    found = [
        goes_again(replace(mail, attempts=n), now=LATER, give_up=timedelta(days=2))
        for n in range(1, 40)
    ]
    waits = [(due - LATER).total_seconds() for due in found if due]
    assert waits[:2] == [0, 0]
    assert waits[2:8] == sorted(waits[2:8])
    # The first pause is five minutes, less what chance takes off.
    assert 150 <= waits[2] <= 300
    assert max(waits) <= 4 * 3600
    assert found[len(waits) :] == [None] * (39 - len(waits))
    assert len(waits) < 30


@pytest.mark.parametrize(
    ("first", "done"),
    [(SLACK, Settled(queued=3)), (SLACK - timedelta(milliseconds=1), Settled(not_yet=3))],
)
def test_a_log_says_no_only_if_it_begins_before_the_mail_by_whatever_clock(
    house: Database, config: Config, tmp_path: Path, first: timedelta, done: Settled
) -> None:
    log = log_of(tmp_path)
    _, last = log.read_text(encoding="utf-8").splitlines(keepends=True)
    begins = line(make.NOW - first, "smtpd[1]: disconnect from a[::1]")
    log.write_text(begins + last, encoding="utf-8")
    assert settle(house, asks(config, log), 1, now=LATER) == done


def test_whoever_waits_for_a_relays_answer_does_so_for_twenty_minutes_and_no_longer(
    house: Database, config: Config, tmp_path: Path
) -> None:
    asking = asks(config, log_of(tmp_path))
    over = make.NOW + timedelta(minutes=20)
    assert next_answer(house, asking, now=over - timedelta(seconds=1)) == make.NOW
    assert next_answer(house, asking, now=over) is None


def test_several_relays_say_no_only_together() -> None:
    for answers in product([*Found, None], repeat=3):
        said = together(answers)
        assert (said is Found.ACCEPTED) == (Found.ACCEPTED in answers)
        assert (said is Found.REFUSED) == (set(answers) == {Found.REFUSED})
    assert together([]) is None
    assert together([Found.REFUSED, None]) is None


def test_a_real_relay_is_asked_for_what_it_took_before_we_died(
    database: Database, config: Config
) -> None:
    with postfix.server() as relay:
        at = {"host": "127.0.0.1", "port": relay.port, "tls": "none", "ask": relay.log}
        config = config.model_copy(update={"mail": config.mail.model_copy(update=at)})
        begins = clock()
        make.start(database, config, since=begins - timedelta(days=8))
        make.subscribe(database, [FR], language="fr")
        make.take(database, config, make.draft("fr"), now=begins)
        assert scheduler.tick(database, config, now=begins).sent == 1
        # As if the process had died before it could write that down, and another mail with it.
        make_unknown(database, since=clock())
        # Where the reader is to be written to now the relay has never heard.
        move(database, config)
        assert settle(database, config, 1, now=clock()) == Settled(sent=1)


def clock() -> datetime:
    """Return the time on this machine, which a real relay goes by."""
    return datetime.now(UTC)


def test_a_rule_is_kept_with_its_newsletter(database: Database, config: Config) -> None:
    begun = make.start(database, config, unknown=RETRY)
    assert begun.unknown is RETRY
    assert change(database, "digest", unknown=HOLD) == replace(begun, unknown=HOLD)
