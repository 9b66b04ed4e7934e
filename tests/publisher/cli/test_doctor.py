"""``tidings doctor``: what Tidings stands on, each part with what was found."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from publisher import doctor
from publisher.cli import app
from publisher.config_file import load
from store import tables
from store.database import open_database
from store.schema import SCHEMA
from tests import make, postfix
from tests.fakes import Names, Relay, free_port

TOML = """
[site]
url = "https://news.example.org"
languages = ["en", "fr"]
[mail]
host = "127.0.0.1"
port = {relay}
tls = "opportunistic"
sender = "news@example.org"
[dns]
servers = ["{names}"]
timeout = 30
"""
SPF = {"example.org": ["v=spf1 mx -all", "other"]}
DMARC = {"_dmarc.example.org": ["v=DMARC1; p=quarantine"]}


@pytest.fixture
def place(tmp_path: Path, migrated: bytes) -> Path:
    (tmp_path / "tidings.db").write_bytes(migrated)
    return tmp_path / "tidings.toml"


def examined(place: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    done = CliRunner().invoke(app, ["--config", str(place), "doctor", "--json"])
    checks = json.loads(done.stdout)["checks"]
    assert all(check.keys() == {"name", "ok", "detail"} for check in checks)
    assert all(check["detail"] for check in checks)
    return done.exit_code, {check["name"]: check for check in checks}


def test_a_house_in_order_is_told_so(place: Path) -> None:
    with Relay() as relay, Names().open() as names:
        place.write_text(TOML.format(relay=relay.port, names=names.host), encoding="utf-8")
        names.texts = {**SPF, **DMARC}
        code, found = examined(place)
        shown = CliRunner().invoke(app, ["--config", str(place), "doctor"])
    assert [name for name, check in found.items() if not check["ok"]] == []
    assert code == shown.exit_code == 0
    assert list(found) == [
        *("configuration", "database", "migrations", "clock", "relay"),
        *("spf example.org", "dkim", "dmarc example.org", "names"),
    ]
    assert found["migrations"]["detail"] == SCHEMA
    assert found["spf example.org"]["detail"] == "v=spf1 mx -all"
    assert "the relay signs" in found["dkim"]["detail"]
    assert "v=spf1 mx -all" in shown.output


def test_every_relay_is_looked_at_and_whether_its_log_can_be_read(place: Path) -> None:
    more = '[[relays]]\nname = "{name}"\nhost = "127.0.0.1"\nport = {port}\n{rest}\n'
    with Relay() as first, Relay() as second, Names().open() as names:
        text = TOML.format(relay=first.port, names=names.host)
        text += more.format(name="asked", port=second.port, rest='ask = "mail.log"')
        text += more.format(name="gone", port=free_port(), rest='domains = ["example.com"]')
        text += more.format(name="deaf", port=second.port, rest='ask = "none.log"')
        place.write_text(text, encoding="utf-8")
        (place.parent / "mail.log").touch()
        names.texts = {**SPF, **DMARC}
        _, found = examined(place)
    looked = {name: check["ok"] for name, check in found.items() if name.startswith("relay")}
    assert looked == {"relay": True, "relay asked": True, "relay gone": False, "relay deaf": False}
    assert found["relay asked"]["detail"] == f"127.0.0.1:{second.port}, can be asked"
    assert "none.log" in found["relay deaf"]["detail"]


def test_encryption_that_is_offered_and_fails_is_told_with_what_comes_of_it(place: Path) -> None:
    settings = {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": "/nonexistent.pem"}
    with postfix.server(**settings) as relay, Names().open() as names:
        names.texts = {**SPF, **DMARC}
        text = TOML.format(relay=relay.port, names=names.host)
        place.write_text(text, encoding="utf-8")
        _, allowed = examined(place)
        place.write_text(text.replace("opportunistic", "required"), encoding="utf-8")
        _, required = examined(place)
    assert allowed["relay"]["ok"]
    assert "fails at STARTTLS (454 4.7.0 " in allowed["relay"]["detail"]
    assert "in plain text" in allowed["relay"]["detail"]
    assert not required["relay"]["ok"]
    assert "454 4.7.0" in required["relay"]["detail"]


@pytest.mark.parametrize(
    ("asked", "lacking"), [('tls = "required"', "STARTTLS"), ('username = "news"', "AUTH")]
)
def test_what_a_relay_does_not_offer_is_told_with_the_settings_that_ask_for_it(
    place: Path, asked: str, lacking: str
) -> None:
    with Relay() as relay, Names().open() as names:
        text = TOML.format(relay=relay.port, names=names.host)
        kept = "\n".join(line for line in text.splitlines() if not line.startswith("tls"))
        place.write_text(kept.replace("[mail]", f"[mail]\n{asked}"), encoding="utf-8")
        _, found = examined(place)
    told = "does not offer what mail.tls and mail.username ask for"
    assert found["relay"]["detail"].startswith(f"the relay at 127.0.0.1:{relay.port} {told}: ")
    assert lacking in found["relay"]["detail"]


def test_spf_is_looked_for_where_mail_comes_back_to(place: Path) -> None:
    with Relay() as relay, Names().open() as names:
        text = TOML.format(relay=relay.port, names=names.host)
        text = text.replace("[dns]", 'bounces = "bounces@back.example.org"\n[dns]')
        place.write_text(text, encoding="utf-8")
        names.texts = {"back.example.org": ["v=spf1 ip4:192.0.2.1 -all"], **DMARC}
        code, found = examined(place)
    assert code == 0
    assert found["spf back.example.org"]["detail"] == "v=spf1 ip4:192.0.2.1 -all"
    assert "spf example.org" not in found


def test_each_fault_is_told_and_hides_no_other(tmp_path: Path) -> None:
    place = tmp_path / "tidings.toml"
    with Names().open() as names:
        place.write_text(TOML.format(relay=free_port(), names=names.host), encoding="utf-8")
        names.texts = {"example.org": ["v=spf1 mx -all", "v=spf1 a -all"]}
        code, found = examined(place)
    assert code == 1
    assert "tidings migrate" in found["database"]["detail"]
    assert not (tmp_path / "tidings.db").exists()
    assert found["spf example.org"]["detail"].startswith("2 records v=spf1")
    assert found["dmarc example.org"]["detail"].startswith("no record v=DMARC1")
    assert found["relay"]["detail"].startswith("no relay at 127.0.0.1:")
    wrong = {name for name, check in found.items() if not check["ok"]}
    assert wrong == {"database", "relay", "spf example.org", "dmarc example.org"}


class Closed(Relay):
    """One that wants to know who sends."""

    async def handle_MAIL(self, *_: Any) -> str:  # noqa: N802
        return "530 5.7.0 Authentication required"


def test_a_relay_that_will_take_nothing_is_not_called_fine(place: Path) -> None:
    with Closed() as relay, Names().open() as names:
        place.write_text(TOML.format(relay=relay.port, names=names.host), encoding="utf-8")
        names.texts = {**SPF, **DMARC}
        code, found = examined(place)
    assert code == 1
    assert "takes no mail from news@example.org: 530 5.7.0" in found["relay"]["detail"]


def test_all_domains_that_mail_comes_from_are_looked_at(place: Path) -> None:
    with Relay() as relay, Names().open() as names:
        place.write_text(TOML.format(relay=relay.port, names=names.host), encoding="utf-8")
        names.texts = {**SPF, **DMARC}
        config = load(place)
        database = open_database(config.database_url)
        senders = {"*": "a@lists.example.org", "fr": "Actualités <b@example.net>"}
        make.start(database, config, languages=("en", "fr"), names={}, senders=senders)
        database.close()
        runner = CliRunner()
        for domain in ("example.org", "example.net"):
            command = ["dkim", "keygen", "--domain", domain, "--selector", "a"]
            assert runner.invoke(app, ["--config", str(place), *command]).exit_code == 0
        text = place.read_text(encoding="utf-8")
        place.write_text(f'{text}[dkim]\nselectors = ["a"]\n', encoding="utf-8")
        lines = runner.invoke(app, ["--config", str(place), "dkim", "record", "--json"]).stdout
        records = {each["name"]: each["record"] for each in map(json.loads, lines.splitlines())}
        names.texts["a._domainkey.example.org"] = [records["a._domainkey.example.org"]]
        (config.dkim_folder / "a._domainkey.example.org.pem").chmod(0o640)
        _, found = examined(place)
    told = {name: check["detail"] for name, check in found.items() if not check["ok"]}
    assert told == {
        "dkim a._domainkey.example.org": "its file can be read by others",
        "dkim a._domainkey.example.net": "the DNS has nothing there",
        "dmarc example.net": "no record v=DMARC1 at _dmarc.example.net, nor above",
    }
    # As receivers do, one that is not there is looked for above.
    assert found["dmarc lists.example.org"]["detail"] == "v=DMARC1; p=quarantine"


def test_no_check_keeps_the_others_from_being_made(place: Path) -> None:
    with Relay() as relay, Names().open() as names:
        text = TOML.format(relay=relay.port, names=names.host)
        text += '[[relays]]\nname = "odd"\nhost = "mx..example.net"\ndomains = ["example.net"]\n'
        place.write_text(f'{text}[dkim]\nselectors = ["a"]\n', encoding="utf-8")
        names.texts = {**SPF, **DMARC}
        config = load(place)
        database = open_database(config.database_url)
        make.start(database, config, languages=("en", "fr"), names={})
        with database.write() as tx:
            # As another version, or somebody by hand, may have written it.
            values = {"senders": {"fr": "no mailbox"}}
            tx.run(update(tables.newsletters).values(**values))
        database.close()
        made = CliRunner().invoke(
            app, ["--config", str(place), "dkim", "keygen", "--selector", "a"]
        )
        assert made.exit_code == 0
        there = config.dkim_folder / "a._domainkey.example.org.pem"
        there.rename(there.with_name("a._domainkey.Example.org.pem"))
        code, found = examined(place)
    assert code == 1
    assert found["dkim a._domainkey.example.org"]["detail"] == "the DNS has nothing there"
    assert "is no mailbox such as" in found["sender digest fr"]["detail"]
    wrong = {name for name, check in found.items() if not check["ok"]}
    assert wrong == {"relay odd", "sender digest fr", "dkim a._domainkey.example.org"}
    assert {"relay", "spf example.org", "dmarc example.org", "names"} <= {*found} - wrong


def test_a_store_that_cannot_be_opened_is_one_fault(place: Path) -> None:
    with Relay() as relay, Names().open() as names:
        text = TOML.format(relay=relay.port, names=names.host)
        place.write_text(f'{text}[database]\nurl = "sqlite:///none/a.db"\n', encoding="utf-8")
        names.texts = {**SPF, **DMARC}
        code, found = examined(place)
    assert (code, [name for name, check in found.items() if not check["ok"]]) == (1, ["database"])
    assert "names" in found


def test_no_answer_of_the_dns_is_no_verdict(place: Path) -> None:
    with Relay() as relay, Names().open() as names:
        names.fails = True
        place.write_text(TOML.format(relay=relay.port, names=names.host), encoding="utf-8")
        _, found = examined(place)
    assert "no name server answers" in found["spf example.org"]["detail"]
    assert "no name server answers" in found["dmarc example.org"]["detail"]


def test_a_wrong_configuration_is_a_check_as_well(tmp_path: Path) -> None:
    place = tmp_path / "tidings.toml"
    place.write_text('[site]\nurl = "https://a.example"\nlanguagse = ["en"]\n', encoding="utf-8")
    code, found = examined(place)
    assert code == 78
    detail = found["configuration"]["detail"]
    assert detail.startswith(f"{place}: site.languages: is missing; ")
    assert "languagse" in detail
    assert list(found) == ["configuration"]


def test_a_clock_that_differs_from_that_of_the_database_is_told_of(place: Path) -> None:
    with Relay() as relay, Names().open() as names:
        place.write_text(TOML.format(relay=relay.port, names=names.host), encoding="utf-8")
        checks = doctor.examine(load(place), now=make.NOW.replace(year=1999))
    (clock,) = [check for check in checks if check.name == "clock"]
    assert not clock.ok
    assert "seconds from that of the database" in clock.detail


def test_packages_that_bring_modules_of_our_names_are_named() -> None:
    ours = {"publisher": ["tidings"], "store": ["tidings"], "scheduler": ["tidings"]}
    assert doctor.names(ours).ok
    clash = doctor.names({**ours, "store": ["tidings", "some-store"]})
    assert not clash.ok
    assert clash.detail == "installed beside store of some-store"
