"""Feeds: what went in comes out of a feed reader's parser, in every language."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

import scheduler
from publisher import characters, languages, markup, site, story
from publisher.config import Config
from publisher.feeds.build import Feed, build
from publisher.feeds.entries import Source, content, frame
from publisher.feeds.repair import Deleted
from publisher.story import Correction, Label
from store.database import Database
from store.records import Missing
from tests import make
from tests.publisher.feeds.stories import ARABIC, DAY, FRENCH, PICTURE, feed_of, story_of

SCRIPTS = "ёß漢字हिन्दी עברית العربية 🎉 ]]> & < > \" ' \u202f\u00a0"


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
    shown = entry.content[0].value
    assert f'<div lang="{language}" dir="{languages.direction(language)}">' in shown
    assert markup.html(told.body) in shown
    assert entry.language == language
    assert entry.author == config.name(language)


@pytest.mark.parametrize("suffix", ["atom", "rss"])
def test_a_fallback_says_in_the_readers_language_what_it_is(config: Config, suffix: str) -> None:
    notice = story.notice("ar", "en", config)
    told = story_of("ar", shown_language="en", notice=notice, body=make.BODIES["en"])
    (entry,) = parse(build(feed_of(told, language="ar"), config)[suffix]).entries
    shown = entry.content[0].value
    assert shown.index(notice) < shown.index('<div lang="en" dir="ltr">')
    assert f'<p lang="ar" dir="rtl"><em>{notice}</em></p>' in shown
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


@settings(max_examples=60)
@given(title=st.text(min_size=1), body=st.text(), note=st.text())
def test_no_text_whatever_breaks_a_feed(
    tmp_path_factory: pytest.TempPathFactory, title: str, body: str, note: str
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    # As ingest stores them.
    told = story_of(
        title=characters.clean_line(title + SCRIPTS),
        body=characters.clean_text(body + SCRIPTS),
        summary=characters.clean_line(note + SCRIPTS),
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
    files = site.feed_files(database, config)
    assert {file.format for file in files} == {"atom", "rss", "json"}
    for file in files:
        ids = [told.id for told in file.feed.stories]
        assert len(set(ids)) == 2
        body = file.path.read_bytes()
        if file.format == "json":
            assert [item["id"] for item in json.loads(body)["items"]] == ids
        else:
            assert [entry.id for entry in parse(body).entries] == ids


ATOM = "{http://www.w3.org/2005/Atom}"


def links(element: etree._Element) -> list[dict[str, str]]:
    """Return the links of Atom right below an element."""
    return [dict(link.attrib) for link in element.iterchildren(f"{ATOM}link")]


@pytest.mark.parametrize("suffix", ["atom", "rss"])
def test_an_entry_leads_to_its_translations_and_has_one_alternate(
    config: Config, suffix: str
) -> None:
    told = story_of(translations=(FRENCH, ARABIC), origin="https://other.example.net/x?a=1&b=2")
    document = etree.fromstring(build(feed_of(told), config)[suffix])
    (entry,) = document.iter(f"{ATOM}entry", "item")
    found = links(entry)
    assert [link for link in found if link["rel"] == "related"] == [
        {
            "rel": "related",
            "href": "https://news.example.org/fr/items/1-dignit%C3%A9/",
            "type": "text/html",
            "hreflang": "fr",
        },
        {
            "rel": "related",
            "href": "https://news.example.org/ar/items/1-%D9%83%D8%B1%D8%A7%D9%85%D8%A9/",
            "type": "text/html",
            "hreflang": "ar",
        },
    ]
    assert {"rel": "via", "href": "https://other.example.net/x?a=1&b=2"} in found
    alternates = [link["href"] for link in found if link["rel"] == "alternate"]
    pages = [link.text for link in entry.iterchildren("link")]
    assert alternates + pages == ["https://news.example.org/en/items/1-t%C3%ADtulo/"]


def test_a_picture_stands_in_the_text_and_beside_it_with_its_true_length(config: Config) -> None:
    bodies = build(feed_of(story_of(picture=PICTURE)), config)
    url = "https://news.example.org/files/%D9%85%D9%87%D8%A7%D8%AC%D8%B1%D9%88%D9%86.png"
    for suffix in ("atom", "rss"):
        (entry,) = parse(bodies[suffix]).entries
        (picture,) = html.fragments_fromstring(entry.content[0].value)[0].iter("img")
        assert dict(picture.attrib) == {
            "src": url,
            "alt": PICTURE.alt,
            "width": "640",
            "height": "480",
            "loading": "lazy",
        }
        (enclosure,) = entry.enclosures
        found = (enclosure.href, enclosure.type, enclosure.length)
        assert found == (url, "image/png", "12345")
        (media,) = entry.media_content
        assert (media["url"], media["filesize"], media["width"]) == (url, "12345", "640")
        # What it shows is no second title or summary, in a parser that many readers use.
        assert (entry.title, entry.summary_detail.value) == (make.TITLES["en"], "A summary.")
        title = etree.fromstring(bodies[suffix]).find(".//{http://search.yahoo.com/mrss/}title")
        assert title is not None
        assert title.text == PICTURE.alt


def test_the_picture_of_what_was_retracted_is_gone(config: Config) -> None:
    told = story_of(picture=PICTURE, retracted=DAY)
    for body in build(feed_of(told), config).values():
        assert b".png" not in body


@pytest.mark.parametrize("suffix", ["atom", "rss", "json"])
def test_links_within_a_text_are_absolute(config: Config, suffix: str) -> None:
    told = story_of(body="[a](b.html) [c](/d?e=1&f=2) [g](#h) ![i](../p.png) [j](mailto:k@l.org)")
    body = build(feed_of(told), config)[suffix]
    if suffix == "json":
        text = json.loads(body)["items"][0]["content_html"]
    else:
        text = parse(body).entries[0].content[0].value
    page = "https://news.example.org/en/items/1-t%C3%ADtulo/"
    assert re.findall('(?:href|src)="([^"]*)"', text) == [
        f"{page}b.html",
        "https://news.example.org/d?e=1&amp;f=2",
        f"{page}#h",
        "https://news.example.org/en/items/p.png",
        "mailto:k@l.org",
    ]


def test_what_is_not_in_the_language_of_the_feed_says_so(config: Config) -> None:
    told = story_of("ar", shown_language="en", notice="تنبيه")
    feed = etree.fromstring(build(feed_of(told, language="ar"), config)["atom"])
    language = "{http://www.w3.org/XML/1998/namespace}lang"
    assert feed.get(language) == "ar"
    said = {part.tag: part.get(language) for part in feed.iter() if part.get(language)}
    assert said == {
        f"{ATOM}feed": "ar",
        **{f"{ATOM}{name}": "en" for name in ("title", "content", "summary")},
    }
    # That it is retracted is our sentence, in the language of its readers.
    gone = build(feed_of(replace(told, retracted=DAY), language="ar"), config)["atom"]
    summary = etree.fromstring(gone).find(f".//{ATOM}summary")
    assert summary is not None
    assert summary.get(language) == "ar"


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_feed_says_whose_its_texts_are(
    tmp_path_factory: pytest.TempPathFactory, language: str
) -> None:
    rights = {"en": "© Example. CC BY 4.0.", "ar": "© مثال"}
    config = make.config(tmp_path_factory.getbasetemp(), site={"rights": rights})
    bodies = build(feed_of(story_of(language), language=language), config)
    said = rights.get(language, rights["en"])
    assert etree.fromstring(bodies["atom"]).findtext(f"{ATOM}rights") == said
    assert etree.fromstring(bodies["rss"]).findtext("channel/copyright") == said
    assert json.loads(bodies["json"])["_tidings"] == {"rights": said}


def test_where_nobody_says_whose_the_texts_are_nothing_is_said(config: Config) -> None:
    bodies = build(feed_of(story_of()), config)
    assert b"rights>" not in bodies["atom"]
    assert b"copyright>" not in bodies["rss"]
    assert "_tidings" not in json.loads(bodies["json"])


def test_rss_says_how_long_it_may_be_kept_and_when_it_last_changed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    config = make.config(tmp_path_factory.getbasetemp(), feeds={"ttl": 15})
    channel = etree.fromstring(build(feed_of(story_of()), config)["rss"]).find("channel")
    assert channel is not None
    assert channel.findtext("ttl") == "15"
    assert channel.findtext("lastBuildDate") == "Thu, 19 Dec 2013 07:30:00 +0000"
    assert channel.findtext(f"item/{ATOM}updated") == "2013-12-19T07:30:00+00:00"


def test_only_the_newest_document_names_the_hubs(tmp_path_factory: pytest.TempPathFactory) -> None:
    hubs = ("https://hub.example.org/", "https://hub.example.net/?a=1&b=2")
    config = make.config(tmp_path_factory.getbasetemp(), feeds={"hubs": hubs})
    for archive, named in ((None, list(hubs)), (1, [])):
        bodies = build(feed_of(story_of(), archive=archive), config)
        for suffix in ("atom", "rss"):
            found = [link.href for link in parse(bodies[suffix]).feed.links if link.rel == "hub"]
            assert found == named
        stated = json.loads(bodies["json"]).get("hubs", [])
        assert stated == [{"type": "WebSub", "url": hub} for hub in named]


def test_what_was_taken_back_is_named_in_atom(config: Config) -> None:
    gone = Deleted(id="tag:news.example.org,2013:item/7/en", when=make.NOW)
    feed = etree.fromstring(build(feed_of(deleted=(gone,)), config)["atom"])
    (deleted,) = feed.iter("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert dict(deleted.attrib) == {"ref": gone.id, "when": "2026-11-23T08:00:00+00:00"}
    assert feed.findtext(f"{ATOM}updated") == "2026-11-23T08:00:00+00:00"


def test_a_control_character_in_the_store_does_not_cost_the_feed(config: Config) -> None:
    told = story_of(
        title="a\x00b",
        summary="c\x0bd",
        body="e\x0cf",
        topics=(Label(key="labour", name="g\x1fh"),),
        picture=replace(PICTURE, alt="i\x08j\ud800"),
        corrections=(Correction(date=DAY, note="k\x01l", language="en"),),
        origin="https://m\x02n.example",
    )
    bodies = build(feed_of(told, title="News\x0c"), config)
    for suffix in ("atom", "rss"):
        (entry,) = parse(bodies[suffix]).entries
        assert (entry.title, entry.summary) == ("ab", "cd")
        assert "ef" in entry.content[0].value
        assert "kl" in entry.content[0].value
    assert json.loads(bodies["json"])["items"][0]["title"] == "ab"
