"""What readers change by themselves: language, newsletters, topics, a pause, their address.

Whoever has a link from a mail of theirs may: it never ages, so that nobody needs a password.
A new address has to be confirmed from its own mailbox, and the old one is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from publisher.config import Config
from publisher.errors import FormError, InputError, TokenError
from publisher.subscriptions import choices, joining, keyring, leaving
from publisher.subscriptions.checks import name_of
from publisher.subscriptions.choices import Choice, Offer
from publisher.tokens import Purpose
from store import consents, subscribers
from store.database import Database, Transaction
from store.errors import NotFoundError
from store.records import Act, Status, Subscriber

#: Nobody pauses for longer: who forgets a pause would think that they had left.
LONGEST_PAUSE = timedelta(days=366)

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """Who somebody is to us, and what they can choose."""

    subscriber: Subscriber
    #: By newsletter the topics that they chose; none stands for all.
    chosen: Mapping[str, tuple[str, ...]]
    #: How often they get each; empty for the newsletter's own frequency.
    often: Mapping[str, str]
    #: The first day in their time zone on which they get mail again; None for no pause.
    paused_until: date | None
    offers: list[Offer]
    #: The site's, and theirs where it is another: to save it again does not change it.
    languages: Sequence[str]


def reader_id(database: Database, token: str, *, now: datetime) -> int:
    """Return whose preferences a link is about. Raises TokenError."""
    found = keyring.tokens(database, now=now).read(token, Purpose.PREFERENCES, now=now)
    return int(found[0])


def person(tx: Transaction, id_: int) -> Subscriber:
    """Return who a link is about. Raises TokenError when they are erased."""
    try:
        found = subscribers.get(tx, id_)
    except NotFoundError as error:
        raise TokenError("nobody here") from error
    if found.status is Status.ERASED:
        raise TokenError("who this was about is erased", expired=True)
    return found


def read(database: Database, config: Config, token: str, *, now: datetime) -> Preferences:
    """Return what a link shows. Raises TokenError."""
    id_ = reader_id(database, token, now=now)
    with database.read() as tx:
        return _read(tx, config, person(tx, id_), now)


def _read(tx: Transaction, config: Config, found: Subscriber, now: datetime) -> Preferences:
    had = subscribers.subscriptions_of(tx, found.id)
    chosen = {entry.newsletter: entry.topics for entry in had}
    often = {entry.newsletter: entry.frequency for entry in had}
    until = _last_pause(tx, found)
    here = until.date() if until and until > now else None
    there = choices.offers(tx, config, found.language, kept=chosen)
    return Preferences(
        subscriber=found,
        chosen=chosen,
        often=often,
        paused_until=here,
        offers=there,
        languages=choices.languages_of(config, kept=found.language),
    )


def _last_pause(tx: Transaction, found: Subscriber) -> datetime | None:
    """Return when somebody's pause ends or has ended, where they are."""
    until = subscribers.paused_until(tx, found.id)
    return until.astimezone(ZoneInfo(found.timezone)) if until else None


def save(
    database: Database,
    config: Config,
    token: str,
    *,
    name: str,
    language: str,
    timezone: str,
    wanted: Mapping[str, tuple[str, ...]],
    often: Mapping[str, str] = _NOTHING,
    pause: str,
    now: datetime,
) -> None:
    """Take what a reader changed; whoever chooses nothing has left.

    ``pause`` is the day on which they want mail again, as ``2026-12-24``, or nothing.
    Raises TokenError, and FormError with the fields that cannot be taken.
    """
    id_ = reader_id(database, token, now=now)
    with database.write() as tx:
        subscribers.take(tx, id_)
        before = _read(tx, config, person(tx, id_), now)
        had = _last_pause(tx, before.subscriber)
        try:
            choice = Choice(
                language=choices.language_of(language, before.languages),
                timezone=choices.timezone_of(timezone.strip()) or before.subscriber.timezone,
                newsletters=choices.newsletters_of(wanted, before.offers),
                frequencies=choices.frequencies_of(often, before.offers),
            )
            called = name_of(name)
            until = pause_of(pause.strip(), choice.timezone, now, had=had.date() if had else None)
        except InputError as error:
            raise FormError([error.source]) from error
        subscribers.change(
            tx,
            id_,
            name=called,
            language=choice.language,
            timezone=choice.timezone,
            paused_until=until,
        )
        _choose(tx, config, before, choice, now=now)


def _choose(
    tx: Transaction, config: Config, before: Preferences, choice: Choice, *, now: datetime
) -> None:
    """Put somebody on what they chose, and take them off the rest."""
    found = before.subscriber
    if not choice.newsletters:
        leaving.take_off(tx, config, found, None, how="preferences", now=now)
        return
    comes_back = found.status is Status.UNSUBSCRIBED
    often = {**before.often, **choice.frequencies}
    if not comes_back and (choice.newsletters, often) == (before.chosen, before.often):
        return
    # First, so that whoever swaps all for others has not left meanwhile.
    choices.subscribe(tx, found, choice)
    for key in sorted(before.chosen.keys() - choice.newsletters.keys()):
        leaving.take_off(tx, config, found, key, how="preferences", goodbye=False, now=now)
    if comes_back:
        subscribers.change(tx, found.id, status=Status.ACTIVE)
    words = joining.wording(config, choice.language)
    consents.record(
        tx,
        found.id,
        Act.CHOSEN,
        at=now,
        how="preferences",
        language=words.language,
        wording=words.text,
        choice=choice.evidence,
    )


def pause_of(
    text: str, timezone: str, now: datetime, *, had: date | None = None
) -> datetime | None:
    """Return when a pause ends: as the day begins where the reader is. Raises InputError. Pure.

    A day that is past is refused: mail would come at once, to who meant next year. But not the day
    that they had: a page may be saved after the pause that it shows is over.
    """
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        until = datetime.combine(day, time(), tzinfo=ZoneInfo(timezone))
        over = until - now > LONGEST_PAUSE
    except (ValueError, OverflowError) as error:
        raise InputError("pause", f"{text!r} is no day such as 2026-12-24") from error
    if day != had and day < now.astimezone(ZoneInfo(timezone)).date():
        raise InputError("pause", f"{text} is past")
    if over:
        raise InputError("pause", f"is more than {LONGEST_PAUSE.days} days away")
    return until if until > now else None
