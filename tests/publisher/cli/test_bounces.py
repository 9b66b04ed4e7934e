"""``tidings bounce``, as people's scripts use it."""

from pathlib import Path

import pytest

from publisher.config_file import load
from publisher.mail.return_path import return_path
from publisher.subscriptions import keyring
from store import deliveries, queueing, subscribers
from store.database import open_database
from store.records import DeliveryState
from tests import bounced, claimed, make
from tests.commands import tidings
from tests.publisher.cli.test_contract import NOW
from tests.store import fill

ZOE = "zoe@example.org"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return the folder of a site with two readers."""
    found = tmp_path / "site"
    made = tidings(
        tmp_path, "init", "site", "--url", "https://news.example.org", "--languages", "en,fr,es,ar"
    )
    assert made.code == 0, made.err
    with (found / "tidings.toml").open("a", encoding="utf-8") as file:
        file.write('\n[mail]\nbounces = "bounces@news.example.org"\n')
    return found


@pytest.fixture
def paths(place: Path) -> list[str]:
    """Send an issue to two readers; return where their mails come back to."""
    config = load(place / "tidings.toml", environment=False)
    database = open_database(config.database_url)
    make.start(database, config)
    make.subscribe(database, [ZOE, "ali@example.org"])
    with database.write() as tx:
        issue = fill.issue(tx)
        fill.edition(tx, issue)
        queueing.queue(tx, issue, due={"en": {"": make.NOW}}, now=make.NOW)
        while mails := claimed.claim(tx, make.NOW):
            claimed.settle(tx, mails, DeliveryState.SENT, now=make.NOW)
        mails = deliveries.listing(tx, issue.id)
    tokens = keyring.tokens(database, now=make.NOW)
    database.close()
    return [return_path(tokens, config, mail.id) for mail in mails]


def test_messages_are_taken_in_and_what_is_not_understood_is_named(
    place: Path, paths: list[str]
) -> None:
    box = place / "box"
    box.mkdir()
    (box / "1.eml").write_bytes(bounced.dsn(paths[0], ZOE))
    (box / "2.eml").write_bytes(bounced.arf(paths[1]))
    (box / "3.eml").write_bytes(bounced.vacation(paths[0]))
    (box / "4.eml").write_bytes(b"Subject: hello\n\nhello")
    done = tidings(place, "bounce", "process", "box", "--json", "--now", NOW).json
    assert {key: done[key] for key in ("read", "bounced", "complained", "hard", "soft")} == {
        "read": 4, "bounced": 1, "complained": 1, "hard": 1, "soft": 0,
    }  # fmt: skip
    assert [entry["file"] for entry in done["ignored"]] == ["box/3.eml", "box/4.eml"]
    again = tidings(place, "bounce", "process", "box", "--json", "--now", NOW).json
    assert (again["bounced"], again["complained"], len(again["ignored"])) == (0, 0, 4)
    assert again["ignored"][0]["reason"] == "was read before"
    shown = tidings(place, "subscriber", "show", ZOE, "--json").json
    assert (shown["status"], shown["consents"][-1]["act"]) == ("bounced", "stopped")
    told = tidings(place, "bounce", "process", "box", "--now", NOW)
    assert "box/4.eml: was read before" in told.err
    assert "ignored     4" in told.out


def test_what_came_back_is_listed_newest_first(place: Path, paths: list[str]) -> None:
    (place / "1.eml").write_bytes(bounced.dsn(paths[0], ZOE))
    (place / "2.eml").write_bytes("Subject: à lire\n\nbonjour".encode())
    for name in ("1.eml", "2.eml"):
        tidings(place, "bounce", "process", name, "--now", NOW)
    listed = tidings(place, "bounce", "list", "--json").lines
    assert [(row["kind"], row["email"]) for row in listed] == [("unknown", ""), ("hard", ZOE)]
    assert (listed[1]["status"], listed[1]["at"]) == ("5.1.1", NOW)
    (row,) = tidings(place, "bounce", "list", "--kind", "unknown", "--json").lines
    assert row["source"] == "2.eml"
    assert "5.1.1" in tidings(place, "bounce", "list").out
    wrong = tidings(place, "bounce", "list", "--kind", "ignored")
    assert (wrong.code, "--kind is one of hard, soft" in wrong.err) == (2, True)
    delivered = tidings(place, "delivery", "list", "--issue", "1", "--json").lines
    assert delivered[0]["detail"].startswith("came back, hard: 5.1.1")


def test_mistakes_are_said(place: Path) -> None:
    nowhere = tidings(place, "bounce", "process", "nowhere")
    assert (nowhere.code, nowhere.err) == (1, "tidings: nowhere: No such file or directory\n")
    fetched = tidings(place, "bounce", "fetch")
    assert (fetched.code, "bounces.imap_host" in fetched.err) == (78, True)
    away = {"TIDINGS_BOUNCES__IMAP_HOST": "127.0.0.1", "TIDINGS_BOUNCES__IMAP_PORT": "1"}
    fetched = tidings(place, "bounce", "fetch", environment=away)
    assert (fetched.code, "imaps://127.0.0.1/INBOX" in fetched.err) == (75, True)


def test_an_erased_reader_is_in_no_bounce(place: Path, paths: list[str]) -> None:
    (place / "1.eml").write_bytes(bounced.dsn(paths[0], ZOE))
    tidings(place, "bounce", "process", "1.eml", "--now", NOW)
    known = tidings(place, "subscriber", "export", ZOE).json
    assert [row["kind"] for row in known["bounces"]] == ["hard"]
    tidings(place, "subscriber", "erase", ZOE, "--now", NOW)
    assert tidings(place, "bounce", "list", "--json").lines == []
    database = open_database(load(place / "tidings.toml", environment=False).database_url)
    with database.read() as tx:
        assert subscribers.by_email(tx, ZOE) is None
    database.close()
