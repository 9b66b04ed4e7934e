"""Values for tests: each has a default for all that a test does not care about."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import delete

from publisher import launching
from publisher.config import Config
from publisher.freshness import digest
from publisher.ingest import intake
from publisher.ingest.drafts import Draft
from store import subscribers, tables
from store.database import Database, open_database
from store.records import (
    FEED,
    Change,
    Item,
    Kind,
    Missing,
    Newsletter,
    Publication,
    Status,
    Subscription,
    Text,
    Translation,
    Workflow,
)

#: A Monday morning.
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
#: A Friday after it, when the newsletter's slot is over.
FRIDAY = NOW + timedelta(days=4)
LANGUAGES = ("en", "fr", "es", "ar")

TITLES = {
    "en": "Dignity across borders",
    "fr": "La dignité par-delà les frontières",
    "es": "Dignidad más allá de las fronteras",
    "ar": "كرامة عبر الحدود",
}
BODIES = {
    "en": "Most migrants *live and work* with legal status.",
    "fr": "La plupart des migrants *vivent et travaillent* en situation régulière.",
    "es": "La mayoría de los migrantes *vive y trabaja* en situación regular.",
    "ar": "يعيش معظم المهاجرين *ويعملون* بصفة قانونية.",
}


def config(folder: Path, **sections: Mapping[str, Any]) -> Config:
    """Return a configuration; ``sections`` change single settings."""
    site = {
        "url": "https://news.example.org",
        "languages": LANGUAGES,
        "id": "tag:news.example.org,2013",
        "name": {"en": "Example news", "fr": "Actualités", "es": "Noticias", "ar": "أخبار"},
    }
    values: dict[str, Any] = {"site": site, "mail": {"tls": "none", "timeout": 10.0}}
    for name, settings in sections.items():
        values[name] = {**values.get(name, {}), **settings}
    return Config(folder=folder, **values)


@contextmanager
def a_store(migrated: bytes) -> Iterator[Database]:
    """Give an empty store in memory, from the bytes of a migrated database."""
    database = open_database("sqlite://")
    raw = database._engine.raw_connection()
    raw.driver_connection.deserialize(migrated)  # type: ignore[union-attr]
    raw.close()
    yield database
    database.close()


def text(language: str = "en", **changes: str) -> Text:
    """Return the words of an item."""
    values = {
        "title": TITLES.get(language, f"Title in {language}"),
        "summary": "",
        "body": BODIES.get(language, f"Body in {language}."),
        "slug": f"dignity-{language}",
        "image_alt": "",
    }
    return Text(**{**values, **changes})


def item(**changes: Any) -> Item:
    """Return an item; its source is English unless said otherwise."""
    values: dict[str, Any] = {
        "id": 1,
        "key": "dignity",
        "kind": Kind.MESSAGE,
        "topics": (),
        "source_language": "en",
        "embargo": None,
        "url": None,
        "image": None,
        "tag": "tag:news.example.org,2013:item/1",
        "created": NOW,
    }
    return Item(**{**values, **changes})


def translation(language: str = "en", **changes: Any) -> Translation:
    """Return an approved text, made from the English one as it stands."""
    words = {name: changes.pop(name) for name in Text.__dataclass_fields__ if name in changes}
    content = text(language, **words)
    values: dict[str, Any] = {
        "item_id": 1,
        "language": language,
        "dated": None,
        "workflow": Workflow.APPROVED,
        "digest": digest(content),
        "source_digest": digest(text("en")),
        "made_from": "en",
        "revision": 1,
        "change": Change.NEW,
        "updated": NOW,
        "approved": NOW,
    }
    return Translation(**{**vars(content), **values, **changes})


def publication(**changes: Any) -> Publication:
    """Return a row of the ledger: the English text of item 1, told to readers of English."""
    values: dict[str, Any] = {
        "item_id": 1,
        "language": "en",
        "channel": FEED,
        "telling": 1,
        "shown_language": "en",
        "revision": 1,
        "source_revision": 1,
        "rule": "ready",
        "change": Change.NEW,
        "told": NOW,
        "published": NOW,
        "updated": NOW,
        "issue_id": None,
    }
    return Publication(**{**values, **changes})


def draft(language: str = "en", **changes: Any) -> Draft:
    """Return an approved draft."""
    values: dict[str, Any] = {
        "source": f"dignity.{language}.md",
        "key": "dignity",
        "origin": "",
        "slug": "",
        "language": language,
        "words": text(language),
        "dated": None,
        "kind": Kind.MESSAGE,
        "topics": {},
        "embargo": None,
        "url": None,
        "image": None,
        "workflow": Workflow.APPROVED,
        "source_language": None,
        "source_digest": None,
        "made_from": None,
        "change": None,
        "note": "",
    }
    return Draft(**{**values, **changes})


def picture(
    size: tuple[int, int] = (40, 30),
    colour: Any = (200, 30, 60),
    *,
    kind: str = "JPEG",
    mode: str = "RGB",
    **beside: Any,
) -> bytes:
    """Return a picture of one colour; ``beside`` is what stands beside the colours."""
    file = BytesIO()
    Image.new(mode, size, colour).save(file, kind, **beside)
    return file.getvalue()


def newsletter(**changes: Any) -> Newsletter:
    """Return a newsletter in all four languages, every Friday at seven in Brussels."""
    values: dict[str, Any] = {
        "key": "digest",
        "names": {"en": "Digest", "fr": "Lettre", "es": "Boletín", "ar": "نشرة"},
        "languages": LANGUAGES,
        "topics": (),
        "schedule": "0 7 * * FRI",
        "timezone": "Europe/Brussels",
        "rules": {"*": changes.pop("missing", Missing.FALLBACK)},
        "since": NOW - timedelta(days=7),
    }
    return Newsletter(**{**values, **changes})


def take(database: Database, settings: Config, *drafts: Draft, now: datetime = NOW) -> None:
    """Put drafts into the store; none may be rejected."""
    outcome = intake.take(database, settings, drafts, now=now)
    assert outcome.rejected == []


def start(database: Database, settings: Config, **changes: Any) -> Newsletter:
    """Begin a newsletter in the store."""
    return launching.start(database, settings, newsletter(**changes))


def subscribe(
    database: Database,
    emails: Iterable[str],
    *,
    language: str = "en",
    newsletter: str = "digest",
    topics: Iterable[str] = (),
    frequency: str = "",
    timezone: str = "UTC",
) -> list[int]:
    """Add active subscribers; return their ids."""
    ids = []
    with database.write() as tx:
        for email in emails:
            subscriber_id = subscribers.add(
                tx,
                email=email,
                name="",
                language=language,
                timezone=timezone,
                status=Status.ACTIVE,
                consent_at=NOW,
                consent_source="test",
            )
            chosen = Subscription(newsletter=newsletter, topics=tuple(topics), frequency=frequency)
            subscribers.subscribe(tx, subscriber_id, chosen)
            ids.append(subscriber_id)
    return ids


def nobody(database: Database) -> None:
    """Take all people out of a store to whom nothing was sent."""
    with database.write() as tx:
        tx.run(delete(tables.subscriptions))
        tx.run(delete(tables.subscribers))
