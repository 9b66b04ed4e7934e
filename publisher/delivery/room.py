"""Room for letters: each campaign's last connection to a relay gives way while some go out.

    letters     ask --------> wait until no last connection is open --> connect --> done
    a campaign  last one open --> closed after its mail --> opened again once nobody asks

Nobody waits for the next mail of a campaign, and somebody does for a letter. So letters are sent
beside campaigns over no more connections than the relay is to have, and are never refused for
theirs. What is known here is this process alone; of letters that others send, the store tells
(:meth:`publisher.delivery.holding.Holder.are_letters_due`).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from threading import Condition

from publisher.delivery.doors import Door
from publisher.delivery.outgoing import Outgoing, Relay

_Place = tuple[str, int]

#: Seconds that letters wait for their place. A relay may take minutes to answer for a mail that is
#: under way: then one connection too many is better.
_PATIENCE = 5.0


class Room:
    """Who asks for room at which relay, and how many last connections there are. For threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._asked: Counter[_Place] = Counter()
        self._taken: Counter[_Place] = Counter()

    def is_asked(self, relay: Relay) -> bool:
        """Return whether letters want a connection to a relay, or have one."""
        return self._asked[relay.host, relay.port] > 0

    @contextmanager
    def asked(self, relay: Relay) -> Iterator[None]:
        """Have a place at a relay that every campaign of this process leaves, once it has.

        Or when that takes too long: somebody waits for the letter.
        """
        place = (relay.host, relay.port)
        with self._changed:
            self._asked[place] += 1
        try:
            with self._changed:
                self._changed.wait_for(lambda: not self._taken[place], _PATIENCE)
            yield
        finally:
            with self._changed:
                self._asked[place] -= 1

    @contextmanager
    def taken(self, relay: Relay) -> Iterator[bool]:
        """Have the place of a campaign's last connection; say whether it is to be had."""
        place = (relay.host, relay.port)
        with self._changed:
            is_free = not self._asked[place]
            self._taken[place] += is_free
        try:
            yield is_free
        finally:
            with self._changed:
                self._taken[place] -= is_free
                self._changed.notify_all()


#: That of this process: letters and campaigns are jobs of their own, which share nothing else.
ROOM = Room()


@dataclass(kw_only=True)
class Seat:
    """One connection's place at a relay, and what it takes its mails from."""

    door: Door
    relay: Relay
    #: Whether it is the one that gives way.
    is_last: bool
    #: Whether letters are due that another process may send.
    letters_wait: Callable[[], bool]
    room: Room

    @property
    def hasty(self) -> bool:
        """Whether the run was told to stop."""
        return self.door.hasty

    @property
    def gives_way(self) -> bool:
        """Whether it is to be left now."""
        return self.is_last and (self.room.is_asked(self.relay) or self.letters_wait())

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Have it; say whether it is to be had."""
        any_other = nullcontext(enter_result=True)
        with self.room.taken(self.relay) if self.is_last else any_other as is_free:
            yield is_free

    def next(self) -> Outgoing | None:
        """Return a mail that may go now, None when there is none, or it is to be left."""
        return None if self.gives_way else self.door.next()

    def wants(self, mail: Outgoing) -> bool:
        """Say whether a mail that was taken is still to go."""
        return self.door.wants(mail)

    async def wait(self) -> bool:
        """Wait until there may be one; False when none will come here any more."""
        return await self.door.wait(unless=lambda: self.gives_way)
