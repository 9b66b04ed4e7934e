"""What we know of somebody, and how to know it no more (GDPR, articles 15, 17 and 20).

Erasing takes out all that names the person: address, name, letters, what relays said of the
address. What was sent to somebody stays as a row about nobody, so that figures and the ledger
stay right. A keyed hash of the address stays in the suppressions, so that no list from
elsewhere brings the person back.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from publisher.errors import NotFoundError
from publisher.subscriptions import keyring, preferences, suppressions
from publisher.subscriptions.importing import email_address
from store import consents, deliveries, letters, subscribers
from store.database import Database, Transaction
from store.records import Status, Subscriber

#: A domain that can never be anybody's (RFC 2606).
_NOWHERE = "invalid"


def known(tx: Transaction, person: Subscriber) -> Mapping[str, Any]:
    """Return everything that the store knows of a person, fit for JSON but for instants."""
    return {
        **vars(person),
        "paused_until": subscribers.paused_until(tx, person.id),
        "subscriptions": [
            {"newsletter": entry.newsletter, "topics": list(entry.topics)}
            for entry in subscribers.subscriptions_of(tx, person.id)
        ],
        "consents": [_said(vars(row)) for row in consents.of(tx, person.id)],
        "letters": [
            {"name": row.name, "created": row.created, "email": row.email, "state": row.state}
            for row in letters.of(tx, person.id)
        ],
        "deliveries": deliveries.of(tx, person.id),
    }


def _said(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in row.items() if name != "subscriber_id"}


def export(database: Database, email: str) -> Mapping[str, Any]:
    """Return everything that is known of an address. Raises InputError or NotFoundError."""
    with database.read() as tx:
        return known(tx, _by_email(tx, email))


def export_own(database: Database, token: str, *, now: datetime) -> Mapping[str, Any]:
    """Return everything that is known of whoever a link is about. Raises TokenError."""
    id_ = preferences.reader_id(database, token, now=now)
    with database.read() as tx:
        return known(tx, preferences.person(tx, id_))


def erase(database: Database, email: str, *, now: datetime) -> int:
    """Forget the person of an address; return the id that stays. Raises as :func:`export`."""
    keyring.tokens(database, now=now)
    with database.write() as tx:
        found = _by_email(tx, email)
        _erase(tx, found, now)
        return found.id


def erase_own(database: Database, token: str, *, now: datetime) -> Subscriber:
    """Forget whoever a link is about; return who it was. Raises TokenError."""
    id_ = preferences.reader_id(database, token, now=now)
    with database.write() as tx:
        found = preferences.person(tx, id_)
        _erase(tx, found, now)
        return found


def _erase(tx: Transaction, person: Subscriber, now: datetime) -> None:
    # Whoever bounced or complained must not come back as somebody new.
    grave = {Status.BOUNCED, Status.COMPLAINED}
    reason = person.status if person.status in grave else Status.ERASED
    suppressions.suppress(tx, keyring.known(tx), person.email, reason, now=now)
    subscribers.unsubscribe(tx, person.id)
    deliveries.cancel_left(tx, person.id, None, now=now)
    deliveries.forget(tx, person.id)
    letters.forget(tx, person.id, now)
    subscribers.change(
        tx,
        person.id,
        email=f"{person.id}@{_NOWHERE}",
        name="",
        timezone="UTC",
        status=Status.ERASED,
        consent_at=None,
        consent_source="",
        paused_until=None,
    )


def _by_email(tx: Transaction, email: str) -> Subscriber:
    address = email_address(email)
    found = subscribers.by_email(tx, address)
    if found is None:
        raise NotFoundError("subscriber", address)
    return found
