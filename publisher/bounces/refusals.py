"""A relay that knows an address to be dead says at once what a bounce would say later."""

import hashlib
from datetime import datetime

from publisher.bounces import taking
from publisher.mail import received
from publisher.mail.returned import Kind
from publisher.subscriptions import keyring
from store import bounces, subscribers
from store.database import Database
from store.records import Status


def take(
    database: Database,
    subscriber_id: int,
    address: str,
    said: str,
    *,
    now: datetime,
    delivery_id: int | None = None,
    letter_id: int | None = None,
) -> Status | None:
    """Draw the conclusions from a relay's word that nobody reads mail at an address.

    ``said`` begins with the status (RFC 3463). Returns the reader's status if it is another now:
    not where they have another address by now. The same refusal counts once. Raises StoreError.
    """
    digest = hashlib.sha256(f"refused {delivery_id} {letter_id}".encode()).hexdigest()
    status, _, detail = said.partition(" ")
    # Suppressions are keyed; that makes the first key.
    keyring.tokens(database, now=now)
    with database.write() as tx:
        bounces.take(tx)
        if bounces.is_known(tx, digest):
            return None
        bounces.add(
            tx,
            digest=digest,
            at=now,
            kind=Kind.HARD,
            subscriber_id=subscriber_id,
            delivery_id=delivery_id,
            letter_id=letter_id,
            address=address,
            status=status,
            detail=received.line(detail),
            source="the relay",
        )
        subscribers.take(tx, subscriber_id)
        person = subscribers.get(tx, subscriber_id)
        return taking.stop(tx, person, Status.BOUNCED, now) if address == person.email else None
