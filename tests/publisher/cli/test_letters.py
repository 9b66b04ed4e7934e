"""Letters that nobody can say of whether they were sent: a person finds out, and says so."""

from pathlib import Path

import pytest

from publisher.config_file import load
from publisher.subscriptions import erasure
from store import letters
from store.database import Database, open_database
from tests import make, people
from tests.commands import tidings
from tests.publisher.cli.test_contract import NOW


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return the folder of a site with three letters, of which the first is unknown."""
    found = tmp_path / "site"
    arguments = ("--url", "https://news.example.org", "--languages", "en,fr,es,ar")
    assert tidings(tmp_path, "init", "site", *arguments).code == 0
    database = opened(found)
    people.site(database, load(found / "tidings.toml"))
    for name, language in (("zoe", "fr"), ("amal", "ar"), ("luz", "es")):
        people.ask(
            database,
            load(found / "tidings.toml"),
            f"{name}@example.org",
            language=language,
            wanted={"digest": ()},
        )
    with database.write() as tx:
        assert letters.claim(tx, make.NOW)
        assert letters.orphaned(tx, make.NOW) == 1
    database.close()
    return found


def opened(place: Path) -> Database:
    return open_database(f"sqlite:///{place / 'tidings.db'}")


def test_letters_are_listed_with_what_a_relay_would_know_them_by(place: Path) -> None:
    listed = tidings(place, "letter", "list", "--json").lines
    assert [(one["name"], one["email"], one["language"], one["state"]) for one in listed] == [
        ("confirm", "zoe@example.org", "fr", "unknown"),
        ("confirm", "amal@example.org", "ar", "queued"),
        ("confirm", "luz@example.org", "es", "queued"),
    ]
    assert listed[0]["message_id"].startswith("<letter.1.")
    assert tidings(place, "letter", "list", "--state", "unknown", "--json").lines == listed[:1]
    wrong = tidings(place, "letter", "list", "--state", "lost")
    assert (wrong.code, "--state is one of queued" in wrong.err) == (2, True)


@pytest.mark.parametrize(
    ("ending", "state"), [("sent", "sent"), ("failed", "failed"), ("retry", "queued")]
)
def test_who_has_found_out_says_how_a_letter_ended(place: Path, ending: str, state: str) -> None:
    settled = tidings(place, "letter", "resolve", "1", "--as", ending, "--now", NOW, "--json").json
    assert settled == {"id": 1, "state": state}
    shown = tidings(place, "letter", "list", "--json").lines[0]
    assert (shown["state"], shown["detail"]) == (state, "resolved by hand")
    again = tidings(place, "letter", "resolve", "1", "--as", "sent")
    assert (again.code, "letter 1 is not unknown" in again.err) == (1, True)


def test_a_letter_to_who_was_erased_is_not_sent_again(place: Path) -> None:
    database = opened(place)
    erasure.erase(database, people.ZOE, now=make.NOW)
    database.close()
    refused = tidings(place, "letter", "resolve", "1", "--as", "retry")
    assert (refused.code, "its reader is erased" in refused.err) == (1, True)
    assert tidings(place, "letter", "resolve", "1", "--as", "sent").code == 0


def test_an_ending_that_is_none_is_refused(place: Path) -> None:
    wrong = tidings(place, "letter", "resolve", "1", "--as", "lost")
    assert (wrong.code, "--as is one of sent, failed, retry" in wrong.err) == (2, True)
