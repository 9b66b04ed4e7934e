"""The process of a worker: shift by shift, until it is told to leave."""

import asyncio
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime

import psycopg
from procrastinate.exceptions import ConnectorException

from publisher.config import Config
from publisher.delivery import relays
from publisher.delivery.watchdog import watching
from publisher.delivery.workers.shift import Shift
from publisher.delivery.workers.station import LOOK, Station
from publisher.errors import ConfigError, SchemaError, TidingsError
from store import jobs
from store.database import Database

#: Threads beside those of the batches: letters, the look, names that are looked up.
_SPARE = 4


def run(
    database: Database,
    config: Config,
    *,
    clock: Callable[[], datetime],
    say: Callable[[str], None],
    concurrency: int = 1,
) -> None:
    """Deliver what is due, until SIGTERM or SIGINT; then end what is in flight.

    ``concurrency`` batches at once, each over all connections of its relay. Raises ConfigError
    on SQLite, and for a mistake in the configuration.
    """
    if not database.on_postgresql:
        reason = (
            "workers need a PostgreSQL that their hosts share; on SQLite 'tidings serve', "
            "'tidings tick' and 'tidings deliver' send by themselves"
        )
        raise ConfigError("database.url", [reason])
    relays.for_sender(config, config.sender)
    station = Station(
        database=database, config=config, clock=clock, say=say, concurrency=concurrency
    )
    for name in ("procrastinate", "psycopg.pool"):
        # What befalls them we say ourselves, once and without the traceback.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    say("at work")
    with watching(station.pulse, config.delivery.watchdog, say):
        asyncio.run(_work(station))


async def _work(station: Station) -> None:
    """Work until told to leave. Raises ConfigError and SchemaError."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(station.concurrency + _SPARE))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, station.leave)
    while not station.leaving.is_set():
        station.pulse.begin(jobs.BATCHES, jobs.LETTERS)
        await _work_a_shift(station)
        if station.mistake:
            raise station.mistake
        with suppress(TimeoutError):
            await asyncio.wait_for(station.leaving.wait(), LOOK)


async def _work_a_shift(station: Station) -> None:
    shift = Shift(station=station)
    station.end_shift = shift.end
    try:
        # First this way, since it knows whether the database is of our version, too.
        await asyncio.get_running_loop().run_in_executor(None, station.database.check_version)
        await shift.work()
    except SchemaError:
        # Somebody has migrated it: only another program will do.
        raise
    except (TidingsError, ConnectorException, psycopg.Error) as error:
        station.say(f"the worker begins anew: {error.__cause__ or error}")
