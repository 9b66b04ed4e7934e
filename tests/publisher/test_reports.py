"""Reports: the figures of each language, from what was really published."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher import publishing, reports
from publisher.config import Config
from publisher.reports import LanguageReport, hours_of, report
from store.database import Database
from store.records import Lag, Missing, Parity, Reach, Workflow
from tests import make
from tests.make import NOW

HOUR = timedelta(hours=1)
ALL = Parity(language="fr", items=10, missing=4, outdated=1, current=5)


def of(found: list[LanguageReport], name: str) -> dict[str, object]:
    return {one.language: getattr(one, name) for one in found}


def put(database: Database, config: Config, key: str, *languages: str, now: datetime = NOW) -> None:
    """Import the texts of an item in these languages, and publish what is due."""
    drafts = [make.draft(language, key=key, source_language="en") for language in languages]
    make.take(database, config, *drafts, now=now)
    publishing.publish_due(database, config, now=now)


def test_the_figures_follow_what_is_imported_translated_and_edited(
    database: Database, config: Config
) -> None:
    falls_back = make.config(config.folder, feeds={"missing_in": {"es": Missing.FALLBACK}})
    put(database, falls_back, "first", "en", "fr")
    put(database, falls_back, "second", "en")
    # The French text of the second comes a day later.
    put(database, falls_back, "second", "fr", now=NOW + 24 * HOUR)
    found = reports.parity(database, falls_back, now=NOW + 24 * HOUR)
    assert [one.language for one in found] == ["en", "fr", "es", "ar"]
    assert of(found, "items") == {"en": 2, "fr": 2, "es": 2, "ar": 2}
    assert of(found, "published") == {"en": 2, "fr": 2, "es": 2, "ar": 0}
    assert of(found, "missing") == {"en": 0, "fr": 0, "es": 2, "ar": 2}
    # 0 hours and 24 hours.
    assert of(found, "median_lag_hours") == {"en": None, "fr": 12.0, "es": None, "ar": None}
    assert of(found, "fallbacks") == {"en": 0, "fr": 0, "es": 2, "ar": 0}
    assert of(found, "fallback_rate") == {"en": 0.0, "fr": 0.0, "es": 1.0, "ar": None}

    edited = make.draft("en", key="first", words=make.text("en", body="Other words."))
    make.take(database, falls_back, edited, now=NOW + 25 * HOUR)
    found = reports.parity(database, falls_back, now=NOW + 25 * HOUR)
    assert of(found, "outdated") == {"en": 0, "fr": 1, "es": 0, "ar": 0}
    assert of(found, "current") == {"en": 2, "fr": 1, "es": 0, "ar": 0}


def test_what_came_before_is_left_out_when_asked(database: Database, config: Config) -> None:
    put(database, config, "first", "en", "fr", "ar")
    put(database, config, "second", "en", now=NOW + HOUR)
    found = reports.parity(database, config, now=NOW + HOUR, since=NOW + HOUR)
    assert of(found, "items") == {"en": 1, "fr": 1, "es": 1, "ar": 1}
    assert of(found, "published") == {"en": 1, "fr": 0, "es": 0, "ar": 0}


def test_an_item_under_embargo_is_in_no_figure(database: Database, config: Config) -> None:
    secret = make.draft("en", embargo=NOW + HOUR)
    make.take(database, config, secret)
    before = reports.parity(database, config, now=NOW)
    after = reports.parity(database, config, now=NOW + HOUR)
    assert of(before, "items") == dict.fromkeys(make.LANGUAGES, 0)
    assert of(after, "items") == dict.fromkeys(make.LANGUAGES, 1)


def test_a_draft_is_there_but_not_published(database: Database, config: Config) -> None:
    make.take(database, config, make.draft("en", workflow=Workflow.DRAFT))
    publishing.publish_due(database, config, now=NOW)
    (english, *_) = reports.parity(database, config, now=NOW)
    assert (english.items, english.published, english.missing) == (1, 0, 0)


@pytest.mark.parametrize(
    ("reach", "hours", "lag", "rate"),
    [
        (None, None, None, None),
        (Reach(language="fr", published=0, fallbacks=0), [], None, None),
        (Reach(language="fr", published=3, fallbacks=1), [1.0], 1.0, 0.3333),
        (Reach(language="fr", published=4, fallbacks=4), [1.0, 2.0], 1.5, 1.0),
        # In the middle, whatever lies far out; negative where the translation came first.
        (Reach(language="fr", published=4, fallbacks=0), [1000.0, -3.0, -2.0], -2.0, 0.0),
        (Reach(language="fr", published=1, fallbacks=0), [1 / 3], 0.33, 0.0),
    ],
)
def test_the_report_of_a_language_is_made_of_counts(
    reach: Reach | None, hours: list[float] | None, lag: float | None, rate: float | None
) -> None:
    found = report(ALL, reach, hours)
    assert (found.items, found.missing, found.outdated, found.current) == (10, 4, 1, 5)
    assert (found.median_lag_hours, found.fallback_rate) == (lag, rate)


@given(
    st.lists(
        st.tuples(st.sampled_from(["fr", "es"]), st.timedeltas(-1000 * HOUR, 1000 * HOUR)),
    )
)
def test_every_lag_counts_once_in_its_language(drawn: list[tuple[str, timedelta]]) -> None:
    lags = [Lag(language=tag, told=NOW + behind, source_told=NOW) for tag, behind in drawn]
    found = hours_of(lags)
    assert sum(len(hours) for hours in found.values()) == len(drawn)
    for language, hours in found.items():
        assert list(hours) == [behind / HOUR for tag, behind in drawn if tag == language]
