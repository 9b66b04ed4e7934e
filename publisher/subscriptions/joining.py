"""Signing up: asked for on a form, confirmed by a link that only the mailbox has.

    form --> pending, evidence of the wording --> letter "confirm" --> button --> active, "welcome"

Whoever asks hears the same, whether the address is known or not, active, suppressed or written
to too often; and nothing that is known of somebody changes before they confirm it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from publisher import addresses, languages
from publisher.config import Config
from publisher.errors import FormError, InputError, NotFoundError, TokenError
from publisher.subscriptions import choices, keyring, suppressions, writing
from publisher.subscriptions.checks import email_address
from publisher.subscriptions.choices import Choice, Offer
from publisher.tokens import Purpose
from store import consents, newsletters, subscribers
from store.database import Database, Transaction
from store.records import Act, Consent, Status, Subscriber

_NOTHING: Mapping[str, str] = {}

#: Nobody who called us spam, and no dead mailbox, is written to because of a form.
_REFUSED = {Status.COMPLAINED, Status.BOUNCED}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a sign-up form said, checked."""

    email: str
    name: str
    choice: Choice


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The words that people agree to, and the language that they are in."""

    text: str
    language: str


def wording(config: Config, language: str) -> Wording:
    """Return what readers of a language agree to."""
    strings = languages.strings(*config.chain(language))
    text = strings.text("consent", site=config.name(language))
    return Wording(text=text, language=strings.language)


def offers(database: Database, config: Config, language: str) -> list[Offer]:
    """Return the newsletters that readers of a language can sign up for."""
    with database.read() as tx:
        return choices.offers(tx, config, language)


def wish(
    there: Sequence[Offer],
    *,
    email: str,
    name: str,
    language: str,
    timezone: str,
    wanted: Mapping[str, Sequence[str]],
    often: Mapping[str, str] = _NOTHING,
) -> Wish:
    """Return what a form says. Pure; raises FormError with all fields that cannot be taken."""
    if len(there) == 1 and not wanted:
        # Where there is nothing to choose, nobody is asked.
        wanted = {there[0].key: ()}
    readers: Mapping[str, Callable[[], Any]] = {
        "email": lambda: email_address(email),
        "name": lambda: choices.name_of(name),
        "newsletters": lambda: (
            _some(choices.newsletters_of(wanted, there)),
            choices.frequencies_of(often, there),
        ),
        "timezone": lambda: choices.timezone_of(timezone.strip()),
    }
    found, wrong = {}, []
    for field, reading in readers.items():
        try:
            found[field] = reading()
        except InputError as error:
            wrong += choices.faults(field, error)
    if wrong:
        raise FormError(wrong)
    chosen, frequencies = found["newsletters"]
    choice = Choice(
        language=language,
        timezone=found["timezone"],
        newsletters=chosen,
        frequencies=frequencies,
    )
    return Wish(email=found["email"], name=found["name"], choice=choice)


def _some(chosen: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    if not chosen:
        raise InputError("newsletters", "choose one at least")
    return chosen


def join(database: Database, config: Config, wanted: Wish, *, how: str, now: datetime) -> None:
    """Take a sign-up: keep what was agreed to, and write to the address to have it confirmed."""
    with database.write() as tx:
        subscribers.take(tx, wanted.email)
        person = subscribers.by_email(tx, wanted.email)
        if _is_refused(tx, person, wanted.email):
            return
        if not writing.may_write(tx, config, wanted.email, now):
            return
        subscriber_id = person.id if person else _add(tx, config, wanted)
        if person and person.status is Status.PENDING:
            # Nobody is known yet: what was said last counts.
            fields = {"language": wanted.choice.language, "name": wanted.name or person.name}
            subscribers.change(tx, person.id, **fields)
        words = wording(config, wanted.choice.language)
        asked = consents.record(
            tx,
            subscriber_id,
            Act.ASKED,
            at=now,
            how=how,
            language=words.language,
            wording=words.text,
            choice=wanted.choice.evidence,
        )
        writing.write(
            tx,
            config,
            subscriber_id,
            "confirm",
            language=wanted.choice.language,
            email=wanted.email,
            keys=wanted.choice.newsletters,
            often=wanted.choice.frequencies,
            now=now,
            consent=asked,
        )


def _is_refused(tx: Transaction, person: Subscriber | None, email: str) -> bool:
    if person:
        return person.status in _REFUSED
    return suppressions.is_suppressed(tx, email) in _REFUSED


def _add(tx: Transaction, config: Config, wanted: Wish) -> int:
    return subscribers.add(
        tx,
        email=wanted.email,
        name=wanted.name,
        language=wanted.choice.language,
        timezone=wanted.choice.timezone or config.site.timezone,
        status=Status.PENDING,
        consent_at=None,
        consent_source="",
    )


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
        if person.status in _REFUSED:
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
