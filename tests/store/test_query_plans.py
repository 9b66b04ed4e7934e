"""No query of a tick walks a table that grows with the archive.

SQLite says how it answers: SEARCH is a step down an index, SCAN goes through all rows.
"""

from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

import scheduler
from publisher import editing, publishing
from publisher.config import Config
from publisher.delivery import engine
from store.database import Database
from store.records import Missing
from tests import bounced, make
from tests.fakes import Relay, free_port
from tests.publisher.bounces.conftest import ZOE, a_post

#: What grows with the archive, and with what was mailed.
LARGE = (
    "batches", "deliveries", "feed_entries", "images", "item_topics", "items", "publications",
    "revisions", "translations",
)  # fmt: skip
#: The names that queries give to these.
ALIASES = ("entry", "last", "told")


@pytest.fixture
def asked(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Give every statement that the database is asked, as it is asked."""
    statements: list[tuple[str, Any]] = []

    def note(_c: object, _cur: object, text: str, values: Any, _ctx: object, many: bool) -> None:
        statements.append((text, values[0] if many else values))

    event.listen(database._engine, "before_cursor_execute", note)
    yield statements
    event.remove(database._engine, "before_cursor_execute", note)


def walks(
    database: Database, statements: list[tuple[str, Any]], large: Collection[str] = LARGE
) -> list[str]:
    tables = {f"SCAN {name}" for name in (*large, *ALIASES)}
    return [
        f"{step}: {text}"
        for text, step in steps(database, statements)
        if " ".join(step.split()[:2]) in tables
    ]


def steps(database: Database, statements: list[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield each step of how these are answered, with its statement."""
    raw = database._engine.raw_connection()
    for text, values in statements:
        if not text.upper().startswith(("PRAGMA", "BEGIN", "COMMIT", "ROLLBACK")):
            plan = raw.cursor().execute(f"EXPLAIN QUERY PLAN {text}", values)
            yield from ((text, str(row[3])) for row in plan)
    raw.close()


def test_a_tick_walks_through_no_archive(
    database: Database, config: Config, asked: list[tuple[str, Any]]
) -> None:
    mail = config.mail.model_copy(update={"host": "127.0.0.1", "port": free_port()})
    config = config.model_copy(update={"mail": mail})
    make.start(database, config, schedule="0 7 * * *", missing=Missing.HOLD)
    make.take(database, config, make.draft("en", topics={"labour": "labour"}))
    asked.clear()
    for _ in range(2):
        assert scheduler.tick(database, config, now=make.NOW).problems == []
    texts = " ".join(text for text, _ in asked)
    # The newest of a feed, what is gone, what waits for its issue: all was asked.
    for part in ("AS entry", "AS last", "publications.change = ?", "items.look_at", "FROM offers"):
        assert part in texts
    assert walks(database, asked) == []


def test_a_bounce_walks_through_no_people_and_no_mails(
    database: Database, config: Config, asked: list[tuple[str, Any]]
) -> None:
    post = a_post(database, config)
    for days in (0, 7):
        mail = post.send(make.NOW + timedelta(days=days))[ZOE]
        raw = bounced.dsn(post.path(mail), ZOE, status="4.2.2", number=days)
        asked.clear()
        post.take(raw, now=make.NOW + timedelta(days=days))
    assert "issues.id >=" in " ".join(text for text, _ in asked)
    assert walks(database, asked, ("bounces", "deliveries", "subscribers")) == []


def test_a_picture_comes_and_goes_without_a_walk(
    database: Database, config: Config, asked: list[tuple[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "well.jpg").write_bytes(make.picture())
    make.take(database, config, make.draft("ar", image="well.jpg", folder=tmp_path))
    scheduler.tick(database, config, now=make.NOW)
    (picture,) = (config.public / "media").iterdir()
    editing.withdraw(database, 1, "ar", now=make.NOW)
    scheduler.tick(database, config, now=make.NOW)
    assert not picture.exists()
    assert "items.image_sha256 IN" in " ".join(text for text, _ in asked)
    assert walks(database, asked) == []


def test_who_sends_walks_through_none_of_what_was_ever_mailed(
    database: Database, config: Config, asked: list[tuple[str, Any]]
) -> None:
    make.start(database, config, languages=("en",))
    make.subscribe(database, [ZOE])
    make.take(database, config, make.draft("en"))
    publishing.publish_due(database, config, now=make.NOW)
    scheduler.tick(database, config, now=make.NOW, sends=False)
    asked.clear()
    with Relay() as relay:
        served = relay.serves(config, rate=1000.0)
        assert engine.deliver(database, served, now=make.NOW).sent == 1
    texts = " ".join(text for text, _ in asked)
    for part in ("SET worker=", "DISTINCT batches.worker"):
        assert part in texts
    assert walks(database, asked) == []
    # Nearly all batches that ever were are free: whoever goes through those goes through all.
    claims = [(text, values) for text, values in asked if "SET worker=" in text]
    assert "ix_batches_worker" not in str([*steps(database, claims)])


def test_a_walk_is_found(database: Database) -> None:
    assert walks(database, [("SELECT * FROM publications WHERE rule = 'x'", ())]) != []
