"""The commands as people's scripts use them: JSON keys, exit codes, clear mistakes."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from publisher.__main__ import exit_code
from publisher.errors import (
    BusyError,
    ConfigError,
    InputError,
    MailboxError,
    NotFoundError,
    SchemaError,
    TidingsError,
    UnreachableError,
)
from tests.commands import ROOT, process, tidings
from tests.fakes import Relay, free_port

NOW = "2026-11-23T08:00:00Z"

ITEM = """---
title: {title}
date: 2026-11-20
kind: statement
topics: [labour-migration]
workflow: approved
---

{body}
"""


ADDRESS = ("--url", "https://news.example.org", "--languages", "en,fr,ar")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return the folder of a new site in en, fr and ar with two texts of one item."""
    made = tidings(tmp_path, "init", "site", *ADDRESS, "--json")
    assert made.code == 0, made.err
    assert made.json.keys() == {"config", "database"}
    folder = tmp_path / "site"
    (folder / "items").mkdir()
    texts = {"en": ("A statement", "We say."), "ar": ("بيان", "نقول.")}
    for language, (title, body) in texts.items():
        text = ITEM.format(title=title, body=body)
        (folder / "items" / f"ilo.{language}.md").write_text(text, encoding="utf-8")
    return folder


NOTHING_WRONG: dict[str, list[Any]] = {"rejected": [], "problems": [], "gone": []}


def test_the_whole_way_of_an_item_by_commands(place: Path) -> None:
    topic = process(place, "topic", "add", "labour-migration", "--name", "en=Labour", "--json")
    assert topic.json == {"key": "labour-migration", "names": {"en": "Labour"}}
    begun = process(
        place, "newsletter", "add", "digest", "--schedule", "0 7 * * FRI", "--timezone",
        "Europe/Brussels", "--missing", "fallback", "--name", "en=Digest", "--json",
        "--now", "2026-11-16T08:00:00Z",
    )  # fmt: skip
    assert begun.json["next_slots"][0] == "2026-11-20T06:00:00Z"
    (place / "people.csv").write_text(
        "email,language,newsletters\nen@example.org,en,digest\nar@example.org,ar,digest\n"
        "nobody,en,digest\nfr@example.org,fr,other\n",
        encoding="utf-8",
    )
    people = process(place, "subscriber", "import", "people.csv", "--json").json
    assert (people["rows"], people["added"], people["updated"], people["same"]) == (4, 2, 0, 0)
    assert [row["line"] for row in people["rejected"]] == [4, 5]
    assert people["rejected"][0].keys() == {"line", "email", "reason"}
    added = process(
        place, "subscriber", "add", "fr@example.org", "--language", "fr", "--newsletters", "digest",
        "--json", "--now", NOW,
    ).json  # fmt: skip
    assert (added["status"], added["consent_at"]) == ("active", NOW)
    taken = process(place, "item", "import", "items", "--json", "--now", NOW).json
    assert taken == {"new": 2, "changed": 0, "same": 0, **NOTHING_WRONG}
    (item,) = process(place, "item", "list", "--json").lines
    assert item == process(place, "item", "show", str(item["id"]), "--json").json
    assert {"id", "kind", "topics", "source_language", "embargo", "translations"} <= item.keys()
    text = item["translations"][0]
    assert {"language", "title", "workflow", "freshness", "revision"} <= text.keys()

    with Relay() as relay:
        relay_at = {"TIDINGS_MAIL__HOST": "127.0.0.1", "TIDINGS_MAIL__PORT": str(relay.port)}
        ticked = process(place, "tick", "--json", "--now", NOW, environment=relay_at)
        assert ticked.code == 0, ticked.err
        assert relay.counts == {f"{tag}@example.org": 1 for tag in ("en", "fr", "ar")}
    done = ticked.json
    assert done["published"] == [
        {"item": 1, "language": tag, "shown_language": tag, "revision": 1, "change": "new"}
        for tag in ("en", "ar")
    ]
    # Feeds in three formats: of each language, and of the topic in those that have news of it.
    assert (done["held"], done["feeds_written"], done["queued"], done["sent"]) == ([], 15, 3, 3)
    assert done["issues"][-1] == {
        "newsletter": "digest",
        "frequency": "",
        "slot": "2026-11-20T06:00:00Z",
        "state": "sent",
    }
    issue = process(place, "issue", "show", "1", "--json").json
    assert [(e["language"], e["items"], e["recipients"]) for e in issue["editions"]] == [
        ("en", 1, 1),
        ("fr", 1, 1),
        ("ar", 1, 1),
    ]
    assert issue["deliveries"]["sent"] == 3
    assert issue == process(place, "issue", "list", "--json").json
    mails = process(place, "delivery", "list", "--issue", "1", "--json").lines
    assert {mail["email"] for mail in mails} == {f"{tag}@example.org" for tag in ("en", "fr", "ar")}
    keys = {"id", "email", "language", "state", "code", "attempts", "message_id"}
    assert keys <= mails[0].keys()
    settled = process(place, "delivery", "resolve", str(mails[0]["id"]), "--as", "sent")
    assert (settled.code, "is not unknown" in settled.err) == (1, True)
    feeds = process(place, "feed", "list", "--json").lines
    assert len(feeds) == 15
    assert feeds[0].keys() == {"language", "topic", "format", "url", "path", "entries", "updated"}
    assert all(Path(feed["path"]).exists() for feed in feeds)
    built = process(place, "site", "build", "--json").json
    assert built.keys() == {"files", "seconds"}
    idle = process(place, "deliver", "--json").json
    assert idle["sent"] == 0
    assert {"failed", "postponed", "unknown", "seconds", "messages_per_second"} <= idle.keys()
    assert len(process(place, "subscriber", "list", "--json").lines) == 3
    shown = process(place, "newsletter", "show", "digest", "--json", "--now", NOW).json
    assert {"key", "languages", "schedule", "timezone", "next_slots"} <= shown.keys()
    assert process(place, "newsletter", "list", "--json", "--now", NOW).lines == [shown]


def test_a_newsletter_goes_out_when_and_as_often_as_it_says(place: Path) -> None:
    begun = tidings(
        place, "newsletter", "add", "digest", "--schedule", "daily 07:00", "--timezone",
        "Europe/Brussels", "--frequency", "monthly=first Thursday 09:00", "--frequency",
        "weekly=fri 07:00", "--minimum", "2", "--window", "mon-fri 08:00-18:00 reader",
        "--window", "fr=daily 08:00-20:00 holidays FR", "--json", "--now", NOW,
    ).json  # fmt: skip
    assert begun["next_slots"] == [f"2026-11-{day}T06:00:00Z" for day in (24, 25, 26)]
    assert begun["frequencies"] == [
        {
            "name": "monthly",
            "schedule": "first Thursday 09:00",
            "next_slots": ["2026-12-03T08:00:00Z", "2027-01-07T08:00:00Z", "2027-02-04T08:00:00Z"],
        },
        {
            "name": "weekly",
            "schedule": "fri 07:00",
            "next_slots": ["2026-11-27T06:00:00Z", "2026-12-04T06:00:00Z", "2026-12-11T06:00:00Z"],
        },
    ]
    assert begun["minimum"] == 2
    assert begun["windows"] == {
        "*": "mon-fri 08:00-18:00 reader",
        "fr": "daily 08:00-20:00 holidays FR",
    }
    person = ("subscriber", "add", "en@example.org", "--language", "en", "--newsletters", "digest")
    weekly = [{"newsletter": "digest", "topics": [], "frequency": "weekly"}]
    added = tidings(place, *person, "--frequency", "weekly", "--json").json
    assert added["subscriptions"] == weekly
    # What is not said stays.
    assert tidings(place, *person, "--json").json["subscriptions"] == weekly
    refused = tidings(place, *person, "--frequency", "hourly")
    assert (refused.code, refused.err) == (
        1,
        "tidings: frequency: no 'hourly' in digest; there are: default, monthly, weekly\n",
    )
    own = tidings(place, *person, "--frequency", "default", "--json").json
    assert own["subscriptions"] == [{**weekly[0], "frequency": ""}]
    ticked = tidings(place, "tick", "--json", "--now", "2026-11-27T06:00:00Z").json
    assert [(issue["frequency"], issue["slot"]) for issue in ticked["issues"]] == [
        ("", "2026-11-27T06:00:00Z"),
        ("weekly", "2026-11-27T06:00:00Z"),
    ]
    listed = tidings(place, "issue", "list", "--json").lines
    assert [issue["frequency"] for issue in listed] == ["", "", "", "", "weekly"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("item", "show", "99"), 1, "no item 99"),
        (("issue", "show", "9" * 20), 1, "no number in the store is as large"),
        (("item", "import", "nowhere"), 1, "nowhere: no such file or folder"),
        (("item", "list", "--state", "odd"), 2, "--state is one of draft"),
        (("item", "list", "--language", "de"), 1, "language: de is not a language of this site"),
        (("tick", "--now", "yesterday"), 2, "is no instant such as"),
        (("tick", "--now", "2026-11-23T08:00:00"), 2, "has no time zone"),
        (("tick", "--now", "0001-01-01T00:00:00Z"), 2, "is in the year 1"),
        (("tick", "--now", "9999-12-31T23:59:59Z"), 2, "is in the year 9999"),
        (("init", "tidings.toml", *ADDRESS), 1, "tidings.toml: File exists"),
        (("init", "tidings.toml/a", *ADDRESS), 1, "tidings.toml/a: Not a directory"),
        (("demo", "--dir", "tidings.toml"), 1, "tidings.toml: Not a directory"),
        (
            ("newsletter", "add", "n", "--schedule", "fri 07:00", "--from", "n"),
            1,
            "from: 'n' is no e-mail address",
        ),
        (
            ("newsletter", "add", "n", "--schedule", "fri 07:00", "--reply-to", "fr=n"),
            1,
            "reply_to: 'n' is no e-mail address",
        ),
        (("subscriber", "list", "--language", "klingon"), 1, "not a language tag"),
        (("subscriber", "export", "--language", "klingon"), 1, "not a language tag"),
        (("subscriber", "export", "--out", "tidings.toml/a"), 1, "tidings.toml/a: Not a directory"),
        (("newsletter", "add", "n", "--schedule", "daily"), 1, "not one of the forms; there are"),
        (("newsletter", "add", "n", "--schedule", "0 7 1 * FRI"), 1, "give a day or a weekday"),
        (("newsletter", "add", "n", "--schedule", "once 2013-12-18 10:00"), 1, "no slot any more"),
        (
            ("newsletter", "add", "n", "--schedule", "fri 07:00", "--frequency", "daily"),
            2,
            "--frequency wants an equals sign, such as weekly='fri 07:00'",
        ),
        (
            ("newsletter", "add", "n", "--schedule", "fri 07:00", "--window", "*=always"),
            1,
            "window: 'always' is no window: 'mon-fri 08:00-18:00'",
        ),
        (
            ("newsletter", "add", "n", "--schedule", "fri 07:00", "--timezone", "Mars"),
            1,
            "no IANA time zone 'Mars'",
        ),
        (("newsletter", "add", "N!", "--schedule", "0 7 * * *"), 1, "lower-case letters"),
        (("newsletter", "add", "n", "--schedule", "0 7 * * *", "--languages", "de"), 1, "de:"),
        (("newsletter", "add", "n", "--schedule", "0 7 * * *", "--topics", "x"), 1, "no topic"),
        (("newsletter", "show", "none"), 1, "no newsletter 'none'"),
        (("subscriber", "import", "none.csv"), 1, "none.csv: No such file"),
        (("subscriber", "add", "x", "--language", "en"), 1, "is not an e-mail address"),
        (("topic", "add", "x", "--name", "de=Arbeit"), 1, "de is not a language of this site"),
        (("subscriber", "export", "--out", "tidings.toml/x"), 1, "toml/x: Not a directory"),
        (("init", "tidings.toml", "--url", "https://x.example", "--languages", "en"), 1, "exists"),
        (("item", "import", "n" * 300), 1, "File name too long"),
        (("init", "n" * 300, "--url", "https://x.example", "--languages", "en"), 1, "too long"),
        (("demo", "--dir", "n" * 300), 1, "too long"),
        (("demo", "--dir", "tidings.toml"), 1, "tidings.toml: Not a directory; choose another"),
        (("feed", "list", "--config", "none.toml"), 78, "no such file"),
        (("serve", "--port", "99999"), 2, "65535"),
        (("frobnicate",), 2, "No such command"),
    ],
)
def test_a_mistake_is_one_clear_line_and_its_exit_code(
    place: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    ran = tidings(place, *arguments)
    assert ran.code == code, ran.err
    assert sentence in ran.err
    assert ran.out == ""


def test_the_configuration_is_found_as_the_contract_says(place: Path, tmp_path: Path) -> None:
    path = str(place / "tidings.toml")
    assert process(tmp_path, "feed", "list").code == 78
    assert process(tmp_path, "feed", "list", "--config", path).code == 0
    assert process(tmp_path, "--config", path, "feed", "list").code == 0
    assert process(tmp_path, "feed", "list", environment={"TIDINGS_CONFIG": path}).code == 0


def test_init_never_overwrites_a_site_and_leaves_nothing_of_a_wrong_one(place: Path) -> None:
    again = ("init", ".", "--url", "https://x.example", "--languages", "en")
    before = (place / "tidings.toml").read_bytes()
    assert tidings(place, *again).code == 1
    assert (place / "tidings.toml").read_bytes() == before
    wrong = tidings(place, "init", "new", "--url", "news.example.org", "--languages", "en,english")
    assert wrong.code == 1
    assert "site.url" in wrong.err
    assert "site.languages" in wrong.err
    assert not (place / "new").exists()


def test_ctrl_c_is_said_in_one_line_and_leaves_nothing_half_done(place: Path) -> None:
    os.mkfifo(place / "people.csv")
    # Whoever runs the tests may have told its children to ignore it.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heed}; from publisher.__main__ import main; main()"
    command = [sys.executable, "-c", code, "subscriber", "import", "people.csv"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        subprocess.Popen(command, cwd=place, env=environment, stderr=subprocess.PIPE) as child,
        (place / "people.csv").open("w", encoding="utf-8") as pipe,
    ):
        pipe.write("email,language\nen@example.org,en\n")
        pipe.flush()
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert said == b"tidings: broken off: what was not finished is left out; run it again\n"
    assert tidings(place, "subscriber", "list", "--json").lines == []


def test_an_absent_relay_is_try_again_later(place: Path) -> None:
    process(place, "newsletter", "add", "d", "--schedule", "0 7 * * *", "--missing", "skip",
            "--now", "2026-11-22T08:00:00Z")  # fmt: skip
    process(place, "subscriber", "add", "en@example.org", "--language", "en", "--newsletters", "d")
    process(place, "item", "import", "items", "--now", NOW)
    relay = {"TIDINGS_MAIL__HOST": "127.0.0.1", "TIDINGS_MAIL__PORT": str(free_port())}
    ran = process(place, "tick", "--json", "--now", NOW, environment=relay)
    assert ran.code == 75
    assert ran.json["queued"] == 1
    assert "no relay at 127.0.0.1" in ran.err


def test_a_bad_file_is_named_and_the_good_ones_are_in(place: Path) -> None:
    (place / "items" / "bad.en.md").write_bytes(b"---\ntitle: \xff\n---\nText")
    ran = tidings(place, "item", "import", "items", "--json")
    assert (ran.code, ran.json["new"]) == (0, 2)
    assert [rejected["source"] for rejected in ran.json["rejected"]] == ["items/bad.en.md"]
    alone = tidings(place, "item", "import", "items/bad.en.md")
    assert alone.code == 1
    assert "items/bad.en.md: line 2: the byte 0xff is not UTF-8" in alone.err


def test_a_line_in_another_encoding_is_refused_by_itself(place: Path) -> None:
    rows = b"email,language,name\na@example.org,en,Ann\nb@example.org,en,Zo\xeb\n"
    (place / "people.csv").write_bytes(rows + b"c@example.org,fr,C\xc3\xa9line\n")
    taken = tidings(place, "subscriber", "import", "people.csv", "--json").json
    assert (taken["added"], [row["line"] for row in taken["rejected"]]) == (2, [3])
    assert taken["rejected"][0]["reason"] == "name: is not UTF-8: save the file as UTF-8"


def test_a_changed_setting_reaches_every_item_when_asked_to(place: Path) -> None:
    tidings(place, "item", "import", "items", "--now", NOW)
    assert len(tidings(place, "tick", "--json", "--now", NOW).json["published"]) == 2
    fallback = {"TIDINGS_FEEDS__MISSING": "fallback"}
    later = ("tick", "--json", "--now", "2026-11-23T09:00:00Z")
    assert tidings(place, *later, environment=fallback).json["published"] == []
    (published,) = tidings(place, *later, "--all", environment=fallback).json["published"]
    assert (published["language"], published["shown_language"]) == ("fr", "en")


def test_a_worker_on_sqlite_is_not_at_work(place: Path) -> None:
    ran = process(place, "worker")
    assert ran.code == 78
    assert "workers need a PostgreSQL" in ran.err
    assert "at work" not in ran.err


def test_serve_answers_and_stops_well_when_told_to(place: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "publisher", "serve", "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    tidings(place, "item", "import", "items")
    with subprocess.Popen(command, cwd=place, env=environment, stderr=subprocess.PIPE) as server:
        assert server.stderr is not None
        try:
            # The second line comes from the scheduled job: the item is out.
            told = [server.stderr.readline() for _ in range(2)]
            assert f"serving at http://127.0.0.1:{port}/".encode() in told[0]
            assert b"published item 1" in told[1]
            assert urlopen(f"http://127.0.0.1:{port}/healthz").read() == b"ok\n"
            busy = tidings(place, "serve", "--port", str(port), "--no-scheduler")
            assert busy.code == 1
            taken = "cannot listen there: Address already in use"
            assert busy.err == f"tidings: 127.0.0.1:{port}: {taken}\n"
        finally:
            server.terminate()
        assert server.wait(30) == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("tidings.toml", ["wrong"]), 78),
        (SchemaError("old"), 78),
        (BusyError("busy"), 75),
        (UnreachableError("gone"), 75),
        (MailboxError("gone"), 75),
        (InputError("x", "wrong"), 1),
        (NotFoundError("item", 1), 1),
    ],
)
def test_every_kind_of_error_has_its_exit_code(error: TidingsError, code: int) -> None:
    assert exit_code(error) == code


def test_help_imports_nothing_heavy() -> None:
    heavy = "sqlalchemy alembic pydantic jinja2 babel langcodes rich lxml apscheduler feedgen"
    script = (
        "import sys; from publisher.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        f"sys.exit(' '.join(set(sys.modules) & set('{heavy}'.split())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "demo" in done.stdout
    assert done.stderr.strip() == ""
