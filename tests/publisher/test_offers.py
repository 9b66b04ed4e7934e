"""An issue looks at what is new only, and holds what it would if it looked at everything."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import editing, gating, press, publishing
from publisher.config import Config
from publisher.errors import TidingsError
from store import editions, issues, offers
from store.database import Database, Transaction
from store.records import IssueState, Newsletter, Workflow
from tests import make

HOUR = timedelta(hours=1)
RULES = (
    "skip",
    "fallback",
    "hold",
    "hold until mon 12:00 Europe/Brussels, then skip",
    "hold until mon 12:00 Europe/Brussels, then fallback",
)
LANGUAGES = ("en", "fr", "ar")
OPEN = (IssueState.PLANNED, IssueState.AWAITING_TRANSLATIONS)


class RolledBackError(Exception):
    """Leaves a transaction without a trace."""


def held(
    tx: Transaction, newsletter: Newsletter, config: Config, frequency: str, now: datetime
) -> Mapping[str, Any]:
    choice = gating.choose(tx, newsletter, config, frequency=frequency, slot=now, now=now)
    return {language: (part.chosen, part.blocking) for language, part in choice.items()}


def assert_nothing_is_missed(
    database: Database, newsletter: Newsletter, config: Config, now: datetime
) -> None:
    with suppress(RolledBackError), database.write() as tx:
        mine = [held(tx, newsletter, config, name, now) for name in newsletter.schedules]
        offers.offer_all(tx, newsletter.key)
        assert mine == [held(tx, newsletter, config, name, now) for name in newsletter.schedules]
        raise RolledBackError


def act(database: Database, config: Config, data: st.DataObject, now: datetime) -> None:
    """Do one thing that people do; what cannot be done now is refused."""
    language = data.draw(st.sampled_from(LANGUAGES))
    number = data.draw(st.integers(1, 3))
    what = data.draw(st.sampled_from(("import", "import", "approve", "withdraw", "embargo")))
    with suppress(TidingsError):
        if what == "import":
            words = make.text(language, body=f"Body {data.draw(st.integers(1, 2))}.")
            workflow = data.draw(st.sampled_from((Workflow.APPROVED, Workflow.DRAFT)))
            draft = make.draft(language, key=str(number), words=words, workflow=workflow)
            make.take(database, config, draft, now=now)
        elif what == "approve":
            editing.approve(database, number, language, now=now)
        elif what == "withdraw":
            editing.withdraw(database, number, language, now=now)
        else:
            until = data.draw(st.sampled_from((None, now + 3 * HOUR)))
            editing.embargo(database, number, until, now=now)


def go_to_press(
    database: Database, newsletter: Newsletter, config: Config, now: datetime, frequency: str = ""
) -> IssueState:
    """Press the issue that is open, else the one of this instant; return its state."""
    # As the tick does: an edition leads to pages, and without them would be kept back.
    publishing.publish_due(database, config, now=now)
    with database.read() as tx:
        waiting = [i for i in issues.listing(tx, states=OPEN) if i.frequency == frequency]
    if not waiting:
        press.plan(database, newsletter, [now], frequency=frequency)
    with database.read() as tx:
        issue = [i for i in issues.listing(tx) if i.frequency == frequency][-1]
    return press.press(database, issue.id, config, now=now).issue.state


@settings(max_examples=25)
@given(data=st.data())
def test_nothing_is_missed_whatever_people_do(
    migrated: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    rules = {tag: data.draw(st.sampled_from(RULES)) for tag in ("*", "fr")}
    now = make.NOW
    with make.a_store(migrated) as database:
        newsletter = make.start(
            database,
            config,
            languages=LANGUAGES,
            rules=rules,
            since=now,
            minimum=data.draw(st.integers(1, 3)),
            frequencies={"weekly": "fri 07:00"},
        )
        for _ in range(data.draw(st.integers(1, 14))):
            now += HOUR * data.draw(st.sampled_from((0, 1, 26)))
            act(database, config, data, now)
            assert_nothing_is_missed(database, newsletter, config, now)
            if data.draw(st.booleans()):
                publishing.publish_due(database, config, now=now)
                assert_nothing_is_missed(database, newsletter, config, now)
            if data.draw(st.booleans()):
                frequency = data.draw(st.sampled_from(sorted(newsletter.schedules)))
                go_to_press(database, newsletter, config, now, frequency)
                assert_nothing_is_missed(database, newsletter, config, now)


def marks(database: Database) -> list[int]:
    with database.read() as tx:
        return sorted(offers.offered(tx, "digest").values())


def test_an_issue_takes_back_the_marks_of_what_it_told_and_of_what_it_passed_over(
    database: Database, config: Config
) -> None:
    rules = {"*": "skip"}
    newsletter = make.start(database, config, languages=("en", "fr"), rules=rules)
    make.take(database, config, make.draft("en"), make.draft("fr"))
    make.take(database, config, make.draft("en", key="only English"))
    make.take(database, config, make.draft("fr", key="a draft", workflow=Workflow.DRAFT))
    publishing.publish_due(database, config, now=make.NOW)
    assert marks(database) == [1, 2, 3]
    assert go_to_press(database, newsletter, config, make.NOW) is IssueState.SENDING
    assert marks(database) == []


def test_an_issue_that_waits_keeps_what_it_holds_and_waits_for(
    database: Database, config: Config
) -> None:
    newsletter = make.start(database, config, languages=("en", "fr"), rules={"*": "hold"})
    make.take(database, config, make.draft("en"), make.draft("fr"))
    make.take(database, config, make.draft("en", key="only English"))
    make.take(database, config, make.draft("fr", key="a draft", workflow=Workflow.DRAFT))
    publishing.publish_due(database, config, now=make.NOW)
    waits = IssueState.AWAITING_TRANSLATIONS
    assert go_to_press(database, newsletter, config, make.NOW) is waits
    # The draft comes again when somebody approves it.
    assert marks(database) == [1, 2]


def test_an_issue_that_waits_for_a_text_keeps_it_though_it_tells_it_nowhere_yet(
    database: Database, config: Config
) -> None:
    newsletter = make.start(database, config, languages=("fr",), rules={"*": "hold"})
    make.take(database, config, make.draft("en"))
    publishing.publish_due(database, config, now=make.NOW)
    waits = IssueState.AWAITING_TRANSLATIONS
    assert go_to_press(database, newsletter, config, make.NOW) is waits
    assert marks(database) == [1]


def test_what_is_under_an_embargo_is_kept_for_a_later_issue(
    database: Database, config: Config
) -> None:
    newsletter = make.start(database, config, languages=("en",), rules={"*": "skip"})
    make.take(database, config, make.draft("en", embargo=make.NOW + HOUR))
    publishing.publish_due(database, config, now=make.NOW)
    assert go_to_press(database, newsletter, config, make.NOW) is IssueState.SKIPPED
    assert marks(database) == [1]
    later = make.NOW + 2 * HOUR
    assert go_to_press(database, newsletter, config, later) is IssueState.SENDING


def test_a_late_translation_enters_the_next_issue(database: Database, config: Config) -> None:
    newsletter = make.start(database, config, languages=("en", "fr"), rules={"*": "skip"})
    make.take(database, config, make.draft("en"))
    publishing.publish_due(database, config, now=make.NOW)
    go_to_press(database, newsletter, config, make.NOW)
    late = make.NOW + HOUR
    make.take(database, config, make.draft("fr"), now=late)
    publishing.publish_due(database, config, now=late)
    go_to_press(database, newsletter, config, late)
    with database.read() as tx:
        second = issues.listing(tx)[-1]
        made = editions.of(tx, second.id)
    assert [edition.language for edition in made] == ["fr"]


def test_a_newsletter_is_offered_what_came_since_it_began(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"))
    publishing.publish_due(database, config, now=make.NOW)
    make.start(database, config, since=make.NOW)
    assert marks(database) == [1]
