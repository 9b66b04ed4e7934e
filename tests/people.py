"""Readers for tests: what they do, and what is in their mailboxes before it is sent."""

import re
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from sqlalchemy import select

from publisher.config import Config
from publisher.mail.letters import message
from publisher.subscriptions import confirming, joining, keyring, preferences
from publisher.tokens import Purpose
from store import letters, subscribers, tables
from store.database import Database
from store.records import Letter, Subscriber, Subscription
from tests import make

ZOE = "zoe@example.org"


def site(database: Database, config: Config) -> None:
    """Begin two newsletters."""
    make.start(database, config)
    make.start(database, config, key="alerts", names={"en": "Alerts"})


def ask(
    database: Database,
    config: Config,
    email: str = ZOE,
    *,
    language: str = "en",
    now: datetime = make.NOW,
    **about: Any,
) -> None:
    """Fill in the sign-up form and send it."""
    values = {"name": "", "timezone": "", "wanted": {"digest": ()}, **about}
    there = joining.offers(database, config, language)
    wish = joining.wish(there, email=email, language=language, **values)
    joining.join(database, config, wish, how="form", now=now)


def join(
    database: Database,
    config: Config,
    email: str = ZOE,
    *,
    now: datetime = make.NOW,
    **about: Any,
) -> Subscriber:
    """Sign up, and confirm by the letter."""
    ask(database, config, email, now=now, **about)
    confirming.confirm(database, config, token(database, config, "confirm"), now=now)
    return person(database, email)


def save(database: Database, config: Config, reader: Subscriber, **changes: Any) -> None:
    """Save the page of preferences as it stands after a sign-up, with these changes."""
    values = {
        "name": "",
        "language": "en",
        "timezone": "",
        "wanted": {"digest": ()},
        "pause": "",
        "now": make.NOW,
    }
    preferences.save(database, config, own_token(database, reader), **{**values, **changes})


def written(database: Database, name: str = "") -> list[Letter]:
    """Return the letters that were queued, oldest first: all, or those of a name."""
    with database.read() as tx:
        people = [row["id"] for row in tx.rows(select(tables.subscribers.c.id))]
        found = [letter for id_ in people for letter in letters.of(tx, id_)]
    return sorted((row for row in found if name in {"", row.name}), key=lambda row: row.id)


def mail(database: Database, config: Config, name: str) -> EmailMessage:
    """Return the newest letter of a name as it goes out."""
    letter = written(database, name)[-1]
    tokens = keyring.tokens(database, now=make.NOW)
    found = message_from_bytes(message(letter, tokens, config), policy=default)
    assert isinstance(found, EmailMessage)
    return found


def token(database: Database, config: Config, name: str) -> str:
    """Return the token of the link in the newest letter of a name."""
    part = mail(database, config, name).get_body(("plain",))
    assert part is not None
    (found,) = re.findall(r"/(?:confirm|preferences)/(\S+)", part.get_content())
    return str(found)


def leave_token(database: Database, who: Subscriber, newsletter: str = "digest") -> str:
    made = keyring.tokens(database, now=make.NOW)
    return made.make(Purpose.LEAVE, who.id, newsletter)


def own_token(database: Database, who: Subscriber) -> str:
    """Return the token of somebody's preferences."""
    return keyring.tokens(database, now=make.NOW).make(Purpose.PREFERENCES, who.id)


def person(database: Database, email: str = ZOE) -> Subscriber:
    with database.read() as tx:
        found = subscribers.by_email(tx, email)
    assert found is not None
    return found


def wants(database: Database, who: Subscriber) -> dict[str, tuple[str, ...]]:
    """Return the topics that somebody takes, by newsletter."""
    with database.read() as tx:
        had: tuple[Subscription, ...] = subscribers.subscriptions_of(tx, who.id)
    return {entry.newsletter: entry.topics for entry in had}
