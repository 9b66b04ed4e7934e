"""A sign-up is confirmed by the link that only the mailbox has."""

from dataclasses import dataclass
from datetime import datetime

from publisher import addresses
from publisher.config import Config
from publisher.errors import NotFoundError, TokenError
from publisher.subscriptions import choices, keyring, suppressions, writing
from publisher.subscriptions.joining import REFUSED
from publisher.tokens import Purpose
from store import consents, newsletters, subscribers
from store.database import Database, Transaction
from store.records import Act, Consent, Status, Subscriber


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who has to confirm, and what."""

    subscriber: Subscriber
    consent: Consent
    #: The language that was asked for, and what the newsletters are called in it.
    language: str
    names: list[str]


def asked(database: Database, config: Config, token: str, *, now: datetime) -> Asked:
    """Return what a link asks to confirm; it changes nothing. Raises TokenError."""
    tokens = keyring.tokens(database, now=now)
    with database.read() as tx:
        (consent_id,) = tokens.read(token, Purpose.CONFIRM, now=now)
        return _asked(tx, config, int(consent_id))


def _asked(tx: Transaction, config: Config, consent_id: int) -> Asked:
    try:
        consent = consents.get(tx, consent_id)
    except NotFoundError as error:
        raise TokenError("nobody asked for this") from error
    person = subscribers.get(tx, consent.subscriber_id)
    if person.status is Status.ERASED:
        raise TokenError("who asked for this is erased", expired=True)
    wanted = choices.choice_of(consent.choice)
    known = newsletters.listing(tx)
    named = choices.names(known, wanted.newsletters, config, wanted.language, wanted.frequencies)
    return Asked(subscriber=person, consent=consent, language=wanted.language, names=named)


def confirm(database: Database, config: Config, token: str, *, now: datetime) -> Asked:
    """Make an address active, with what was asked for; a second time changes nothing.

    Lifts what the person themself had asked for before: to be erased, or to be left alone.
    Raises TokenError.
    """
    tokens = keyring.tokens(database, now=now)
    (consent_id,) = tokens.read(token, Purpose.CONFIRM, now=now)
    with database.write() as tx:
        subscribers.take(tx, _asked(tx, config, int(consent_id)).subscriber.id)
        found = _asked(tx, config, int(consent_id))
        person = found.subscriber
        if person.status in REFUSED:
            raise TokenError(f"the address is {person.status}", expired=True)
        if consents.confirmed(tx, found.consent.id):
            return found
        choice = choices.choice_of(found.consent.choice)
        # A pause was for what they left since.
        anew = {} if person.status is Status.ACTIVE else {"paused_until": None}
        subscribers.change(
            tx,
            person.id,
            language=choice.language,
            timezone=choice.timezone or person.timezone,
            status=Status.ACTIVE,
            consent_at=now,
            consent_source=found.consent.how,
            **anew,
        )
        choices.subscribe(tx, person, choice)
        consents.record(
            tx,
            person.id,
            Act.CONFIRMED,
            at=now,
            how="link",
            choice=found.consent.choice,
            asked=found.consent.id,
        )
        suppressions.lift(tx, tokens, person.email)
        writing.write(
            tx,
            config,
            person.id,
            "welcome",
            language=choice.language,
            email=person.email,
            keys=choice.newsletters,
            often=choice.frequencies,
            now=now,
        )
        return found


def preferences_path(database: Database, subscriber_id: int, *, now: datetime) -> str:
    """Return where a reader who has just shown that an address is theirs finds their page."""
    token = keyring.tokens(database, now=now).make(Purpose.PREFERENCES, subscriber_id)
    return addresses.preferences(token)
