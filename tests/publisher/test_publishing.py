"""Publishing: what the ledger gets for an item, and when it gets it again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.config import Config
from publisher.policy import Fired, Show
from publisher.publishing import publish_due
from publisher.telling import Case, Decision, decide, why
from store import items, publications
from store.database import Database
from store.records import (
    FEED,
    Change,
    Hold,
    Item,
    Missing,
    Publication,
    Translation,
    Workflow,
)
from tests import make

HOUR = timedelta(hours=1)
LATER = make.NOW + HOUR
OLD_SOURCE = "0" * 64

FALLEN = make.publication(language="fr", shown_language="en", rule=Fired.FALLBACK)
OWN = make.publication(language="fr", shown_language="fr", rule=Fired.READY)


def texts(*languages: str, **changes: object) -> dict[str, Translation]:
    return {language: make.translation(language, **changes) for language in languages}


def site(config: Config, missing: Missing, **changes: object) -> Config:
    feeds = config.feeds.model_copy(update={"missing": missing})
    section = config.site.model_copy(update=changes)
    return config.model_copy(update={"feeds": feeds, "site": section})


def decided(
    config: Config,
    known: Mapping[str, Translation],
    *before: Publication,
    item: Item | None = None,
    now: datetime = make.NOW,
) -> Decision:
    standing = {(row.item_id, row.language): row for row in before}
    case = Case(item=item or make.item(), texts=known, marks=())
    return decide(case, standing, config=config, now=now)


def told(decision: Decision) -> dict[str, str]:
    """Return by language of the readers which language they are shown."""
    return {row.language: row.shown_language for row in decision.tell}


@pytest.mark.parametrize(
    ("missing", "ready", "shown", "waiting"),
    [
        (Missing.SKIP, ["en", "fr", "es", "ar"], "en fr es ar", []),
        (Missing.SKIP, ["en", "fr"], "en fr - -", []),
        (Missing.SKIP, ["ar"], "- - - ar", []),
        (Missing.SKIP, [], "- - - -", []),
        (Missing.HOLD, ["en", "fr"], "en fr - -", ["es", "ar"]),
        (Missing.HOLD, [], "- - - -", ["en", "fr", "es", "ar"]),
        (Missing.FALLBACK, ["en", "fr"], "en fr en en", []),
        (Missing.FALLBACK, ["fr", "ar"], "fr fr fr ar", []),
        (Missing.FALLBACK, ["ar"], "ar ar ar ar", []),
        (Missing.FALLBACK, [], "- - - -", ["en", "fr", "es", "ar"]),
    ],
)
def test_what_readers_of_each_language_are_told(
    config: Config, missing: Missing, ready: list[str], shown: str, waiting: list[str]
) -> None:
    known = {**texts("en", workflow=Workflow.DRAFT), **texts(*ready)}
    decision = decided(site(config, missing), known)
    wanted = dict(zip(make.LANGUAGES, shown.split(), strict=True))
    assert told(decision) == {tag: other for tag, other in wanted.items() if other != "-"}
    assert [hold.language for hold in decision.wait] == waiting
    assert decision.next_look is None


def test_a_chain_of_the_configuration_goes_before_the_order_of_the_site(config: Config) -> None:
    settings_ = site(config, Missing.FALLBACK, chains={"es": ("es", "fr", "en")})
    assert told(decided(settings_, texts("en", "fr"))) == {
        "en": "en",
        "fr": "fr",
        "es": "fr",
        "ar": "en",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "missing"),
        (make.translation("fr", source_digest=OLD_SOURCE), "outdated"),
        (make.translation("fr", workflow=Workflow.DRAFT), "draft"),
        (make.translation("fr", workflow=Workflow.IN_REVIEW), "in_review"),
        (make.translation("fr", workflow=Workflow.WITHDRAWN), "withdrawn"),
        (make.translation("fr", workflow=Workflow.DRAFT, source_digest=OLD_SOURCE), "outdated"),
    ],
)
def test_who_waits_is_told_why(config: Config, text: Translation | None, reason: str) -> None:
    known = texts("en", "es", "ar") | ({"fr": text} if text else {})
    decision = decided(site(config, Missing.HOLD), known)
    assert decision.wait == (Hold(item_id=1, language="fr", until=None, reason=reason),)
    assert why(make.item(), known, "fr") == reason
    assert why(make.item(), known, "en") == READY


def test_who_had_a_text_already_waits_for_nothing(config: Config) -> None:
    known = texts("en", "es", "ar") | {"fr": make.translation("fr", workflow=Workflow.IN_REVIEW)}
    assert decided(site(config, Missing.HOLD), known, OWN).wait == ()


@pytest.mark.parametrize("missing", list(Missing))
def test_before_its_embargo_ends_nothing_is_told_and_the_next_look_is_then(
    config: Config, missing: Missing
) -> None:
    item = make.item(embargo=LATER)
    decision = decided(site(config, missing), texts("en", "fr"), item=item)
    assert decision.tell == ()
    assert {(hold.reason, hold.until) for hold in decision.wait} == {("embargo", LATER)}
    assert len(decision.wait) == 4
    assert decision.next_look == LATER


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=1), 9 * HOUR])
def test_from_its_embargo_on_an_item_is_told_in_every_language_at_once(
    config: Config, late: timedelta
) -> None:
    item = make.item(embargo=LATER)
    decision = decided(config, texts(*make.LANGUAGES), item=item, now=LATER + late)
    assert told(decision) == {tag: tag for tag in make.LANGUAGES}
    assert {row.told for row in decision.tell} == {LATER + late}


@pytest.mark.parametrize(
    ("before", "answer", "revision", "news"),
    [
        (None, Show("fr", READY), 1, True),
        (None, Show("en", FALLBACK), 1, True),
        (OWN, Show("fr", READY), 1, False),
        (OWN, Show("fr", READY), 2, True),
        (OWN, Show("en", FALLBACK), 1, False),
        (OWN, Show("en", FALLBACK), 9, False),
        (FALLEN, Show("en", FALLBACK), 1, False),
        (FALLEN, Show("en", FALLBACK), 2, True),
        (FALLEN, Show("es", FALLBACK), 1, True),
        (FALLEN, Show("fr", READY), 1, True),
    ],
)
def test_what_is_news_to_readers_of_french(
    before: Publication | None, answer: Show, revision: int, news: bool
) -> None:
    text = make.translation(answer.language, revision=revision)
    assert is_news(answer, text, before) is news


@pytest.mark.parametrize(
    "now_standing",
    [
        make.translation("fr", source_digest=OLD_SOURCE),
        make.translation("fr", workflow=Workflow.IN_REVIEW, revision=2),
        make.translation("fr", workflow=Workflow.WITHDRAWN),
    ],
)
def test_who_had_a_text_in_their_language_never_falls_back(
    config: Config, now_standing: Translation
) -> None:
    known = texts("en", revision=5) | {"fr": now_standing}
    before = [
        make.publication(language=tag, shown_language="en", revision=5, rule=Fired.FALLBACK)
        for tag in ("en", "es", "ar")
    ]
    assert decided(site(config, Missing.FALLBACK), known, OWN, *before).tell == ()


def test_a_late_translation_takes_the_place_of_its_fallback(config: Config) -> None:
    settings_ = site(config, Missing.FALLBACK)
    first = decided(settings_, texts("en")).tell
    assert {row.language: (row.telling, row.rule) for row in first} == {
        "en": (1, READY),
        "fr": (1, FALLBACK),
        "es": (1, FALLBACK),
        "ar": (1, FALLBACK),
    }
    (second,) = decided(settings_, texts("en", "fr"), *first, now=LATER).tell
    assert (second.language, second.shown_language, second.rule) == ("fr", "fr", READY)
    assert second.telling == 2
    assert second.published == make.NOW
    assert second.updated == second.told == LATER
    assert decided(settings_, texts("en", "fr"), *first, second, now=LATER).tell == ()


@pytest.mark.parametrize(
    ("change", "updated"),
    [
        (Change.MINOR, make.NOW),
        (Change.CORRECTION, LATER),
        (Change.RETRACTION, LATER),
    ],
)
def test_readers_hear_of_a_correction_and_not_of_a_comma(
    config: Config, change: Change, updated: datetime
) -> None:
    first = decided(config, texts("en")).tell
    (second,) = decided(config, texts("en", revision=2, change=change), *first, now=LATER).tell
    assert (second.telling, second.revision, second.change) == (2, 2, change)
    assert second.told == LATER
    assert second.published == make.NOW
    assert second.updated == updated


def test_a_comma_in_another_language_than_before_is_told_aloud() -> None:
    text = make.translation("fr", change=Change.MINOR, revision=3)
    row = publication(make.item(), "fr", Show("fr", READY), text, FALLEN, now=LATER)
    assert row.updated == LATER


@pytest.mark.parametrize(
    ("dated", "published"),
    [
        (None, make.NOW),
        (make.NOW - 400 * HOUR, make.NOW - 400 * HOUR),
        (make.NOW, make.NOW),
        (make.NOW + HOUR, make.NOW),
    ],
)
def test_a_text_bears_its_own_date_unless_that_is_still_to_come(
    config: Config, dated: datetime | None, published: datetime
) -> None:
    (row,) = decided(config, texts("en", dated=dated)).tell
    assert (row.published, row.updated, row.told) == (published, published, make.NOW)


STATES = st.builds(
    make.translation,
    st.sampled_from(make.LANGUAGES),
    workflow=st.sampled_from(Workflow),
    source_digest=st.sampled_from([make.translation("en").digest, OLD_SOURCE]),
    revision=st.integers(1, 3),
    change=st.sampled_from(Change),
    dated=st.none() | st.just(make.NOW + 2 * HOUR) | st.just(make.NOW - HOUR),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(Missing), st.lists(STATES, max_size=6)), min_size=1, max_size=6
)


@settings(deadline=None)
@given(STEPS)
def test_whatever_happens_to_a_text_its_tellings_follow_one_another(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Missing, list[Translation]]]
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    last: dict[str, Publication] = {}
    for hour, (missing, known) in enumerate(steps):
        now = make.NOW + hour * HOUR
        by_language = {text.language: text for text in known}
        settings_ = site(config, missing)
        decision = decided(settings_, by_language, *last.values(), now=now)
        for row in decision.tell:
            before = last.get(row.language)
            assert row.telling == (before.telling + 1 if before else 1)
            assert row.published <= row.updated <= row.told == now
            if before:
                assert row.published == before.published
                assert row.updated >= before.updated
                assert before.rule != READY or row.rule == READY
            last[row.language] = row
        assert decided(settings_, by_language, *last.values(), now=now).tell == ()


def test_publishing_again_tells_nothing_again(database: Database, config: Config) -> None:
    make.take(database, config, make.draft("en"), make.draft("fr"))
    first = publish_due(database, config, now=make.NOW)
    assert {row.language for row in first} == {"en", "fr"}
    assert publish_due(database, config, now=make.NOW) == []
    assert publish_due(database, config, now=LATER) == []
    with database.read() as tx:
        assert publications.tellings(tx, [1], FEED) == first


def test_an_import_that_changes_nothing_makes_nothing_due(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"))
    publish_due(database, config, now=make.NOW)
    make.take(database, config, make.draft("en"), now=LATER)
    with database.read() as tx:
        assert items.due(tx, LATER, limit=9) == []


def test_a_correction_that_is_imported_is_told_and_moves_the_date(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"))
    publish_due(database, config, now=make.NOW)
    corrected = replace(make.text("en"), body="It was 200, not 100.")
    make.take(
        database,
        config,
        make.draft("en", words=corrected, change=Change.CORRECTION),
        now=LATER,
    )
    (row,) = publish_due(database, config, now=LATER)
    assert (row.telling, row.revision, row.change) == (2, 2, Change.CORRECTION)
    assert (row.published, row.updated) == (make.NOW, LATER)
