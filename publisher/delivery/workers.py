"""Deliver on any number of hosts; Procrastinate's one home.

    job of a batch  --> still due, and free? --> deliver(), from this batch on
                                                 as many at once as are allowed
    job of letters  --> send()                   beside these
    every few seconds: what the dead left is settled, their jobs are removed,
                       and what is due and has no job gets one

Procrastinate only wakes: who has which batch says the store (:mod:`store.batches`), what became
of a mail the journal, so a job that is run twice, too late or never does no harm. A loss of the
database ends a *shift*: what is in flight ends, the rest is given back, and the worker begins anew
under another number, whatever the old one had is recovered like that of the dead.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from threading import Event

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.worker import Worker

from publisher.config import Config
from publisher.delivery import engine, letters, recovery, relays, unknowns
from publisher.delivery.watchdog import Pulse, watching
from publisher.errors import ConfigError, SchemaError, TidingsError
from store import jobs
from store.database import Database

#: Seconds between two signs of life of a worker, and after how many without one it is stalled.
_HEARTBEAT, _STALLED = 2.0, 6.0
#: Seconds between two looks for what the dead left; for jobs, should no notification come.
_LOOK = 2.0
#: Looks of the first kind for one for what is due and has no job: with many workers and many
#: batches that is much to ask.
_SELDOM = 3
#: Seconds for which a job whose relay is gone waits before it ends.
_PAUSE = 5.0
#: Seconds that the database may take to let a connection in.
_PATIENCE = 5.0

#: Threads beside those of the batches: letters, the look, names that are looked up.
_SPARE = 4
#: Connections that Procrastinate has at most, besides the two that listen.
_CONNECTIONS = 4

_LOG = logging.getLogger(__name__)


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
    station = _Station(
        database=database, config=config, clock=clock, say=say, concurrency=concurrency
    )
    for name in ("procrastinate", "psycopg.pool"):
        # What befalls them we say ourselves, once and without the traceback.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with watching(station.pulse, config.delivery.watchdog, say):
        asyncio.run(station.work())


@dataclass(kw_only=True)
class _Station:
    """A process that works, shift by shift."""

    database: Database
    config: Config
    clock: Callable[[], datetime]
    say: Callable[[str], None]
    concurrency: int
    pulse: Pulse = field(default_factory=Pulse)
    #: Set when it is to end.
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    shift: "_Shift | None" = None
    #: Why it cannot go on.
    mistake: ConfigError | None = None

    async def work(self) -> None:
        """Work until told to leave. Raises ConfigError and SchemaError."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self.concurrency + _SPARE))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.leave)
        while not self.leaving.is_set():
            self.pulse.begin(jobs.BATCHES, jobs.LETTERS)
            await self._shift()
            if self.mistake:
                raise self.mistake
            with suppress(TimeoutError):
                await asyncio.wait_for(self.leaving.wait(), _LOOK)

    async def _shift(self) -> None:
        self.shift = _Shift(station=self)
        try:
            # First this way, since it knows whether the database is of our version, too.
            await asyncio.get_running_loop().run_in_executor(None, self.database.check_version)
            await self.shift.work()
        except SchemaError:
            # Somebody has migrated it: only another program will do.
            raise
        except (TidingsError, ConnectorException, psycopg.Error) as error:
            self.say(f"the worker begins anew: {error.__cause__ or error}")

    def leave(self) -> None:
        """End what is in flight, and give back the rest."""
        self.leaving.set()
        if self.shift:
            self.shift.end()


@dataclass(kw_only=True)
class _Shift:
    """Work from one loss of the database to the next."""

    station: _Station
    #: Once it is set, what is in flight ends and the rest is given back.
    over: Event = field(default_factory=Event)
    workers: list[Worker] = field(default_factory=list)

    async def work(self) -> None:
        """Take jobs until it is over. Raises ConnectorException and psycopg's errors."""
        connector = PsycopgConnector(
            kwargs=dict(self.station.database.address),
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_PATIENCE,
        )
        app = App(connector=connector)
        app.job_manager = _Manager(connector, self)
        app.task(name=jobs.BATCHES)(self.send_batch)
        app.task(name=jobs.LETTERS)(self.send_letters)
        self.workers = [
            _Worker(self, app, jobs.BATCHES, self.station.concurrency),
            # Of their own: somebody waits for a letter, and a batch may take minutes.
            _Worker(self, app, jobs.LETTERS, 1),
        ]
        async with app.open_async():
            work = [
                asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]
                for worker in self.workers
            ]
            keeper = asyncio.create_task(self._keep(app.job_manager))
            try:
                await self._all(work)
            finally:
                keeper.cancel()
                await asyncio.gather(keeper, return_exceptions=True)

    async def _all(self, work: list["asyncio.Task[None]"]) -> None:
        """Wait until all have ended; when one does, so do the others."""
        # What is told to stop before it has begun would forget it.
        await asyncio.sleep(0)
        if self.over.is_set():
            self._stop()
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        self.end()
        for error in await asyncio.gather(*work, return_exceptions=True):
            if error:
                raise error

    def end(self) -> None:
        """End what is in flight, take nothing more."""
        if not self.over.is_set():
            self.over.set()
            if not self.station.leaving.is_set():
                self.station.say("the database is lost: the worker ends what is in flight")
            self._stop()

    def _stop(self) -> None:
        for worker in self.workers:
            worker.stop()  # type: ignore[no-untyped-call]

    # Jobs, each in a thread.

    def send_batch(self, *, batch: int) -> None:
        """Send what is due of a batch."""
        self._do(lambda: self._send_batch(batch))

    def _send_batch(self, batch: int) -> list[str]:
        at, now = self.station, self.station.clock()
        with at.database.read() as tx:
            if not jobs.is_due(tx, batch, now=now):
                return []
        # It goes on with what else is due, so that connections and what is known of the relay's
        # pace are kept from batch to batch. The jobs of those end at once.
        outcome = engine.deliver(
            at.database, at.config, now=now, clock=at.clock, first=batch, stop=self.over
        )
        self._tell(len(outcome.doubtful))
        return outcome.problems

    def send_letters(self) -> None:
        """Send the letters that are due."""
        self._do(self._send_letters)

    def _send_letters(self) -> list[str]:
        at = self.station
        return letters.send(at.database, at.config, now=at.clock()).problems

    def _do(self, work: Callable[[], list[str]]) -> None:
        """Work, unless it is over; where that cannot be done now, wait before the job ends."""
        if self.over.is_set():
            return
        try:
            problems = work()
        except ConfigError as error:
            # Nothing will mend itself: whoever runs this must hear it now.
            self.station.mistake = error
            self.station.leave()
            return
        except TidingsError as error:
            problems = [str(error)]
        except Exception:
            # A mistake of ours: the job stays as one that failed, for somebody to look at.
            _LOG.exception("a job failed")
            self.over.wait(_PAUSE)
            raise
        if problems and not self.over.is_set():
            for problem in problems:
                self.station.say(problem)
            self.over.wait(_PAUSE)

    # The keeper: what is left is found again.

    async def _keep(self, manager: JobManager) -> None:
        loop = asyncio.get_running_loop()
        for number in count():
            try:
                await self._remove_stalled(manager)
                await loop.run_in_executor(None, self._recover)
                if number % _SELDOM == 0:
                    await loop.run_in_executor(None, self._wake)
            except (TidingsError, ConnectorException) as error:
                self.station.say(str(error.__cause__ or error))
            except Exception as error:  # noqa: BLE001  (logged; the next look is not given up)
                _LOG.exception("what the dead left was not settled")
                self.station.say(f"unforeseen, see the traceback: {error!r}")
            await asyncio.sleep(_LOOK)

    async def _remove_stalled(self, manager: JobManager) -> None:
        """Remove the jobs of the dead; what they were about gets another if it is still due."""
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED):
            # Another worker may be quicker.
            with suppress(ConnectorException):
                await JobManager.finish_job(manager, job, Status.FAILED, delete_job=True)

    def _recover(self) -> None:
        at, now = self.station, self.station.clock()
        self._tell(len(recovery.recover(at.database, at.config, now=now)))
        # Where each host has a Postfix, that of the host which ticks knows nothing of ours.
        asked = unknowns.settle_due(at.database, at.config, now=now, only_ours=True)
        for problem in asked.problems:
            at.say(problem)

    def _wake(self) -> None:
        now = self.station.clock()
        with self.station.database.write() as tx:
            jobs.wake_for_due_letters(tx, now=now)
            jobs.wake(tx, now=now)

    def _tell(self, unknown: int) -> None:
        if unknown:
            self.station.say(
                f"{unknown} mails may or may not have been sent: see 'tidings issue list'"
            )


class _Worker(Worker):
    """One of Procrastinate's workers, which ends its shift when it ends."""

    def __init__(self, shift: _Shift, app: App, queue: str, concurrency: int) -> None:
        super().__init__(
            app,
            queues=[queue],
            name=queue,
            concurrency=concurrency,
            fetch_job_polling_interval=_LOOK,
            update_heartbeat_interval=_HEARTBEAT,
            stalled_worker_timeout=_STALLED,
            delete_jobs="successful",
            install_signal_handlers=False,
        )
        self._shift = shift

    def stop(self) -> None:
        """Stop; also when it was Procrastinate that found something amiss."""
        super().stop()  # type: ignore[no-untyped-call]
        self._shift.end()


class _Manager(JobManager):
    """Procrastinate's questions to the database, of which two tell of how the worker is."""

    def __init__(self, connector: PsycopgConnector, shift: _Shift) -> None:
        super().__init__(connector)
        self._shift = shift

    async def update_heartbeat(self, worker_id: int) -> None:
        """Give a sign of life, to the watchdog as well."""
        await super().update_heartbeat(worker_id)
        for worker in self._shift.workers:
            if worker.worker_id == worker_id:
                self._shift.station.pulse.beat(str(worker.worker_name))

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001
        """Say that a job has ended. Procrastinate would not notice that this cannot be said.

        Where others have removed it, all is well. A worker that has lost the database begins anew:
        until then nobody else would take the job for one of the dead.
        """
        try:
            await super().finish_job(job, status, delete_job)
        except ConnectorException as error:
            if isinstance(error.__cause__, psycopg.OperationalError):
                self._shift.end()
