"""``tidings demo`` as somebody sees it who has just cloned the project."""

import email
import email.policy
import hashlib
import json
import re
import resource
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import feedparser
import pytest
from typer.testing import CliRunner

from publisher import addresses, languages
from publisher.cli import app
from publisher.config_file import load
from store import items, publications, translations
from store.database import open_database
from store.records import Workflow, newsletter_channel
from tests.commands import tidings

NOW = "2026-11-23T08:00:00Z"
LANGUAGES = ("en", "fr", "es")


def run(folder: Path) -> dict[str, Any]:
    ran = CliRunner().invoke(app, ["demo", "--dir", str(folder), "--now", NOW, "--json"])
    assert ran.exit_code == 0, ran.output
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("demo") / "site"
    return folder, run(folder)


def mails(folder: Path) -> list[EmailMessage]:
    found = []
    for path in sorted((folder / "mailbox" / "new").iterdir()):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        found.append(mail)
    return found


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert isinstance(body, EmailMessage)
    content: str = body.get_content()
    return content


def test_it_publishes_the_sample_content_in_three_languages(
    demo: tuple[Path, dict[str, Any]],
) -> None:
    _, record = demo
    assert (record["items"], record["translations"]) == (6, 17)
    feeds = {
        (feed["language"], feed["format"]): feed["entries"]
        for feed in record["feeds"]
        if not feed["topic"]
    }
    # Spanish lacks one item, French has one that is outdated: the feeds skip these.
    entries = {"en": 6, "fr": 5, "es": 5}
    formats = addresses.FEED_FORMATS
    assert feeds == {(tag, form): entries[tag] for tag in LANGUAGES for form in formats}
    topics = {(feed["language"], feed["topic"]) for feed in record["feeds"] if feed["topic"]}
    assert {tag for tag, _ in topics} == set(LANGUAGES)
    assert len(record["feeds"]) == len(formats) * (len(LANGUAGES) + len(topics))
    assert record["published"] == 16
    editions = [(e["language"], e["items"], e["recipients"]) for e in record["editions"]]
    assert editions == [(tag, 6, 3) for tag in LANGUAGES]
    assert record["delivered"] == 9


def test_every_mail_is_whole_and_says_its_language(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = demo
    found = mails(folder)
    assert len(found) == 9
    assert len({mail["Message-ID"] for mail in found}) == 9
    assert len({mail["To"] for mail in found}) == 9
    for mail in found:
        assert [piece.defects for piece in mail.walk()] == [[], [], []]
        language = mail["Content-Language"]
        assert {piece["Content-Language"] for piece in mail.walk()} == {language}
        direction = languages.direction(language)
        assert f'<html lang="{language}" dir="{direction}"' in part(mail, "html")
        by_click, by_mail = mail["List-Unsubscribe"].split(", ")
        assert by_click.startswith("<https://news.example.org/leave/l1.")
        assert by_mail.startswith("<mailto:news@news.example.org")
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_mails_hold_only_approved_texts_or_labelled_fallbacks(
    demo: tuple[Path, dict[str, Any]],
) -> None:
    folder, _ = demo
    config = load(folder / "tidings.toml")
    database = open_database(config.database_url)
    with database.read() as tx:
        ids = [item.id for item in items.listing(tx)]
        texts = translations.of(tx, ids)
        channel = newsletter_channel("migration-policy-digest")
        told = publications.standing(tx, ids, channel)
    database.close()
    assert len(told) == 18
    fallbacks = {(item_id, tag) for (item_id, tag), row in told.items() if row.rule == "fallback"}
    assert {tag for _, tag in fallbacks} == {"fr", "es"}
    assert len(fallbacks) == 2
    by_language = {mail["Content-Language"]: mail for mail in mails(folder)}
    notices = {"fr": "Ce texte n’est pas encore disponible", "es": "Este texto aún no está"}
    for (item_id, tag), row in told.items():
        text = texts[item_id][row.shown_language]
        assert text.workflow is Workflow.APPROVED
        assert (row.shown_language == tag) == (row.rule == "ready")
        assert text.title in part(by_language[tag], "plain")
    for tag, notice in notices.items():
        for kind in ("plain", "html"):
            assert part(by_language[tag], kind).count(notice) == 1
    assert "not available in" not in part(by_language["en"], "plain")


def test_every_link_in_a_mail_leads_to_a_page(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = demo
    for mail in mails(folder):
        links = re.findall(r'href="https://news\.example\.org([^"]*)"', part(mail, "html"))
        own = [link for link in links if addresses.is_answered(link)]
        assert [link.split("/")[1] for link in own] == ["leave", "preferences"]
        assert len(links) >= 13 + len(own)
        for link in set(links) - set(own):
            assert (folder / "public" / unquote(link).lstrip("/") / "index.html").exists(), link


def test_every_feed_survives_a_feed_reader(demo: tuple[Path, dict[str, Any]]) -> None:
    _, record = demo
    ids: dict[str, set[str]] = {}
    for feed in record["feeds"]:
        # JSON Feed is read in test_hostile_feeds.py: this library does not know it.
        if feed["format"] == "json":
            continue
        parsed = feedparser.parse(Path(feed["path"]).read_bytes())
        assert parsed.bozo == 0
        assert parsed.feed.language == feed["language"]
        assert len(parsed.entries) == feed["entries"]
        for entry in parsed.entries:
            assert entry.language == feed["language"]
            assert entry.link.startswith(f"https://news.example.org/{feed['language']}/items/")
        ids.setdefault(feed["language"], set()).update(entry.id for entry in parsed.entries)
    # One id in all formats and topics, another for each language.
    assert {tag: len(found) for tag, found in ids.items()} == {"en": 6, "fr": 5, "es": 5}
    assert len(set.union(*ids.values())) == 16


def test_twice_in_a_row_gives_the_same_bytes(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, record = demo

    def digests() -> dict[str, str]:
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for place in ("public", "mailbox")
            for path in (folder / place).rglob("*")
            if path.is_file()
        }

    before = digests()
    again = run(folder)
    assert digests() == before
    assert {**again, "seconds": 0} == {**record, "seconds": 0}


def test_it_refuses_a_folder_with_somebody_elses_files(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep me", encoding="utf-8")
    ran = CliRunner().invoke(app, ["demo", "--dir", str(tmp_path)])
    assert ran.exit_code == 1
    assert "is not empty" in str(ran.exception)
    assert (tmp_path / "precious.txt").exists()


def test_one_that_broke_off_is_replaced_by_the_next(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        # As if the disk were full.
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
        broken = tidings(tmp_path, "demo", "--dir", "new")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert broken.code == 1
    assert "tidings.db: " in broken.err
    assert tidings(tmp_path, "demo", "--dir", "new").code == 0


def test_it_never_touches_the_database_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDINGS_DATABASE__URL", f"sqlite:///{tmp_path / 'real.db'}")
    run(tmp_path / "demo")
    assert not (tmp_path / "real.db").exists()
    assert (tmp_path / "demo" / "tidings.db").exists()


def test_the_pictures_of_three_items_are_published_with_what_they_show(
    demo: tuple[Path, dict[str, Any]],
) -> None:
    folder, _ = demo
    config = load(folder / "tidings.toml", environment=False)
    database = open_database(config.database_url)
    with database.read() as tx:
        pictured = [item for item in items.listing(tx) if item.image]
        texts = translations.of(tx, [item.id for item in pictured])
    database.close()
    files = {path.stem: path.stat().st_size for path in (folder / "public" / "media").iterdir()}
    assert {item.image_sha256 for item in pictured} == files.keys()
    assert len(files) == 3
    assert max(files.values()) < 25_000
    assert all(text.image_alt for known in texts.values() for text in known.values())
