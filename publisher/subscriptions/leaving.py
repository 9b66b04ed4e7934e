"""Leaving: one click, without a login, for as long as there are old mails (RFC 8058).

The link in a mail names the person and the newsletter. Leaving the last newsletter makes a
person unsubscribed: no list from elsewhere can call them back, they themself can.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher.config import Config
from publisher.errors import TokenError
from publisher.subscriptions import choices, keyring
from publisher.subscriptions.choices import Choice
from publisher.subscriptions.writing import write
from publisher.tokens import Purpose
from store import cancelling, consents, letters, newsletters, subscribers
from store.database import Database, Transaction
from store.errors import NotFoundError
from store.records import Act, Status, Subscriber, Subscription

#: For so long whoever left can say that it was a mistake: the link itself never ages.
UNDO = timedelta(days=1)
#: How they say so, in the evidence.
_UNDONE = "link"

#: Who is unsubscribed once nothing is left. The others stay what they are, and are not written to.
_THERE = {Status.ACTIVE, Status.PENDING, Status.UNSUBSCRIBED}


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who follows a link to leave, and which newsletter it is about."""

    subscriber: Subscriber
    newsletter: str
    #: What it is called in their language.
    name: str
    #: Whether they get it now, or any other.
    is_subscribed: bool
    others: bool
    #: Whether they left a short while ago, and can come back by a click.
    may_undo: bool


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What became of a wish to come back."""

    reader: Reader
    #: What they get again is called so, in their language; empty where it was too late.
    names: Sequence[str]


def reader(database: Database, config: Config, token: str, *, now: datetime) -> Reader:
    """Return who follows a link; it changes nothing. Raises TokenError."""
    subject = _subject(database, token, now)
    with database.read() as tx:
        return _reader(tx, config, *subject, now=now)


def _subject(database: Database, token: str, now: datetime) -> tuple[int, str]:
    found = keyring.tokens(database, now=now).read(token, Purpose.LEAVE, now=now)
    subscriber_id, newsletter = found
    return int(subscriber_id), str(newsletter)


def _reader(tx: Transaction, config: Config, id_: int, newsletter: str, *, now: datetime) -> Reader:
    try:
        person = subscribers.get(tx, id_)
    except NotFoundError as error:
        # Signed by us, so there was one: another store has our keys.
        raise TokenError("nobody here") from error
    named = choices.names(newsletters.listing(tx), [newsletter], config, person.language)
    had = {entry.newsletter for entry in subscribers.subscriptions_of(tx, id_)}
    return Reader(
        subscriber=person,
        newsletter=newsletter,
        name=named[0] if named else newsletter,
        is_subscribed=newsletter in had,
        others=bool(had - {newsletter}),
        may_undo=bool(_left(tx, person, newsletter, now)),
    )


def leave(
    database: Database,
    config: Config,
    token: str,
    *,
    how: str = "link",
    everything: bool = False,
    now: datetime,
) -> Reader:
    """Take a reader off the newsletter of a link, or off all; a second time changes nothing.

    What waits for them is cancelled. Raises TokenError.
    """
    id_, newsletter = _subject(database, token, now)
    with database.write() as tx:
        subscribers.take(tx, id_)
        found = _reader(tx, config, id_, newsletter, now=now)
        take_off(tx, config, found.subscriber, None if everything else newsletter, how=how, now=now)
        return _reader(tx, config, id_, newsletter, now=now)


def take_off(
    tx: Transaction,
    config: Config,
    person: Subscriber,
    newsletter: str | None,
    *,
    how: str,
    goodbye: bool = True,
    now: datetime,
) -> None:
    """Take somebody off a newsletter, or off all, keep that they said so, and say goodbye."""
    had = subscribers.subscriptions_of(tx, person.id)
    going = [entry for entry in had if newsletter in {None, entry.newsletter}]
    if not going:
        return
    subscribers.unsubscribe(tx, person.id, newsletter)
    cancelling.cancel_left(tx, [person.id], newsletter, now=now)
    said = evidence(person, going)
    consents.record(tx, person.id, Act.WITHDRAWN, at=now, how=how, choice=said)
    if person.status not in _THERE:
        return
    if len(going) == len(had):
        subscribers.change(tx, person.id, status=Status.UNSUBSCRIBED)
    # Who comes and goes by clicks is not written to each time.
    if goodbye and not letters.written(tx, person.email, "goodbye", since=now - UNDO):
        write(
            tx,
            config,
            person.id,
            "goodbye",
            language=person.language,
            email=person.email,
            keys={entry.newsletter for entry in going},
            now=now,
        )


def evidence(person: Subscriber, had: Sequence[Subscription]) -> Mapping[str, object]:
    """Return what somebody got, as it is kept with what they said."""
    choice = Choice(
        language=person.language,
        timezone=person.timezone,
        newsletters={entry.newsletter: entry.topics for entry in had},
        frequencies={entry.newsletter: entry.frequency for entry in had},
    )
    return choice.evidence


def undo(database: Database, config: Config, token: str, *, now: datetime) -> Undone:
    """Give a reader back the newsletter of a link, with all that they left by the same click.

    A day at most after they did; a second time changes nothing. Raises TokenError.
    """
    id_, newsletter = _subject(database, token, now)
    with database.write() as tx:
        subscribers.take(tx, id_)
        found = _reader(tx, config, id_, newsletter, now=now)
        left = _left(tx, found.subscriber, newsletter, now)
        if left is None:
            return Undone(reader=found, names=[found.name] if found.is_subscribed else [])
        choices.subscribe(tx, found.subscriber, left)
        subscribers.change(tx, id_, status=Status.ACTIVE)
        consents.record(tx, id_, Act.CHOSEN, at=now, how=_UNDONE, choice=left.evidence)
        spoken = found.subscriber.language
        return Undone(
            reader=_reader(tx, config, id_, newsletter, now=now),
            names=choices.names(newsletters.listing(tx), left.newsletters, config, spoken),
        )


def _left(tx: Transaction, person: Subscriber, newsletter: str, now: datetime) -> Choice | None:
    """Return what somebody left with a newsletter, if that was just now and they chose no other.

    What they left beside it, or came back to, says nothing of it; nor what a form asks for.
    """
    if person.status not in {Status.ACTIVE, Status.UNSUBSCRIBED}:
        return None
    for said in reversed(consents.of(tx, person.id)):
        choice = choices.choice_of(said.choice)
        is_it = newsletter in choice.newsletters
        if said.act is Act.WITHDRAWN and is_it:
            return choice if now - said.at <= UNDO else None
        came_back = said.act is Act.CHOSEN and said.how == _UNDONE
        if said.act not in {Act.WITHDRAWN, Act.ASKED} and (is_it or not came_back):
            return None
    return None
