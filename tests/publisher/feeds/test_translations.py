"""Translations: each feed leads to them as soon as they are told, and no longer when they go."""

import json
from datetime import timedelta

import feedparser
import pytest

from publisher import editing, publishing, site
from publisher.config import Config
from store.database import Database
from store.records import Missing
from tests import make

NAME = "https://news.example.org/{}/items/1-{}/"


def publish(database: Database, config: Config, *languages: str, hours: int = 0) -> None:
    now = make.NOW + timedelta(hours=hours)
    make.take(database, config, *map(make.draft, languages), now=now)
    publishing.publish_due(database, config, now=now)
    site.refresh(database, config, now=now)


def related(config: Config, language: str) -> dict[str, str]:
    """Return where the only entry of a feed leads, by language; every format says the same."""
    folder = config.public / language
    found = []
    for suffix in ("atom", "rss"):
        (entry,) = feedparser.parse((folder / f"feed.{suffix}").read_bytes()).entries
        found.append(
            {link.hreflang: link.href for link in entry.links if link.rel == "related"},
        )
    (item,) = json.loads((folder / "feed.json").read_bytes())["items"]
    stated = item.get("_tidings", {}).get("translations", [])
    found.append({each["language"]: each["url"] for each in stated})
    assert found[0] == found[1] == found[2]
    return found[0]


def test_a_translation_that_comes_later_shows_in_the_feeds_of_the_others(
    database: Database, config: Config
) -> None:
    publish(database, config, "en", "ar")
    assert list(related(config, "en")) == ["ar"]
    publish(database, config, "fr", hours=1)
    assert list(related(config, "en")) == ["fr", "ar"]
    assert list(related(config, "ar")) == ["en", "fr"]
    assert list(related(config, "fr")) == ["en", "ar"]


def test_a_translation_is_named_by_the_address_that_it_has_now(
    database: Database, config: Config
) -> None:
    publish(database, config, "en", "fr")
    before = related(config, "en")["fr"]
    corrected = make.draft("fr", words=make.text("fr", slug="autre"))
    make.take(database, config, corrected, now=make.NOW)
    later = make.NOW + timedelta(hours=1)
    publishing.publish_due(database, config, now=later)
    site.refresh(database, config, now=later)
    after = related(config, "en")["fr"]
    assert before != after == NAME.format("fr", "autre")
    assert (config.public / "fr/items/1-autre/index.html").exists()


def test_what_is_withdrawn_or_retracted_is_no_translation_any_more(
    database: Database, config: Config
) -> None:
    publish(database, config, "en", "fr", "es")
    later = make.NOW + timedelta(hours=1)
    editing.withdraw(database, 1, "fr", now=later)
    publishing.publish_due(database, config, now=later)
    site.refresh(database, config, now=later)
    assert list(related(config, "en")) == ["es"]


@pytest.mark.parametrize("language", ["fr", "es", "ar"])
def test_a_fallback_is_no_translation_and_leads_to_the_text_itself(
    database: Database, config: Config, language: str
) -> None:
    feeds = config.feeds.model_copy(update={"missing": Missing.FALLBACK})
    falling = config.model_copy(update={"feeds": feeds})
    publish(database, falling, "en")
    assert related(falling, "en") == {}
    assert list(related(falling, language)) == ["en"]


def test_a_language_that_left_the_site_is_no_translation(
    database: Database, config: Config
) -> None:
    publish(database, config, "en", "fr", "es")
    narrower = config.site.model_copy(update={"languages": ("en", "es")})
    smaller = config.model_copy(update={"site": narrower})
    site.rebuild(database, smaller)
    assert list(related(smaller, "en")) == ["es"]
