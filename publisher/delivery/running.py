"""One run: batches become mails, mails go over connections, and what became of them is kept.

    feeder     takes the next batch before the last one is gone, makes mails ahead
    connections take them and witness what becomes of each
    watcher    folds what has ended, renews leases, looks whether something was stopped

What asks the store runs in one thread, the desk, what makes mails in others, all else in that of
the event loop: no connection waits for the store.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Event

from publisher.delivery import smtp
from publisher.delivery.desk import PATIENCE, Desk
from publisher.delivery.doors import Door
from publisher.delivery.feeding import Feeder
from publisher.delivery.hand import Hand
from publisher.delivery.holding import Holder, closed
from publisher.delivery.journal import Journal
from publisher.delivery.outcome import Outcome
from publisher.delivery.outgoing import Relay
from publisher.delivery.relays import Failover
from publisher.errors import (
    BusyError,
    JournalError,
    LeaseError,
    StoreError,
    UnreachableError,
)
from store.records import Ending

#: Connections in a row that end before the relay has answered anything about a mail.
_RECONNECTIONS = 3

#: Seconds between two looks at whether to stop, at what was paused, and between two folds.
_LOOK = 0.25
_FOLD = 1.0
#: Seconds that a mail stays in hand for while its domain is left alone.
_LEFT_ALONE = 5.0

Progress = Callable[[Ending], None]


@dataclass(kw_only=True)
class Run:
    """One run: as many connections as there may be, fed from as few batches as it takes."""

    #: Relays that stand in for each other.
    route: Sequence[Relay]
    holder: Holder
    journal: Journal
    outcome: Outcome
    progress: Progress | None
    stop: Event
    hand: Hand
    failover: Failover = field(default_factory=Failover)
    #: What the connections to each relay take their mails from, by its name.
    doors: dict[str, Door] = field(init=False)
    #: Connections that there are, by the names of their relays.
    lines: Counter[str] = field(default_factory=Counter)
    #: Whether all that the journal says is in the store.
    settled: bool = False
    #: Set when all connections have ended.
    over: asyncio.Event = field(default_factory=asyncio.Event)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        """Open the desk, and a door to each relay."""
        self.doors = {relay.name: Door(hand=self.hand, relay=relay) for relay in self.route}
        self.desk = Desk(hand=self.hand)

    async def all(self) -> None:
        """Send until nothing is due, or nobody answers; then settle everything."""
        feeding = Feeder(hand=self.hand, holder=self.holder, desk=self.desk)
        with self.desk:
            feeder = asyncio.create_task(feeding.feed())
            watcher = asyncio.create_task(self._watch())
            most = max(relay.connections for relay in self.route)
            work = [self._converse(number) for number in range(most)]
            try:
                found = await asyncio.gather(*work, return_exceptions=True)
            finally:
                self.hand.close()
                self.over.set()
                others = await asyncio.gather(feeder, watcher, return_exceptions=True)
                await self._settle()
        self.outcome.cancelled += feeding.cancelled
        # Said once, however many connections failed in the same way.
        refused = {door.problem for door in self.doors.values()} - {""}
        self.outcome.problems += sorted({*self.hand.problems} | refused)
        for error in (*found, *others):
            if isinstance(error, BaseException):
                raise error

    async def _converse(self, number: int) -> None:
        """Send until nothing is left, or it cannot go on, as one connection of many."""
        fruitless, missed, problem = 0, 0, ""
        while fruitless < _RECONNECTIONS and missed < len(self.route) and not self.hand.over:
            open_to_us = [relay for relay in self.route if not self.doors[relay.name].closed]
            relay = self.failover.usable(open_to_us, self.holder.time())
            if relay is None:
                break
            if number >= relay.connections:
                return
            before = self.hand.answered
            try:
                problem = await self._send(relay)
            except UnreachableError as error:
                problem = str(error)
                if self.lines[relay.name]:
                    # Others are connected: it takes no more connections.
                    break
                self.failover = self.failover.unreachable(relay, self.holder.time())
                missed += 1
            else:
                fruitless = 0 if self.hand.answered > before else fruitless + 1
                missed = 0
        if not self.hand.over and problem:
            self.hand.problems.append(problem)

    async def _send(self, relay: Relay) -> str:
        """Send over one connection; return why it ended. Raises UnreachableError."""
        problem, door = "the relay closes its connections", self.doors[relay.name]
        try:
            told = partial(self._connected, relay)
            ended = await smtp.send(relay, door, door, connected=told)
            problem = (door.problem if door.closed else ended) or problem
        except LeaseError:
            await self.desk.ask(lambda: self.holder.renew(self.hand.held.copy()))
            self.hand.withdraw(lambda mail: mail.held.lost)
        except JournalError as error:
            self.hand.close(str(error))
        return problem

    def _connected(self, relay: Relay, is_there: bool) -> None:  # noqa: FBT001
        self.lines[relay.name] += 1 if is_there else -1
        if is_there:
            self.failover = self.failover.reached(relay)

    # The watcher: what has ended is folded, what was stopped is not handed out any more.

    async def _watch(self) -> None:
        folded = self.holder.time()
        while not await self._wait(_LOOK):
            if self.stop.is_set():
                self.hand.close()
            # Without the store it goes on with what is in hand; the journal keeps how that ends.
            with suppress(StoreError, BusyError):
                await self._look()
                await self._renew()
                if self.holder.time() >= folded + _FOLD or any(not h.left for h in self.hand.held):
                    folded = self.holder.time()
                    await self._fold()

    async def _wait(self, seconds: float) -> bool:
        """Wait so long, or until the run is over; return whether it is."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), seconds)
        return self.over.is_set()

    async def _look(self) -> None:
        """Withdraw the mails of issues that were stopped, and those whose window has closed."""
        self.hand.hand_back(_LEFT_ALONE)
        held = [each for each in self.hand.held if each.left]
        if not held:
            return
        pace = self.hand.waiting.pace
        if pace.limited:
            pace.share(await self.desk.do(self.holder.among))
        stopped = await self.desk.do(self.holder.stopped, {each.batch.issue_id for each in held})
        now, known = self.holder.clock(), self.holder.maker.known
        windowed = {
            each.batch.edition_id
            for each in held
            if known[each.batch.edition_id].newsletter.windows
        }
        opens = {
            edition_id: closed(
                known[edition_id],
                {zone for h in held if h.batch.edition_id == edition_id for zone in h.zones},
                now,
            )
            for edition_id in windowed
        }
        self.hand.withdraw(
            lambda mail: (
                mail.held.lost
                or mail.delivery.issue_id in stopped
                or mail.delivery.timezone in opens.get(mail.delivery.edition_id, ())
            )
        )

    async def _fold(self) -> None:
        """Fold what has ended, and let the batches go of which everything has."""
        done = [each for each in self.hand.held if not each.left]
        some, self.hand.endings = self.hand.endings, []
        if not some and not done:
            return
        try:
            await self.desk.do(self.holder.settle, [ending for ending, _ in some], done)
        except BaseException:
            self.hand.endings = some + self.hand.endings
            raise
        self.hand.held = [each for each in self.hand.held if each not in done]
        await self.desk.do(self._told, some)

    def _told(self, some: Sequence[tuple[Ending, bool]]) -> None:
        """Count what the store has, and tell of it."""
        # If it cannot be noted, the store is told again, which changes nothing.
        if noted := sum(noted for _, noted in some):
            with suppress(JournalError):
                self.journal.folded(noted)
        for ending, _ in some:
            self.outcome.count(ending)
            if self.progress:
                self.progress(ending)

    async def _renew(self) -> None:
        """Renew the batches of which half the lease is over."""
        soon = self.holder.time() + self.holder.lease / 2
        if held := [each for each in self.hand.held if not each.lost and each.until < soon]:
            await self.desk.do(self.holder.renew, held)

    async def _settle(self) -> None:
        """Fold all that has ended, and let go of everything; a store that is gone is waited for."""
        for each in self.hand.held:
            each.left = 0
        until = self.holder.time() + PATIENCE
        while not self.settled:
            try:
                await self._fold()
                await self.desk.do(self.holder.give_back)
                self.settled = True
            except (StoreError, BusyError) as error:
                if self.holder.time() > until:
                    # The next run finds in the journal what the store does not have.
                    self.hand.problems.append(str(error))
                    return
                await asyncio.sleep(_LOOK)
