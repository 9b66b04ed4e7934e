"""A shift: work from one loss of the database to the next."""

import asyncio
from dataclasses import dataclass, field
from threading import Event

from procrastinate import App, PsycopgConnector

from publisher.delivery.workers.adapters import Manager, Worker
from publisher.delivery.workers.keeper import Keeper
from publisher.delivery.workers.station import Station
from publisher.delivery.workers.tasks import Tasks
from store import jobs

#: Seconds that the database may take to let a connection in.
_PATIENCE = 5.0
#: Connections that Procrastinate has at most, besides the two that listen.
_CONNECTIONS = 4


@dataclass(kw_only=True)
class Shift:
    """Some workers of Procrastinate's that begin and end together."""

    station: Station
    #: Once it is set, what is in flight ends and the rest is given back.
    over: Event = field(default_factory=Event)
    workers: list[Worker] = field(default_factory=list)

    async def work(self) -> None:
        """Take jobs until it is over. Raises ConnectorException and psycopg's errors."""
        app = self._app()
        self.workers = [
            Worker(app, jobs.BATCHES, self.station.concurrency, stopped=self.end),
            # Of their own: somebody waits for a letter, and a batch may take minutes.
            Worker(app, jobs.LETTERS, 1, stopped=self.end),
        ]
        async with app.open_async():
            work = [
                asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]
                for worker in self.workers
            ]
            looks = Keeper(station=self.station, manager=app.job_manager).keep()
            keeper = asyncio.create_task(looks)
            try:
                await self._all(work)
            finally:
                keeper.cancel()
                await asyncio.gather(keeper, return_exceptions=True)

    def _app(self) -> App:
        """Return what jobs there are, and whom they are asked of."""
        connector = PsycopgConnector(
            kwargs=dict(self.station.database.address),
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_PATIENCE,
        )
        app = App(connector=connector)
        app.job_manager = Manager(connector, alive=self._beat, lost=self.end)
        tasks = Tasks(station=self.station, over=self.over)
        app.task(name=jobs.BATCHES)(tasks.send_batch)
        app.task(name=jobs.LETTERS)(tasks.send_letters)
        return app

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
            worker.stop()

    def _beat(self, worker_id: int) -> None:
        """Show the watchdog that a worker is at work."""
        for worker in self.workers:
            if worker.worker_id == worker_id:
                self.station.pulse.beat(str(worker.worker_name))
