"""The public files: complete, derived, and never half written."""

import gzip
import html
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import feedparser
import pytest
from lxml import etree

from publisher import editing, markup, publishing, retracting, site
from publisher.config import Config
from publisher.errors import BusyError, StoreError
from publisher.ingest import intake
from store.database import Database
from store.records import Change, Missing
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
    return site.refresh(database, config, now=make.NOW)


def files(config: Config) -> dict[str, bytes]:
    return {
        str(path.relative_to(config.public)): path.read_bytes()
        for path in config.public.rglob("*")
        if path.is_file()
    }


def read(config: Config) -> dict[str, str]:
    """Return what stands in the files, unpacked where they are gzipped."""
    return {
        path: (gzip.decompress(body) if path.endswith(".gz") else body).decode()
        for path, body in files(config).items()
    }


def test_every_language_has_its_feeds_and_front_page_before_there_is_news(
    database: Database, config: Config
) -> None:
    assert publish(database, config) == 12
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
        assert site.refresh(database, config, now=make.NOW) == 0


@pytest.mark.parametrize("path", ["style.css", "index.html", "fr/index.html", "ar/feed.rss"])
def test_a_file_that_is_missing_comes_back(database: Database, config: Config, path: str) -> None:
    make.take(database, config, make.draft("fr"))
    publish(database, config)
    before = files(config)
    (config.public / path).unlink()
    site.refresh(database, config, now=make.NOW)
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
        page = Page(path.read_text(encoding="utf-8"))
        # Nothing but data for machines, which no browser runs.
        scripts = [attributes for tag, attributes in page.tags if tag == "script"]
        assert scripts in ([], [{"type": "application/ld+json"}])


def test_a_new_name_of_a_topic_shows_on_its_pages(database: Database, config: Config) -> None:
    make.take(database, config, make.draft("en", topics={"labour": "labour"}))
    publish(database, config)
    intake.put_topic(database, config, "labour", {"en": "Labour migration"})
    site.refresh(database, config, now=make.NOW)
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
        site.refresh(database, config, now=make.NOW)


def test_a_folder_that_cannot_be_written_is_named_and_the_work_stays_due(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"))
    config.public.parent.mkdir(parents=True, exist_ok=True)
    config.public.write_text("a file where the folder should be", encoding="utf-8")
    publishing.publish_due(database, config, now=make.NOW)
    with pytest.raises(StoreError, match="public"):
        site.refresh(database, config, now=make.NOW)
    config.public.unlink()
    assert site.refresh(database, config, now=make.NOW) == 12


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


# What was corrected, and what was taken back.

HOUR = timedelta(hours=1)
GONE = {
    "en": "The text that stood here is no longer available.",
    "fr": "Le texte qui figurait ici n’est plus disponible.",
    "es": "El texto que figuraba aquí ya no está disponible.",
    "ar": "لم يعد النص الذي كان هنا متاحًا.",
}


def look(database: Database, config: Config, hour: int) -> None:
    """Publish and write as the scheduled job does, some hours later."""
    publishing.publish_due(database, config, now=make.NOW + hour * HOUR)
    site.refresh(database, config, now=make.NOW)


def edit(database: Database, config: Config, language: str, hour: int, **how: Any) -> None:
    """Save and approve other words."""
    now = make.NOW + hour * HOUR
    words = {"body": f"Words of hour {hour}.", **how.pop("words", {})}
    read = editing.text_of(database, 1, language).revision
    text = make.text(language, **words)
    editing.edit(database, config, 1, language, text, read=read, author="ann", now=now, **how)
    editing.approve(database, 1, language, now=now)


def pages(config: Config, language: str) -> dict[str, str]:
    """Return the pages of items in a language, by their path below its folder."""
    folder = config.public / language / "items"
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.html")
    }


def feed(config: Config, language: str, suffix: str = "atom") -> feedparser.FeedParserDict:
    body = (config.public / language / f"feed.{suffix}").read_bytes()
    parsed = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    assert parsed.bozo == 0, parsed.get("bozo_exception")
    return parsed


def deleted(config: Config, language: str) -> list[tuple[str, str]]:
    """Return the deleted entries of an Atom feed (RFC 6721): which, and when."""
    tree = etree.parse(config.public / language / "feed.atom")
    found = tree.getroot().findall("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    return [(entry.get("ref") or "", entry.get("when") or "") for entry in found]


CORRECTED = {
    "en": "Corrected on November 23, 2026.",
    "fr": "Corrigé le 23 novembre 2026.",
    "es": "Corregido el 23 de noviembre de 2026.",
    "ar": "صُحّح في 23 نوفمبر 2026.",
}


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_correction_is_dated_and_said_in_the_language_on_pages_and_in_feeds(
    database: Database, config: Config, language: str
) -> None:
    make.take(database, config, make.draft(language))
    look(database, config, 0)
    before = feed(config, language).entries[0]
    note = f"{make.TITLES[language]} <b>&amp;</b>"
    edit(database, config, language, 1, change=Change.CORRECTION, note=note)
    look(database, config, 1)
    direction = "rtl" if language == "ar" else "ltr"
    escaped = html.escape(note, quote=False)
    marked = f'{CORRECTED[language]} <span lang="{language}" dir="{direction}">{escaped}</span>'
    (page,) = pages(config, language).values()
    assert f'<p class="notice" role="note">{marked}</p>' in page
    for suffix in ("atom", "rss"):
        (entry,) = feed(config, language, suffix).entries
        content = entry.content[0].value
        assert f'<p lang="{language}" dir="{direction}"><em>{marked}</em></p>' in content
        assert content.index(marked) < content.index("Words of hour 1.")
        assert (entry.id, entry.published) == (before.id, feed_date(before, suffix))
        assert entry.updated_parsed > before.updated_parsed


def feed_date(entry: feedparser.FeedParserDict, suffix: str) -> str:
    year, month, day, hour, minute, second = entry.published_parsed[:6]
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return moment.isoformat() if suffix == "atom" else format_datetime(moment)


@pytest.mark.parametrize("change", [Change.MINOR, Change.EDIT])
def test_what_is_no_correction_moves_no_date_and_says_nothing(
    database: Database, config: Config, change: Change
) -> None:
    make.take(database, config, make.draft("en"))
    look(database, config, 0)
    before = feed(config, "en").entries[0]
    edit(database, config, "en", 1, change=change, note="Not to be read.")
    look(database, config, 1)
    (entry,) = feed(config, "en").entries
    assert (entry.id, entry.published, entry.updated) == (
        before.id,
        before.published,
        before.updated,
    )
    assert "Words of hour 1." in entry.content[0].value
    assert not any("Not to be read" in body for body in read(config).values())
    assert not any("Corrected on" in body for body in read(config).values())


PENDING = {
    "fr": "L’original a été corrigé le 23 novembre 2026.",
    "es": "El original se corrigió el 23 de noviembre de 2026.",
    "ar": "صُحّح النص الأصلي في 23 نوفمبر 2026،",
}


@pytest.mark.parametrize("language", PENDING)
def test_readers_of_a_translation_are_told_that_the_original_was_corrected(
    database: Database, config: Config, language: str
) -> None:
    make.take(database, config, make.draft("en"), make.draft(language))
    look(database, config, 0)
    edit(database, config, "en", 1, change=Change.CORRECTION)
    look(database, config, 1)
    (page,) = pages(config, language).values()
    (entry,) = feed(config, language).entries
    for text in (page, entry.content[0].value):
        assert PENDING[language] in text
        assert markup.html(make.BODIES[language]) in text
    edit(database, config, language, 2)
    look(database, config, 2)
    (page,) = pages(config, language).values()
    assert PENDING[language] not in page
    assert CORRECTED[language] in page


def test_a_note_in_another_language_says_which_and_is_marked(
    database: Database, tmp_path: Path
) -> None:
    config = make.config(tmp_path, feeds={"missing": Missing.FALLBACK})
    make.take(database, config, make.draft("en"))
    look(database, config, 0)
    edit(database, config, "en", 1, change=Change.CORRECTION, note="It was 200.")
    look(database, config, 1)
    (page,) = pages(config, "ar").values()
    note = '(الإنجليزية) <span lang="en" dir="ltr">It was 200.</span>'
    assert f"{CORRECTED['ar']} {note}" in page
    assert note in feed(config, "ar").entries[0].content[0].value


RETRACTED = {
    "en": "This text was retracted on November 23, 2026.",
    "fr": "Ce texte a été retiré le 23 novembre 2026.",
    "es": "Este texto fue retirado el 23 de noviembre de 2026.",
    "ar": "سُحب هذا النص في 23 نوفمبر 2026.",
}


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_retraction_leaves_a_notice_in_feeds_and_in_place_of_the_page(
    database: Database, config: Config, language: str
) -> None:
    make.take(database, config, *map(make.draft, make.LANGUAGES))
    look(database, config, 0)
    reasons = {tag: f"Reason in <{tag}>." for tag in make.LANGUAGES}
    now = make.NOW + HOUR
    retracting.retract(database, config, 1, reasons, author="ann", now=now)
    look(database, config, 1)
    assert pages(config, language).keys() == {f"1-dignity-{language}/gone.html"}
    (notice,) = pages(config, language).values()
    (entry,) = feed(config, language).entries
    for text in (notice, entry.content[0].value):
        assert RETRACTED[language] in text
        assert f"Reason in &lt;{language}&gt;." in text
    assert make.TITLES[language] in notice
    assert entry.title == make.TITLES[language]
    assert entry.summary == RETRACTED[language]
    assert deleted(config, language) == [(entry.id, now.isoformat())]
    assert entry.updated == now.isoformat()
    # Nothing is left of what was taken back.
    words = make.BODIES[language].split("*")[0]
    assert [path for path, body in read(config).items() if words in body] == []


def test_where_only_the_source_has_a_notice_no_words_are_left_of_the_others(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"), make.draft("fr"))
    look(database, config, 0)
    retracting.retract(database, config, 1, {"": "Wrong."}, author="ann", now=make.NOW + HOUR)
    look(database, config, 1)
    (notice,) = pages(config, "fr").values()
    assert RETRACTED["fr"] in notice
    assert "vivent et travaillent" not in notice
    assert "vivent et travaillent" not in feed(config, "fr").entries[0].content[0].value


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_withdrawn_text_is_gone_without_a_word_and_comes_back_with_its_page(
    database: Database, config: Config, language: str
) -> None:
    make.take(database, config, make.draft(language))
    look(database, config, 0)
    (identity,) = (entry.id for entry in feed(config, language).entries)
    editing.withdraw(database, 1, language, now=make.NOW + HOUR)
    look(database, config, 1)
    assert pages(config, language).keys() == {f"1-dignity-{language}/gone.html"}
    (notice,) = pages(config, language).values()
    assert GONE[language] in notice
    assert '<meta name="robots" content="noindex">' in notice
    assert feed(config, language).entries == []
    assert deleted(config, language) == [(identity, (make.NOW + HOUR).isoformat())]
    title = make.TITLES[language]
    assert [path for path, body in read(config).items() if title in body] == []
    editing.approve(database, 1, language, now=make.NOW + 2 * HOUR)
    look(database, config, 2)
    assert pages(config, language).keys() == {f"1-dignity-{language}/index.html"}
    assert [entry.id for entry in feed(config, language).entries] == [identity]
    assert deleted(config, language) == []


def test_an_embargo_set_later_leaves_no_title_anywhere_until_it_is_over(
    database: Database, tmp_path: Path
) -> None:
    config = make.config(tmp_path, feeds={"missing": Missing.FALLBACK})
    make.take(database, config, make.draft("en"), make.draft("ar"))
    look(database, config, 0)
    edit(database, config, "en", 1, words={"title": "Another title", "slug": "another"})
    look(database, config, 1)
    until = make.NOW + 9 * HOUR
    for hour in (2, 12):
        editing.embargo(database, 1, until, now=make.NOW + hour * HOUR)
        look(database, config, hour)
        hidden = [make.TITLES["en"], make.TITLES["ar"], "Another title", "Words of hour"]
        for path, body in read(config).items():
            assert not [words for words in hidden if words in body], path
            assert "/items/" not in path or path.endswith("/gone.html")
        # The old address and the new one are both gone.
        assert len(pages(config, "en")) == 2
        until += 9 * HOUR
        look(database, config, hour + 7)
        assert "Another title" in (config.public / "en" / "index.html").read_text("utf-8")
        assert not [path for path in files(config) if path.endswith("gone.html")]
        assert "<meta http-equiv" in pages(config, "en")["1-dignity-en/index.html"]


def test_every_address_that_a_retracted_text_ever_had_is_gone(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"))
    look(database, config, 0)
    for hour, slug in enumerate(("second", "third"), 1):
        edit(database, config, "en", hour, words={"slug": slug})
        look(database, config, hour)
    retracting.retract(database, config, 1, {"": "Wrong."}, author="ann", now=make.NOW + 3 * HOUR)
    look(database, config, 3)
    slugs = ("dignity-en", "second", "third")
    assert pages(config, "en").keys() == {f"1-{slug}/gone.html" for slug in slugs}


def test_a_rebuild_of_what_was_taken_back_gives_the_same_files(
    database: Database, config: Config
) -> None:
    make.take(database, config, *(make.draft(tag) for tag in make.LANGUAGES))
    make.take(database, config, make.draft("en", key="other"))
    look(database, config, 0)
    retracting.retract(database, config, 1, {"": "Wrong."}, author="ann", now=make.NOW + HOUR)
    editing.withdraw(database, 2, "en", now=make.NOW + HOUR)
    look(database, config, 1)
    before = files(config)
    site.rebuild(database, config)
    assert files(config) == before
    for path in config.public.rglob("*.html"):
        path.unlink()
    site.rebuild(database, config)
    assert files(config) == before
