"""Approve, withdraw, embargo, correct, retract, diff, notify: as people's scripts use them."""

from pathlib import Path
from typing import Any

import pytest

from tests.commands import Ran, tidings
from tests.fakes import Relay
from tests.publisher.cli.test_contract import NOW

ITEM = "---\ntitle: {title}\nworkflow: approved\n---\n\n{body}\n"
LATER = "2026-11-23T09:00:00Z"
#: What a command that changes an item prints of it.
KEYS = {"id", "kind", "topics", "source_language", "embargo", "translations"}
OF_TEXT = {"language", "title", "workflow", "freshness", "revision", "digest"}


def founded(folder: Path) -> Path:
    """Return the folder of a new site in en and ar with an item in both."""
    address = ("--url", "https://news.example.org", "--languages", "en,ar")
    assert tidings(folder, "init", "site", *address).code == 0
    place = folder / "site"
    (place / "items").mkdir()
    for language, title, body in (("en", "Wells", "A hundred."), ("ar", "آبار", "مئة.")):
        text = ITEM.format(title=title, body=body)
        (place / "items" / f"wells.{language}.md").write_text(text, encoding="utf-8")
    assert tidings(place, "item", "import", "items", "--now", NOW).code == 0
    text = ITEM.format(title="Wells", body="Two hundred.")
    (place / "corrected.md").write_text(text, encoding="utf-8")
    (place / "nameless.md").write_text("---\nkind: news\n---\nBody.", encoding="utf-8")
    (place / "bytes.md").write_bytes(b"---\ntitle: A\n---\n\xff\xfe")
    return place


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return founded(tmp_path)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a site that no test changes: every command in it is refused."""
    return founded(tmp_path_factory.mktemp("quiet"))


def texts(record: dict[str, Any]) -> dict[str, tuple[str, str, int]]:
    assert record.keys() >= KEYS
    assert all(text.keys() >= OF_TEXT for text in record["translations"])
    return {
        text["language"]: (text["workflow"], text["freshness"], text["revision"])
        for text in record["translations"]
    }


def act(place: Path, command: str, *arguments: str) -> dict[str, Any]:
    ran = tidings(place, "item", command, "1", *arguments, "--json", "--now", LATER)
    assert ran.code == 0, ran.err
    return ran.json


CORRECT = ("--language", "en", "--file", "corrected.md", "--change", "correction")


def test_a_text_is_corrected_approved_and_withdrawn(place: Path) -> None:
    ran = tidings(place, "item", "correct", "1", *CORRECT, "--note", "Was 100.", "--json",
                  "--author", "ann", "--revision", "1", "--now", LATER)  # fmt: skip
    assert texts(ran.json) == {"ar": ("approved", "outdated", 1), "en": ("in_review", "current", 2)}
    assert ran.err == "tidings: in review: 'tidings item approve 1 --language en'\n"
    approved = act(place, "approve", "--language", "en", "--revision", "2")
    assert texts(approved)["en"] == ("approved", "current", 2)
    assert approved == tidings(place, "item", "show", "1", "--json").json
    withdrawn = act(place, "withdraw", "--language", "ar")
    assert texts(withdrawn)["ar"] == ("withdrawn", "outdated", 1)


def test_a_minor_correction_keeps_translations_current(place: Path) -> None:
    minor = act(place, "correct", *CORRECT[:-1], "minor")
    assert texts(minor) == {"ar": ("approved", "current", 1), "en": ("in_review", "current", 2)}


def test_an_embargo_is_set_and_lifted_and_told_by_the_tick(place: Path) -> None:
    first = tidings(place, "tick", "--json", "--now", NOW).json
    assert {row["change"] for row in first["published"]} == {"new"}
    until = act(place, "embargo", "--until", "2026-11-30T09:00:00+01:00")
    assert until["embargo"] == "2026-11-30T08:00:00Z"
    taken = tidings(place, "tick", "--json", "--now", LATER).json
    assert {(row["language"], row["change"]) for row in taken["published"]} == {
        ("en", "withdrawal"),
        ("ar", "withdrawal"),
    }
    assert {(hold["until"], hold["reason"]) for hold in taken["held"]} == {
        ("2026-11-30T08:00:00Z", "embargo")
    }
    assert act(place, "embargo", "--lift")["embargo"] is None


def test_a_retraction_has_a_notice_for_each_language(place: Path) -> None:
    record = act(place, "retract", "--note", "Wrong = wrong.", "--note", "ar=خطأ.")
    assert texts(record) == {"ar": ("approved", "current", 2), "en": ("approved", "current", 2)}
    out = tidings(place, "item", "export", "1", "--out", "out")
    assert out.code == 0, out.err
    bodies = {path.name: path.read_text("utf-8") for path in (place / "out").iterdir()}
    assert any("Wrong = wrong." in body for body in bodies.values())
    assert any("خطأ." in body for body in bodies.values())


def test_who_got_a_wrong_text_is_shown_what_changed_and_told_once(place: Path) -> None:
    week_ago = "2026-11-16T08:00:00Z"
    begun = tidings(
        place, "newsletter", "add", "digest", "--schedule", "0 7 * * FRI", "--missing", "skip",
        "--missing", "ar=hold until thu 17:00 Europe/Brussels, then fallback", "--json", "--now",
        week_ago,
    )  # fmt: skip
    assert begun.json["missing"] == {
        "*": "skip",
        "ar": "hold until thu 17:00 Europe/Brussels, then fallback",
    }
    for tag in ("en", "ar"):
        person = ("add", f"{tag}@example.org", "--language", tag, "--newsletters", "digest")
        assert tidings(place, "subscriber", *person).code == 0
    with Relay() as relay:
        at = {"TIDINGS_MAIL__HOST": "127.0.0.1", "TIDINGS_MAIL__PORT": str(relay.port)}
        assert tidings(place, "tick", "--now", NOW, environment=at).code == 0
        act(place, "correct", *CORRECT)
        compared = tidings(place, "item", "diff", "1", "--language", "en", "--sent", "1", "--json")
        found = compared.json
        assert found.keys() == {"item", "issue", "language", "sent", "now", "diff"}
        assert found["sent"] == {
            "language": "en",
            "revision": 1,
            "title": "Wells",
            "summary": "",
            "body": "A hundred.",
        }
        assert (found["now"]["revision"], found["now"]["body"]) == (2, "Two hundred.")
        plain = tidings(place, "item", "diff", "1", "--language", "en", "--sent", "1")
        assert plain.out.splitlines() == found["diff"]
        assert {"-A hundred.", "+Two hundred."} <= set(found["diff"])

        waiting = act(place, "notify")
        assert [(e["language"], e["waits_for"]) for e in waiting["owed"]] == [
            ("en", "in_review"),
            ("ar", "outdated"),
        ]
        assert waiting["issues"] == []
        act(place, "approve", "--language", "en")
        asked = act(place, "notify", "--dry-run")
        entry = {"newsletter": "digest", "language": "en", "waits_for": "", "readers": 1,
                 "queued": 0, "waiting": 0, "unknown": 0, "frequency": ""}  # fmt: skip
        assert asked["owed"][0] == entry
        assert asked["issues"] == []
        done = act(place, "notify")
        assert done.keys() == {"item", "owed", "issues"}
        assert done["owed"][0] == {**entry, "queued": 1}
        (issue,) = done["issues"]
        assert (issue["corrects"], issue["state"], issue["deliveries"]["queued"]) == (
            1,
            "sending",
            1,
        )
        assert [entry["language"] for entry in act(place, "notify")["owed"]] == ["ar"]
        tidings(place, "tick", "--now", LATER, environment=at)
        assert relay.counts == {"en@example.org": 2, "ar@example.org": 1}


def test_for_people_results_are_tables(place: Path) -> None:
    shown = tidings(place, "item", "approve", "1", "--language", "en")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines()[0].split() == ["id", "1"]
    nothing = tidings(place, "item", "notify", "1")
    assert (nothing.code, nothing.out.split()[:2]) == (0, ["newsletter", "frequency"])


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("approve", "9", "--language", "en"), 1, "no item 9"),
        (("approve", "1", "--language", "fr"), 1, "no text of item 1 in 'fr'"),
        (("approve", "1"), 2, "--language"),
        (("approve", "1", "--language", "en", "--revision", "7"), 1,
         "item 1 in en is at revision 1, you have read 7"),
        (("withdraw", "1", "--language", "fr"), 1, "no text of item 1 in 'fr'"),
        (("embargo", "1"), 2, "give either --until INSTANT or --lift"),
        (("embargo", "1", "--lift", "--until", NOW), 2, "give either --until INSTANT or --lift"),
        (("embargo", "1", "--until", "tomorrow"), 2, "is no instant such as"),
        (("embargo", "9", "--lift"), 1, "no item 9"),
        (("correct", "1", *CORRECT[:-1], "retraction"), 2, "--change is minor or correction"),
        (("correct", "1", *CORRECT, "--revision", "7"), 1, "you have read 7"),
        (("correct", "9", *CORRECT), 1, "9"),
        (("correct", "1", "--language", "fr", *CORRECT[2:]), 1, "no text of item 1 in 'fr'"),
        (("correct", "1", "--language", "en", "--file", "items/wells.en.md", "--change", "minor"),
         1, "says what item 1 says in en already"),
        (("correct", "1", "--language", "en", "--file", "none.md", "--change", "minor"), 1,
         "none.md: No such file"),
        (("correct", "1", "--language", "en", "--file", "nameless.md", "--change", "minor"), 1,
         "nameless.md: title: is missing"),
        (("correct", "1", "--language", "en", "--file", "bytes.md", "--change", "minor"), 1,
         "bytes.md: line 4: the byte 0xff is not UTF-8"),
        (("correct", "1", "--language", "en", "--file", "items", "--change", "minor"), 1,
         "items: Is a directory"),
        (("retract", "1"), 2, "--note"),
        (("retract", "9", "--note", "Wrong."), 1, "no item 9"),
        (("retract", "1", "--note", "Wrong.", "--note", "de=Falsch."), 1,
         "note: de is not a language of this site"),
        (("retract", "1", "--note", "FR=Faux."), 1, "note: fr is not a language of this site"),
        (("diff", "1", "--language", "en", "--sent", "3"), 1, "no issue 3"),
        (("notify", "9"), 1, "no item 9"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line_its_exit_code_and_no_change(
    quiet: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    before = (quiet / "tidings.db").read_bytes()
    ran: Ran = tidings(quiet, "item", *arguments)
    assert ran.code == code, ran.err
    assert sentence in ran.err
    if code == 1:
        (line,) = ran.err.splitlines()
        assert line.startswith("tidings: ")
    assert ran.out == ""
    assert (quiet / "tidings.db").read_bytes() == before


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("wait", "'wait' is no rule"),
        ("hold until thu 25:00, then skip", "no time of day 25:00"),
        ("ar=hold until thu 17:00 Mars/Olympus, then skip", "Mars/Olympus"),
        ("de=skip", "de: this site has en, ar"),
    ],
)
def test_a_rule_that_is_none_begins_no_newsletter(quiet: Path, missing: str, sentence: str) -> None:
    ran = tidings(quiet, "newsletter", "add", "n", "--schedule", "0 7 * * *", "--missing", missing)
    assert ran.code == 1, ran.err
    assert sentence in ran.err
    assert tidings(quiet, "newsletter", "list", "--json").out == ""


def test_a_notice_may_hold_an_equals_sign(place: Path) -> None:
    act(place, "retract", "--note", "The = sign, and E=mc²: both were wrong.", "--note", "AR=خطأ.")
    shown = tidings(place, "item", "export", "1", "--out", "texts")
    assert shown.code == 0, shown.err
    said = "".join(path.read_text(encoding="utf-8") for path in (place / "texts").iterdir())
    assert "The = sign, and E=mc²: both were wrong." in said
    assert "AR=" not in said
