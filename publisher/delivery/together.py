r"""Runs beside each other, one for each route that something is due by.

    what is due --> by which relays? --> a run for each --> over: nothing is due by them
         ^                                                   |
         \---- asked again, for as long as any of them goes on ---/

A campaign may take hours. What falls due meanwhile and goes by other relays has a run of its own
at once: by the relays of that campaign it must not go, and for its end it need not wait.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event

from publisher.delivery import journal, relays
from publisher.delivery.hand import Hand
from publisher.delivery.holding import Holder
from publisher.delivery.outcome import Outcome
from publisher.delivery.relays import Route
from publisher.delivery.running import Progress, Run
from publisher.delivery.waiting import Waiting
from publisher.errors import BusyError, ConfigError, StoreError

#: Seconds between two looks for what has fallen due by other relays.
_LOOK = 1.0
#: Seconds for which relays are left whose run ended with a problem, while others go on.
_REST = 60.0


@dataclass(kw_only=True)
class Together:
    """All runs of one pass."""

    #: Who takes what is due, whichever way it goes.
    holder: Holder
    progress: Progress | None
    stop: Event
    outcome: Outcome = field(default_factory=Outcome)
    _runs: dict[Route, asyncio.Task[None]] = field(default_factory=dict)
    #: From when on a route has another run, in seconds of the holder's clock.
    _rest: dict[Route, float] = field(default_factory=dict)

    def routes(self, now: datetime) -> list[Route]:
        """Return by which relays something is due. Raises ConfigError for one that cannot be."""
        found = self.holder.routes(now)
        for route in found:
            relays.of_route(self.holder.maker.config, route)
        return found

    async def all(self, routes: Sequence[Route], *, first: int | None = None) -> None:
        """Send by these and by all others that something falls due by, until all are over.

        A batch may be the ``first``. Raises what the first run raised.
        """
        try:
            self._begin(routes, [] if first is None else [first])
            while self._runs and (await asyncio.wait(self._runs.values(), timeout=_LOOK))[1]:
                self._begin(await self._others(), [])
        except BaseException:
            for run in self._runs.values():
                run.cancel()
            await asyncio.gather(*self._runs.values(), return_exceptions=True)
            raise
        for error in await asyncio.gather(*self._runs.values(), return_exceptions=True):
            if error:
                raise error

    def _begin(self, routes: Sequence[Route], first: Sequence[int]) -> None:
        for route in routes:
            self._runs[route] = asyncio.create_task(self._run(route, [*first]))

    async def _others(self) -> list[Route]:
        """Return by which relays something is due that none of the runs goes by."""
        if self.stop.is_set() or not relays.several_routes(self.holder.maker.config):
            return []
        try:
            found = await asyncio.to_thread(self.holder.routes, self.holder.clock())
        except (StoreError, BusyError, ConfigError):
            # The next pass begins with what is wrong.
            return []
        return [route for route in found if self._may_begin(route)]

    def _may_begin(self, route: Route) -> bool:
        run = self._runs.get(route)
        if run is None:
            return True
        is_well = run.done() and not run.exception()
        return is_well and self.holder.time() >= self._rest.get(route, 0.0)

    async def _run(self, route: Route, first: list[int]) -> None:
        """Send by one route until nothing is due by it, with a journal of its own."""
        config = self.holder.maker.config
        ways = relays.of_route(config, route)
        own = journal.create(config)
        pace = relays.pace_of(*ways)
        holder = replace(
            self.holder, worker=own.worker, first=first, route=route, limited=pace.limited
        )
        hand = Hand(
            journal=own,
            clock=holder.clock,
            time=holder.time,
            waiting=Waiting(pace),
            give_up=config.give_up,
        )
        run = Run(
            route=ways,
            holder=holder,
            journal=own,
            outcome=Outcome(),
            progress=self.progress,
            stop=self.stop,
            hand=hand,
        )
        try:
            await run.all()
        finally:
            self._ended(run)

    def _ended(self, run: Run) -> None:
        run.journal.close(settled=run.settled)
        self.outcome.join(run.outcome)
        # Said once, however often nobody answered there.
        self.outcome.problems = [*dict.fromkeys(self.outcome.problems)]
        if run.outcome.problems:
            self._rest[run.holder.route] = self.holder.time() + _REST
