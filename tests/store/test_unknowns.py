"""Mails that nobody can say of, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, true, update

import scheduler
from publisher.config import Config
from store import batches, deliveries, newsletters, tables, unknowns
from store.database import Database
from store.errors import ConflictError, NotFoundError
from store.records import DeliveryState, UnknownRule
from tests import make
from tests.fakes import free_port

SOON = make.NOW + timedelta(seconds=5)


@pytest.fixture
def house(either: Database, config: Config) -> Database:
    """Return a store with an issue in English, Arabic and Spanish; two of its mails are unknown."""
    make.start(either, config)
    for tag in ("en", "ar", "es"):
        make.subscribe(either, [f"{tag}@example.org"], language=tag)
    make.take(either, config, *(make.draft(tag) for tag in ("en", "ar", "es")))
    nowhere = config.mail.model_copy(update={"host": "127.0.0.1", "port": free_port()})
    scheduler.tick(either, config.model_copy(update={"mail": nowhere}), now=make.NOW)
    values = {"state": DeliveryState.UNKNOWN, "due": make.NOW, "changed": make.NOW}
    theirs = select(tables.subscribers.c.id).where(tables.subscribers.c.language != "es")
    mine = tables.deliveries.c.subscriber_id.in_(theirs)
    with either.write() as tx:
        tx.run(update(tables.deliveries).where(mine).values(**values))
        batches.recount(tx, batches.lock(tx, true()))
    return either


def test_what_is_unknown_is_counted_by_issue_and_listed_with_since_when(house: Database) -> None:
    with house.read() as tx:
        assert unknowns.standing(tx) == {1: 2}
        found = unknowns.of(tx, 1)
        assert unknowns.of(tx, 2) == []
    assert {(mail.delivery.email, mail.since) for mail in found} == {
        ("en@example.org", make.NOW),
        ("ar@example.org", make.NOW),
    }


def test_what_is_to_be_asked_for_again_is_left_until_then(house: Database) -> None:
    with house.write() as tx:
        first, second = unknowns.of(tx, 1)
        unknowns.ask_again(tx, [first.delivery.id], SOON)
        assert unknowns.standing(tx, due=make.NOW) == {1: 1}
        assert unknowns.standing(tx, due=SOON) == {1: 2}
        unknowns.resolve(tx, second.delivery.id, DeliveryState.SENT, now=SOON, detail="asked")
        assert unknowns.standing(tx, due=make.NOW) == {}
        (sent,) = deliveries.listing(tx, 1, state=DeliveryState.SENT)
        assert sent.detail == "asked"
        with pytest.raises(ConflictError, match="is not unknown"):
            unknowns.resolve(tx, second.delivery.id, DeliveryState.SENT, now=SOON)


def test_an_answer_about_an_attempt_says_nothing_of_the_next_one(house: Database) -> None:
    with house.write() as tx:
        first, _ = unknowns.of(tx, 1)
        number, attempt = first.delivery.id, first.delivery.attempts
        with pytest.raises(ConflictError, match="is not unknown"):
            unknowns.resolve(tx, number, DeliveryState.SENT, now=SOON, attempt=attempt - 1)
        unknowns.resolve(tx, number, DeliveryState.SENT, now=SOON, attempt=attempt)


def test_a_newsletters_rule_changes_and_no_other(house: Database) -> None:
    with house.write() as tx:
        digest = newsletters.get(tx, "digest")
        assert digest.unknown is UnknownRule.ASK
        newsletters.change(tx, replace(digest, unknown=UnknownRule.HOLD))
        assert newsletters.get(tx, "digest") == replace(digest, unknown=UnknownRule.HOLD)
        with pytest.raises(NotFoundError):
            newsletters.change(tx, replace(digest, key="other"))
