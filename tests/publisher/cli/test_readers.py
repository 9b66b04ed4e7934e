"""The commands about one reader, and the form for other sites."""

import json
from pathlib import Path

import pytest

from tests.commands import tidings
from tests.publisher.cli.test_contract import NOW

ZOE = "zoe@example.org"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return the folder of a site with a newsletter and a reader."""
    found = tmp_path / "site"
    made = tidings(
        tmp_path, "init", "site", "--url", "https://news.example.org", "--languages", "en,fr,ar"
    )
    assert made.code == 0, made.err
    tidings(found, "newsletter", "add", "weekly", "--schedule", "0 7 * * FRI", "--now", NOW)
    added = tidings(
        found, "subscriber", "add", ZOE, "--language", "fr", "--newsletters", "weekly",
        "--name", "Zoë", "--consent-source", "a fair", "--now", NOW,
    )  # fmt: skip
    assert added.code == 0, added.err
    return found


def test_a_reader_is_shown_with_what_they_agreed_to(place: Path) -> None:
    shown = tidings(place, "subscriber", "show", "Zoe@Example.org", "--json").json
    keys = {"email", "language", "timezone", "status", "subscriptions", "consents", "letters"}
    assert keys <= shown.keys()
    assert (shown["email"], shown["language"], shown["status"]) == (ZOE, "fr", "active")
    assert shown["subscriptions"] == [{"newsletter": "weekly", "topics": [], "frequency": ""}]
    (said,) = shown["consents"]
    assert (said["act"], said["how"], said["at"]) == ("entered", "command", NOW)
    assert "entered 2026-11-23T08:00:00Z" in tidings(place, "subscriber", "show", ZOE).out


def test_all_that_is_known_of_a_reader_is_written_as_json(place: Path) -> None:
    printed = tidings(place, "subscriber", "export", ZOE)
    tidings(place, "subscriber", "export", ZOE, "--out", "zoe.json")
    written = json.loads((place / "zoe.json").read_text("utf-8"))
    assert written == json.loads(printed.out)
    assert (written["name"], written["deliveries"]) == ("Zoë", [])
    wrong = tidings(place, "subscriber", "export", ZOE, "--out", "no/where.json")
    assert (wrong.code, "no/where.json: No such file" in wrong.err) == (1, True)


def test_a_reader_who_is_erased_is_known_to_no_command_and_comes_by_no_list(place: Path) -> None:
    erased = tidings(place, "subscriber", "erase", ZOE, "--json", "--now", NOW).json
    assert erased == {"id": 1, "status": "erased"}
    for command in ("show", "export", "erase"):
        ran = tidings(place, "subscriber", command, ZOE)
        assert (ran.code, f"no subscriber '{ZOE}'" in ran.err) == (1, True)
    (place / "people.csv").write_text(f"email,language\n{ZOE},fr\nann@example.org,en\n", "utf-8")
    taken = tidings(place, "subscriber", "import", "people.csv", "--json").json
    assert (taken["added"], [row["line"] for row in taken["rejected"]]) == (1, [2])
    assert "must not be written to any more: erased" in taken["rejected"][0]["reason"]


def test_a_form_for_another_site_is_printed_in_its_language(place: Path) -> None:
    html = tidings(place, "newsletter", "embed", "weekly", "--language", "ar").out
    assert '<form action="https://news.example.org/subscribe" method="post"' in html
    assert 'lang="ar" dir="rtl"' in html
    as_json = tidings(place, "newsletter", "embed", "weekly", "--language", "ar", "--json").json
    assert as_json == {"newsletter": "weekly", "language": "ar", "html": html}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("newsletter", "embed", "none", "--language", "en"), "no newsletter 'none'"),
        (("newsletter", "embed", "weekly", "--language", "de"), "this site has no pages in de"),
        (("newsletter", "embed", "weekly", "--language", "??"), "not a language tag"),
        (("subscriber", "erase", "zoe"), "is not an e-mail address"),
    ],
)
def test_a_mistake_is_one_clear_line(
    place: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    ran = tidings(place, *arguments)
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert sentence in ran.err


def test_keys_are_replaced_one_after_the_other(place: Path) -> None:
    numbers = [tidings(place, "key", "rotate", "--json").json["id"] for _ in range(2)]
    assert numbers == [1, 2]
