"""Signing up: asked for on a form, confirmed by a link that only the mailbox has.

    form --> pending, evidence of the wording --> letter "confirm" --> button --> active, "welcome"

Whoever asks hears the same, whether the address is known or not, active, suppressed or written
to too often; and nothing that is known of somebody changes before they confirm it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from publisher import languages
from publisher.config import Config
from publisher.errors import FormError, InputError
from publisher.subscriptions import choices, suppressions, writing
from publisher.subscriptions.checks import name_of
from publisher.subscriptions.choices import Choice, Offer
from publisher.subscriptions.email_addresses import email_address
from store import consents, subscribers
from store.database import Database, Transaction
from store.records import Act, Status, Subscriber

_NOTHING: Mapping[str, str] = {}

#: Nobody who called us spam, and no dead mailbox, is written to because of a form.
REFUSED = {Status.COMPLAINED, Status.BOUNCED}


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
        "name": lambda: name_of(name),
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
        return person.status in REFUSED
    return suppressions.is_suppressed(tx, email) in REFUSED


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
