"""A site whose digest waits for many: sixteen items in four languages, queued by the press."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from bench import archive
from publisher import press
from publisher.config import Config
from publisher.config_file import load
from publisher.ingest import intake
from store import newsletters, topics
from store.database import Database, open_database
from store.records import UnknownRule

ABOUT = f"a digest of 16 items in {len(archive.LANGUAGES)} languages, a quarter of them in each"

_ITEMS = 16
#: Domains of the readers, as many as there are.
_DOMAINS = 50

_READERS = """
insert into subscribers (email, name, language, timezone, status, consent_source)
with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < :people)
select 'reader' || n || '@d' || (n % :domains) || '.example.org', '',
case n % 4 when 0 then 'en' when 1 then 'fr' when 2 then 'es' else 'ar' end,
'UTC', 'active', 'bench' from numbers
"""
_SUBSCRIPTIONS = """
insert into subscriptions (newsletter, subscriber_id, topics, topic_key)
select :newsletter, id, '[]', '' from subscribers
"""


def written(folder: Path, database_url: str, mail: Mapping[str, object], *more: str) -> Config:
    """Write the configuration of a site into a folder; return what it says."""
    archive.found(folder, database_url)
    path = folder / "tidings.toml"
    relay = [f"{name} = {_toml(value)}" for name, value in mail.items()]
    lines = [path.read_text(encoding="utf-8"), "[mail]", *relay, *more]
    path.write_text("\n".join(lines), encoding="utf-8")
    return load(path, environment=False)


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str | Path) else str(value)


def queue(
    config: Config,
    people: int,
    *,
    now: datetime,
    unknown: UnknownRule = UnknownRule.HOLD,
) -> int:
    """Make the site's store, with an issue that waits for so many people; return its id."""
    database = open_database(config.database_url)
    database.migrate()
    since = now - timedelta(days=1)
    digest = replace(archive.DIGEST, since=since, unknown=unknown)
    with database.write() as tx:
        newsletters.add(tx, digest)
        for key in archive.TOPICS:
            topics.put(tx, key, dict.fromkeys(archive.LANGUAGES, key))
    for number in range(_ITEMS):
        drafts = archive.drafts(f"news-{number}", topics=archive.TOPICS[number : number + 1])
        intake.take(database, config, drafts, now=since)
    _subscribe(database, people)
    (issue_id,) = press.plan(database, digest, [now])
    pressed = press.press(database, issue_id, config, now=now)
    if pressed.queued != people:
        raise RuntimeError(f"{pressed.queued} of {people} are to get a mail: {pressed}")
    _analyse(database)
    database.close()
    return issue_id


def _subscribe(database: Database, people: int) -> None:
    with database.write() as tx:
        tx.run(text(_READERS).bindparams(people=people, domains=_DOMAINS))
        tx.run(text(_SUBSCRIPTIONS).bindparams(newsletter=archive.DIGEST.key))
    _analyse(database)


def _analyse(database: Database) -> None:
    """Let the database know what it holds, as it finds out by itself before long."""
    with database.write() as tx:
        tx.run(text("analyze"))
