"""What it takes to freeze an issue: a million subscribers, four languages, sixteen sets of topics.

The tick plans the issue of a slot, gates it, renders its editions and queues a delivery for each
person, on PostgreSQL, in one process; what is measured is that, from the slot to the last row.
"""

import sys
import tempfile
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from time import perf_counter
from unittest.mock import patch

from sqlalchemy import text

from bench import archive
from publisher import editions, press
from publisher.config import Config
from publisher.ingest import intake
from publisher.mail.edition import render_edition
from store import editions as frozen
from store.database import Database, open_database
from store.records import IssueState, topic_key
from tests import postgres

CONDITIONS = {
    "database": "PostgreSQL of the tests, on this machine, fsync off",
    "languages": ", ".join(archive.LANGUAGES),
    "items": "20 new ones on two topics each, and a thousand told before",
    "topic sets": "16: all, five of one topic, ten of two; as many subscribers of each",
    "measured": "press.plan and press.press: gate, render, ledger, editions, deliveries",
}

_SIZE, _QUICK = 1_000_000, 50_000
_OLD, _NEW = 1_000, 20

#: All, each of five topics, and each two of them.
SETS = (
    (),
    *((topic,) for topic in archive.TOPICS[:5]),
    *combinations(archive.TOPICS[:5], 2),
)

Figures = dict[str, float]


def measure(*, quick: bool) -> Figures:
    """Return how long it took for how many subscribers, and how often something was rendered."""
    size = _QUICK if quick else _SIZE
    with (
        postgres.server() as base,
        postgres.copy(base, None) as url,
        tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder,
    ):
        config = archive.found(Path(folder), url)
        database = open_database(config.database_url)
        database.migrate()
        archive.fill(database, _OLD)
        _news(database, config)
        started = perf_counter()
        _subscribe(database, size)
        sys.stderr.write(f"{size} subscribers in {perf_counter() - started:.1f} s\n")
        found = _freeze(database, config, size)
        database.close()
    return found


def _news(database: Database, config: Config) -> None:
    for number in range(_NEW):
        topics = [archive.TOPICS[number % 10], archive.TOPICS[10 + number % 10]]
        drafts = archive.drafts(f"news-{number}", topics=topics)
        intake.take(database, config, drafts, now=archive.NOW)


def _subscribe(database: Database, size: int) -> None:
    """Fill in subscribers, the same number for each language and set of topics."""
    keys = [topic_key(topics) for topics in SETS]
    with database.write() as tx:
        tx.run(
            text(
                "insert into subscribers"
                " (email, name, language, timezone, status, consent_source)"
                " select 'reader' || n || '@example.org', '',"
                " (cast(:languages as text[]))[n % :spoken + 1], 'UTC', 'active', 'bench'"
                " from generate_series(1, :size) as n"
            ).bindparams(
                languages=list(archive.LANGUAGES), spoken=len(archive.LANGUAGES), size=size
            )
        )
        tx.run(
            text(
                "insert into subscriptions (newsletter, subscriber_id, topics, topic_key)"
                " select :newsletter, id, to_json(string_to_array(key, ' ')), key"
                " from (select id, (cast(:keys as text[]))[id / :spoken % :sets + 1] as key"
                " from subscribers) as readers"
            ).bindparams(
                newsletter=archive.DIGEST.key,
                keys=keys,
                spoken=len(archive.LANGUAGES),
                sets=len(keys),
            )
        )
        # The archive gave its issue a number by itself.
        tx.rows(text("select setval('issues_id_seq', (select max(id) from issues))"))
        tx.run(text("analyze"))


def _freeze(database: Database, config: Config, size: int) -> Figures:
    slot = archive.NOW + timedelta(hours=1)
    with patch.object(editions, "render_edition", wraps=render_edition) as renders:
        started = perf_counter()
        (issue_id,) = press.plan(database, archive.DIGEST, [slot])
        pressed = press.press(database, issue_id, config, now=slot)
        seconds = perf_counter() - started
    with database.read() as tx:
        kept = frozen.of(tx, issue_id)
    if pressed.issue.state is not IssueState.SENDING or pressed.queued != size:
        raise RuntimeError(f"{pressed.queued} of {size} are to get a mail: {pressed}")
    sys.stderr.write(f"{len(kept)} editions, of {min(e.items for e in kept)} items at least\n")
    return {"subscribers": size, "seconds": round(seconds, 2), "renders": renders.call_count}
