"""``tidings issue check`` and ``tidings template``."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import scheduler
from publisher.cli import app
from publisher.config_file import load
from store.database import open_database
from tests import make

TOML = """
[site]
url = "https://news.example.org"
languages = ["en", "fr", "ar"]
templates = "own"
[site.name]
en = "News"
fr = "Actualités"
ar = "أخبار"
[mail]
host = "127.0.0.1"
port = 1
sender = "news@example.org"
"""
NAMES = {"en": "Digest", "fr": "Lettre", "ar": "نشرة"}


@pytest.fixture
def place(tmp_path: Path, migrated: bytes) -> Path:
    """Return the configuration of a site with an item, a newsletter and a reader."""
    (tmp_path / "own").mkdir()
    (tmp_path / "tidings.db").write_bytes(migrated)
    (tmp_path / "tidings.toml").write_text(TOML, encoding="utf-8")
    return tmp_path / "tidings.toml"


def press(place: Path, *languages: str) -> None:
    """Publish an item in these languages and send the issue of the next Friday."""
    config = load(place)
    database = open_database(config.database_url)
    make.start(database, config, languages=("en", "fr", "ar"), names=NAMES)
    make.take(database, config, *(make.draft(language) for language in languages))
    make.subscribe(database, ["a@example.org"])
    scheduler.tick(database, config, now=make.NOW)
    scheduler.tick(database, config, now=make.FRIDAY)
    database.close()


def tidings(place: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(place), *arguments])


def record(done: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_issue_that_is_fit_has_no_findings(place: Path) -> None:
    press(place, "en", "fr", "ar")
    done = tidings(place, "issue", "check", "1", "--json")
    assert done.exit_code == 0
    found = record(done)
    assert (found["errors"], found["warnings"], found["findings"]) == (0, 0, [])
    assert {"id", "newsletter", "slot", "state", "blocking", "editions", "deliveries"} <= {*found}


def test_an_issue_that_waits_is_checked_as_it_would_be_now(place: Path) -> None:
    own = place.parent / "own" / "email" / "digest"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("DIGEST OF NOVEMBER", encoding="utf-8")
    (own / "body.txt").write_text("Nothing.", encoding="utf-8")
    press(place, "en")
    done = tidings(place, "issue", "check", "1", "--json")
    assert done.exit_code == 1
    found = record(done)
    assert found["state"] == "planned"
    assert found["editions"] == []
    assert found["errors"] == sum(each["level"] == "error" for each in found["findings"]) > 0
    assert {each["language"] for each in found["findings"]} == {"en", "fr", "ar"}
    assert {"subject-shouting", "text-heading"} <= {each["code"] for each in found["findings"]}
    shown = tidings(place, "issue", "check", "1").output
    assert "text-heading" in shown
    assert "write it as a sentence" in shown


def test_an_issue_that_is_not_there_is_told_of(place: Path) -> None:
    done = tidings(place, "issue", "check", "7")
    assert done.exit_code != 0


def test_templates_are_listed_with_whose_they_are(place: Path) -> None:
    (place.parent / "own" / "web").mkdir()
    (place.parent / "own" / "web" / "item.html").write_text("x", encoding="utf-8")
    lines = tidings(place, "template", "list", "--json").stdout.splitlines()
    found = {each["name"]: each for each in map(json.loads, lines)}
    assert found["web/item.html"]["overridden"] is True
    assert found["web/item.html"]["path"] == str(place.parent / "own" / "web" / "item.html")
    assert found["email/digest/body.html"]["from"] == "ours"


def test_templates_are_checked_and_faults_named(place: Path) -> None:
    done = tidings(place, "template", "check", "--json")
    assert (done.exit_code, record(done)["faults"]) == (0, [])
    (place.parent / "own" / "web").mkdir()
    broken = place.parent / "own" / "web" / "home.html"
    broken.write_text("\n{{ nobody }}", encoding="utf-8")
    # A process of its own: this one keeps the templates that it has read.
    (place.parent / "own").rename(place.parent / "other")
    place.write_text(TOML.replace("own", "other"), encoding="utf-8")
    moved = place.parent / "other" / "web" / "home.html"
    again = tidings(place, "template", "check", "--json")
    assert again.exit_code == 1
    assert record(again)["faults"] == [f"{moved}:2: 'nobody' is undefined"]
    assert f"{moved}:2" in tidings(place, "template", "check").stderr
