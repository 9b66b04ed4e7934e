"""Write to somebody no more: because mail to them came back, was refused, or was called spam."""

from collections.abc import Collection, Iterable
from datetime import datetime

from publisher.bounces import identity
from publisher.subscriptions import keyring, leaving, suppressions
from publisher.tokens import Tokens
from store import cancelling, consents, deliveries, issues, letters, subscribers
from store.database import Database, Transaction
from store.records import Act, Ending, Letter, Status, Subscriber

#: Who can still become each of these; the graver one stays.
_MAY_BOUNCE = {Status.ACTIVE, Status.PENDING, Status.UNSUBSCRIBED}
_MAY_COMPLAIN = {*_MAY_BOUNCE, Status.BOUNCED}

#: People who are stopped in one transaction: between two of them others have their turn.
_AT_ONCE = 100


def stop(
    tx: Transaction, person: Subscriber, status: Status, *, how: str, now: datetime
) -> Status | None:
    """Write to somebody no more; return their status if it is another now.

    Whoever calls it has taken the person. What waits for them is cancelled.
    """
    if not _note(tx, keyring.known(tx), person, status, how=how, now=now):
        return None
    cancelling.cancel_left(tx, [person.id], None, now=now)
    return status


def _note(
    tx: Transaction, tokens: Tokens, person: Subscriber, status: Status, *, how: str, now: datetime
) -> bool:
    """Note that somebody is written to no more; return whether that is news."""
    if person.status not in (_MAY_BOUNCE if status is Status.BOUNCED else _MAY_COMPLAIN):
        return False
    had = leaving.evidence(person, subscribers.subscriptions_of(tx, person.id))
    act = Act.STOPPED
    if status is Status.COMPLAINED:
        act = Act.WITHDRAWN
        subscribers.unsubscribe(tx, person.id)
    consents.record(tx, person.id, act, at=now, how=how, choice=had)
    subscribers.change(tx, person.id, status=status)
    suppressions.suppress(tx, tokens, person.email, status, now=now)
    letters.cancel(tx, person.email, now)
    return True


def stop_refused(database: Database, endings: Iterable[Ending], *, now: datetime) -> None:
    """Write no more to those at whose addresses a relay knows nobody: a hard bounce, told at once.

    After the transaction that the endings were folded in. A second time it changes nothing, so
    whoever dies between the two does both again.
    """
    dead = [ending.id for ending in endings if ending.is_dead]
    for start in range(0, len(dead), _AT_ONCE):
        with database.write() as tx:
            _stop_refused(tx, dead[start : start + _AT_ONCE], now)


def _stop_refused(tx: Transaction, delivery_ids: Collection[int], now: datetime) -> None:
    mails = deliveries.find_all(tx, delivery_ids)
    # All who take several people take them in this order, so that nobody waits in a circle.
    for person_id in sorted({mail.subscriber_id for mail in mails}):
        # Whoever was about them at the same moment is done now.
        subscribers.take(tx, person_id)
    dated = {number: issues.get(tx, number).dated for number in {mail.issue_id for mail in mails}}
    tokens, gone = keyring.known(tx), []
    for mail in mails:
        person = subscribers.get(tx, mail.subscriber_id)
        # Of somebody who has moved since the issue was made nobody knows which address was meant.
        has_moved = identity.has_moved(tx, person.id, since=dated[mail.issue_id])
        if not has_moved and _note(tx, tokens, person, Status.BOUNCED, how="refusal", now=now):
            gone.append(person.id)
    cancelling.cancel_left(tx, gone, None, now=now)


def stop_refused_letter(database: Database, letter: Letter, *, now: datetime) -> None:
    """Write no more to whom a letter was for, if it went to the address that they have."""
    with database.write() as tx:
        subscribers.take(tx, letter.subscriber_id)
        person = subscribers.get(tx, letter.subscriber_id)
        if person.email == letter.email:
            stop(tx, person, Status.BOUNCED, how="refusal", now=now)
