"""What the jobs of workers do, each in a thread."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from publisher.delivery import engine, letters
from publisher.delivery.workers.station import Station
from publisher.errors import ConfigError, TidingsError
from store import jobs

#: Seconds for which a job whose relay is gone waits before it ends.
_PAUSE = 5.0

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """The jobs of one shift."""

    station: Station
    #: Set when what is in flight is to end.
    over: Event

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
        at.say_unknown(len(outcome.doubtful))
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
            self.station.give_up(error)
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
