"""The steps of a pass that send, or that wake the workers who do."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from threading import Event

from publisher.config import Config
from publisher.delivery import engine, unknowns
from publisher.delivery.letters import send
from publisher.passes import Pass
from store import jobs
from store.database import Database


def send_letters(
    done: Pass, database: Database, config: Config, now: datetime, stop: Event | None = None
) -> None:
    """Send the letters that are due."""
    done.attempt(lambda: done.count_letters(send(database, config, now=now, stop=stop)))


def deliver(
    done: Pass,
    database: Database,
    config: Config,
    clock: Callable[[], datetime],
    stop: Event | None = None,
) -> None:
    """Ask relays for the mails that are to be asked for, then deliver what is due."""

    def send_mails() -> None:
        # To read the logs of relays may have taken long.
        done.count(engine.deliver(database, config, now=clock(), clock=clock, stop=stop))

    # What a relay turns out not to have goes out with the others.
    done.attempt(partial(ask, done, database, config, clock))
    done.attempt(send_mails)


def ask(done: Pass, database: Database, config: Config, clock: Callable[[], datetime]) -> None:
    """Ask relays for the mails that nobody can say of."""
    done.problems += unknowns.settle_due(database, config, now=clock()).problems


def wake(database: Database, now: datetime) -> None:
    """Make the jobs of what is due and has none, whyever that is."""
    with database.write() as tx:
        jobs.wake_all(tx, now=now)
