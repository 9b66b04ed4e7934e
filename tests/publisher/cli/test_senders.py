"""``tidings newsletter add``: who a newsletter comes from, and which mail it is made by."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from publisher.cli import app
from tests import make

TOML = """
[site]
url = "https://news.example.org"
languages = ["en", "fr", "pt-BR"]
"""


@pytest.fixture
def place(tmp_path: Path, migrated: bytes) -> Path:
    (tmp_path / "tidings.db").write_bytes(migrated)
    (tmp_path / "tidings.toml").write_text(TOML, encoding="utf-8")
    return tmp_path / "tidings.toml"


def add(place: Path, *arguments: str) -> Result:
    command = ["newsletter", "add", "weekly", "--schedule", "0 7 * * FRI", *arguments]
    return CliRunner().invoke(
        app, ["--config", str(place), *command, "--now", make.NOW.isoformat(), "--json"]
    )


def test_each_language_can_have_its_sender_and_the_others_one(place: Path) -> None:
    done = add(
        place,
        *("--from", "News <news@example.org>", "--from", "fr=Actualités <infos@example.org>"),
        *("--from", "pt-BR='A = B' <a@example.org>", "--reply-to", "fr=a=b@example.org"),
    )
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["from"] == {
        "*": "News <news@example.org>",
        "fr": "Actualités <infos@example.org>",
        "pt-BR": "'A = B' <a@example.org>",
    }
    assert found["reply_to"] == {"fr": "a=b@example.org"}
    assert found["template"] == "digest"
    shown = CliRunner().invoke(app, ["--config", str(place), "newsletter", "show", "weekly"])
    assert "Actualités <infos@example.org>" in shown.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--from", "fr=nobody"), "'nobody'"),
        (("--from", "de=a@example.org"), "de: this site has en, fr, pt-BR"),
        (("--template", "alert"), "no templates/email/alert; there are: digest"),
    ],
)
def test_what_cannot_be_is_refused(place: Path, arguments: tuple[str, ...], complaint: str) -> None:
    done = add(place, *arguments)
    assert done.exit_code != 0
    assert complaint in str(done.exception)
