"""Where we have no words in the language of a page, they are marked as what they are."""

from pathlib import Path

import pytest
from lxml import html

from publisher import languages, publishing, site
from publisher.ingest import intake
from store.database import Database
from tests import make


def language_of(element: html.HtmlElement) -> str:
    """Return the language that an element is in, as browsers find it."""
    while element.get("lang") is None:
        element = element.getparent()
    return str(element.get("lang"))


@pytest.mark.parametrize("language", ["de", "sw", "he", "fr"])
def test_our_words_and_those_of_the_site_each_say_their_language(
    database: Database, tmp_path: Path, language: str
) -> None:
    names = {"languages": (language,), "name": {language: "Site"}}
    config = make.config(tmp_path, site=names)
    ours = languages.strings(language).language
    intake.put_topic(database, config, "labour", {language: "Topic"})
    make.take(database, config, make.draft(language, topics={"labour": "labour"}))
    publishing.publish_due(database, config, now=make.NOW)
    site.refresh(database, config, now=make.NOW)
    (item,) = config.public.glob(f"{language}/items/*/index.html")
    topic = config.public / language / "topics" / "labour" / "index.html"
    front = config.public / language / "index.html"
    for path, title in ((item, "h1"), (topic, "h1/span"), (front, "h2")):
        tree = html.fromstring(path.read_bytes())
        assert tree.get("lang") == language
        for word in ("nav[@class='site']//a", "time"):
            assert language_of(tree.find(f".//{word}")) == ours
        for own in ("header/p/a", "ul[@class='topics']/li/a", "footer[@class='bottom']/p", title):
            assert language_of(tree.find(f".//{own}")) == language
