"""Atom: what we make is valid by RFC 4287, and what is not is seen."""

import pytest

from publisher.config import Config
from publisher.feeds.build import build
from publisher.feeds.repair import Deleted
from tests import atom, make
from tests.publisher.feeds.stories import ARABIC, DAY, FRENCH, PICTURE, feed_of, story_of


def full(config: Config) -> bytes:
    """Return a feed with all that there can be in one."""
    told = story_of(
        picture=PICTURE,
        translations=(FRENCH, ARABIC),
        origin="https://other.example.net/?a=1&b=2",
    )
    feed = feed_of(
        told,
        story_of("ar", shown_language="fr", notice="تنبيه"),
        deleted=(Deleted(id="tag:news.example.org,2013:item/7/en", when=DAY),),
        archive=2,
        previous=1,
        following=3,
    )
    return build(feed, config)["atom"]


@pytest.fixture
def telling(config: Config) -> Config:
    """Return the configuration of a site that says all that can be said."""
    site = config.site.model_copy(update={"rights": {"en": "© Example"}})
    feeds = config.feeds.model_copy(update={"hubs": ("https://hub.example.org/",)})
    return config.model_copy(update={"site": site, "feeds": feeds})


def test_a_feed_with_all_that_there_can_be_is_valid(telling: Config) -> None:
    assert atom.mistakes(full(telling)) == []


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_feed_without_news_is_valid(config: Config, language: str) -> None:
    assert atom.mistakes(build(feed_of(language=language), config)["atom"]) == []


ENTRY_ID = "<id>tag:news.example.org,2013:item/1/en</id>"
ALTERNATE = (
    '<link href="https://news.example.org/en/items/1-t%C3%ADtulo/" rel="alternate"'
    ' type="text/html" hreflang="en"/>'
)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (ENTRY_ID, ""),
        (ENTRY_ID, ENTRY_ID + ENTRY_ID),
        (ENTRY_ID, "<id>item/1</id>"),
        ('<title xml:lang="en">', '<title xml:lang="en" type="text/plain">'),
        ('<title xml:lang="en">', '<title xml:lang="english_gb">'),
        ("<published>2013-12-18T00:00:00+00:00", "<published>2013-12-18T00:00:00"),
        ("<published>2013-12-18T00:00:00+00:00", "<published>Wed, 18 Dec 2013 00:00:00 +0000"),
        ("t%C3%ADtulo", "título"),
        ('term="labour" ', ""),
        ('length="12345"', 'length="12 kB"'),
        ('type="image/png" length', 'type="image" length'),
        ("<name>", "<name>A</name><name>"),
        ("<entry>", "<entry><pubDate>2013</pubDate>"),
        ("<entry>", '<entry lang="en">'),
        ("<generator>", "<docs/><generator>"),
        (ALTERNATE, ALTERNATE + ALTERNATE),
        (ALTERNATE, ALTERNATE.replace("alternate", "self") + ALTERNATE * 2),
        ('rel="self"', 'rel="related"'),
        ("item/1/ar", "item/1/en"),
    ],
)
def test_what_the_rules_forbid_is_seen(telling: Config, right: str, wrong: str) -> None:
    feed = full(telling).decode()
    assert right in feed
    assert atom.mistakes(feed.replace(right, wrong, 1).encode()) != []
