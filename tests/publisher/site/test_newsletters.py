"""The archive of newsletters: its lists lead to the same list in every language that has it."""

from datetime import timedelta

from lxml import html

import scheduler
from publisher.config import Config
from store.database import Database
from store.records import Missing
from tests import fakes, make

WEEK = timedelta(days=7)
YEAR = "newsletters/digest/archive/2026/index.html"


def alternates(config: Config, path: str) -> dict[str, str]:
    tree = html.fromstring((config.public / path).read_bytes())
    found = tree.xpath("//link[@rel='alternate'][@hreflang]")
    return {link.get("hreflang"): link.get("href") for link in found}


def test_the_list_of_a_year_leads_to_the_languages_that_had_issues_in_it(
    database: Database, config: Config
) -> None:
    def address(language: str) -> str:
        return f"https://news.example.org/{language}/newsletters/digest/archive/2026/"

    with fakes.Relay() as relay:
        config = relay.serves(config)
        make.start(database, config, languages=("en", "fr"), missing=Missing.SKIP)
        make.subscribe(database, ["ann@example.org"], language="en")
        make.subscribe(database, ["luc@example.org"], language="fr")
        make.take(database, config, make.draft("en"))
        scheduler.tick(database, config, now=make.NOW)
        assert not (config.public / "fr" / YEAR).exists()
        only = {"en": address("en"), "x-default": address("en")}
        assert alternates(config, f"en/{YEAR}") == only
        # The next one has news in French alone.
        later = make.NOW + WEEK
        make.take(database, config, make.draft("fr", key="other"), now=later)
        scheduler.tick(database, config, now=later)
    both = {"en": address("en"), "fr": address("fr"), "x-default": address("en")}
    assert alternates(config, f"en/{YEAR}") == both
    assert alternates(config, f"fr/{YEAR}") == both
    assert alternates(config, "en/newsletters/digest/index.html").keys() == both.keys()
