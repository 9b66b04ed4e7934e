"""Mails that wait for one relay: which goes next, without looking at all of them. Pure.

    add --> ready -- next --> under way -- ended -->
              ^  |
              |  +--> alone    its domain asked for patience: until an instant
              +--+--> full     enough of its domain is under way: until one of them ended

Domains stand in one of the three, not mails. Those that are ready take turns, so that a large
provider, or one that is slow, keeps nobody else waiting; mails of a domain go in their order.
"""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import Generic, Protocol, TypeVar

from publisher.delivery.outgoing import Answer
from publisher.delivery.pace import Pace


class Addressed(Protocol):
    """What goes to somebody."""

    @property
    def domain(self) -> str:
        """The domain of who gets it, as :func:`~publisher.delivery.pace.domain_of` says it."""


Mail = TypeVar("Mail", bound=Addressed)


class Waiting(Generic[Mail]):
    """The mails that wait for a relay, of any number of batches, and its pace."""

    def __init__(self, pace: Pace) -> None:
        #: That of the relay, which others may share.
        self.pace = pace
        self._mails: dict[str, deque[Mail]] = {}
        self._ready: deque[str] = deque()
        self._alone: list[tuple[float, str]] = []
        self._full: set[str] = set()
        self._count = 0

    def __len__(self) -> int:
        """Return how many mails wait."""
        return self._count

    def add(self, mail: Mail) -> None:
        """Let a mail wait for its turn."""
        self._of(mail.domain).append(mail)
        self._count += 1

    def put_back(self, mail: Mail) -> None:
        """Let a mail that was taken, and has ended without having gone, be its domain's next."""
        self._of(mail.domain).appendleft(mail)
        self._count += 1

    def _of(self, domain: str) -> deque[Mail]:
        mails = self._mails.get(domain)
        if mails is None:
            self._mails[domain] = mails = deque()
            self._ready.append(domain)
        return mails

    def next(self, at: float) -> Mail | None:
        """Return the mail that goes now, counted as taken; None when none may."""
        if self.pace.next_at(at) > at:
            return None
        while self._alone and self._alone[0][0] <= at:
            self._ready.append(heappop(self._alone)[1])
        while self._ready:
            domain = self._ready.popleft()
            if self._may_go(domain, at):
                return self._take(domain, at)
        return None

    def _take(self, domain: str, at: float) -> Mail:
        mails = self._mails[domain]
        mail = mails.popleft()
        self._count -= 1
        self.pace.taken(domain, at)
        if mails:
            self._ready.append(domain)
        else:
            del self._mails[domain]
        return mail

    def _may_go(self, domain: str, at: float) -> bool:
        """Say whether a domain that was ready still is; if not, put it where it belongs."""
        wait = self.pace.wait_for(domain, at)
        if wait == inf:
            self._full.add(domain)
        elif wait:
            heappush(self._alone, (at + wait, domain))
        return not wait

    def ended(self, mail: Mail, answer: Answer, at: float) -> None:
        """Count what became of a mail that :meth:`next` gave, once for each."""
        domain = mail.domain
        self.pace.ended(domain, answer, at)
        if domain in self._full:
            self._full.remove(domain)
            self._ready.append(domain)

    def next_at(self, at: float) -> float:
        """Return the instant at which :meth:`next` is to be asked again.

        Infinite when only a mail that is added or has ended can change its answer.
        """
        if self._ready:
            return self.pace.next_at(at)
        return max(self._alone[0][0], self.pace.next_at(at)) if self._alone else inf

    def withdraw(self, unwanted: Callable[[Mail], bool]) -> list[Mail]:
        """Take out mails that are not to go, and return them: those of an issue that is paused."""
        out = []
        for domain, mails in list(self._mails.items()):
            mine = [mail for mail in mails if unwanted(mail)]
            if len(mine) == len(mails):
                del self._mails[domain]
            elif mine:
                self._mails[domain] = deque(mail for mail in mails if not unwanted(mail))
            out += mine
        self._count -= len(out)
        self._ready = deque(domain for domain in self._ready if domain in self._mails)
        self._alone = sorted(entry for entry in self._alone if entry[1] in self._mails)
        self._full &= self._mails.keys()
        return out

    def hand_back(self, at: float, patience: float) -> list[tuple[Mail, float]]:
        """Take out the mails whose domains are left alone for longer than so many seconds.

        Each comes with the seconds that are left. Else a batch would be held open by the few of
        its mails that nobody wants now.
        """
        late = {domain: until - at for until, domain in self._alone if until - at > patience}
        out = self.withdraw(lambda mail: mail.domain in late) if late else []
        return [(mail, late[mail.domain]) for mail in out]
