"""Write to somebody no more: because mail to them came back, was refused, or was called spam."""

from collections.abc import Iterable
from datetime import datetime

from publisher.bounces import identity
from publisher.subscriptions import keyring, leaving, suppressions
from store import cancelling, consents, deliveries, issues, letters, subscribers
from store.database import Database, Transaction
from store.records import Act, Ending, Letter, Status, Subscriber

#: Who can still become each of these; the graver one stays.
_MAY_BOUNCE = {Status.ACTIVE, Status.PENDING, Status.UNSUBSCRIBED}
_MAY_COMPLAIN = {*_MAY_BOUNCE, Status.BOUNCED}


def stop(
    tx: Transaction, person: Subscriber, status: Status, *, how: str, now: datetime
) -> Status | None:
    """Write to somebody no more; return their status if it is another now.

    Whoever calls it has taken the person. What waits for them is cancelled.
    """
    if person.status not in (_MAY_BOUNCE if status is Status.BOUNCED else _MAY_COMPLAIN):
        return None
    had = leaving.evidence(person, subscribers.subscriptions_of(tx, person.id))
    act = Act.STOPPED
    if status is Status.COMPLAINED:
        act = Act.WITHDRAWN
        subscribers.unsubscribe(tx, person.id)
    consents.record(tx, person.id, act, at=now, how=how, choice=had)
    subscribers.change(tx, person.id, status=status)
    suppressions.suppress(tx, keyring.known(tx), person.email, status, now=now)
    cancelling.cancel_left(tx, person.id, None, now=now)
    letters.cancel(tx, person.email, now)
    return status


def stop_refused(database: Database, endings: Iterable[Ending], *, now: datetime) -> None:
    """Write no more to those at whose addresses a relay knows nobody: a hard bounce, told at once.

    One transaction each, after the one that the endings were folded in: each locks the batches of
    all that waits for its reader. A second time it changes nothing, so whoever dies between the
    two does both again.
    """
    for ending in endings:
        if ending.is_dead:
            with database.write() as tx:
                _stop_refused(tx, ending.id, now)


def _stop_refused(tx: Transaction, delivery_id: int, now: datetime) -> None:
    delivery = deliveries.find(tx, delivery_id)
    if delivery is None:
        return
    # Whoever was about them at the same moment is done now.
    subscribers.take(tx, delivery.subscriber_id)
    person = subscribers.get(tx, delivery.subscriber_id)
    # Of somebody who has moved since the issue was made nobody knows which address was meant.
    if not identity.has_moved(tx, person.id, since=issues.get(tx, delivery.issue_id).dated):
        stop(tx, person, Status.BOUNCED, how="refusal", now=now)


def stop_refused_letter(database: Database, letter: Letter, *, now: datetime) -> None:
    """Write no more to whom a letter was for, if it went to the address that they have."""
    with database.write() as tx:
        subscribers.take(tx, letter.subscriber_id)
        person = subscribers.get(tx, letter.subscriber_id)
        if person.email == letter.email:
            stop(tx, person, Status.BOUNCED, how="refusal", now=now)
