"""The connections of one run: as many as there may be, to whichever of its relays answers."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from publisher.delivery import relays, smtp
from publisher.delivery.desk import Desk
from publisher.delivery.doors import Door
from publisher.delivery.hand import Hand
from publisher.delivery.holding import Holder
from publisher.delivery.outgoing import Relay
from publisher.delivery.relays import Failover
from publisher.delivery.room import ROOM, Seat
from publisher.errors import JournalError, LeaseError, UnreachableError

#: Connections in a row that end before the relay has answered anything about a mail.
_RECONNECTIONS = 3

#: Seconds between two tries to have a connection again that gave way to letters.
_AGAIN = 0.5
#: Seconds between two tries to have one again that the relay has no room for any more.
_LATER = 15.0
#: Seconds for which letters are waited for that nobody sends from here.
_LONGEST = 120.0


@dataclass(kw_only=True)
class Connections:
    """All of them, and what is known of their relays."""

    #: Relays that stand in for each other.
    route: Sequence[Relay]
    hand: Hand
    holder: Holder
    desk: Desk
    failover: Failover = field(default_factory=Failover)
    #: What those to each relay take their mails from, by its name.
    doors: dict[str, Door] = field(init=False)
    #: Those that there are, by the names of their relays.
    lines: Counter[str] = field(default_factory=Counter)
    #: Which of them there have been, by the names of their relays and their numbers.
    made: set[tuple[str, int]] = field(default_factory=set)
    #: Since when letters have been due, by the holder's clock; None while none are.
    _due: float | None = None

    def __post_init__(self) -> None:
        """Open a door to each relay."""
        self.doors = {relay.name: Door(hand=self.hand, relay=relay) for relay in self.route}

    async def all(self) -> list[BaseException | None]:
        """Send until nothing is left; return what each raised."""
        most = max(relay.connections for relay in self.route)
        work = [self._converse(number) for number in range(most)]
        return await asyncio.gather(*work, return_exceptions=True)

    def heed(self, *, are_letters_due: bool) -> None:
        """Take it that letters are due, whoever sends them, or that none are."""
        since = self.holder.time() if self._due is None else self._due
        self._due = since if are_letters_due else None

    def letters_wait(self) -> bool:
        """Return whether letters may be sent by somebody just now."""
        # Where nobody sends letters at all, no campaign may wait for that.
        return self._due is not None and self.holder.time() < self._due + _LONGEST

    def _seat(self, relay: Relay, number: int) -> Seat:
        config = self.holder.maker.config
        is_theirs = relay.name in relays.route_of(config, config.sender)
        return Seat(
            door=self.doors[relay.name],
            relay=relay,
            is_last=is_theirs and number == relay.connections - 1,
            letters_wait=self.letters_wait,
            room=ROOM,
        )

    async def _converse(self, number: int) -> None:
        """Send until nothing is left, or it cannot go on, as one connection of many."""
        fruitless, missed, problem, gave_way = 0, 0, "", False
        while fruitless < _RECONNECTIONS and missed < len(self.route) and not self.hand.over:
            usable = [relay for relay in self.route if not self.doors[relay.name].closed]
            relay = self.failover.usable(usable, self.holder.time())
            if relay is None:
                break
            if number >= relay.connections:
                return
            seat = self._seat(relay, number)
            gave_way = await self._give_way(seat) or gave_way
            before = self.hand.answered
            try:
                problem = await self._send(relay, seat, number)
            except UnreachableError as error:
                problem = str(error)
                if not self.lines[relay.name]:
                    self.failover = self.failover.unreachable(relay, self.holder.time())
                    missed += 1
                elif gave_way or (relay.name, number) in self.made:
                    # A letter of another process may have that place, or the one before that was
                    # left for a new one: not every relay forgets it at once.
                    await self._sit_out(_AGAIN if gave_way else _LATER)
                else:
                    # Others are connected: it takes no more connections.
                    break
            else:
                is_fruitful = self.hand.answered > before or seat.gives_way
                fruitless, missed = 0 if is_fruitful else fruitless + 1, 0
        self._tell(problem)

    async def _give_way(self, seat: Seat) -> bool:
        """Wait while letters have a place, or may have it; return whether they did."""
        gave_way = False
        while seat.gives_way and not self.hand.over:
            gave_way = True
            await asyncio.sleep(_AGAIN)
        return gave_way

    async def _sit_out(self, seconds: float) -> None:
        """Wait for so long, or until nothing is left to send."""
        until = self.holder.time() + seconds
        while self.holder.time() < until and not self.hand.over:  # noqa: ASYNC110  (either may be first)
            await asyncio.sleep(min(seconds, _AGAIN))

    def _tell(self, problem: str) -> None:
        if not self.hand.over and problem:
            self.hand.problems.append(problem)

    async def _send(self, relay: Relay, seat: Seat, number: int) -> str:
        """Send over one connection; return why it ended. Raises UnreachableError."""
        problem, door = "the relay closes its connections", self.doors[relay.name]
        try:
            told = partial(self._connected, relay, number)
            with seat.taken() as is_free:
                if is_free:
                    ended = await smtp.send(relay, seat, door, connected=told)
                    problem = (door.problem if door.closed else ended) or problem
        except LeaseError:
            await self.desk.ask(lambda: self.holder.renew(self.hand.held.copy()))
            self.hand.withdraw(lambda mail: mail.held.lost)
        except JournalError as error:
            self.hand.close(str(error))
        return problem

    def _connected(self, relay: Relay, number: int, is_there: bool) -> None:  # noqa: FBT001
        self.lines[relay.name] += 1 if is_there else -1
        if is_there:
            self.made.add((relay.name, number))
            self.failover = self.failover.reached(relay)
