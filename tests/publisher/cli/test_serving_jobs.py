"""What ``tidings serve`` does side by side: a campaign keeps neither letters nor news waiting."""

import asyncio
import http.client
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode

import pytest

from publisher.config import Config
from publisher.config_file import load
from store import batches, deliveries
from store.database import Database, open_database
from store.records import DeliveryState
from tests import make, served
from tests.fakes import Relay

#: A campaign of so many mails, half of them in Arabic.
_MAILS = 120
ZOE = "zoe@example.net"
TOML = """
[site]
url = "https://news.example.org"
languages = ["en", "fr", "es", "ar"]
id = "tag:news.example.org,2013"

[mail]
host = "127.0.0.1"
port = {port}
connections = 1

[scheduler]
interval = 0.1
"""


@dataclass
class Slow(Relay):
    """A relay that takes letters at once, and mails of the campaign when it is let."""

    asked: Event = field(default_factory=Event)
    let: Event = field(default_factory=Event)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if envelope.rcpt_tos[0] != ZOE:
            self.asked.set()
            await asyncio.to_thread(self.let.wait)
            # All of them together would take half a minute.
            await asyncio.sleep(0.25)
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def relay() -> Iterator[Slow]:
    with Slow() as slow:
        try:
            yield slow
        finally:
            slow.let.set()


@pytest.fixture
def config(tmp_path: Path, migrated: bytes, relay: Slow) -> Config:
    (tmp_path / "tidings.db").write_bytes(migrated)
    path = tmp_path / "tidings.toml"
    path.write_text(TOML.format(port=relay.port), encoding="utf-8")
    return load(path, environment=False)


@pytest.fixture
def house(config: Config) -> Iterator[Database]:
    """Return the store of a site with a campaign that is due."""
    now = datetime.now(UTC)
    database = open_database(config.database_url)
    make.start(database, config, since=now - timedelta(days=8))
    for language in ("en", "ar"):
        people = [f"{language}{number}@example.org" for number in range(_MAILS // 2)]
        make.subscribe(database, people, language=language)
    make.take(database, config, make.draft("en"), make.draft("ar"), now=now)
    yield database
    database.close()


def sign_up(port: int) -> int:
    """Sign up on the Arabic form; return what the server answers."""
    form = urlencode({"email": ZOE, "newsletters": "digest"})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("POST", "/subscribe/ar", form, kind)
        return connection.getresponse().status


def test_letters_and_news_go_out_while_a_campaign_does_and_what_is_left_of_it_waits(
    tmp_path: Path, config: Config, house: Database, relay: Slow
) -> None:
    with served.serving(tmp_path) as (process, port):
        assert relay.asked.wait(30)
        assert sign_up(port) < 400
        served.wait_until(lambda: relay.counts[ZOE] == 1)
        news = make.draft("ar", source="well.ar.md", key="well", slug="well")
        make.take(house, config, news, now=datetime.now(UTC))
        served.wait_until(lambda: any((config.public / "ar" / "items").glob("2-*/index.html")))
        # All that while the relay has had the first mail, and has not answered.
        assert set(relay.counts) == {ZOE}
        process.terminate()
        served.wait_until(lambda: not served.listens(port))
        relay.let.set()
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in said
    sent = {address for address in relay.counts if address != ZOE}
    assert 0 < len(sent) < _MAILS
    assert set(relay.counts.values()) == {1}
    with house.read() as tx:
        stood = deliveries.counts(tx)
        assert {mail.email for mail in deliveries.listing(tx, 1, state=DeliveryState.SENT)} == sent
        assert batches.held(tx) == []
    assert stood[DeliveryState.QUEUED] == _MAILS - len(sent)
    assert stood[DeliveryState.UNKNOWN] == stood[DeliveryState.CLAIMED] == 0
