"""The keeper of a shift: what the dead left, and what is due and has no job, is found again."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status
from procrastinate.manager import JobManager

from publisher.delivery import recovery, unknowns
from publisher.delivery.workers.adapters import STALLED
from publisher.delivery.workers.station import LOOK, Station
from publisher.errors import TidingsError
from store import jobs

#: Looks of the first kind for one for what is due and has no job: with many workers and many
#: batches that is much to ask.
_SELDOM = 3

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Looks every few seconds."""

    station: Station
    manager: JobManager

    async def keep(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        for number in count():
            try:
                await self._remove_stalled()
                await loop.run_in_executor(None, self._recover)
                if number % _SELDOM == 0:
                    await loop.run_in_executor(None, self._wake)
            except (TidingsError, ConnectorException) as error:
                self.station.say(str(error.__cause__ or error))
            except Exception as error:  # noqa: BLE001  (logged; the next look is not given up)
                _LOG.exception("what the dead left was not settled")
                self.station.say(f"unforeseen, see the traceback: {error!r}")
            await asyncio.sleep(LOOK)

    async def _remove_stalled(self) -> None:
        """Remove the jobs of the dead; what they were about gets another if it is still due."""
        for job in await self.manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
            # Another worker may be quicker.
            with suppress(ConnectorException):
                await JobManager.finish_job(self.manager, job, Status.FAILED, delete_job=True)

    def _recover(self) -> None:
        at, now = self.station, self.station.clock()
        at.say_unknown(len(recovery.recover(at.database, at.config, now=now)))
        # Where each host has a Postfix, that of the host which ticks knows nothing of ours.
        asked = unknowns.settle_due(at.database, at.config, now=now, only_ours=True)
        for problem in asked.problems:
            at.say(problem)

    def _wake(self) -> None:
        with self.station.database.write() as tx:
            jobs.wake_all(tx, now=self.station.clock())
