"""A site with a past: items in four languages that were all told long ago.

Of twenty topics each item is on three. Of a hundred items one was corrected and one withdrawn
since; a digest that began with the archive has told them all.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, text

from publisher.config import Config
from publisher.config_file import load
from publisher.freshness import digest
from publisher.ingest.drafts import Draft
from store import newsletters, tables, topics
from store.database import Database, Transaction
from store.entries import Feed
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
TOPICS = tuple(f"topic-{number}" for number in range(20))
ABOUT = (
    f"each on 3 of {len(TOPICS)} topics, all told long ago, 1% corrected and 1% withdrawn since; "
    "a digest has had all of them"
)

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
        for key in TOPICS:
            topics.put(tx, key, {language: f"{key} in {language}" for language in LANGUAGES})
        sent = {"id": _SENT, "newsletter": DIGEST.key, "slot": NOW, "state": IssueState.SENT}
        tx.run(insert(tables.issues).values(**sent, blocking=[], frozen=NOW))
    ends: Counter[Feed] = Counter()
    for first in range(1, size + 1, _CHUNK):
        with database.write() as tx:
            _fill(tx, range(first, min(first + _CHUNK, size + 1)), ends)
    with database.write() as tx:
        # As the database does by itself before long: it chooses its ways by what it holds.
        tx.run(text("analyze"))


def _fill(tx: Transaction, numbers: range, ends: Counter[Feed]) -> None:
    pairs = [(number, language) for number in numbers for language in LANGUAGES]
    tx.run(insert(tables.items), [_item(number) for number in numbers])
    tx.run(
        insert(tables.item_topics),
        [{"item_id": number, "topic": key} for number in numbers for key in _topics(number)],
    )
    tx.run(insert(tables.translations), [_translation(*pair) for pair in pairs])
    tx.run(insert(tables.revisions), [row for pair in pairs for row in _revisions(*pair)])
    tx.run(insert(tables.publications), [row for pair in pairs for row in _tellings(*pair)])
    tx.run(
        insert(tables.feed_entries),
        [row for pair in pairs for row in _places(*pair, ends)],
    )


def words(language: str, key: str) -> Text:
    """Return the words of an item."""
    return Text(
        title=f"{key} in {language}",
        summary="One sentence on what this is about, as long as such sentences are.",
        body="A paragraph of some sixty words, as news have them. " * 20,
        slug=f"{key}-{language}",
        image_alt="",
    )


def drafts(
    key: str, languages: tuple[str, ...] = LANGUAGES, topics: Sequence[str] = ()
) -> Iterator[Draft]:
    """Yield a new item on these topics, approved in these languages."""
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
            topics={topic: topic for topic in topics},
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


def _topics(number: int) -> Iterator[str]:
    """Yield three topics, other ones for the next item."""
    return (TOPICS[(number + step) % len(TOPICS)] for step in (0, 1, 7))


def _places(number: int, language: str, ends: Counter[Feed]) -> Iterator[dict[str, object]]:
    for topic in ("", *_topics(number)):
        ends[language, topic] += 1
        ordinal = ends[language, topic]
        yield {"language": language, "topic": topic, "ordinal": ordinal, "item_id": number}


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
