"""``tidings dkim``: a key and its record, from nothing to mails that are signed."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import scheduler
from publisher.cli import app
from publisher.config_file import load
from publisher.errors import ConfigError
from store import deliveries
from store.database import open_database
from store.records import DeliveryState
from tests import make, people
from tests.fakes import Names, Relay
from tests.verifier import verdicts

#: In the past by any clock: receivers refuse what was signed in the future.
THEN = make.NOW.replace(year=2013)
TOML = """
[site]
url = "https://news.example.org"
languages = ["en", "ar"]
name = { en = "News", ar = "أخبار" }
[mail]
host = "127.0.0.1"
port = 1
tls = "none"
sender = "news@example.org"
"""


@pytest.fixture
def place(tmp_path: Path, migrated: bytes) -> Path:
    (tmp_path / "tidings.db").write_bytes(migrated)
    (tmp_path / "tidings.toml").write_text(TOML, encoding="utf-8")
    return tmp_path / "tidings.toml"


def tidings(place: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(place), *arguments])


def keygen(place: Path, *arguments: str) -> dict[str, Any]:
    done = tidings(place, "dkim", "keygen", "--now", make.NOW.isoformat(), "--json", *arguments)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def signing(place: Path, *selectors: str) -> None:
    section = f"\n[dkim]\nselectors = {json.dumps(selectors)}\n"
    place.write_text(TOML + section, encoding="utf-8")


def test_a_key_is_called_by_the_month_and_the_domain_of_the_sender(place: Path) -> None:
    found = keygen(place)
    assert (found["domain"], found["selector"]) == ("example.org", "202611")
    assert (found["algorithm"], found["signs"]) == ("rsa-sha256", False)
    assert found["name"] == "202611._domainkey.example.org"
    assert found["record"].startswith("v=DKIM1; k=rsa; p=")
    assert Path(found["file"]).stat().st_mode & 0o777 == 0o600
    second = keygen(place, "--ed25519")
    assert (second["selector"], second["algorithm"]) == ("202611e", "ed25519-sha256")
    other = keygen(place, "--domain", "example.net", "--selector", "autumn", "--ed25519")
    assert other["name"] == "autumn._domainkey.example.net"


def test_a_key_that_is_there_stays(place: Path) -> None:
    before = Path(keygen(place)["file"]).read_bytes()
    done = tidings(place, "dkim", "keygen", "--now", make.NOW.isoformat())
    assert done.exit_code != 0
    assert "exists already" in str(done.exception)
    assert Path(keygen(place, "--selector", "b")["file"]).read_bytes() != before


def test_records_are_lines_of_a_zone_file(place: Path) -> None:
    assert tidings(place, "dkim", "record").exit_code != 0
    made = [keygen(place), keygen(place, "--ed25519")]
    shown = tidings(place, "dkim", "record").stdout.splitlines()
    assert shown == [each["zone"] for each in made]
    assert "".join(re.findall(r'"([^"]*)"', shown[0])) == made[0]["record"]
    lines = tidings(place, "dkim", "record", "--json", "--selector", "202611e").stdout.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["202611e._domainkey.example.org"]
    assert tidings(place, "dkim", "record", "--domain", "example.net").exit_code != 0


@pytest.mark.parametrize("written", ["EXAMPLE.ORG", "bücher.example", "BÜCHER.example"])
def test_records_are_shown_of_a_domain_however_it_is_written(place: Path, written: str) -> None:
    name = keygen(place, "--domain", written, "--selector", "a", "--ed25519")["name"]
    shown = tidings(place, "dkim", "record", "--domain", written, "--json")
    assert [json.loads(line)["name"] for line in shown.stdout.splitlines()] == [name]


def test_a_site_whose_keys_are_named_signs_its_mails(place: Path) -> None:
    made = [keygen(place), keygen(place, "--ed25519")]
    signing(place, "202611", "202611e")
    with Relay() as relay:
        config = relay.serves(load(place))
        database = open_database(config.database_url)
        start = {"names": {"en": "Digest"}, "since": THEN - timedelta(days=7)}
        make.start(database, config, languages=("en", "ar"), **start)
        make.take(database, config, make.draft("en"), make.draft("ar"), now=THEN)
        for language in ("en", "ar"):
            make.subscribe(database, [f"{language}@example.com"], language=language)
        done = scheduler.tick(database, config, now=THEN)
        database.close()
    assert done.sent == 2
    known = {each["name"]: each["record"] for each in made}
    for _, message in relay.accepted:
        assert verdicts(message, known) == [True, True]


def test_no_issue_goes_out_unsigned_by_a_host_that_lacks_the_key_of_its_sender(
    place: Path,
) -> None:
    made = [keygen(place, "--domain", domain) for domain in ("example.org", "example.net")]
    # The selector is that of both: none is missing.
    signing(place, "202611")
    there = Path(made[1]["file"])
    with Relay() as relay:
        config = relay.serves(load(place))
        database = open_database(config.database_url)
        start = {"names": {"en": "Digest"}, "since": THEN - timedelta(days=7)}
        make.start(database, config, languages=("en",), senders={"*": "a@example.net"}, **start)
        make.take(database, config, make.draft("en"), now=THEN)
        make.subscribe(database, ["zoe@example.com"])
        scheduler.tick(database, config, now=THEN, sends=False)
        there.rename(there.with_suffix(".away"))
        with pytest.raises(
            ConfigError, match=r"dkim.selectors: no key .* a@example\.net in .*dkim"
        ):
            scheduler.tick(database, config, now=THEN)
        with database.read() as tx:
            assert deliveries.counts(tx)[DeliveryState.QUEUED] == 1
        assert relay.accepted == []
        there.with_suffix(".away").rename(there)
        assert scheduler.tick(database, config, now=THEN).sent == 1
        database.close()
    (message,) = [message for _, message in relay.accepted]
    assert verdicts(message, {each["name"]: each["record"] for each in made}) == [True]


def test_a_letter_that_somebody_waits_for_goes_out_unsigned_but_not_without_a_word(
    place: Path,
) -> None:
    keygen(place, "--domain", "example.net")
    signing(place, "202611")
    with Relay() as relay:
        config = relay.serves(load(place))
        database = open_database(config.database_url)
        make.start(database, config, languages=("en",), names={"en": "Digest"})
        people.ask(database, config, "new@example.com", now=make.NOW)
        done = scheduler.tick(database, config, now=make.NOW)
        database.close()
    said = "letters go out unsigned: no key that signs is of the domain of news@example.org"
    assert (done.problems, relay.counts) == ([said], {"new@example.com": 1})


def findings(place: Path) -> list[tuple[str, str]]:
    done = tidings(place, "issue", "check", "1", "--json")
    found = [each for each in json.loads(done.stdout)["findings"] if "dkim" in each["code"]]
    assert done.exit_code == (1 if any(each["level"] == "error" for each in found) else 0)
    return sorted({(each["level"], each["code"]) for each in found})


def test_an_issue_is_checked_for_whether_its_signature_will_be_good(place: Path) -> None:
    config = load(place)
    database = open_database(config.database_url)
    make.start(database, config, languages=("en", "ar"), names={"en": "Digest"})
    make.take(database, config, make.draft("en"), make.draft("ar"))
    make.subscribe(database, ["a@example.com"])
    scheduler.tick(database, config, now=make.NOW)
    scheduler.tick(database, config, now=make.FRIDAY)
    database.close()
    # Where the relay signs there is nothing to say.
    assert findings(place) == []
    key, strange = keygen(place), keygen(place, "--domain", "example.net", "--selector", "other")
    with Names().open() as names:
        signing(place, "202611")
        text = place.read_text(encoding="utf-8")
        asking = f'{text}[dns]\nservers = ["{names.host}"]\ntimeout = 30\n'
        place.write_text(asking, encoding="utf-8")
        assert findings(place) == [("error", "dkim-record")]
        names.texts[key["name"]] = [strange["record"]]
        assert findings(place) == [("error", "dkim-record")]
        names.texts[key["name"]].append(key["record"])
        assert findings(place) == []
        names.fails = True
        assert findings(place) == [("warning", "dkim-unasked")]
        names.fails = False
        place.write_text(asking.replace("202611", "other"), encoding="utf-8")
        assert findings(place) == [("error", "dkim-unaligned")]
        place.write_text(asking.replace("202611", "missing"), encoding="utf-8")
        assert findings(place) == [("error", "dkim-key")]
