"""A site with a past: items in four languages that were all told long ago.

Of a hundred items one was corrected and one withdrawn since; a digest that began with the
archive has told them all.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, text

from publisher.config import Config, load
from publisher.freshness import digest
from publisher.ingest.drafts import Draft
from store import newsletters, tables
from store.database import Database, Transaction
from store.records import (
    FEED,
    Change,
    IssueState,
    Kind,
    Newsletter,
    Text,
    Workflow,
    newsletter_channel,
)

LANGUAGES = ("en", "fr", "es", "ar")
ABOUT = "all told long ago, 1% corrected and 1% withdrawn since; a digest has had all of them"

START = datetime(2026, 1, 1, tzinfo=UTC)
#: Long after the archive.
NOW = START + timedelta(days=400)

#: At noon on the first of January: not due at :data:`NOW`.
DIGEST = Newsletter(
    key="digest",
    names={},
    languages=LANGUAGES,
    topics=(),
    schedule="0 12 1 1 *",
    timezone="UTC",
    rules={"*": "hold"},
    since=START,
)
_SENT = 1

_CHUNK = 2_000
_CORRECTED, _WITHDRAWN = 50, 99


def found(folder: Path, database_url: str = "") -> Config:
    """Return the configuration of a site in a folder, written there."""
    lines = ["[site]", 'url = "https://news.example.org"', f"languages = {list(LANGUAGES)}"]
    if database_url:
        lines += ["[database]", f'url = "{database_url}"']
    path = folder / "tidings.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return load(path, environment=False)


def fill(database: Database, size: int) -> None:
    """Fill an empty store with so many items."""
    with database.write() as tx:
        newsletters.add(tx, DIGEST)
        sent = {"id": _SENT, "newsletter": DIGEST.key, "slot": NOW, "state": IssueState.SENT}
        tx.run(insert(tables.issues).values(**sent, blocking=[], frozen=NOW))
    for first in range(1, size + 1, _CHUNK):
        with database.write() as tx:
            _fill(tx, range(first, min(first + _CHUNK, size + 1)))
    with database.write() as tx:
        # As the database does by itself before long: it chooses its ways by what it holds.
        tx.run(text("analyze"))


def _fill(tx: Transaction, numbers: range) -> None:
    pairs = [(number, language) for number in numbers for language in LANGUAGES]
    tx.run(insert(tables.items), [_item(number) for number in numbers])
    tx.run(insert(tables.translations), [_translation(*pair) for pair in pairs])
    tx.run(insert(tables.revisions), [row for pair in pairs for row in _revisions(*pair)])
    tx.run(insert(tables.publications), [row for pair in pairs for row in _tellings(*pair)])


def words(language: str, key: str) -> Text:
    """Return the words of an item."""
    return Text(
        title=f"{key} in {language}",
        summary="One sentence on what this is about, as long as such sentences are.",
        body="A paragraph of some sixty words, as news have them. " * 20,
        slug=f"{key}-{language}",
        image_alt="",
    )


def drafts(key: str, languages: tuple[str, ...] = LANGUAGES) -> Iterator[Draft]:
    """Yield a new item, approved in these languages."""
    for language in languages:
        yield Draft(
            source=key,
            key=key,
            origin="",
            slug="",
            language=language,
            words=words(language, key),
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


def _moment(number: int) -> datetime:
    return START + timedelta(minutes=number)


def _item(number: int) -> dict[str, object]:
    return {
        "key": f"item-{number}",
        "kind": Kind.NEWS,
        "source_language": "en",
        "tag": f"tag:news.example.org,2026:item/{number}",
        "created": _moment(number),
    }


def _translation(number: int, language: str) -> dict[str, object]:
    said = words(language, f"item-{number}")
    corrected = number % 100 == _CORRECTED
    withdrawn = number % 100 == _WITHDRAWN
    return {
        **vars(said),
        "item_id": number,
        "language": language,
        "workflow": Workflow.WITHDRAWN if withdrawn else Workflow.APPROVED,
        "digest": digest(said),
        "source_digest": digest(words("en", f"item-{number}")),
        "made_from": "en",
        "approved": _moment(number),
        "revision": 2 if corrected else 1,
        "change": Change.CORRECTION if corrected else Change.NEW,
        "updated": _moment(number),
        "origin": "",
    }


def _revisions(number: int, language: str) -> Iterator[dict[str, object]]:
    said = words(language, f"item-{number}")
    changes = [Change.NEW] + [Change.CORRECTION] * (number % 100 == _CORRECTED)
    for revision, change in enumerate(changes, start=1):
        yield {
            **vars(said),
            "item_id": number,
            "language": language,
            "number": revision,
            "digest": digest(said),
            "author": "bench",
            "change": change,
            "note": "A date was wrong." if change is Change.CORRECTION else "",
            "saved": _moment(number),
        }


def _tellings(number: int, language: str) -> Iterator[dict[str, object]]:
    changes = [Change.NEW]
    changes += [Change.CORRECTION] * (number % 100 == _CORRECTED)
    changes += [Change.WITHDRAWAL] * (number % 100 == _WITHDRAWN)
    for telling, change in enumerate(changes, start=1):
        corrected = change is Change.CORRECTION
        yield _publication(number, language, telling, change, revision=2 if corrected else 1)
    mailed = _publication(number, language, 1, Change.NEW, revision=1)
    yield {**mailed, "channel": newsletter_channel(DIGEST.key), "issue_id": _SENT}


def _publication(
    number: int, language: str, telling: int, change: Change, *, revision: int
) -> dict[str, object]:
    told = _moment(number) + timedelta(hours=telling)
    return {
        "item_id": number,
        "language": language,
        "channel": FEED,
        "telling": telling,
        "shown_language": language,
        "revision": revision,
        "source_revision": revision,
        "rule": "ready",
        "change": change,
        "told": told,
        "published": _moment(number),
        "updated": told,
        "issue_id": None,
    }
