"""A reader's new address: asked for, confirmed from its own mailbox, and the old one is told."""

import hashlib
from dataclasses import replace
from datetime import datetime

from publisher.config import Config
from publisher.errors import ConflictError, FormError, InputError, TokenError
from publisher.subscriptions import choices, keyring, suppressions, writing
from publisher.subscriptions.email_addresses import email_address
from publisher.subscriptions.preferences import person, reader_id
from publisher.tokens import Purpose
from store import letters, subscribers
from store.database import Database, Transaction
from store.records import Status, Subscriber


def ask_address(
    database: Database, config: Config, token: str, email: str, *, now: datetime
) -> None:
    """Write to a new address to have it confirmed; the same is said whether that is done or not.

    Nothing is written to an address that is somebody else's already, that must not be written
    to, or that was written to too often. Raises TokenError, and FormError for no address.
    """
    id_ = reader_id(database, token, now=now)
    with database.write() as tx:
        found = person(tx, id_)
        try:
            wanted = email_address(email)
        except InputError as error:
            raise FormError(choices.faults("email", error)) from error
        if subscribers.by_email(tx, wanted) or suppressions.is_suppressed(tx, wanted):
            return
        if writing.may_write(tx, config, wanted, now):
            writing.write(
                tx,
                config,
                id_,
                "address",
                language=found.language,
                email=wanted,
                now=now,
                old=fingerprint(found.email),
            )


def fingerprint(email: str) -> str:
    """Return by what a link knows the address that it was made for: changed once, it is void."""
    return hashlib.sha256(email.encode()).hexdigest()[:8]


def is_address_token(database: Database, token: str, *, now: datetime) -> bool:
    """Say whether a link is one to confirm a new address. Raises TokenError for an old one."""
    try:
        keyring.tokens(database, now=now).read(token, Purpose.ADDRESS, now=now)
    except TokenError as error:
        if error.expired:
            raise
        return False
    return True


def asked_address(database: Database, token: str, *, now: datetime) -> Subscriber:
    """Return who a link gives a new address, with that address; it changes nothing.

    Raises TokenError.
    """
    id_, email, _ = keyring.tokens(database, now=now).read(token, Purpose.ADDRESS, now=now)
    with database.read() as tx:
        return replace(person(tx, int(id_)), email=str(email))


def confirm_address(database: Database, config: Config, token: str, *, now: datetime) -> Subscriber:
    """Give a reader the address that a letter to it confirmed; the old one is told.

    A second time changes nothing. Raises TokenError, also when the address has got another
    owner meanwhile.
    """
    id_, email, old = keyring.tokens(database, now=now).read(token, Purpose.ADDRESS, now=now)
    try:
        with database.write() as tx:
            return _give_address(tx, config, int(id_), str(email), str(old), now=now)
    except ConflictError as error:
        raise TokenError("the address is another's now", expired=True) from error


def _give_address(
    tx: Transaction, config: Config, id_: int, email: str, old: str, *, now: datetime
) -> Subscriber:
    subscribers.take(tx, id_)
    found = person(tx, id_)
    if found.email == email:
        return found
    if fingerprint(found.email) != old or subscribers.by_email(tx, email):
        raise TokenError("the address was changed meanwhile", expired=True)
    writing.write(
        tx, config, found.id, "changed", language=found.language, email=found.email, now=now
    )
    subscribers.change(tx, found.id, email=email, status=_status_there(tx, found, now))
    return subscribers.get(tx, found.id)


def _status_there(tx: Transaction, found: Subscriber, now: datetime) -> Status:
    """Return what a reader is at a new address: if mail came back, only the old one is dead."""
    if found.status is not Status.BOUNCED:
        return found.status
    # Who came as bounced from elsewhere was never suppressed.
    suppressions.suppress(tx, keyring.known(tx), found.email, Status.BOUNCED, now=now)
    letters.cancel(tx, found.email, now)
    has_any = subscribers.subscriptions_of(tx, found.id)
    return Status.ACTIVE if has_any else Status.UNSUBSCRIBED
