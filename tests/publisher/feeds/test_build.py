"""Feeds: what went in comes out of a feed reader's parser, in every language."""

import re
from datetime import UTC, datetime

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scheduler
from publisher import languages, markup, site, story
from publisher.config import Config
from publisher.feeds.build import Feed, build
from publisher.feeds.entries import Source, content, frame
from publisher.story import Label, Story
from store.database import Database
from store.records import Missing
from tests import make

SCRIPTS = "ёß漢字हिन्दी עברית العربية 🎉 ]]> & < > \" ' \u202f\u00a0"


def story_of(language: str = "en", **changes: object) -> Story:
    values: dict[str, object] = {
        "item_id": 1,
        "id": f"tag:news.example.org,2013:item/1/{language}",
        "language": language,
        "shown_language": language,
        "notice": "",
        "kind": "news",
        "topics": (Label(key="labour", name="Labour & work"),),
        "title": make.TITLES[language],
        "summary": "A summary.",
        "body": make.BODIES[language],
        "path": f"/{language}/items/1-título/",
        "published": datetime(2013, 12, 18, tzinfo=UTC),
        "updated": datetime(2013, 12, 19, 7, 30, tzinfo=UTC),
        "revision": 1,
        "corrections": (),
        "source_corrected": None,
        "retracted": None,
        "withdrawn": False,
    }
    return Story(**{**values, **changes})  # type: ignore[arg-type]


def feed_of(*stories: Story, language: str = "en") -> Feed:
    return Feed(language=language, topic="", title="News", stories=stories)


def xml(feed: Feed, config: Config) -> list[bytes]:
    """Return a feed in the formats that feedgen makes."""
    made = build(feed, config)
    return [made["atom"], made["rss"]]


def parse(body: bytes) -> feedparser.FeedParserDict:
    parsed = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    assert parsed.bozo == 0, parsed.get("bozo_exception")
    return parsed


@pytest.mark.parametrize("suffix", ["atom", "rss"])
@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_story_survives_the_round_trip(config: Config, language: str, suffix: str) -> None:
    told = story_of(language)
    parsed = parse(build(feed_of(told, language=language), config)[suffix])
    assert parsed.feed.language == language
    (entry,) = parsed.entries
    assert entry.id == told.id
    assert entry.link == f"https://news.example.org/{language}/items/1-t%C3%ADtulo/"
    assert entry.title == told.title
    assert entry.published_parsed[:6] == (2013, 12, 18, 0, 0, 0)
    assert entry.updated_parsed[:6] == (2013, 12, 19, 7, 30, 0)
    assert entry.summary == told.summary
    html = entry.content[0].value
    assert f'<div lang="{language}" dir="{languages.direction(language)}">' in html
    assert markup.html(told.body) in html
    assert entry.language == language
    assert entry.author == config.name(language)


@pytest.mark.parametrize("suffix", ["atom", "rss"])
def test_a_fallback_says_in_the_readers_language_what_it_is(config: Config, suffix: str) -> None:
    notice = story.notice("ar", "en", config)
    told = story_of("ar", shown_language="en", notice=notice, body=make.BODIES["en"])
    (entry,) = parse(build(feed_of(told, language="ar"), config)[suffix]).entries
    html = entry.content[0].value
    assert html.index(notice) < html.index('<div lang="en" dir="ltr">')
    assert f'<p lang="ar" dir="rtl"><em>{notice}</em></p>' in html
    assert entry.summary.startswith(notice)
    assert entry.language == "en"


def test_a_feed_is_as_new_as_its_newest_entry_and_the_same_twice(config: Config) -> None:
    feed = feed_of(
        story_of(),
        story_of("fr", id="tag:x,2013:2", updated=datetime(2014, 1, 1, tzinfo=UTC)),
    )
    first, second = build(feed, config), build(feed, config)
    assert first == second
    assert parse(first["atom"]).feed.updated == "2014-01-01T00:00:00+00:00"


@pytest.mark.parametrize("suffix", ["atom", "rss"])
def test_a_feed_names_itself_and_its_page_once(config: Config, suffix: str) -> None:
    body = build(feed_of(story_of()), config)[suffix]
    parsed = parse(body)
    assert parsed.feed.link == "https://news.example.org/en/"
    own = [link.href for link in parsed.feed.links if link.rel == "self"]
    assert own == [f"https://news.example.org/en/feed.{suffix}"]
    (entry,) = parsed.entries
    assert [link.rel for link in entry.links] == ["alternate"]
    if suffix == "atom":
        assert len(re.findall(rb'rel="alternate"', body)) == 2


def test_topics_are_labelled_in_the_readers_language(config: Config) -> None:
    bodies = build(feed_of(story_of()), config)
    (entry,) = parse(bodies["atom"]).entries
    assert [(tag.term, tag.label) for tag in entry.tags] == [("labour", "Labour & work")]
    (item,) = parse(bodies["rss"]).entries
    assert [tag.term for tag in item.tags] == ["Labour & work"]


def test_entries_keep_their_order(config: Config) -> None:
    stories = [story_of(id=f"tag:x,2013:{number}") for number in range(5)]
    for body in xml(feed_of(*stories), config):
        assert [entry.id for entry in parse(body).entries] == [told.id for told in stories]


def test_an_empty_feed_is_valid(config: Config) -> None:
    for body in xml(feed_of(), config):
        assert parse(body).entries == []


@settings(max_examples=60, deadline=None)
@given(title=st.text(min_size=1), body=st.text(), note=st.text())
def test_no_text_whatever_breaks_a_feed(
    tmp_path_factory: pytest.TempPathFactory, title: str, body: str, note: str
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    # As ingest stores them.
    told = story_of(
        title=markup.clean_line(title + SCRIPTS),
        body=markup.clean_text(body + SCRIPTS),
        summary=markup.clean_line(note + SCRIPTS),
    )
    for feed in xml(feed_of(told), config):
        (entry,) = parse(feed).entries
        assert entry.id == told.id
        assert " ".join(entry.title.split()) == " ".join(told.title.split())
        assert entry.content[0].value.strip() == content(
            Source(story=told, frame=frame("en", config))
        )


def test_the_feeds_of_a_site_hold_what_the_ledger_says(
    database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    config = make.config(
        tmp_path_factory.mktemp("site"),
        feeds={"missing": Missing.FALLBACK},
        mail={"host": "127.0.0.1"},
    )
    make.take(database, config, make.draft("en"), make.draft("ar"), make.draft("fr", key="b"))
    scheduler.tick(database, config, now=make.NOW)
    for file in site.feed_files(database, config):
        parsed = parse(file.path.read_bytes())
        assert len(parsed.entries) == len(file.feed.stories) == 2
        assert {entry.id for entry in parsed.entries} == {told.id for told in file.feed.stories}
        assert len({entry.id for entry in parsed.entries}) == 2
