"""``tidings report``, and the lists that it makes people ask for."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from publisher import publishing
from publisher.cli import app
from publisher.config_file import load
from store.database import open_database
from tests import make

NOW = make.NOW.isoformat()
TOML = """
[site]
url = "https://news.example.org"
languages = ["en", "fr", "ar", "prs"]
[database]
url = "sqlite:///tidings.db"
"""


@pytest.fixture
def place(tmp_path: Path, migrated: bytes) -> Path:
    """Return the configuration of a site with two items, one of them translated into French."""
    (tmp_path / "tidings.db").write_bytes(migrated)
    (tmp_path / "tidings.toml").write_text(TOML, encoding="utf-8")
    config = load(tmp_path / "tidings.toml")
    database = open_database(config.database_url)
    for key, languages in {"one": ("en", "fr"), "two": ("en",)}.items():
        make.take(database, config, *(make.draft(language, key=key) for language in languages))
    publishing.publish_due(database, config, now=make.NOW)
    database.close()
    return tmp_path / "tidings.toml"


def tidings(place: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(place), *arguments])


KEYS = ("language", "items", "published", "missing", "outdated", "current")
RATES = ("median_lag_hours", "fallbacks", "fallback_rate")


def records(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.output.splitlines()]


def test_parity_is_reported_a_line_for_each_language_with_keys_that_stay(place: Path) -> None:
    found = records(tidings(place, "report", "parity", "--json", "--now", NOW))
    assert {frozenset(record) for record in found} == {frozenset((*KEYS, *RATES))}
    assert [tuple(record[key] for key in (*KEYS, *RATES)) for record in found] == [
        ("en", 2, 2, 0, 0, 2, None, 0, 0.0),
        ("fr", 2, 1, 1, 0, 1, 0.0, 0, 0.0),
        ("ar", 2, 0, 2, 0, 0, None, 0, None),
        ("prs", 2, 0, 2, 0, 0, None, 0, None),
    ]


def test_people_read_languages_by_their_own_names(place: Path) -> None:
    lines = tidings(place, "report", "parity", "--now", NOW).output.splitlines()
    assert [line.split() for line in lines] == [
        ["language", "name", "items", "published", "missing", "outdated", "lag", "fallbacks"],
        ["en", "English", "2", "2", "0", "0", "-", "0"],
        ["fr", "français", "2", "1", "1", "0", "0.0", "h", "0"],
        ["ar", "العربية", "2", "0", "2", "0", "-", "0"],
        ["prs", "دری", "2", "0", "2", "0", "-", "0"],
    ]


def test_parity_of_what_came_since(place: Path) -> None:
    later = tidings(place, "report", "parity", "--json", "--since", "2027-01-01T00:00:00Z")
    assert {record["items"] for record in records(later)} == {0}
    wrong = tidings(place, "report", "parity", "--since", "yesterday")
    assert wrong.exit_code == 2


@pytest.mark.parametrize(
    ("freshness", "language", "listed"),
    [
        ("missing", "fr", [2]),
        ("current", "fr", [1]),
        ("outdated", "fr", []),
        ("missing", "prs", [1, 2]),
        ("current", "EN", [1, 2]),
    ],
)
def test_items_are_listed_by_their_freshness(
    place: Path, freshness: str, language: str, listed: list[int]
) -> None:
    wanted = ("--freshness", freshness, "--language", language)
    done = tidings(place, "item", "list", *wanted, "--json")
    assert [record["id"] for record in records(done)] == listed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--freshness", "stale", "--language", "fr"), "is one of missing, current, outdated"),
        (("--freshness", "missing"), "--freshness wants a language, such as --language fr"),
    ],
)
def test_what_cannot_be_listed_is_refused(
    place: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = tidings(place, "item", "list", *arguments)
    assert done.exit_code == 2
    assert sentence in " ".join(done.output.replace("│", " ").split())
