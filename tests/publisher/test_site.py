"""The public files: complete, derived, and never half written."""

import sqlite3
import subprocess
import sys
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from publisher import publishing, site
from publisher.config import Config
from publisher.errors import BusyError, StoreError
from publisher.ingest import intake
from store.database import Database
from store.records import Missing
from tests import make


class Page(HTMLParser):
    """What a page is made of: its tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def values(self, tag: str, attribute: str) -> list[str]:
        found = [attributes.get(attribute) for name, attributes in self.tags if name == tag]
        return [value for value in found if value is not None]


def publish(database: Database, config: Config) -> int:
    publishing.publish_due(database, config, now=make.NOW)
    return site.refresh(database, config)


def files(config: Config) -> dict[str, bytes]:
    return {
        str(path.relative_to(config.public)): path.read_bytes()
        for path in config.public.rglob("*")
        if path.is_file()
    }


def test_every_language_has_its_feeds_and_front_page_before_there_is_news(
    database: Database, config: Config
) -> None:
    assert publish(database, config) == 8
    assert {
        f"{tag}/{name}"
        for tag in make.LANGUAGES
        for name in ("index.html", "feed.atom", "feed.rss")
    } <= files(config).keys()


def test_nothing_is_written_where_nothing_changed(database: Database, config: Config) -> None:
    make.take(database, config, make.draft("en"))
    publish(database, config)
    before = {path: path.stat().st_mtime_ns for path in config.public.rglob("*.*")}
    assert publish(database, config) == 0
    assert {path: path.stat().st_mtime_ns for path in config.public.rglob("*.*")} == before


def test_a_pass_with_nothing_to_do_does_not_even_ask_to_write(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"))
    publish(database, config)
    with database.exclusive("site"):
        assert site.refresh(database, config) == 0


@pytest.mark.parametrize("path", ["style.css", "index.html", "fr/index.html", "ar/feed.rss"])
def test_a_file_that_is_missing_comes_back(database: Database, config: Config, path: str) -> None:
    make.take(database, config, make.draft("fr"))
    publish(database, config)
    before = files(config)
    (config.public / path).unlink()
    site.refresh(database, config)
    assert files(config) == before


def test_pages_and_feeds_are_the_same_from_a_process_that_has_kept_nothing(
    database: Database, config: Config, tmp_path: Path
) -> None:
    """What was written bit by bit is what a new process writes at once."""
    for number in range(3):
        words = make.text("fr", body=f"Texte *{number}*.")
        make.take(database, config, make.draft("fr", key=str(number), words=words))
        make.take(database, config, make.draft("en", key=str(number)))
        publish(database, config)
    target = make.config(tmp_path / "other")
    with sqlite3.connect(tmp_path / "tidings.db") as copy:
        raw = database._engine.raw_connection()
        raw.driver_connection.backup(copy)  # type: ignore[union-attr]
        raw.close()
    copy.close()
    program = (
        "import sys; from pathlib import Path; from tests import make; from publisher import site;"
        "from store.database import open_database as opened;"
        "site.rebuild(opened(sys.argv[1]), make.config(Path(sys.argv[2])))"
    )
    url = f"sqlite:///{tmp_path / 'tidings.db'}"
    command = [sys.executable, "-c", program, url, str(target.folder)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    assert files(target) == files(config)


def test_a_rebuild_gives_the_same_bytes(database: Database, config: Config) -> None:
    make.take(database, config, make.draft("en"), make.draft("ar"))
    publish(database, config)
    before = files(config)
    for path in config.public.rglob("*.*"):
        path.unlink()
    assert site.rebuild(database, config) == len(before)
    assert files(config) == before


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_every_link_on_a_page_leads_somewhere(
    database: Database, config: Config, language: str
) -> None:
    make.take(database, config, *(make.draft(tag) for tag in make.LANGUAGES))
    publish(database, config)
    for path in [*config.public.glob(f"{language}/**/index.html"), config.public / "index.html"]:
        page = Page(path.read_text(encoding="utf-8"))
        for href in [*page.values("a", "href"), *page.values("link", "href")]:
            local = unquote(href.removeprefix("https://news.example.org"))
            if not local.startswith("#"):
                target = config.public / local.lstrip("/")
                assert (target / "index.html" if local.endswith("/") else target).exists(), href


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_a_page_says_its_language_and_direction(
    database: Database, config: Config, language: str, direction: str
) -> None:
    make.take(database, config, make.draft(language))
    publish(database, config)
    for path in config.public.glob(f"{language}/**/index.html"):
        page = Page(path.read_text(encoding="utf-8"))
        assert (page.values("html", "lang"), page.values("html", "dir")) == (
            [language],
            [direction],
        )


def test_a_fallback_page_is_labelled_and_marks_the_other_language(
    database: Database, tmp_path: Path
) -> None:
    config = make.config(tmp_path, feeds={"missing": Missing.FALLBACK})
    make.take(database, config, make.draft("ar"))
    publish(database, config)
    (path,) = config.public.glob("fr/items/*/index.html")
    text = path.read_text(encoding="utf-8")
    assert "Ce texte n’est pas encore disponible en français. Il est présenté en arabe." in text
    assert '<h1 lang="ar" dir="rtl">' in text


def test_titles_cannot_break_out_of_a_page(database: Database, config: Config) -> None:
    words = make.text("en", title='</title><script>alert("x")</script>', body="<script>x</script>")
    make.take(database, config, make.draft("en", words=words))
    publish(database, config)
    for path in config.public.rglob("index.html"):
        assert "script" not in {tag for tag, _ in Page(path.read_text(encoding="utf-8")).tags}


def test_a_new_name_of_a_topic_shows_on_its_pages(database: Database, config: Config) -> None:
    make.take(database, config, make.draft("en", topics={"labour": "labour"}))
    publish(database, config)
    intake.put_topic(database, config, "labour", {"en": "Labour migration"})
    site.refresh(database, config)
    (path,) = config.public.glob("en/items/*/index.html")
    assert "Labour migration" in path.read_text(encoding="utf-8")


def test_a_language_taken_from_the_site_keeps_its_ledger_and_breaks_nothing(
    database: Database, config: Config, tmp_path: Path
) -> None:
    make.take(database, config, make.draft("en"), make.draft("ar"))
    publish(database, config)
    site_section = {"languages": ("en", "fr"), "name": {"en": "News"}}
    smaller = make.config(tmp_path / "smaller", site=site_section)
    site.rebuild(database, smaller)
    assert not (smaller.public / "ar").exists()
    assert (smaller.public / "en" / "feed.atom").exists()


def test_two_processes_do_not_write_at_once(database: Database, config: Config) -> None:
    with database.exclusive("site"), pytest.raises(BusyError):
        site.refresh(database, config)


def test_a_folder_that_cannot_be_written_is_named_and_the_work_stays_due(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"))
    config.public.parent.mkdir(parents=True, exist_ok=True)
    config.public.write_text("a file where the folder should be", encoding="utf-8")
    publishing.publish_due(database, config, now=make.NOW)
    with pytest.raises(StoreError, match="public"):
        site.refresh(database, config)
    config.public.unlink()
    assert site.refresh(database, config) == 8


def test_a_late_old_text_stands_on_top_of_its_feed(database: Database, config: Config) -> None:
    make.take(database, config, make.draft("fr", key="new", dated=make.NOW - timedelta(days=1)))
    publish(database, config)
    late = make.NOW + timedelta(days=2)
    make.take(database, config, make.draft("fr", dated=make.NOW - timedelta(days=900)), now=late)
    publishing.publish_due(database, config, now=late)
    (feed,) = {f.feed for f in site.feed_files(database, config) if f.feed.language == "fr"}
    assert [told.item_id for told in feed.stories] == [2, 1]
    assert feed.stories[0].published == make.NOW - timedelta(days=900)


def test_an_old_address_leads_to_the_new_one(database: Database, config: Config) -> None:
    make.take(database, config, make.draft("en"))
    publish(database, config)
    (old,) = config.public.glob("en/items/*/index.html")
    words = make.text("en", title="Another title", slug="another-title")
    make.take(database, config, make.draft("en", words=words))
    publish(database, config)
    new = config.public / "en" / "items" / "1-another-title" / "index.html"
    assert new.exists()
    page = Page(old.read_text(encoding="utf-8"))
    assert "/en/items/1-another-title/" in page.values("a", "href")
    assert "https://news.example.org/en/items/1-another-title/" in page.values("link", "href")
    assert "0; url=/en/items/1-another-title/" in page.values("meta", "content")


def test_a_new_name_of_the_site_shows_everywhere_after_a_rebuild(
    database: Database, config: Config, tmp_path: Path
) -> None:
    publish(database, config)
    renamed = make.config(tmp_path, site={"name": {"ar": "اسم جديد"}})
    site.rebuild(database, renamed)
    for name in ("index.html", "feed.atom", "feed.rss"):
        assert "اسم جديد" in (config.public / "ar" / name).read_text(encoding="utf-8")
