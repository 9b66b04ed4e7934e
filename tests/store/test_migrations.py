"""Migrations of databases that hold something: all is kept, and what is new is filled in."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config as Alembic
from sqlalchemy import MetaData, insert, inspect, text

import scheduler
import store
from publisher import editing
from publisher.config import Config
from publisher.freshness import digest
from publisher.subscriptions import erasure, keyring, leaving
from publisher.tokens import Purpose
from store import (
    deliveries,
    editions,
    entries,
    issues,
    items,
    letters,
    members,
    newsletters,
    publications,
    revisions,
    stale,
    subscribers,
    topics,
    translations,
)
from store.database import Database, Transaction
from store.errors import ConflictError, StoreError
from store.records import FEED, Change, DeliveryState, IssueState, Status, UnknownRule, Workflow
from store.stale import Marks
from store.tables import metadata
from tests import make

HOUR = timedelta(hours=1)
LATER = make.NOW + HOUR
OLD, NEW = make.text("en", body="Old words."), make.text("en")
FRENCH = make.text("fr")


def migrate(database: Database, version: str) -> None:
    """Bring a database to a version that is not the newest."""
    settings = Alembic()
    settings.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    with database.write() as tx:
        settings.attributes["connection"] = tx._connection
        settings.attributes["metadata"] = metadata
        command.upgrade(settings, version)


def fill(tx: Transaction) -> None:
    """Put into a database of version 0001 what a site has after its first digest.

    Item 1: English, corrected and approved; French made from the old text; told in both.
    Item 2: Arabic, under an embargo, in review.
    """
    old = MetaData()
    old.reflect(tx._connection)

    def at(moment: datetime | None) -> Any:
        if moment is None or tx.on_postgresql:
            return moment
        return moment.isoformat(timespec="microseconds")

    def put(table: str, *rows: Mapping[str, Any]) -> None:
        for row in rows:
            values = {k: at(v) if isinstance(v, datetime) else v for k, v in row.items()}
            tx.run(insert(old.tables[table]).values(**values))

    put("topics", {"key": "labour", "names": {"en": "Labour"}})
    put("items", _item(1, "en", None), _item(2, "ar", make.NOW + 9 * HOUR))
    put("item_topics", {"item_id": 1, "topic": "labour"})
    put(
        "revisions",
        _revision(1, "en", 1, OLD, "new", make.NOW),
        _revision(1, "en", 2, NEW, "correction", LATER),
        _revision(1, "fr", 1, FRENCH, "new", make.NOW),
        _revision(2, "ar", 1, make.text("ar"), "new", make.NOW),
    )
    put(
        "translations",
        _translation(1, "en", NEW, digest(NEW), 2, "correction", "approved", LATER),
        _translation(1, "fr", FRENCH, digest(OLD), 1, "new", "approved", make.NOW),
        _translation(
            2, "ar", make.text("ar"), digest(make.text("ar")), 1, "new", "in_review", make.NOW
        ),
    )
    put("newsletters", *(_newsletter(missing) for missing in ("hold", "skip", "fallback")))
    put("subscribers", _subscriber(1, "en"), _subscriber(2, "fr"))
    put(
        "subscriptions",
        {"newsletter": "hold", "subscriber_id": 1, "topics": []},
        {"newsletter": "hold", "subscriber_id": 2, "topics": ["work", "asylum"]},
    )
    put("issues", {"id": 1, "newsletter": "hold", "slot": make.NOW, "state": "sent",
                   "blocking": [{"item": 2, "language": "fr", "reason": "missing"}],
                   "frozen": make.NOW})  # fmt: skip
    put("editions", _edition(1, "en"), _edition(2, "fr"))
    put("deliveries", _delivery(1), _delivery(2))
    put(
        "publications",
        _publication(1, "en", FEED, 1, 1, "new", make.NOW, None),
        _publication(2, "fr", FEED, 1, 1, "new", make.NOW, None),
        _publication(3, "en", "newsletter:hold", 1, 1, "new", make.NOW, 1),
        _publication(4, "en", FEED, 2, 2, "correction", LATER, None),
    )
    put("holds", {"item_id": 2, "language": "ar", "until": make.NOW + 9 * HOUR,
                  "reason": "embargo"})  # fmt: skip
    put("stale_items", {"id": 7, "item_id": 1})
    if tx.on_postgresql:
        for table in ("items", "issues", "editions", "deliveries", "publications", "stale_items",
                      "subscribers"):  # fmt: skip
            tx.rows(text(f"select setval('{table}_id_seq', (select max(id) from {table}))"))


def _item(number: int, language: str, embargo: datetime | None) -> dict[str, Any]:
    return {
        "id": number,
        "key": f"item-{number}",
        "kind": "news",
        "source_language": language,
        "embargo": embargo,
        "url": None,
        "image": None,
        "tag": f"tag:news.example.org,2013:item/{number}",
        "created": make.NOW,
        "look_at": embargo,
    }


def _revision(
    number: int, language: str, revision: int, words: Any, change: str, saved: datetime
) -> dict[str, Any]:
    row = {**vars(words), "author": "ann", "change": change, "saved": saved}
    return {"item_id": number, "language": language, "number": revision, **row}


def _translation(
    number: int,
    language: str,
    words: Any,
    source: str,
    revision: int,
    change: str,
    workflow: str,
    updated: datetime,
) -> dict[str, Any]:
    return {
        "item_id": number,
        "language": language,
        **vars(words),
        "dated": None,
        "workflow": workflow,
        "digest": digest(words),
        "source_digest": source,
        "revision": revision,
        "change": change,
        "updated": updated,
        "origin": f"/content/item-{number}",
    }


def _newsletter(missing: str) -> dict[str, Any]:
    return {
        "key": missing,
        "names": {"en": missing.title()},
        "languages": ["en", "fr"],
        "topics": [],
        "schedule": "0 7 * * FRI",
        "timezone": "Europe/Brussels",
        "missing": missing,
        "since": make.NOW - 9 * HOUR,
    }


def _subscriber(number: int, language: str) -> dict[str, Any]:
    return {
        "id": number,
        "email": f"{language}@example.org",
        "name": "",
        "language": language,
        "timezone": "UTC",
        "status": "active",
        "consent_at": make.NOW,
        "consent_source": "",
    }


def _edition(number: int, language: str) -> dict[str, Any]:
    words = dict.fromkeys(("subject", "preheader", "html", "text"), f"News in {language}")
    return {
        "id": number,
        "issue_id": 1,
        "language": language,
        **words,
        "sha256": "0" * 64,
        "items": 1,
    }


def _delivery(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "issue_id": 1,
        "edition_id": number,
        "subscriber_id": number,
        "state": "sent",
        "code": 250,
        "detail": "ok",
        "attempts": 1,
        "due": make.NOW,
        "changed": make.NOW,
    }


def _publication(
    number: int,
    language: str,
    channel: str,
    telling: int,
    revision: int,
    change: str,
    told: datetime,
    issue: int | None,
) -> dict[str, Any]:
    return {
        "id": number,
        "item_id": 1,
        "language": language,
        "channel": channel,
        "telling": telling,
        "shown_language": language,
        "revision": revision,
        "rule": "ready",
        "change": change,
        "told": told,
        "published": make.NOW,
        "updated": told,
        "issue_id": issue,
    }


@pytest.fixture
def filled(empty: Database) -> Database:
    """Give a database of version 0001 that holds something, brought to this version."""
    migrate(empty, "0001")
    with empty.write() as tx:
        fill(tx)
        before = contents(tx)
    empty.migrate()
    with empty.read() as tx:
        after = contents(tx)
    # All that was there is there as it was; the rest is new.
    for table, rows in before.items():
        kept = [{column: row.get(column) for column in rows[0]} for row in after[table]]
        if table == "newsletters":
            for row in (*rows, *kept):
                row.pop("missing", None)
        if table == "stale_items":
            # All that was told gets its files made anew.
            assert kept.pop() == {"id": 8, "item_id": 1}
        assert kept == rows, table
    return empty


def contents(tx: Transaction) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table that holds one, but for which version it is."""
    found = {}
    for name in inspect(tx._connection).get_table_names():
        if name != "alembic_version":
            rows = [dict(row) for row in tx.rows(text(f"select * from {name}"))]
            found[name] = sorted(rows, key=lambda row: [str(value) for value in row.values()][:3])
    return {name: rows for name, rows in found.items() if rows}


def test_a_filled_database_of_the_first_version_keeps_all_it_holds(filled: Database) -> None:
    filled.check_version()
    with filled.read() as tx:
        assert [item.key for item in items.listing(tx)] == ["item-1", "item-2"]
        assert [topic.key for topic in topics.listing(tx)] == ["labour"]
        assert [person.status for person in members.page(tx, limit=9)] == [Status.ACTIVE] * 2
        assert deliveries.counts(tx, issue_id=1)[DeliveryState.SENT] == 2
        assert stale.read(tx) == Marks(items={7: 1, 8: 1}, issues={1: 1})
        assert len(publications.held(tx)) == 1
        assert revisions.words(tx, {(1, "en", 1)})[1, "en", 1] == OLD


def test_what_the_second_version_adds_is_what_would_have_been_said_then(
    filled: Database,
) -> None:
    with filled.read() as tx:
        texts = translations.of(tx, [1, 2])
        marks = revisions.marks(tx, [1])[1]
        told = publications.tellings(tx, [1], FEED)
        rules = {letter.key: letter.rules for letter in newsletters.listing(tx)}
        (issue,) = issues.listing(tx)
    assert {t.language: (t.made_from, t.approved) for t in texts[1].values()} == {
        "en": ("en", LATER),
        "fr": ("en", make.NOW),
    }
    assert (texts[2]["ar"].made_from, texts[2]["ar"].approved) == ("ar", None)
    assert sorted((m.language, m.number, m.digest, m.note) for m in marks) == [
        ("en", 1, "", ""),
        ("en", 2, digest(NEW), ""),
        ("fr", 1, digest(FRENCH), ""),
    ]
    assert [(row.language, row.telling, row.source_revision) for row in told] == [
        ("en", 1, 1),
        ("fr", 1, 1),
        ("en", 2, 2),
    ]
    assert rules == {missing: {"*": missing} for missing in ("hold", "skip", "fallback")}
    assert (issue.corrects, issue.blocking[0].until) == (None, None)


def test_newsletters_of_before_come_from_the_site_as_digests(filled: Database) -> None:
    with filled.read() as tx:
        for letter in newsletters.listing(tx):
            assert (letter.senders, letter.replies, letter.template) == ({}, {}, "digest")
            assert letter.unknown is UnknownRule.ASK


def test_what_was_sent_before_is_the_whole_of_its_language_and_corrected_for_who_had_it(
    filled: Database,
) -> None:
    with filled.read() as tx:
        (issue,) = issues.listing(tx)
        kept = editions.of(tx, 1)
        assert [(each.id, each.language, each.variant) for each in kept] == [
            (1, "en", 0),
            (2, "fr", 0),
        ]
        # The ledger says of the English one what it told, and nothing of the other.
        sent = DeliveryState.SENT
        assert deliveries.of_edition(tx, [1], "en", 1)[sent] == 1
        assert deliveries.of_edition(tx, [1], "fr", 1)[sent] == 0
        assert (issue.items, issue.words, issue.send_at, issue.by_hand) == (None, {}, None, False)
        assert not any(letter.approval for letter in newsletters.listing(tx))
        assert [group.topics for group in subscribers.groups(tx, "hold", now=make.NOW)] == [
            (),
            ("asylum", "work"),
        ]
    with pytest.raises(ConflictError), filled.write() as tx:
        tx.run(text("delete from editions where id = 1"))


def test_what_went_out_so_far_went_out_at_the_newsletters_own_frequency(
    filled: Database,
) -> None:
    with filled.write() as tx:
        (issue,), letter = issues.listing(tx), newsletters.get(tx, "hold")
        (wanted,) = subscribers.subscriptions_of(tx, 1)
        assert (issue.frequency, wanted.frequency) == ("", "")
        assert (letter.frequencies, letter.minimum, letter.windows) == ({}, 1, {})
        slots = {issue.slot: IssueState.PLANNED}
        assert issues.plan(tx, "hold", slots) == []
        assert len(issues.plan(tx, "hold", slots, frequency="weekly")) == 1


def test_what_was_told_before_has_its_places_in_feeds(filled: Database) -> None:
    with filled.read() as tx:
        found = entries.of_items(tx, [1, 2])
    assert [(entry.language, entry.topic, entry.ordinal, entry.item_id) for entry in found] == [
        (language, topic, 1, 1) for language in ("en", "fr") for topic in ("", "labour")
    ]


def test_a_site_goes_on_where_it_was_and_owes_what_was_owed(
    filled: Database, config: Config
) -> None:
    mail = config.mail.model_copy(update={"host": "127.0.0.1", "port": 1})
    quiet = config.model_copy(update={"mail": mail})
    with filled.write() as tx:
        items.look_at_all(tx, LATER)
    done = scheduler.tick(filled, quiet, now=LATER)
    # The French text was made from what was corrected since: its readers are told so, once.
    assert [(row.language, row.change, row.rule) for row in done.published] == [
        ("fr", Change.CORRECTION, "source-corrected")
    ]
    assert scheduler.tick(filled, quiet, now=LATER).published == []
    editing.approve(filled, 2, "ar", now=LATER)
    later = make.NOW + 9 * HOUR
    assert [row.item_id for row in scheduler.tick(filled, quiet, now=later).published] == [2]
    with filled.read() as tx:
        assert translations.of(tx, [2])[2]["ar"].workflow is Workflow.APPROVED


HISTORY = [
    "update revisions set body = 'forged'",
    "update revisions set note = 'forged' where item_id = 1",
    "delete from revisions",
    "delete from revisions where number = 1",
    "update publications set told = published",
    "update publications set rule = 'ready' where telling = 2",
    "delete from publications",
]


@pytest.mark.parametrize("statement", HISTORY)
def test_the_database_refuses_to_change_history(filled: Database, statement: str) -> None:
    with filled.read() as tx:
        before = contents(tx)
    with (
        pytest.raises((StoreError, ConflictError), match="are kept as they are"),
        filled.write() as tx,
    ):
        tx.run(text(statement))
    with filled.read() as tx:
        assert contents(tx) == before


def _add_revision(tx: Transaction) -> None:
    text_ = translations.of(tx, [1])[1]["fr"]
    saved = make.translation("fr", item_id=1, revision=text_.revision + 1)
    translations.save(tx, saved, author="bea")


def _add_telling(tx: Transaction) -> None:
    row = make.publication(language="fr", shown_language="fr", telling=2)
    assert publications.record(tx, [row]) == [row]


@pytest.mark.parametrize("add", [_add_revision, _add_telling])
def test_history_goes_on(filled: Database, add: Callable[[Transaction], None]) -> None:
    with filled.write() as tx:
        add(tx)


def test_a_row_still_cannot_point_nowhere(filled: Database) -> None:
    for statement in (
        "update issues set corrects = 99",
        "delete from items where id = 2",
        "delete from newsletters where key = 'hold'",
    ):
        with pytest.raises((ConflictError, StoreError)), filled.write() as tx:
            tx.run(text(statement))


def test_readers_of_before_can_leave_and_be_forgotten(filled: Database, config: Config) -> None:
    token = keyring.tokens(filled, now=LATER).make(Purpose.LEAVE, 1, "hold")
    leaving.leave(filled, config, token, now=LATER)
    erasure.erase(filled, "fr@example.org", now=LATER)
    with filled.read() as tx:
        left, erased = subscribers.get(tx, 1), subscribers.get(tx, 2)
        assert (left.status, erased.status) == (Status.UNSUBSCRIBED, Status.ERASED)
        assert [letter.name for letter in letters.of(tx, 1)] == ["goodbye"]
        assert deliveries.counts(tx, issue_id=1)[DeliveryState.SENT] == 2
