"""``tidings issue`` as people's scripts use it: plan, word, approve, schedule, stop, preview."""

import json
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from publisher.cli import app
from publisher.errors import InputError
from publisher.settings.composing import compose

NOW = "2026-11-23T08:00:00Z"
EARLIER = "2026-11-16T08:00:00Z"
ITEM = """---
title: {title}
workflow: approved
topics: [{topics}]
---

{body}
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give a site in en, fr, ar whose newsletter holds for all three and wants approvals."""
    monkeypatch.chdir(tmp_path)
    Path("tidings.toml").write_text(
        compose("https://news.example.org", "en,fr,ar", year=2013, names={"en": "News"}),
        encoding="utf-8",
    )
    Path("var").mkdir(exist_ok=True)
    Path("items").mkdir()
    for number in (1, 2):
        for tag in ("en", "fr", "ar")[: 3 if number == 1 else 1]:
            text = ITEM.format(title=f"Item {number} {tag}", topics="work", body=f"In {tag}.")
            Path("items", f"{number}.{tag}.md").write_text(text, encoding="utf-8")

    def tidings(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(app, list(arguments))
        if code == 0:
            assert done.exit_code == 0, (done.output, done.exception)
        return done

    tidings("migrate")
    tidings("newsletter", "add", "weekly", "--schedule", "0 7 * * FRI", "--timezone",
            "Europe/Brussels", "--missing", "hold", "--approval", "--now", NOW)  # fmt: skip
    tidings("item", "import", "items", "--now", NOW)
    for tag in ("en", "fr", "ar"):
        tidings("subscriber", "add", f"{tag}@example.org", "--language", tag,
                "--newsletters", "weekly")  # fmt: skip
    return tidings


def record(done: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_dry_run_says_what_fridays_issue_would_hold_and_what_it_waits_for(run: Run) -> None:
    seen = record(run("issue", "plan", "weekly", "--dry-run", "--now", NOW, "--json"))
    assert (seen["id"], seen["newsletter"]) == (None, "weekly")
    assert seen["slot"] == "2026-11-27T06:00:00Z"
    assert seen["state"] == "awaiting_translations"
    assert [(e["item"], e["language"], e["reason"]) for e in seen["blocking"]] == [
        (2, "fr", "missing"),
        (2, "ar", "missing"),
    ]
    assert [(e["language"], e["items"], e["recipients"]) for e in seen["editions"]] == [
        ("en", 2, 1),
        ("fr", 1, 1),
        ("ar", 1, 1),
    ]
    assert seen["deliveries"]["queued"] == 0
    assert run("issue", "list", "--json").stdout == ""
    run("issue", "plan", "weekly", "--now", NOW)
    shown = record(run("issue", "show", "1", "--now", NOW, "--json"))
    # The same keys and the same content, but for its number in the links to its pages.
    assert without_digests({**seen, "id": 1, "state": "planned"}) == without_digests(shown)


def without_digests(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: without_digests(value) for key, value in found.items() if key != "sha256"}
    return [without_digests(each) for each in found] if isinstance(found, list) else found


def test_people_see_in_words_what_an_issue_waits_for(run: Run) -> None:
    run("issue", "plan", "weekly", "--now", NOW)
    lines = run("issue", "show", "1", "--now", NOW).stdout.splitlines()
    assert "waits for: Item 2 en in fr, missing" in lines
    assert "waits for: Item 2 en in ar, missing" in lines


def test_an_issue_goes_by_hand_from_its_items_to_its_editions(run: Run) -> None:
    at = ("--slot", NOW, "--now", NOW, "--json")
    issue = record(run("issue", "plan", "weekly", "--items", "1", *at))
    assert (issue["id"], issue["state"], issue["blocking"]) == (1, "planned", [])
    Path("intro.md").write_text("*Bonjour*\n", encoding="utf-8")
    words = ("--subject", "À lire", "--intro", "intro.md", "--by", "ann")
    run("issue", "words", "1", "--language", "fr", *words, "--now", NOW)
    found = record(run("issue", "preview", "1", "--language", "fr", "--out", "seen",
                       "--now", NOW, "--json"))  # fmt: skip
    assert sorted(path.name for path in Path("seen").iterdir()) == [
        "body.html",
        "body.txt",
        "message.eml",
    ]
    assert "Bonjour" in Path("seen", "body.txt").read_text(encoding="utf-8")
    run("issue", "schedule", "1", "--at", "2026-11-23T10:00:00Z", "--now", NOW)
    for tag in ("en", "fr", "ar"):
        seen = ("--sha256", found["sha256"]) if tag == "fr" else ()
        shown = record(run("issue", "approve", "1", "--language", tag, "--by", "zoe", *seen,
                           "--now", NOW, "--json"))  # fmt: skip
    assert [(each["language"], each["approved_by"]) for each in shown["approvals"]] == [
        ("en", "zoe"),
        ("fr", "zoe"),
        ("ar", "zoe"),
    ]
    assert [each["state"] for each in shown["editions"]] == ["planned"] * 3
    done = record(run("tick", "--now", NOW, "--json"))
    assert [each["state"] for each in done["issues"]] == ["scheduled"]
    shown = record(run("issue", "show", "1", "--now", NOW, "--json"))
    assert (shown["state"], shown["send_at"]) == ("scheduled", "2026-11-23T10:00:00Z")
    assert [(each["language"], each["state"]) for each in shown["editions"]] == [
        ("en", "frozen"),
        ("fr", "frozen"),
        ("ar", "frozen"),
    ]
    assert shown["editions"][1]["sha256"] == found["sha256"]
    assert shown["editions"][1]["subject"] == "À lire"
    assert (shown["deliveries"]["queued"], shown["deliveries"]["sent"]) == (3, 0)
    for act, state in (("pause", "paused"), ("resume", "scheduled"), ("cancel", "cancelled")):
        shown = record(run("issue", act, "1", "--now", NOW, "--json"))
        assert (act, shown["state"]) == (act, state)
    assert shown["deliveries"]["cancelled"] == 3
    refused = run("issue", "pause", "1", code=1)
    assert "issue 1: an issue that is cancelled cannot be paused" in str(refused.exception)


def test_who_must_approve_what_is_shown(run: Run) -> None:
    run("issue", "plan", "weekly", "--items", "1", "--slot", NOW, "--now", NOW)
    run("issue", "words", "1", "--language", "ar", "--subject", "نشرة", "--by", "ann", "--now", NOW)
    shown = record(run("issue", "show", "1", "--now", NOW, "--json"))
    (arabic,) = [each for each in shown["approvals"] if each["language"] == "ar"]
    assert arabic["approved_by"] is None
    assert "ann" in arabic["authors"]
    assert {each["state"] for each in shown["editions"]} == {"awaiting_approval"}
    lines = run("issue", "show", "1", "--now", NOW).stdout
    assert "waits for: approval in ar by somebody else than ann" in lines
    refused = run("issue", "approve", "1", "--language", "ar", "--by", "ann", code=1)
    assert "ann is an author of issue 1 in ar" in str(refused.exception)


def test_translators_see_what_is_wanted_of_them(run: Run) -> None:
    found = [
        json.loads(line)
        for line in run("issue", "reminders", "--now", NOW, "--json").stdout.splitlines()
    ]
    assert [(each["language"], each["item"], each["slot"]) for each in found] == [
        ("ar", 2, "2026-11-27T06:00:00Z"),
        ("fr", 2, "2026-11-27T06:00:00Z"),
    ]
    only = run("issue", "reminders", "--language", "fr", "--now", NOW).stdout
    assert "Item 2 en" in only
    assert "ar" not in only.split()


@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        (("plan", "weekly", "--items", "one"), "--items wants ids of items"),
        (("plan", "weekly", "--items", "9"), "no item 9"),
        (("plan", "daily"), "no newsletter 'daily'"),
        (("schedule", "1", "--at", "tomorrow"), "is no instant such as"),
        (("pause", "9"), "no issue 9"),
        (("words", "1", "--language", "de", "--subject", "x"), "weekly is not in de"),
        (("preview", "1", "--language", "de", "--out", "x"), "issue 1 holds nothing in de"),
        (("preview", "1", "--language", "1", "--out", "x"), "not a language tag"),
    ],
)
def test_what_cannot_be_is_named(run: Run, arguments: tuple[str, ...], mend: str) -> None:
    run("issue", "plan", "weekly", "--now", NOW)
    done = run("issue", *arguments, code=1)
    assert done.exit_code != 0
    assert mend in done.output + str(done.exception)
    assert not Path("x").exists()


def test_a_preview_that_cannot_be_written_is_named(run: Run) -> None:
    run("issue", "plan", "weekly", "--now", NOW)
    Path("full").touch()
    done = run("issue", "preview", "1", "--language", "fr", "--out", "full/seen", code=1)
    assert isinstance(done.exception, InputError)
    assert str(done.exception) == "full/seen: Not a directory"


def test_who_has_no_name_on_this_machine_can_work_all_the_same(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getpwuid(_: int) -> None:
        raise KeyError("no such user")

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", getpwuid)
    run("issue", "plan", "weekly", "--items", "1", "--slot", NOW, "--now", NOW)
    run("issue", "words", "1", "--language", "fr", "--subject", "À lire", "--now", NOW)
    shown = record(run("issue", "approve", "1", "--language", "en", "--now", NOW, "--json"))
    told = {each["language"]: (each["authors"], each["approved_by"]) for each in shown["approvals"]}
    assert "command line" in told["fr"][0]
    assert told["en"][1] == "command line"


def test_an_intro_that_is_not_utf_8_is_named(run: Run) -> None:
    run("issue", "plan", "weekly", "--now", NOW)
    Path("intro.md").write_bytes(b"caf\xe9")
    done = run("issue", "words", "1", "--language", "fr", "--intro", "intro.md", code=1)
    assert "intro.md: is not UTF-8" in str(done.exception)


def test_a_newsletter_whose_schedule_has_ended_wants_a_slot(run: Run) -> None:
    run("newsletter", "add", "never", "--schedule", "once 2026-11-22 10:00", "--now", EARLIER)
    done = run("issue", "plan", "never", "--now", NOW, code=2)
    assert "names no day to come: give --slot" in done.output
    assert "never" not in run("issue", "reminders", "--now", NOW, "--json").stdout
    planned = record(run("issue", "plan", "never", "--slot", NOW, "--now", NOW, "--json"))
    assert planned["slot"] == NOW


def test_a_dry_run_counts_who_has_the_frequency_that_is_asked_for(run: Run) -> None:
    run("newsletter", "add", "news", "--schedule", "fri 07:00", "--frequency",
        "monthly=first thu 09:00", "--timezone", "Europe/Brussels", "--languages", "en",
        "--now", NOW)  # fmt: skip
    for number, frequency in enumerate(("default", "monthly", "monthly")):
        run("subscriber", "add", f"{number}@example.org", "--language", "en",
            "--newsletters", "news", "--frequency", frequency)  # fmt: skip
    own, monthly = (
        record(run("issue", "plan", "news", "--dry-run", *given, "--now", NOW, "--json"))
        for given in ([], ["--frequency", "monthly"])
    )
    assert (own["frequency"], own["slot"]) == ("", "2026-11-27T06:00:00Z")
    assert (monthly["frequency"], monthly["slot"]) == ("monthly", "2026-12-03T08:00:00Z")
    people = [[each["recipients"] for each in seen["editions"]] for seen in (own, monthly)]
    assert people == [[1], [2]]
    planned = record(run("issue", "plan", "news", "--frequency", "monthly", "--now", NOW, "--json"))
    assert (planned["frequency"], planned["slot"]) == ("monthly", monthly["slot"])
    refused = run("issue", "plan", "news", "--frequency", "never", "--dry-run", code=1)
    assert "no 'never' in news; there are: default, monthly" in str(refused.exception)
    rows = run("issue", "reminders", "--now", NOW, "--json").stdout.splitlines()
    assert {json.loads(row)["frequency"] for row in rows} == {""}
