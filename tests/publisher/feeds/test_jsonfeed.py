"""JSON Feed: what a reader of version 1.1 finds in it."""

import json
from typing import Any

import pytest

from publisher.config import Config
from publisher.feeds.build import Feed, build
from publisher.story import tell
from store.records import Kind, Topic
from tests import make
from tests.publisher.feeds.stories import ARABIC, FRENCH, PICTURE, feed_of, story_of


def document(config: Config, language: str, **changes: Any) -> dict[str, Any]:
    """Return the feed of a language that holds one item."""
    shown = changes.pop("shown_language", language)
    story = tell(
        make.publication(language=language, shown_language=shown),
        make.item(kind=Kind.STATEMENT, topics=("labour",)),
        make.text(shown, **changes),
        topics={"labour": Topic(key="labour", names={"en": "Labour", "ar": "العمل"})},
        config=config,
    )
    feed = Feed(language=language, topic="", title=config.name(language), stories=(story,))
    found: dict[str, Any] = json.loads(build(feed, config)["json"])
    return found


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_feed_says_what_it_is_and_in_which_language(config: Config, language: str) -> None:
    feed = document(config, language)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"] == config.name(language)
    assert feed["language"] == language
    assert feed["feed_url"] == f"https://news.example.org/{language}/feed.json"
    assert feed["home_page_url"] == f"https://news.example.org/{language}/"
    assert [author["name"] for author in feed["authors"]] == [config.name(language)]


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_an_item_has_the_id_the_dates_and_the_text_of_the_other_formats(
    config: Config, language: str
) -> None:
    (item,) = document(config, language)["items"]
    assert item["id"] == f"tag:news.example.org,2013:item/1/{language}"
    assert item["title"] == make.TITLES[language]
    assert f'<div lang="{language}"' in item["content_html"]
    assert item["date_published"] == item["date_modified"] == make.NOW.isoformat()
    assert item["tags"] == [{"ar": "العمل"}.get(language, "Labour")]


def test_a_fallback_says_in_which_language_it_really_is(config: Config) -> None:
    (item,) = document(config, "fr", shown_language="en")["items"]
    assert item["language"] == "en"
    assert item["summary"].startswith("Ce texte n’est pas encore disponible")


@pytest.mark.parametrize("title", ['"]]>&<b>', "\U0001f30d", "a\\u0000b", "\u202eabc"])
def test_whatever_stands_in_a_title_the_feed_is_json(config: Config, title: str) -> None:
    (item,) = document(config, "en", title=title)["items"]
    assert item["title"] == title


def item_of(config: Config, **changes: Any) -> dict[str, Any]:
    (item,) = json.loads(build(feed_of(story_of(**changes)), config)["json"])["items"]
    found: dict[str, Any] = item
    return found


def test_a_picture_is_the_image_of_its_item_and_attached_with_its_length(config: Config) -> None:
    item = item_of(config, picture=PICTURE)
    assert item["image"].startswith("https://news.example.org/files/%D9%85")
    assert item["attachments"] == [
        {
            "url": item["image"],
            "mime_type": "image/png",
            "size_in_bytes": 12_345,
            "title": PICTURE.alt,
        }
    ]
    assert "image" not in item_of(config)


def test_what_json_feed_has_no_word_for_stands_in_an_extension(config: Config) -> None:
    item = item_of(config, translations=(FRENCH, ARABIC), origin="https://other.example.net/é")
    assert [other["language"] for other in item["_tidings"]["translations"]] == ["fr", "ar"]
    assert item["_tidings"]["translations"][0]["url"].endswith("/fr/items/1-dignit%C3%A9/")
    assert item["_tidings"]["via"] == "https://other.example.net/%C3%A9"
    assert "_tidings" not in item_of(config)


def test_a_document_of_the_archive_is_one_of_the_same_feed(config: Config) -> None:
    """``feed_url`` names the feed: it is not where this document stands."""
    own = "https://news.example.org/en/topics/labour/"
    for archive, previous in ((None, 3), (3, 2), (1, None)):
        feed = feed_of(story_of(), topic="labour", archive=archive, previous=previous)
        found = json.loads(build(feed, config)["json"])
        assert found["feed_url"] == f"{own}feed.json"
        older = f"{own}archive/{previous}/feed.json" if previous else None
        assert found.get("next_url") == older
        page = f"{own}archive/{archive}/" if archive else own
        assert found["home_page_url"] == page


def test_a_feed_without_news_is_json_as_well(config: Config) -> None:
    assert json.loads(build(feed_of(), config)["json"])["items"] == []
