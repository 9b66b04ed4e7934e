"""Subscribers: one to an address, and what they want."""

from typing import Any

import pytest

from store import members, subscribers
from store.database import Database
from store.errors import ConflictError, NotFoundError
from store.records import Group, Status, Subscriber, Subscription
from tests import make
from tests.make import NOW
from tests.store import fill

ANN: dict[str, Any] = {
    "email": "ann@example.org",
    "name": "Ann",
    "language": "fr",
    "timezone": "Europe/Paris",
    "status": Status.PENDING,
    "consent_at": NOW,
    "consent_source": "form",
}


def test_a_subscriber_is_found_by_address_and_changed(either: Database) -> None:
    with either.write() as tx:
        ann = subscribers.add(tx, **ANN)
        subscribers.change(tx, ann, status=Status.ACTIVE, consent_at=None)

    with either.read() as tx:
        changed = {"status": Status.ACTIVE, "consent_at": None}
        assert subscribers.by_email(tx, "ann@example.org") == Subscriber(
            id=ann, **{**ANN, **changed}
        )
        assert subscribers.by_email(tx, "bob@example.org") is None
    with pytest.raises(NotFoundError, match="no subscriber 999"), either.write() as tx:
        subscribers.change(tx, 999, name="Nobody")


def test_an_address_subscribes_once(either: Database) -> None:
    with either.write() as tx:
        subscribers.add(tx, **ANN)

    with pytest.raises(ConflictError), either.write() as tx:
        subscribers.add(tx, **{**ANN, "name": "Another Ann"})

    with either.read() as tx:
        assert [person.name for person in members.page(tx, limit=9)] == ["Ann"]


def test_subscribing_again_changes_the_topics_of_that_newsletter_only(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
        fill.newsletter(tx, key="alerts")
        ann = subscribers.add(tx, **ANN)
        bob = subscribers.add(tx, **{**ANN, "email": "bob@example.org"})
        both = [Subscription(newsletter=key, topics=("work",)) for key in ("digest", "alerts")]
        for wanted in both:
            subscribers.subscribe(tx, ann, wanted)
            subscribers.subscribe(tx, bob, wanted)
        subscribers.subscribe(tx, ann, Subscription(newsletter="digest", topics=()))

    with either.read() as tx:
        assert subscribers.subscriptions_of(tx, ann) == (
            Subscription(newsletter="alerts", topics=("work",)),
            Subscription(newsletter="digest", topics=()),
        )
        assert subscribers.subscriptions_of(tx, bob) == (both[1], both[0])


def test_nobody_subscribes_to_a_newsletter_that_is_not_there(either: Database) -> None:
    with either.write() as tx:
        ann = subscribers.add(tx, **ANN)

    with pytest.raises(ConflictError), either.write() as tx:
        subscribers.subscribe(tx, ann, Subscription(newsletter="none", topics=()))

    with either.read() as tx:
        assert subscribers.subscriptions_of(tx, ann) == ()


def test_a_newsletters_active_subscribers_are_counted_by_language_and_topics(
    either: Database,
) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
        fill.newsletter(tx, key="alerts")
    make.subscribe(either, ["ann@example.org", "bob@example.org"], language="fr-CA")
    make.subscribe(either, ["cleo@example.org"], language="en")
    [left] = make.subscribe(either, ["dan@example.org"], language="es")
    make.subscribe(either, ["eve@example.org"], language="ar", newsletter="alerts")
    with either.write() as tx:
        subscribers.change(tx, left, status=Status.UNSUBSCRIBED)
        for email, topics in (("ann", ("work", "asylum")), ("cleo", ("asylum", "work", "work"))):
            person = subscribers.by_email(tx, f"{email}@example.org")
            assert person
            chosen = Subscription(newsletter="digest", topics=topics)
            subscribers.subscribe(tx, person.id, chosen)

    with either.read() as tx:
        assert subscribers.groups(tx, "digest", now=make.NOW) == [
            Group(language="en", topics=("asylum", "work"), people=1),
            Group(language="fr-CA", topics=(), people=1),
            Group(language="fr-CA", topics=("asylum", "work"), people=1),
        ]
