"""Entries that are kept: no byte of a feed tells whether they were."""

import pytest

from publisher import languages
from publisher.config import Config
from publisher.feeds.build import build
from publisher.feeds.entries import entries
from publisher.story import Correction
from tests import make
from tests.publisher.feeds.stories import DAY, FRENCH, feed_of, story_of
from tests.publisher.feeds.test_splicing import by_feedgen


def test_an_entry_is_made_once_for_every_feed_that_holds_it(config: Config) -> None:
    first = entries([story_of(id=f"tag:x,2013:{number}") for number in range(3)], config)
    again = entries([story_of(id=f"tag:x,2013:{number}") for number in range(3)], config)
    assert [a is b for a, b in zip(first, again, strict=True)] == [True, True, True]


def test_an_entry_is_made_anew_when_a_translation_of_it_comes(config: Config) -> None:
    before = build(feed_of(story_of()), config)
    after = build(feed_of(story_of(translations=(FRENCH,))), config)
    assert all(before[suffix] != after[suffix] for suffix in before)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"url": "https://other.example.org"}, "https://other.example.org/en/items/"),
        ({"name": {"en": "Another name"}}, "<dc:creator>Another name</dc:creator>"),
    ],
)
def test_other_settings_make_other_entries(
    config: Config,
    tmp_path_factory: pytest.TempPathFactory,
    changes: dict[str, object],
    shown: str,
) -> None:
    """What a process kept under the old settings must not come out under new ones."""
    feed = feed_of(story_of(source_corrected=DAY, notice="A notice."))
    before = build(feed, config)
    assert shown not in before["rss"].decode()
    other = make.config(tmp_path_factory.mktemp("other"), site=changes)
    after = build(feed, other)
    assert shown in after["rss"].decode()
    assert {suffix: after[suffix] for suffix in ("atom", "rss")} == by_feedgen(feed, other)
    assert build(feed, config) == before


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_the_day_of_a_correction_is_that_of_the_sites_zone(
    tmp_path_factory: pytest.TempPathFactory, language: str
) -> None:
    # Midnight in London is nine in the morning in Tokyo, and still the day before in New York.
    for zone in ("Asia/Tokyo", "America/New_York"):
        config = make.config(tmp_path_factory.getbasetemp(), site={"timezone": zone})
        corrected = Correction(date=DAY, note="", language=language)
        body = build(
            feed_of(story_of(language, corrections=(corrected,)), language=language), config
        )
        assert languages.date(DAY, language, zone=zone) in body["json"].decode()
