"""What a tick costs by the size of the archive: with nothing due, and with one item due.

The due item has texts in four languages; its tick ends when its feeds and pages are on disk.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

from sqlalchemy import insert

import scheduler
from publisher.config import Config
from publisher.freshness import digest
from publisher.ingest import intake
from publisher.ingest.drafts import Draft
from store import tables
from store.database import Database, open_database
from store.records import Change, Kind, Text, Workflow

LANGUAGES = ("en", "fr", "es", "ar")
CONDITIONS = {
    "database": "SQLite, a file, synchronous=FULL",
    "languages": ", ".join(LANGUAGES),
    "idle": "median of 20 ticks",
    "due": "median of 7 ticks, each with one item in four languages",
}

_START = datetime(2026, 1, 1, tzinfo=UTC)
_CHUNK = 2_000


def measure(*, quick: bool) -> dict[str, dict[str, float]]:
    """Return milliseconds, by items in the archive."""
    sizes = (1_000, 10_000) if quick else (1_000, 10_000, 100_000)
    figures: dict[str, dict[str, float]] = {"idle_ms": {}, "due_ms": {}}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder:
            config = _config(Path(folder))
            database = open_database(config.database_url)
            database.migrate()
            _archive(database, size)
            now = _START + timedelta(days=400)
            scheduler.tick(database, config, now=now)
            idle = [_timed(database, config, now) for _ in range(20)]
            due = [_due(database, config, now, number) for number in range(7)]
            figures["idle_ms"][str(size)] = round(median(idle), 2)
            figures["due_ms"][str(size)] = round(median(due), 2)
            database.close()
    return figures


def _config(folder: Path) -> Config:
    site = {"url": "https://news.example.org", "languages": LANGUAGES}
    return Config.model_validate({"site": site, "folder": folder})


def _timed(database: Database, config: Config, now: datetime) -> float:
    started = perf_counter()
    done = scheduler.tick(database, config, now=now)
    milliseconds = (perf_counter() - started) * 1000
    if done.problems or done.busy:
        raise RuntimeError(f"the tick had problems: {done.problems + done.busy}")
    return milliseconds


def _due(database: Database, config: Config, now: datetime, number: int) -> float:
    drafts = [_draft(language, f"due-{number}") for language in LANGUAGES]
    intake.take(database, config, drafts, now=now)
    return _timed(database, config, now)


def _words(language: str, key: str) -> Text:
    return Text(
        title=f"{key} in {language}",
        summary="One sentence on what this is about, as long as such sentences are.",
        body="A paragraph of some sixty words, as news have them. " * 20,
        slug=f"{key}-{language}",
        image_alt="",
    )


def _draft(language: str, key: str) -> Draft:
    return Draft(
        source=key,
        key=key,
        origin="",
        slug="",
        language=language,
        words=_words(language, key),
        dated=None,
        kind=Kind.NEWS,
        topics={},
        embargo=None,
        url=None,
        image=None,
        workflow=Workflow.APPROVED,
        source_language=None,
        source_digest=None,
        made_from=None,
        change=None,
        note="",
    )


def _archive(database: Database, size: int) -> None:
    """Fill the store with items that were all published long ago."""
    for first in range(1, size + 1, _CHUNK):
        numbers = range(first, min(first + _CHUNK, size + 1))
        pairs = [(number, language) for number in numbers for language in LANGUAGES]
        with database.write() as tx:
            tx.run(insert(tables.items), [_item(number) for number in numbers])
            tx.run(insert(tables.translations), [_translation(*pair) for pair in pairs])
            tx.run(insert(tables.revisions), [_revision(*pair) for pair in pairs])
            tx.run(insert(tables.publications), [_publication(*pair) for pair in pairs])


def _moment(number: int) -> datetime:
    return _START + timedelta(minutes=number)


def _item(number: int) -> dict[str, object]:
    return {
        "id": number,
        "key": f"item-{number}",
        "kind": Kind.NEWS,
        "source_language": "en",
        "tag": f"tag:news.example.org,2026:item/{number}",
        "created": _moment(number),
    }


def _translation(number: int, language: str) -> dict[str, object]:
    words = _words(language, f"item-{number}")
    return {
        **vars(words),
        "item_id": number,
        "language": language,
        "workflow": Workflow.APPROVED,
        "digest": digest(words),
        "source_digest": digest(_words("en", f"item-{number}")),
        "made_from": "en",
        "approved": _moment(number),
        "revision": 1,
        "change": Change.NEW,
        "updated": _moment(number),
        "origin": "",
    }


def _revision(number: int, language: str) -> dict[str, object]:
    return {
        **vars(_words(language, f"item-{number}")),
        "item_id": number,
        "language": language,
        "number": 1,
        "digest": digest(_words(language, f"item-{number}")),
        "author": "bench",
        "change": Change.NEW,
        "saved": _moment(number),
    }


def _publication(number: int, language: str) -> dict[str, object]:
    moment = _moment(number)
    return {
        "item_id": number,
        "language": language,
        "channel": "feed",
        "telling": 1,
        "shown_language": language,
        "revision": 1,
        "source_revision": 1,
        "rule": "ready",
        "change": Change.NEW,
        "told": moment,
        "published": moment,
        "updated": moment,
    }
