"""What a draft may hold: to the last character, and whichever way it came in."""

from datetime import UTC, datetime
from typing import Any

import pytest

from publisher.config import Config
from publisher.errors import InputError
from publisher.ingest import intake, limits
from publisher.ingest.limits import refuse_unfit
from store import items
from store.database import Database
from tests import make


def words(**fields: str) -> dict[str, Any]:
    return {"words": make.text(**fields)}


def at(year: int) -> datetime:
    return datetime(year, 6, 1, tzinfo=UTC)


BOUNDS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (words(title="é" * 500), words(title="é" * 501), "title: has 501 characters, 500 at the most"),
    (words(summary="ا" * 2000), words(summary="ا" * 2001), "summary: has 2001 characters"),
    (words(image_alt="a" * 2000), words(image_alt="a" * 2001), "image_alt: has 2001 characters"),
    (words(body="a" * 1_000_000), words(body="a" * 1_000_001), "body: has 1000001 characters"),
    (words(body="a*" * 10_000), words(body="a*" * 10_001), "body: has 10001 signs of Markdown"),
    (words(body="a\n" * 10_000), words(body="a\n" * 10_001), "body: has 10001 signs of Markdown"),
    ({"note": "a" * 2000}, {"note": "a" * 2001}, "note: has 2001 characters"),
    ({"url": "a" * 2000}, {"url": "a" * 2001}, "url: has 2001 characters"),
    ({"image": "a" * 2000}, {"image": "a" * 2001}, "image: has 2001 characters"),
    ({"key": "é" * 1000}, {"key": "é" * 1001}, "translationKey: has 2002 bytes, 2000 at the most"),
    ({"origin": "é" * 1000}, {"origin": "é" * 1001}, "path: has 2002 bytes, 2000 at the most"),
    (
        {"topics": {str(n): "a" for n in range(50)}},
        {"topics": {str(n): "a" for n in range(51)}},
        "topics: has 51 words, 50 at the most",
    ),
    ({"topics": {"a": "a" * 200}}, {"topics": {"a": "a" * 201}}, "topics: has 201 characters"),
    ({"dated": at(1000)}, {"dated": at(999)}, "date: is in the year 999: write one between 1000"),
    ({"dated": at(9000)}, {"dated": at(9001)}, "date: is in the year 9001"),
    ({"embargo": at(9000)}, {"embargo": at(9001)}, "embargo: is in the year 9001"),
]


@pytest.mark.parametrize(("most", "more", "reason"), BOUNDS)
def test_as_much_as_is_allowed_is_fit_and_more_is_told_by_field(
    most: dict[str, Any], more: dict[str, Any], reason: str
) -> None:
    refuse_unfit(make.draft(**most))
    with pytest.raises(InputError) as refused:
        refuse_unfit(make.draft(**more))
    assert str(refused.value).startswith(reason)


def test_the_most_that_is_allowed_fits_into_both_databases(
    either: Database, config: Config
) -> None:
    # Letters as if at random: what repeats itself is packed before it is measured.
    scattered = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(666))
    draft = make.draft(
        words=make.text(title="é" * 500, summary="ا" * 2000, body="漢" * 1_000_000),
        key=scattered,
        origin=scattered[::-1],
        topics={f"{scattered[:55]}{n}": "ا" * 200 for n in range(limits.MAX_TOPICS)},
        dated=at(9000),
        embargo=at(1000),
        url="a" * 2000,
        image="a" * 2000,
        note="a" * 2000,
    )
    make.take(either, config, draft)
    assert intake.take(either, config, [draft], now=make.NOW).same == 1
    with either.read() as tx:
        assert items.by_origin(tx, draft.origin) == items.by_key(tx, draft.key)


def test_what_is_unfit_is_named_and_the_rest_is_in(database: Database, config: Config) -> None:
    unfit = make.draft("fr", words=make.text("fr", body="[" * 20_001))
    outcome = intake.take(database, config, [make.draft("en"), unfit], now=make.NOW)
    assert (outcome.new, [text.source for text in outcome.rejected]) == (1, ["dignity.fr.md"])
