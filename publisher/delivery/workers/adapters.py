"""Procrastinate's worker and manager, which tell the shift how they are."""

from collections.abc import Callable

import psycopg
from procrastinate import App, PsycopgConnector, manager, worker
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from publisher.delivery.workers.station import LOOK

#: Seconds between two signs of life of a worker, and after how many without one it is stalled.
_HEARTBEAT, STALLED = 2.0, 6.0


class Worker(worker.Worker):
    """One of Procrastinate's workers, which ends its shift when it ends."""

    def __init__(
        self, app: App, queue: str, concurrency: int, *, stopped: Callable[[], None]
    ) -> None:
        super().__init__(
            app,
            queues=[queue],
            name=queue,
            concurrency=concurrency,
            fetch_job_polling_interval=LOOK,
            update_heartbeat_interval=_HEARTBEAT,
            stalled_worker_timeout=STALLED,
            delete_jobs="successful",
            install_signal_handlers=False,
        )
        self._stopped = stopped

    def stop(self) -> None:
        """Stop; also when it was Procrastinate that found something amiss."""
        super().stop()  # type: ignore[no-untyped-call]
        self._stopped()


class Manager(manager.JobManager):
    """Procrastinate's questions to the database, of which two tell of how the worker is."""

    def __init__(
        self,
        connector: PsycopgConnector,
        *,
        alive: Callable[[int], None],
        lost: Callable[[], None],
    ) -> None:
        super().__init__(connector)
        self._alive = alive
        self._lost = lost

    async def update_heartbeat(self, worker_id: int) -> None:
        """Give a sign of life, to the watchdog as well."""
        await super().update_heartbeat(worker_id)
        self._alive(worker_id)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001
        """Say that a job has ended. Procrastinate would not notice that this cannot be said.

        Where others have removed it, all is well. A worker that has lost the database begins anew:
        until then nobody else would take the job for one of the dead.
        """
        try:
            await super().finish_job(job, status, delete_job)
        except ConnectorException as error:
            if isinstance(error.__cause__, psycopg.OperationalError):
                self._lost()
