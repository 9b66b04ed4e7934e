"""What an issue would be now: for whom, what it waits for, how it looks; nothing is written."""

import email
import hashlib
from datetime import timedelta
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from publisher import issuing, outlook, press, previewing, publishing
from publisher.config import Config
from publisher.errors import InputError, NotFoundError
from publisher.outlook import Outlook
from store import editions, issues
from store.database import Database, open_database
from store.records import IssueState, Workflow
from tests import make

HOUR = timedelta(hours=1)
NOW = make.NOW
#: A Friday.
SLOT = NOW + timedelta(days=4)


def draft(number: int, language: str, *topics: str, **changes: Any) -> Any:
    words = make.text(language, title=f"Item {number} ({language})")
    return make.draft(
        language,
        key=f"item-{number}",
        source=f"{number}.{language}.md",
        words=words,
        topics={topic: topic for topic in topics},
        **changes,
    )


@pytest.fixture
def house(migrated: bytes, tmp_path: Path, config: Config) -> Any:
    """Give a store in a file: two items on topics in all languages, one in English only."""
    (tmp_path / "tidings.db").write_bytes(migrated)
    database = open_database(f"sqlite:///{tmp_path / 'tidings.db'}")
    deadline = "hold until thu 17:00, then fallback"
    make.start(database, config, rules={"*": "skip", "fr": deadline})
    for tag in make.LANGUAGES:
        make.take(database, config, draft(1, tag, "asylum"), draft(2, tag, "work"))
    make.take(database, config, draft(3, "en", "work"))
    for tag in ("en", "fr", "fr-CA", "ar"):
        make.subscribe(database, [f"{tag}@example.org"], language=tag)
    make.subscribe(database, ["a@example.org", "b@example.org"], language="ar", topics=["asylum"])
    make.subscribe(database, ["c@example.org"], language="ar", topics=["sport"])
    publishing.publish_due(database, config, now=NOW)
    yield database
    database.close()


def dry(database: Database, config: Config, **given: Any) -> Outlook:
    chosen = given.pop("chosen", None)
    return outlook.dry_run(database, config, "digest", SLOT, chosen=chosen, now=NOW)


def holds(seen: Outlook) -> list[tuple[str, list[list[str]], int, int]]:
    return [
        (made.language, made.topics, len(made.tells), made.people)
        for made in seen.drafts
        if made.language in {"en", "fr", "ar"}
    ]


def test_a_dry_run_says_what_each_language_and_set_of_topics_gets_and_how_many(
    house: Database, config: Config
) -> None:
    seen = dry(house, config)
    assert holds(seen) == [
        ("en", [[]], 3, 1),
        ("fr", [[]], 2, 2),
        ("ar", [[]], 2, 1),
        ("ar", [["asylum"]], 1, 2),
    ]
    assert seen.gate.state is IssueState.AWAITING_TRANSLATIONS
    # The rule counts from the slot: the Thursday after that Friday.
    assert seen.waits_for == ["Item 3 (en) in fr, missing, until Thu 2026-12-03 17:00"]


def test_a_moment_that_is_near_is_named_by_its_weekday(house: Database, config: Config) -> None:
    seen = outlook.dry_run(house, config, "digest", NOW, chosen=None, now=NOW)
    assert seen.waits_for == ["Item 3 (en) in fr, missing, until Thu 17:00"]


def test_a_dry_run_writes_nothing(house: Database, config: Config, tmp_path: Path) -> None:
    with house.write() as tx:
        tx._connection.exec_driver_sql("select 1")
    house.close()
    before = hashlib.sha256((tmp_path / "tidings.db").read_bytes()).hexdigest()
    dry(house, config)
    dry(house, config, chosen=[2, 1])
    outlook.reminders(house, config, {("digest", ""): SLOT}, now=NOW)
    house.close()
    assert hashlib.sha256((tmp_path / "tidings.db").read_bytes()).hexdigest() == before


def test_what_a_dry_run_shows_is_what_is_frozen(house: Database, config: Config) -> None:
    make.take(house, config, draft(3, "fr", "work"))
    publishing.publish_due(house, config, now=NOW)
    # Once it is planned: its number stands in the link to its page.
    (issue_id,) = press.plan(house, make.newsletter(), [SLOT])
    seen = dry(house, config)
    press.press(house, issue_id, config, now=SLOT)
    with house.read() as tx:
        kept = editions.of(tx, issue_id)
    assert [(made.language, made.rendered.sha256) for made in seen.drafts] == [
        (edition.language, edition.sha256) for edition in kept
    ]


def test_a_dry_run_of_a_planned_issue_shows_its_words(house: Database, config: Config) -> None:
    issue = issuing.plan(house, "digest", SLOT, chosen=[2])
    issuing.write(house, issue.id, "fr", author="ann", subject="À lire")
    seen = dry(house, config)
    assert [made.rendered.subject for made in seen.drafts if made.language == "fr"] == ["À lire"]
    assert {len(made.tells) for made in seen.drafts} == {1}


def test_a_dry_run_of_what_cannot_be_says_so(house: Database, config: Config) -> None:
    with pytest.raises(NotFoundError, match="no newsletter 'weekly'"):
        outlook.dry_run(house, config, "weekly", SLOT, chosen=None, now=NOW)
    with pytest.raises(InputError, match="no item 9"):
        dry(house, config, chosen=[9])


def test_an_approval_that_is_missing_names_who_may_not_give_it(
    house: Database, config: Config
) -> None:
    make.start(house, config, key="eyes", approval=True, rules={"*": "skip"}, languages=("ar",))
    issue = issuing.plan(house, "eyes", NOW)
    issuing.write(house, issue.id, "ar", author="ann", subject="نشرة")
    with house.read() as tx:
        (sentence,) = outlook.look(tx, issues.get(tx, issue.id), config, now=NOW).waits_for
    assert sentence.startswith("approval in ar by somebody else than ann")


def test_translators_are_reminded_of_what_issues_wait_for_and_of_the_next_ones(
    house: Database, config: Config
) -> None:
    make.start(house, config, key="all", rules={"*": "hold"}, languages=("en", "ar"))
    waiting = issuing.plan(house, "digest", NOW)
    press.press(house, waiting.id, config, now=NOW)
    coming = {("digest", ""): SLOT, ("all", ""): SLOT}
    found = outlook.reminders(house, config, coming, now=NOW)
    assert [(each.language, each.newsletter, each.slot, each.item) for each in found] == [
        ("ar", "all", SLOT, 3),
        ("fr", "digest", NOW, 3),
        ("fr", "digest", SLOT, 3),
    ]
    assert {each.title for each in found} == {"Item 3 (en)"}
    assert [each.until is None for each in found] == [True, False, False]


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_preview_is_what_readers_get(house: Database, config: Config, language: str) -> None:
    make.take(house, config, draft(3, "fr", "work", workflow=Workflow.APPROVED))
    publishing.publish_due(house, config, now=NOW)
    issue = issuing.plan(house, "digest", NOW)
    before = previewing.preview(house, config, issue.id, language, now=NOW)
    press.press(house, issue.id, config, now=NOW)
    after = previewing.preview(house, config, issue.id, language, now=NOW)
    assert before == after
    mail = email.message_from_bytes(after.message, policy=default)
    parts = {part.get_content_type(): part.get_content() for part in mail.iter_parts()}
    assert mail["Content-Language"] == language
    assert parts["text/plain"].replace("\r\n", "\n") == after.text
    assert parts["text/html"].replace("\r\n", "\n").strip() == after.html.strip()


@pytest.mark.parametrize("frozen", [False, True])
def test_a_preview_for_some_topics_is_theirs(house: Database, config: Config, frozen: bool) -> None:
    issue = issuing.plan(house, "digest", NOW, chosen=[1, 2])
    if frozen:
        press.press(house, issue.id, config, now=NOW)
    found = previewing.preview(house, config, issue.id, "ar", topics=["asylum"], now=NOW)
    assert "Item 1 (ar)" in found.text
    assert "Item 2 (ar)" not in found.text
    with pytest.raises(InputError, match="issue 1 holds nothing in ar for sport"):
        previewing.preview(house, config, issue.id, "ar", topics=["sport"], now=NOW)
    with pytest.raises(InputError, match="issue 1 holds nothing in de"):
        previewing.preview(house, config, issue.id, "de", now=NOW)
