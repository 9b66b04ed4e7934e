"""What we know of somebody, and how to know it no more (GDPR, articles 15, 17 and 20).

Erasing takes out all that names the person: address, name, letters, what relays said of the
address. What was sent to somebody stays as a row about nobody, so that figures and the ledger
stay right. A keyed hash of the address stays in the suppressions, so that no list from
elsewhere brings the person back.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from publisher.errors import NotFoundError
from publisher.subscriptions import keyring, preferences, suppressions
from publisher.subscriptions.email_addresses import email_address
from store import bounces, cancelling, consents, deliveries, letters, subscribers
from store.database import Database, Transaction
from store.records import Act, Status, Subscriber

#: A domain that can never be anybody's (RFC 2606).
_NOWHERE = "invalid"

#: How long a letter is remembered, and who has not answered the one to confirm.
_KEPT = timedelta(days=30)
_AT_ONCE = 200


def known(tx: Transaction, person: Subscriber) -> Mapping[str, Any]:
    """Return everything that the store knows of a person, fit for JSON but for instants."""
    return {
        **vars(person),
        "paused_until": subscribers.paused_until(tx, person.id),
        "subscriptions": [
            {
                "newsletter": entry.newsletter,
                "topics": list(entry.topics),
                "frequency": entry.frequency,
            }
            for entry in subscribers.subscriptions_of(tx, person.id)
        ],
        "consents": [_said(vars(row)) for row in consents.of(tx, person.id)],
        "letters": [
            {"name": row.name, "created": row.created, "email": row.email, "state": row.state}
            for row in letters.of(tx, person.id)
        ],
        "deliveries": deliveries.of(tx, person.id),
        "bounces": bounces.of(tx, person.id),
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
        _take(tx, _by_email(tx, email))
        found = _by_email(tx, email)
        _erase(tx, found, now)
        return found.id


def erase_own(database: Database, token: str, *, now: datetime) -> Subscriber:
    """Forget whoever a link is about; return who it was. Raises TokenError."""
    id_ = preferences.reader_id(database, token, now=now)
    with database.write() as tx:
        _take(tx, preferences.person(tx, id_))
        found = preferences.person(tx, id_)
        _erase(tx, found, now)
        return found


def tidy(database: Database, *, now: datetime) -> int:
    """Forget who asked for mail and never confirmed it; return how many.

    And drop what is known of letters that were sent long ago. Some at a time: the next pass
    finds the rest.
    """
    before = now - _KEPT
    with database.read() as tx:
        if not letters.old(tx, before, limit=1):
            return 0
    with database.write() as tx:
        found = letters.old(tx, before, limit=_AT_ONCE)
        people = [subscribers.get(tx, id_) for id_ in sorted({*found.values()})]
        letters.drop(tx, found)
        # Who asked again since is given the time anew.
        gone = [one for one in people if _never_confirmed(tx, one)]
        for person in gone:
            _forget(tx, person, now)
        return len(gone)


def _never_confirmed(tx: Transaction, person: Subscriber) -> bool:
    if person.status is Status.BOUNCED:
        # Their letter to confirm came back: nothing but the address is known of them.
        said = {row.act for row in consents.of(tx, person.id)}
        return said == {Act.ASKED, Act.STOPPED} and not letters.of(tx, person.id)
    return person.status is Status.PENDING and not letters.of(tx, person.id)


def _take(tx: Transaction, person: Subscriber) -> None:
    """Wait until nobody else is about somebody: by their address, as who signs up, and by id.

    Whoever was before us may have changed them since: they are to be read again.
    """
    subscribers.take(tx, person.email)
    subscribers.take(tx, person.id)


def _erase(tx: Transaction, person: Subscriber, now: datetime) -> None:
    # Whoever bounced or complained must not come back as somebody new.
    grave = {Status.BOUNCED, Status.COMPLAINED}
    reason = person.status if person.status in grave else Status.ERASED
    suppressions.suppress(tx, keyring.known(tx), person.email, reason, now=now)
    _forget(tx, person, now)


def _forget(tx: Transaction, person: Subscriber, now: datetime) -> None:
    subscribers.unsubscribe(tx, person.id)
    cancelling.cancel_left(tx, [person.id], None, now=now)
    deliveries.forget(tx, person.id)
    bounces.forget(tx, person.id, person.email)
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
