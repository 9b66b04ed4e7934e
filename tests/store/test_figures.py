"""Figures: what readers see now, and how far translations came behind."""

from datetime import timedelta
from typing import Any

import pytest

from store import figures, publications
from store.database import Database, Transaction
from store.records import Change, Item, Lag, Reach, newsletter_channel
from tests import make
from tests.make import NOW
from tests.store import fill

HOUR = timedelta(hours=1)
DIGEST = {"channel": newsletter_channel("digest")}
FOLLOWED = {"telling": 2, "told": NOW + HOUR}


def tell(tx: Transaction, item: Item, *rows: dict[str, Any]) -> None:
    """Write what was told of an item: in English unless said otherwise, in its own words."""
    for row in rows:
        shown = row.get("language", "en")
        told = make.publication(**{"item_id": item.id, "shown_language": shown, **row})
        assert publications.record(tx, [told]) == [told]


@pytest.mark.parametrize(
    ("rows", "seen"),
    [
        ([], {}),
        ([{}], {"en": (1, 0)}),
        ([{}, {"language": "fr"}], {"en": (1, 0), "fr": (1, 0)}),
        ([{"language": "fr", "shown_language": "en"}], {"fr": (1, 1)}),
        # The last telling counts: first a fallback, then their own.
        (
            [{"language": "fr", "shown_language": "en"}, {"language": "fr", **FOLLOWED}],
            {"fr": (1, 0)},
        ),
        ([{}, {"change": Change.CORRECTION, **FOLLOWED}], {"en": (1, 0)}),
        # What was taken back is seen no more, and a notice of that is no news.
        ([{}, {"change": Change.WITHDRAWAL, **FOLLOWED}], {}),
        ([{}, {"change": Change.RETRACTION, **FOLLOWED}], {}),
        (
            [{}, {"change": Change.WITHDRAWAL, **FOLLOWED}, {"telling": 3, "told": NOW + 2 * HOUR}],
            {"en": (1, 0)},
        ),
        # Digests are another audience.
        ([DIGEST], {}),
        (
            [
                {},
                {**DIGEST, "change": Change.RETRACTION, **FOLLOWED},
            ],
            {"en": (1, 0)},
        ),
    ],
)
def test_readers_see_what_was_told_last(
    either: Database, rows: list[dict[str, Any]], seen: dict[str, tuple[int, int]]
) -> None:
    with either.write() as tx:
        tell(tx, fill.item(tx), *rows)
        found = figures.reach(tx, now=NOW)
    wanted = {
        language: Reach(language=language, published=published, fallbacks=fallbacks)
        for language, (published, fallbacks) in seen.items()
    }
    assert found == wanted


@pytest.mark.parametrize(
    ("rows", "behind"),
    [
        ([{}], []),
        ([{}, {"language": "fr", "told": NOW + HOUR}], [("fr", 1.0)]),
        # A translation may come first.
        ([{}, {"language": "fr", "told": NOW - HOUR}], [("fr", -1.0)]),
        # Without the source there is nothing to be behind.
        ([{"language": "fr"}, {"language": "es"}], []),
        # The first telling counts, and a fallback is none.
        (
            [
                {},
                {"language": "fr", "shown_language": "en"},
                {"language": "fr", "telling": 2, "told": NOW + 5 * HOUR},
                {"language": "fr", "telling": 3, "told": NOW + 9 * HOUR},
            ],
            [("fr", 5.0)],
        ),
        (
            [
                {"shown_language": "fr"},
                {"telling": 2, "told": NOW + 2 * HOUR},
                {"language": "fr", "told": NOW + HOUR},
            ],
            [("fr", -1.0)],
        ),
        # Nor is the notice that something is gone.
        ([{}, {"language": "fr", "change": Change.RETRACTION}], []),
        ([{}, {"language": "fr", **DIGEST}], []),
    ],
)
def test_a_translation_is_behind_its_source_by_the_time_between_their_first_tellings(
    either: Database, rows: list[dict[str, Any]], behind: list[tuple[str, float]]
) -> None:
    with either.write() as tx:
        tell(tx, fill.item(tx), *rows)
        found = list(figures.lags(tx, now=NOW))
    assert [(lag.language, (lag.told - lag.source_told) / HOUR) for lag in found] == behind


def test_figures_leave_out_what_is_under_embargo_or_older(either: Database) -> None:
    translated: tuple[dict[str, Any], ...] = ({}, {"language": "fr", "told": NOW + HOUR})
    with either.write() as tx:
        tell(tx, fill.item(tx, "free"), *translated)
        tell(tx, fill.item(tx, "over", embargo=NOW), *translated)
        tell(tx, fill.item(tx, "embargo", embargo=NOW + HOUR), *translated)
        tell(tx, fill.item(tx, "old", created=NOW - HOUR), *translated)
        always, lately = figures.reach(tx, now=NOW), figures.reach(tx, now=NOW, since=NOW)
        lags = [len(list(figures.lags(tx, now=NOW, since=since))) for since in (None, NOW)]
    assert [always["fr"].published, lately["fr"].published] == [3, 2]
    assert lags == [3, 2]


@pytest.mark.parametrize("chunk", [1, 3, 8])
def test_lags_are_found_whatever_the_number_of_items(either: Database, chunk: int) -> None:
    with either.write() as tx:
        for number in range(8):
            item = fill.item(tx, str(number))
            tell(tx, item, {}, {"language": "fr", "told": NOW + number * HOUR})
        found = list(figures.lags(tx, now=NOW, chunk=chunk))
    wanted = [Lag(language="fr", told=NOW + hours * HOUR, source_told=NOW) for hours in range(8)]
    assert sorted(found, key=lambda lag: lag.told) == wanted
