"""The sample site in four languages: all that the public pages can show, made by the job itself."""

import shutil
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import scheduler
from publisher import editing, launching, retracting, subscriptions
from publisher.config import Config
from publisher.ingest import intake, sources
from publisher.ingest.decide import words_of
from store import items
from store.database import Database, open_database
from store.records import Change, Newsletter
from tests import fakes, make

ROOT = Path(__file__).parents[1]
CONTENT = ROOT / "examples" / "icmc"
#: What the sample content lacks: Arabic, a table, a text that came from elsewhere.
MORE = ROOT / "tests" / "data" / "sample"

_NAMES = {"ar": "أخبار ICMC"}
_RIGHTS = {
    "en": "Sample texts: see examples/icmc/README.md",
    "fr": "Textes d’exemple : voir examples/icmc/README.md",
    "es": "Textos de ejemplo: véase examples/icmc/README.md",
    "ar": "نصوص نموذجية: انظر examples/icmc/README.md",
}
_TOPICS = {
    "icmc-europe": "ICMC أوروبا",
    "international-migrants-day": "اليوم الدولي للمهاجرين",
    "labour-migration": "هجرة اليد العاملة",
    "global-governance": "الحوكمة العالمية",
}
_NEWSLETTER = "نشرة سياسات الهجرة"

_WEEK = timedelta(days=7)
_HOUR = timedelta(hours=1)
_LONG_AGO = datetime(2010, 12, 18, tzinfo=UTC)


def build(folder: Path, *, entries: int) -> Config:
    """Make the public files of a site with so many entries in a feed."""
    about = tomllib.loads((CONTENT / "site.toml").read_text(encoding="utf-8"))
    with fakes.Relay() as relay:
        config = relay.serves(_config(folder, about["site"]["name"], entries))
        with _opened(config) as database:
            _fill(database, config, about)
            scheduler.tick(database, config, now=make.NOW)
            _change(database, config)
            done = scheduler.tick(database, config, now=make.NOW + 2 * _HOUR)
            assert done.problems == []
    return config


def _config(folder: Path, names: dict[str, str], entries: int) -> Config:
    return make.config(
        folder,
        site={"name": {**names, **_NAMES}, "rights": _RIGHTS},
        feeds={"entries": entries, "missing_in": {"ar": "fallback"}},
    )


@contextmanager
def _opened(config: Config) -> Iterator[Database]:
    database = open_database(config.database_url)
    database.migrate()
    yield database
    database.close()


def _fill(database: Database, config: Config, about: Mapping[str, Any]) -> None:
    """Take in all that the demo does, and the rest."""
    for key, names in about["topics"].items():
        intake.put_topic(database, config, key, {**names, "ar": _TOPICS[key]})
    for key, wanted in about["newsletters"].items():
        launching.start(database, config, _newsletter(key, wanted))
    people = CONTENT / "subscribers.csv"
    with people.open(encoding="utf-8", newline="") as lines:
        subscriptions.import_csv(database, config, lines, str(people))
    (newsletter,) = about["newsletters"]
    make.subscribe(database, ["layla@example.org"], language="ar", newsletter=newsletter)
    texts = config.folder / "items"
    shutil.copytree(CONTENT / "items", texts)
    shutil.copytree(MORE, texts, dirs_exist_ok=True)
    intake.take_from(database, config, [sources.source_of(str(texts), config)], now=make.NOW)
    for key in ("retracted", "withdrawn"):
        old = [make.draft(tag, key=key, dated=_LONG_AGO) for tag in make.LANGUAGES]
        make.take(database, config, *old)


def _newsletter(key: str, wanted: Mapping[str, Any]) -> Newsletter:
    return Newsletter(
        key=key,
        names={**wanted["name"], "ar": _NEWSLETTER},
        languages=make.LANGUAGES,
        topics=tuple(wanted["topics"]),
        schedule=wanted["schedule"],
        timezone=wanted["timezone"],
        rules={"*": wanted["missing"]},
        since=make.NOW - _WEEK,
    )


def _change(database: Database, config: Config) -> None:
    """Correct a text, move another, take one back with a notice and one without a word."""
    now = make.NOW + _HOUR
    with database.read() as tx:
        ids = {item.key: item.id for item in items.listing(tx)}
    message, project = ids["migrants-day-2013"], ids["drive-referral"]
    words = {"summary": "Most of the world’s 232 million migrants live and work with legal status."}
    note = "The summary spoke of 230 million migrants; there are 232 million."
    _edit(database, config, message, "en", words, now=now, change=Change.CORRECTION, note=note)
    _edit(database, config, project, "fr", {"slug": "drive"}, now=now, change=Change.MINOR)
    reasons = {tag: make.BODIES[tag] for tag in make.LANGUAGES}
    retracting.retract(database, config, ids["retracted"], reasons, author="ann", now=now)
    for tag in make.LANGUAGES:
        editing.withdraw(database, ids["withdrawn"], tag, now=now)


def _edit(
    database: Database,
    config: Config,
    item_id: int,
    language: str,
    words: Mapping[str, str],
    *,
    now: datetime,
    **how: Any,
) -> None:
    text = words_of(editing.text_of(database, item_id, language))
    changed = replace(text, **words)
    editing.correct(database, config, item_id, language, changed, author="ann", now=now, **how)
    editing.approve(database, item_id, language, now=now)
