"""One run: batches become mails, mails go over connections, and what became of them is kept.

    feeder     takes the next batch before the last one is gone, makes mails ahead
    connections take them and witness what becomes of each (:mod:`publisher.delivery.conversing`)
    keeper     folds what has ended, renews leases
    watcher    looks whether something was stopped

What asks the store runs in one thread, the desk, what makes mails in others, all else in that of
the event loop: no connection waits for the store. The watcher has a desk of its own: whoever
pauses an issue need not wait for what is being folded.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event

from publisher.delivery.conversing import Connections
from publisher.delivery.desk import PATIENCE, Desk
from publisher.delivery.feeding import Feeder
from publisher.delivery.hand import Hand
from publisher.delivery.holding import Holder, closed
from publisher.delivery.journal import Journal
from publisher.delivery.outcome import Outcome
from publisher.delivery.outgoing import Relay
from publisher.errors import BusyError, JournalError, StoreError
from store.records import Ending

_LOG = logging.getLogger(__name__)

#: Seconds between two looks at whether to stop, at what was paused; for letters; between two folds.
_LOOK = 0.25
_LETTERS = 1.0
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
    #: Whether all that the journal says is in the store.
    settled: bool = False
    #: Set when all connections have ended.
    over: asyncio.Event = field(default_factory=asyncio.Event)
    desk: Desk = field(init=False)
    #: Where it is only looked.
    window: Desk = field(init=False)
    connections: Connections = field(init=False)

    def __post_init__(self) -> None:
        """Open the desks, and make ready the connections."""
        self.desk, self.window = Desk(hand=self.hand), Desk(hand=self.hand)
        self.connections = Connections(
            route=self.route, hand=self.hand, holder=self.holder, desk=self.desk
        )

    async def all(self) -> None:
        """Send until nothing is due, or nobody answers; then settle everything."""
        feeding = Feeder(hand=self.hand, holder=self.holder, desk=self.desk)
        with self.desk, self.window:
            helping = (feeding.feed(), self._keep(), self._watch())
            helpers = [asyncio.create_task(each) for each in helping]
            try:
                found = await self.connections.all()
            finally:
                self.hand.close()
                self.over.set()
                others = await asyncio.gather(*helpers, return_exceptions=True)
                await self._settle()
        self.outcome.cancelled += feeding.cancelled
        # Said once, however many connections failed in the same way.
        doors = self.connections.doors.values()
        refused = {door.problem for door in doors} - {""}
        self.outcome.problems += sorted({*self.hand.problems} | refused)
        for doubt in filter(None, (door.welcome.doubt(door.relay) for door in doors)):
            _LOG.warning("%s", doubt)
        for error in (*found, *others):
            if isinstance(error, BaseException):
                raise error

    # The watcher: what was stopped is not handed out any more. Without the store it goes on with
    # what is in hand, as the keeper does: the journal keeps how that ends.

    async def _watch(self) -> None:
        asked = self.holder.time()
        while not await self._wait(_LOOK):
            if self.stop.is_set():
                self.hand.close()
            # One that waits for a mail may have to give way to letters.
            self.hand.changed.set()
            with suppress(StoreError, BusyError):
                await self._look()
                if self.holder.time() >= asked + _LETTERS:
                    asked = self.holder.time()
                    due = await self.window.do(self.holder.are_letters_due)
                    self.connections.heed(are_letters_due=due)

    # The keeper: what has ended is folded.

    async def _keep(self) -> None:
        folded = self.holder.time()
        while not await self._wait(_LOOK):
            with suppress(StoreError, BusyError):
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
            pace.share(await self.window.do(self.holder.among))
        stopped = await self.window.do(self.holder.stopped, {each.batch.issue_id for each in held})
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
        # Here, as are all other lines: one that the disk does not take whole is taken back, and
        # must not take with it what another thread has written behind it.
        self._note(sum(noted for _, noted in some))
        await self.desk.do(self._told, [ending for ending, _ in some])

    def _note(self, count: int) -> None:
        """Note in the journal how many endings more the store has."""
        # If it cannot be noted, the store is told again, which changes nothing.
        with suppress(JournalError):
            if count:
                self.journal.folded(count)

    def _told(self, some: Sequence[Ending]) -> None:
        """Count what the store has, and tell of it."""
        for ending in some:
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
