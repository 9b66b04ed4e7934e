"""``tidings delivery`` and ``tidings newsletter set``: what nobody can say of, by command."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from logging import LogRecord
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, true, update
from typer.testing import CliRunner, Result

import scheduler
from publisher.cli import app, common
from publisher.config_file import load
from publisher.delivery import ways
from store import batches, letters, members, queueing, tables
from store.database import open_database
from store.records import DeliveryState
from tests import make
from tests.fakes import Relay, free_port
from tests.store import fill

TOML = """
[site]
url = "https://news.example.org"
languages = ["en", "fr", "es", "ar"]
id = "tag:news.example.org,2013"

[mail]
host = "127.0.0.1"
port = {port}
ask = "mail.log"
"""


@pytest.fixture
def place(tmp_path: Path, migrated: bytes) -> Path:
    """Return the configuration of a site with an issue whose two mails are unknown."""
    return doubtful(tmp_path, migrated, port=free_port(), since=make.NOW)


def doubtful(folder: Path, migrated: bytes, *, port: int, since: datetime) -> Path:
    """Return the configuration of such a site; they are unknown since that instant."""
    (folder / "tidings.db").write_bytes(migrated)
    path = folder / "tidings.toml"
    # Nobody answers when the issue is made.
    path.write_text(TOML.format(port=free_port()), encoding="utf-8")
    config = load(path, environment=False)
    database = open_database(config.database_url)
    make.start(database, config, since=since - timedelta(days=8))
    for tag in ("en", "ar"):
        make.subscribe(database, [f"{tag}@example.org"], language=tag)
    make.take(database, config, make.draft("en"), make.draft("ar"), now=since)
    scheduler.tick(database, config, now=since)
    path.write_text(TOML.format(port=port), encoding="utf-8")
    way = ways.of(load(path, environment=False), ("mail",), now=since).written()
    values = {"state": DeliveryState.UNKNOWN, "due": since, "changed": since, "way": way}
    with database.write() as tx:
        tx.run(update(tables.deliveries).values(**values))
        batches.recount(tx, batches.lock(tx, true()))
    database.close()
    return path


def tidings(place: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(place), *arguments])


def mails(place: Path) -> dict[str, dict[str, object]]:
    done = tidings(place, "delivery", "list", "--issue", "1", "--json")
    return {mail["email"]: mail for mail in map(json.loads, done.stdout.splitlines())}


def write_log(place: Path, *lines: str) -> None:
    """Write the relay's log of the day on which the issue went out, and of the next."""
    day = f"{make.NOW:%Y-%m-%d}"
    text = ["2026-01-01T00:00:00Z mx postfix/master[1]: started"]
    text += [f"{day}T{make.NOW:%H:%M:%S}Z mx postfix/{line}" for line in lines]
    text += ["2026-12-30T00:00:00Z mx postfix/anvil[4]: statistics"]
    (place.parent / "mail.log").write_text("\n".join(text) + "\n", encoding="utf-8")


def ask(place: Path) -> tuple[dict[str, int], str]:
    asked = ("delivery", "ask", "--issue", "1", "--json", "--now", "2026-12-31T00:00:00Z")
    done = tidings(place, *asked)
    assert done.exit_code == 0, done.output
    found: dict[str, int] = json.loads(done.stdout)
    return found, done.stderr


def test_the_relay_is_asked_by_hand_and_what_is_left_is_said(place: Path) -> None:
    nothing = {"sent": 0, "queued": 0, "cancelled": 0, "not_yet": 0, "held": 0}
    found, said = ask(place)
    assert found == {**nothing, "held": 2}
    assert "relay mail cannot be asked for unknown mails" in said
    assert "2 cannot be asked for; say it with 'tidings delivery resolve ID'" in said
    identity = mails(place)["ar@example.org"]["message_id"]
    english = mails(place)["en@example.org"]["message_id"]
    write_log(
        place,
        f"cleanup[2]: A1: message-id={identity}",
        "qmgr[3]: A1: from=<a@b>, size=1, nrcpt=1 (queue active)",
        f"cleanup[2]: A2: message-id={english}",
    )
    found, said = ask(place)
    assert found == {**nothing, "sent": 1, "not_yet": 1}
    assert "the relay does not say yet of 1: ask again in a few seconds" in said
    write_log(place)
    assert ask(place) == ({**nothing, "queued": 1}, "")
    assert {mail["state"] for mail in mails(place).values()} == {"sent", "queued"}


PEOPLE = 2_345


@pytest.fixture
def many(place: Path) -> Path:
    """Return the configuration of a site whose issue went to more than are read together."""
    database = open_database(f"sqlite:///{place.parent / 'tidings.db'}")
    make.subscribe(database, [f"r{number}@example.org" for number in range(PEOPLE)])
    with database.write() as tx:
        issue = fill.issue(tx)
        fill.edition(tx, issue)
        queueing.queue(tx, issue, due={"en": {"": make.NOW}}, now=make.NOW)
    database.close()
    return place


def test_however_many_mails_an_issue_has_each_is_listed_once(many: Path) -> None:
    listed = ("delivery", "list", "--issue", "2")
    told = [json.loads(line) for line in tidings(many, *listed, "--json").stdout.splitlines()]
    # Two were there before, one of whom reads another language.
    assert len({mail["email"] for mail in told}) == len(told) == PEOPLE + 1
    ids = [mail["id"] for mail in told]
    assert ids == sorted(ids)
    lines = tidings(many, *listed).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["id", *map(str, ids)]
    assert [line.split()[-1] for line in lines[1:]] == [mail["message_id"] for mail in told]
    some = tidings(many, *listed, "--state", "queued", "--json").stdout.splitlines()
    assert len(some) == len(told)
    assert tidings(many, *listed, "--state", "unknown", "--json").stdout == ""


@pytest.mark.parametrize("as_json", [True, False])
def test_a_long_list_is_printed_before_all_of_it_is_read(
    capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    printed = 0

    def records() -> Iterator[dict[str, int]]:
        nonlocal printed
        for number in range(PEOPLE):
            yield {"id": number}
            printed += len(capsys.readouterr().out.splitlines())
        assert printed >= PEOPLE - common._ROWS

    common.listing(records(), ("id",), as_json=as_json)
    printed += len(capsys.readouterr().out.splitlines())
    assert printed == PEOPLE + (not as_json)


def test_a_list_of_no_mails_has_a_head(place: Path) -> None:
    assert tidings(place, "delivery", "list", "--issue", "1", "--state", "sent").stdout.split() == [
        *("id", "email", "language", "state", "code", "attempts", "detail", "message_id")
    ]


@dataclass
class Logging(Relay):
    """A relay that writes down when somebody takes leave, as if that were a while later."""

    log: Path = field(default_factory=Path)

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        at = datetime.now(UTC) + timedelta(minutes=1)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{at.isoformat()} mx postfix/smtpd[1]: disconnect from a[::1]\n")
        return "221 2.0.0 bye"


@pytest.fixture
def logging(tmp_path: Path) -> Iterator[Logging]:
    with Logging(log=tmp_path / "mail.log") as relay:
        yield relay


def test_who_waits_until_all_is_done_waits_for_the_answer_of_the_relay(
    tmp_path: Path, migrated: bytes, logging: Logging
) -> None:
    now = datetime.now(UTC)
    start = f"{(now - timedelta(days=30)).isoformat()} mx postfix/master[1]: started\n"
    logging.log.write_text(start, encoding="utf-8")
    place = doubtful(tmp_path, migrated, port=logging.port, since=now)
    done = tidings(place, "deliver", "--until-done", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["sent"], told["unknown"], set(logging.counts.values())) == (2, 0, {1})


def test_who_waits_until_all_is_done_does_not_wait_for_what_only_a_person_can_say(
    tmp_path: Path, migrated: bytes
) -> None:
    # The log is not there.
    place = doubtful(tmp_path, migrated, port=free_port(), since=datetime.now(UTC))
    done = tidings(place, "deliver", "--until-done", "--json")
    assert done.exit_code == 75
    assert "relay mail cannot be asked for unknown mails" in done.stderr
    tidings(place, "newsletter", "set", "digest", "--unknown", "hold")
    done = tidings(place, "deliver", "--until-done", "--json")
    assert done.exit_code == 0
    assert "2 of its mails may or may not have been sent" in done.stderr


@pytest.mark.parametrize("command", ["tick", "deliver"])
def test_what_is_unknown_is_said_again_by_each_run(place: Path, command: str) -> None:
    for code in (75, 0):
        done = tidings(place, command, "--json", "--now", make.NOW.isoformat())
        assert "issue 1: 2 of its mails may or may not have been sent; " in done.stderr
        assert "'tidings delivery list --issue 1 --state unknown' shows them" in done.stderr
        # The log is not there. It is not looked for again at once, what is unknown is said.
        assert done.exit_code == code
    for mail in mails(place).values():
        tidings(place, "delivery", "resolve", str(mail["id"]), "--as", "failed")
    done = tidings(place, command, "--json", "--now", make.NOW.isoformat())
    assert (done.exit_code, done.stderr) == (0, "")


def test_a_step_that_fails_unforeseen_keeps_no_other_from_being_done_and_is_not_hidden(
    place: Path, unforeseen: list[LogRecord]
) -> None:
    """The details of a letter cannot be read: nothing of ours writes such."""
    database = open_database(f"sqlite:///{place.parent / 'tidings.db'}")
    make.subscribe(database, ["new@example.org"])
    with database.write() as tx:
        (person,) = members.page(tx, limit=1, language="en")
        letters.queue(tx, person.id, "welcome", language="en", email="", details={}, now=make.NOW)
        tx.run(text("update letters set details = '{broken'"))
    make.take(database, load(place, environment=False), make.draft("en", key="two"), now=make.NOW)
    database.close()
    with Relay() as relay:
        place.write_text(TOML.format(port=relay.port), encoding="utf-8")
        now = (make.NOW + timedelta(days=7)).isoformat()
        done = tidings(place, "tick", "--json", "--now", now)
    told = json.loads(done.stdout)
    assert (len(told["published"]), told["sent"]) == (1, 3)
    assert relay.counts["new@example.org"] == 1
    # It is none of what another tick would mend.
    assert done.exit_code == 1
    assert "tidings: unforeseen, see the traceback: JSONDecodeError(" in done.stderr
    logged = unforeseen.pop()
    assert logged.exc_info
    assert logged.exc_info[0] is json.JSONDecodeError


def test_a_newsletters_rule_for_them_is_set_and_shown(place: Path) -> None:
    for key, value in (("digest", "hold"), ("digest", "retry")):
        done = tidings(place, "newsletter", "set", key, "--unknown", value, "--json")
        assert json.loads(done.stdout)["unknown"] == value
    shown = tidings(place, "newsletter", "show", "digest", "--json")
    assert json.loads(shown.stdout)["unknown"] == "retry"
    added = tidings(
        place,
        "newsletter",
        "add",
        "other",
        "--schedule",
        "fri 07:00",
        "--unknown",
        "hold",
        "--json",
    )
    assert json.loads(added.stdout)["unknown"] == "hold"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("newsletter", "set", "digest", "--unknown", "guess"), "one of ask, hold, retry"),
        (("newsletter", "set", "none", "--unknown", "hold"), "no newsletter 'none'"),
        (("newsletter", "set", "digest"), "at least one of --name, --missing, --unknown"),
        (("newsletter", "set", "digest", "--missing", "perhaps"), "'perhaps' is no rule"),
        (("delivery", "ask", "--issue", "7"), "no issue 7"),
        (("delivery", "ask"), "--issue"),
        (("deliver", "--issue", "7"), "no issue 7"),
        (("delivery", "resolve", "9", "--as", "sent"), "no delivery 9"),
    ],
)
def test_what_cannot_be_is_refused(place: Path, arguments: tuple[str, ...], complaint: str) -> None:
    done = tidings(place, *arguments)
    assert done.exit_code != 0
    assert complaint in f"{done.output} {done.exception}"
