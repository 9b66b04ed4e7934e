"""A full page of the longest news is still quick to get."""

import pytest

from publisher import publishing, site
from publisher.config import Config
from publisher.ingest import intake
from store.database import Database
from store.records import Missing
from tests import make

#: Bytes, with the styles of all pages, unpacked.
HEAVIEST = 60_000
TOPICS = ("europe", "labour", "governance", "migrants-day")
#: As long as a summary is cut to, and an address: in letters of two bytes.
SUMMARY = " ".join([make.BODIES["ar"]] * 9)[:300]
SLUG = "-".join([make.TITLES["ar"].replace(" ", "-")] * 4)[:60]


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_a_full_front_page_in_arabic_or_as_a_fallback_is_light(
    database: Database, config: Config, language: str
) -> None:
    feeds = config.feeds.model_copy(update={"missing": Missing.FALLBACK})
    config = config.model_copy(update={"feeds": feeds})
    for key in TOPICS:
        intake.put_topic(database, config, key, {"ar": make.TITLES["ar"]})
    words = make.text("ar", title=" ".join([make.TITLES["ar"]] * 6), summary=SUMMARY, slug=SLUG)
    draft = {"words": words, "topics": {key: key for key in TOPICS}}
    many = range(config.feeds.entries)
    make.take(database, config, *(make.draft("ar", key=str(number), **draft) for number in many))
    publishing.publish_due(database, config, now=make.NOW)
    site.refresh(database, config, now=make.NOW)
    sheet = (config.public / "style.css").stat().st_size
    for path in (f"{language}/index.html", f"{language}/topics/labour/index.html"):
        assert 30_000 < (config.public / path).stat().st_size + sheet < HEAVIEST
