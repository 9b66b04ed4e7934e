"""The archive of newsletters: editions as they were sent, and the way to each."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from lxml import html as parsed

import scheduler
from publisher import press, publishing, site
from publisher.config import Config
from publisher.mail.links import LEAVE, PREFERENCES
from store import editions
from store.database import Database
from store.records import Missing, Newsletter
from tests import fakes, make

#: The last evening of a year in Brussels, which in UTC is still an hour longer.
NEW_YEAR = datetime.fromisoformat("2026-12-31T23:30:00+00:00")
WEEK = timedelta(days=7)
YEAR = "newsletters/digest/archive/2026/index.html"


def send(
    database: Database,
    config: Config,
    *slots: datetime,
    tags: Sequence[str] = ("en", "ar"),
    mailing: Newsletter | None = None,
) -> list[int]:
    """Freeze an issue for each slot, with one new item in these languages; return their ids."""
    ids = []
    for slot in slots:
        key = f"item-{slot:%Y%m%d%H}"
        make.take(
            database,
            config,
            *(
                make.draft(tag, key=key, source=f"{key}.{tag}.md", words=make.text(tag[:2]))
                for tag in tags
            ),
        )
        publishing.publish_due(database, config, now=make.NOW)
        press.plan(database, mailing or make.newsletter(), [slot])
        for issue_id in press.open_issues(database, slot):
            press.press(database, issue_id, config, now=slot)
            ids.append(issue_id)
    site.refresh(database, config, now=make.NOW)
    return ids


def page(config: Config, path: str) -> str:
    return (config.public / path / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_an_edition_is_there_byte_for_byte_but_for_its_readers_links(
    database: Database, config: Config, language: str
) -> None:
    make.start(database, config)
    (issue_id,) = send(database, config, make.NOW)
    with database.read() as tx:
        html = {each.language: each.html for each in editions.of(tx, issue_id)}
    shown = config.public / language / "newsletters" / "digest" / str(issue_id) / "index.html"
    before, after = html[language].partition(LEAVE)[::2]
    between, rest = after.partition(PREFERENCES)[::2]
    there = f"https://news.example.org/subscribe/{language}"
    assert shown.read_bytes() == f"{before}{there}{between}{there}{rest}".encode()


def test_lists_lead_to_every_edition_by_year_at_home(database: Database, config: Config) -> None:
    make.start(database, config)
    first, second, third = send(database, config, make.NOW, NEW_YEAR - timedelta(hours=2), NEW_YEAR)
    ways = {number: f'href="/ar/newsletters/digest/{number}/"' for number in (first, second, third)}
    newest = page(config, "ar/newsletters/digest")
    assert [newest.count(way) for way in ways.values()] == [1, 1, 1]
    assert newest.index(ways[third]) < newest.index(ways[second]) < newest.index(ways[first])
    old, new = (page(config, f"ar/newsletters/digest/archive/{year}") for year in (2026, 2027))
    # In Brussels the third was sent in the new year.
    assert [way in old for way in ways.values()] == [True, True, False]
    assert [way in new for way in ways.values()] == [False, False, True]
    for year in (2026, 2027):
        assert f'href="/ar/newsletters/digest/archive/{year}/"' in newest


def test_a_year_stands_as_its_readers_write_it(database: Database, tmp_path: Path) -> None:
    tags = ("fr", "ar-EG")
    names = {"fr": "Actualités", "ar-EG": "أخبار"}
    config = make.config(tmp_path, site={"languages": tags, "name": names})
    mailing = make.start(database, config, languages=tags, names={"fr": "Lettre", "ar-EG": "نشرة"})
    send(database, config, make.NOW, tags=tags, mailing=mailing)
    french, arabic = (page(config, f"{tag}/newsletters/digest/archive/2026") for tag in tags)
    assert ">Lettre, 2026</h1>" in french
    assert ">نشرة، ٢٠٢٦</h1>" in arabic
    assert ">٢٠٢٦</a>" in page(config, "ar-EG/newsletters/digest")


def test_a_newsletter_that_is_begun_has_its_pages_at_the_next_pass(
    database: Database, config: Config
) -> None:
    send(database, config)
    assert not (config.public / "ar" / "newsletters" / "digest").exists()
    make.start(database, config, languages=("en", "ar"))
    send(database, config)
    for language in ("en", "ar"):
        assert page(config, f"{language}/newsletters/digest")
        assert "/newsletters/digest/" in page(config, f"{language}/newsletters")
    maps = (config.public / "sitemaps" / "lists.xml").read_text(encoding="utf-8")
    assert "/ar/newsletters/digest/" in maps


def test_a_site_without_issues_says_so(database: Database, config: Config) -> None:
    make.start(database, config, languages=("en", "ar"))
    site.refresh(database, config, now=make.NOW)
    assert "/ar/newsletters/digest/" in page(config, "ar/newsletters")
    assert page(config, "ar/newsletters/digest")
    # A language that the newsletter is not in has no page of it.
    assert not (config.public / "fr" / "newsletters" / "digest").exists()
    assert page(config, "fr/newsletters")


def test_an_issue_rewrites_no_feed_and_no_item(database: Database, config: Config) -> None:
    make.start(database, config)
    send(database, config, make.NOW)
    kept = [*config.public.rglob("feed.*"), *config.public.glob("*/items/*/index.html")]
    before = {path: path.stat().st_ino for path in kept}
    press.plan(database, make.newsletter(), [make.NOW + timedelta(days=7)])
    for issue_id in press.open_issues(database, make.NOW + timedelta(days=7)):
        press.press(database, issue_id, config, now=make.NOW + timedelta(days=7))
    site.refresh(database, config, now=make.NOW)
    assert {path: path.stat().st_ino for path in kept} == before


def test_the_archive_shows_the_edition_with_all_items_though_nobody_got_it(
    database: Database, config: Config
) -> None:
    make.start(database, config)
    for key in ("asylum", "work"):
        words = {tag: make.text(tag, title=f"On {key}") for tag in ("en", "ar")}
        make.take(
            database,
            config,
            *(
                make.draft(tag, key=key, source=f"{key}.{tag}", words=text, topics={key: key})
                for tag, text in words.items()
            ),
        )
        make.subscribe(database, [f"{key}@example.org"], language="ar", topics=[key])
    (issue_id,) = send(database, config, make.NOW)
    with database.read() as tx:
        kept = [each for each in editions.of(tx, issue_id) if each.language == "ar"]
    # The item of send() is on no topic.
    assert [(each.variant, each.items) for each in kept] == [(0, 3), (1, 1), (2, 1)]
    assert "On asylum" in page(config, f"ar/newsletters/digest/{issue_id}")
    assert "On work" in page(config, f"ar/newsletters/digest/{issue_id}")
    way = f'href="/ar/newsletters/digest/{issue_id}/"'
    assert page(config, "ar/newsletters/digest").count(way) == 1


def alternates(config: Config, path: str) -> dict[str, str]:
    tree = parsed.fromstring((config.public / path).read_bytes())
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


def test_a_new_newsletter_leads_to_no_page_that_is_not_there(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"))
    publishing.publish_due(database, config, now=make.NOW)
    site.refresh(database, config, now=make.NOW)
    make.start(database, config)
    make.take(database, config, make.draft("en", key="other"))
    publishing.publish_due(database, config, now=make.NOW)
    site.refresh(database, config, now=make.NOW)
    found = alternates(config, "en/newsletters/digest/index.html")
    assert found.keys() == {*make.LANGUAGES, "x-default"}
    for href in found.values():
        assert page(config, href.removeprefix("https://news.example.org/"))
