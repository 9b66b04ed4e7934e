"""What pages say to machines, and that nothing in it can do anything to those who read them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from publisher import publishing
from publisher.config import Config
from publisher.ledger import tell_all
from publisher.rendering import render
from publisher.site import items as item_pages
from publisher.site import linked
from publisher.site.view import View, view
from publisher.story import Correction, Picture, Story
from store import publications
from store.database import Database
from store.records import FEED, Missing
from tests import make

SITE = "https://news.example.org"
PICTURE = Picture(
    path="/media/a b.jpg", type="image/jpeg", width=1200, height=800, length=9, alt='A "boat"'
)


def told(view: View) -> list[Story]:
    return tell_all(view.tx, publications.tellings(view.tx, [1], FEED), view.config)


def page(view: View, story: Story) -> html.HtmlElement:
    return html.fromstring(item_pages._page(view, story, told(view)))


def data(tree: html.HtmlElement) -> Any:
    (script,) = tree.xpath("//script")
    assert script.get("type") == "application/ld+json"
    return json.loads(script.text)


HOSTILE = st.lists(
    st.sampled_from(
        ["<", "/", ">", "!--", "script", "]]>", "&", "'", '"', "\\", "\u2028", "\u2029", "ب", "𝒳"]
    ),
    min_size=1,
).map("".join)


@settings(max_examples=200)
@given(HOSTILE)
def test_no_text_ends_the_element_that_data_stands_in(title: str) -> None:
    values: dict[str, Any] = {"linked": {"headline": title}}
    made = render("web/_linked.html", ["en"], **values)
    assert made.count("<") == made.count(">") == 2
    assert not set(made) & {"\u2028", "\u2029"}
    assert data(html.fromstring(f"<div>{made}</div>")) == values["linked"]


def test_data_stands_in_the_letters_of_its_language() -> None:
    made = render("web/_linked.html", ["ar"], linked={"headline": make.TITLES["ar"]})
    assert make.TITLES["ar"] in made


def test_translations_and_their_source_lead_to_each_other(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"), make.draft("ar"))
    publishing.publish_due(database, config, now=make.NOW)
    with database.read() as tx:
        english, arabic = sorted(told(view(tx, config)), key=lambda story: story.language != "en")
    urls = {
        story.language: f"{SITE}/{story.language}/items/1-dignity-{story.language}/"
        for story in (english, arabic)
    }
    said = {
        story.language: linked.article(story, [english, arabic], config)
        for story in (english, arabic)
    }
    assert [work["url"] for work in said["en"]["workTranslation"]] == [urls["ar"]]
    assert said["ar"]["translationOfWork"]["url"] == urls["en"]
    assert "translationOfWork" not in said["en"]
    assert "workTranslation" not in said["ar"]


def test_a_page_in_anothers_words_is_no_translation(database: Database, config: Config) -> None:
    feeds = config.feeds.model_copy(update={"missing": Missing.FALLBACK})
    config = config.model_copy(update={"feeds": feeds})
    make.take(database, config, make.draft("ar"))
    publishing.publish_due(database, config, now=make.NOW)
    with database.read() as tx:
        stories = told(view(tx, config))
        assert len(stories) == 4
        for story in stories:
            said = linked.article(story, stories, config)
            assert said["inLanguage"] == "ar"
            assert said["publisher"]["name"] == config.name(story.language)
            assert not {"workTranslation", "translationOfWork"} & said.keys()
            assert not [version for version in stories if linked.is_other(version, story)]


def test_an_article_says_what_was_corrected_and_where_it_is_from(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("fr", url="https://elsewhere.example/1"))
    publishing.publish_due(database, config, now=make.NOW)
    with database.read() as tx:
        (story,) = told(view(tx, config))
    silent = Correction(date=make.NOW, note="", language="fr")
    noted = Correction(date=make.NOW, note="Deux.", language="fr")
    said = linked.article(replace(story, corrections=(noted, silent)), [story], config)
    assert said["isBasedOn"] == "https://elsewhere.example/1"
    assert [part.get("text") for part in said["correction"]] == ["Deux.", None]
    assert {part["datePublished"] for part in said["correction"]} == {make.NOW.isoformat()}


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_picture_is_shown_and_told_of_with_its_size_and_its_words(
    database: Database, config: Config, language: str
) -> None:
    make.take(database, config, make.draft(language))
    publishing.publish_due(database, config, now=make.NOW)
    with database.read() as tx:
        seen = view(tx, config)
        (story,) = told(seen)
        tree = page(seen, replace(story, picture=PICTURE))
        bare = page(seen, story)
    (image,) = tree.xpath("//figure/img")
    assert dict(image.attrib) == {
        "src": "/media/a%20b.jpg",
        "width": "1200",
        "height": "800",
        "alt": PICTURE.alt,
        "lang": language,
        "loading": "eager",
    }
    said = {meta.get("property"): meta.get("content") for meta in tree.xpath("//meta[@property]")}
    assert said["og:image"] == f"{SITE}/media/a%20b.jpg"
    assert (said["og:image:width"], said["og:image:height"]) == ("1200", "800")
    assert said["og:image:alt"] == PICTURE.alt
    assert data(tree)["image"]["caption"] == PICTURE.alt
    assert "image" not in data(bare)
    assert not bare.xpath("//img")


def test_the_door_names_the_site_in_every_language_once(config: Config) -> None:
    said = linked.door(config)
    assert [said["name"], *said["alternateName"]] == [*config.site.name.values()]
    assert said["inLanguage"] == [*make.LANGUAGES]
