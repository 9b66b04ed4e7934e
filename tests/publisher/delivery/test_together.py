"""What goes by several relays at once: by none that is not its sender's, and by its own at once."""

import asyncio
import time
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest

import scheduler
from publisher import issuing
from publisher.config import Config
from publisher.delivery import engine, together
from publisher.settings.mail import RelaySection
from store import deliveries
from store.database import Database
from tests import make
from tests.fakes import Relay

PROVINCE = "News <news@province.example>"
READER = "reader@example.org"
#: So many that a run takes another batch long before all of them are gone.
MANY = 450


class Patient(Relay):
    """It keeps the last mails waiting until it is told to go on."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.goes_on = Event()
        self.until = time.monotonic() + 20

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        while len(self.accepted) > MANY - 50 and time.monotonic() < self.until:
            if self.goes_on.is_set():
                break
            await asyncio.sleep(0.01)
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def campaign(database: Database, config: Config) -> Database:
    """Give a long campaign that is due, and an issue of another sender that is paused."""
    make.start(database, config, languages=("en",))
    make.start(database, config, key="province", languages=("en",), senders={"*": PROVINCE})
    make.subscribe(database, [f"p{number}@example.org" for number in range(MANY)])
    make.subscribe(database, [READER], newsletter="province")
    make.take(database, config, make.draft("en"))
    scheduler.tick(database, config, now=make.NOW, sends=False)
    issuing.pause(database, other(database))
    return database


@dataclass
class Theirs(Relay):
    """The relay of the other sender, whose mail lets the campaign go on."""

    ours: Patient = field(default_factory=Patient)
    #: How many of the campaign had gone by then.
    before: int = MANY
    #: Connections that there were.
    came: int = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.before = len(self.ours.accepted)
        self.ours.goes_on.set()
        return await super().handle_DATA(server, session, envelope)


def other(database: Database) -> int:
    """Return the issue of the other sender."""
    with database.read() as tx:
        (issue_id,) = (number for number in (1, 2) if deliveries.waiting(tx, issue_id=number) == 1)
    return issue_id


def served(config: Config, ours: Relay, theirs: Relay) -> Config:
    """Return a configuration where the other sender has a relay of its own."""
    section = RelaySection(
        name="province",
        host="127.0.0.1",
        port=theirs.port,
        tls="none",
        domains=("province.example",),
    )
    return ours.serves(config).model_copy(update={"relays": (section,)})


def test_what_falls_due_in_a_long_campaign_goes_by_its_own_relay_and_waits_for_no_end(
    campaign: Database, config: Config
) -> None:
    late = other(campaign)

    class Ours(Patient):
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            if not resumed.is_set():
                resumed.set()
                issuing.resume(campaign, late, now=make.NOW)
            return await super().handle_DATA(server, session, envelope)

    resumed = Event()
    with Ours() as ours, Theirs(ours=ours) as theirs:
        outcome = engine.deliver(campaign, served(config, ours, theirs), now=make.NOW)
    assert (outcome.sent, outcome.problems) == (MANY + 1, [])
    assert theirs.counts == {READER: 1}
    assert READER not in ours.counts
    assert theirs.before < MANY


def test_relays_that_nobody_answers_at_are_tried_again_while_others_go_on(
    campaign: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed(Theirs):
        """Whoever is among the first to come is not let in."""

        async def handle_EHLO(  # noqa: N802
            self, server: Any, session: Any, envelope: Any, name: str, offers: list[str]
        ) -> list[str]:
            session.host_name = name
            self.came += 1
            return ["421 4.3.2 later"] if self.came <= 4 else offers

    monkeypatch.setattr(together, "_REST", 0.0)
    issuing.resume(campaign, other(campaign), now=make.NOW)
    with Patient() as ours, Closed(ours=ours) as theirs:
        outcome = engine.deliver(campaign, served(config, ours, theirs), now=make.NOW)
    assert outcome.sent == MANY + 1
    assert (theirs.counts, theirs.before < MANY) == ({READER: 1}, True)
    (problem,) = outcome.problems
    assert f"no relay at 127.0.0.1:{theirs.port}" in problem
