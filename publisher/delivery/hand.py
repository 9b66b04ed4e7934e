r"""The mails in hand: what the connections take theirs from, and who witnesses how each ends.

    batches claimed --> not made --> made --next--> under way --ended--> endings --> store
                           ^                            |
                           \----- returned, unsent -----/

All of it in one thread, that of the event loop. A mail that is dropped is never begun: its row
stays claimed until its batch is given back, and waits again then.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from publisher.delivery import endings
from publisher.delivery.held import Held, Mail
from publisher.delivery.journal import Journal
from publisher.delivery.outgoing import Answer, Outgoing, Verdict
from publisher.delivery.pace import GIVE_UP
from publisher.delivery.waiting import Waiting
from publisher.errors import JournalError, LeaseError
from store.records import Delivery, Ending

#: How often a mail that a broken connection gives back is tried again at once.
_RETURNS = 2

#: Mails that are made ahead; with fewer, connections wait for them.
AHEAD = 200
#: The same while none of those may go yet: others may.
_FURTHER = 2_000


@dataclass(kw_only=True)
class Hand:
    """All mails in hand; the source and the witness of every connection."""

    journal: Journal
    clock: Callable[[], datetime]
    #: Seconds that only go on.
    time: Callable[[], float]
    #: Those that are made.
    waiting: Waiting[Mail]
    #: For how long a mail is tried again that is refused for now.
    give_up: timedelta = GIVE_UP
    unmade: deque[Mail] = field(default_factory=deque)
    under_way: dict[int, Mail] = field(default_factory=dict)
    #: What the store does not know yet; whether the journal says it.
    endings: list[tuple[Ending, bool]] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    #: Answers that came, of any kind.
    answered: int = 0
    #: Nothing more comes from the store.
    exhausted: bool = False
    #: Nothing more is handed out.
    closed: bool = False
    problems: list[str] = field(default_factory=list)
    #: Somebody asked for a mail, at all; and got none.
    asked: bool = False
    starved: bool = False
    #: Set when whoever waits is to look again.
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    # What the connections ask for.

    def next(self) -> Outgoing | None:
        """Return a mail that may go now, None when there is none at this moment."""
        mail = None if self.closed else self.waiting.next(self.time())
        self.asked, self.starved = True, mail is None
        if self.hungry:
            self.changed.set()
        if mail is None:
            return None
        self.under_way[mail.delivery.id] = mail
        return mail.made

    @property
    def hasty(self) -> bool:
        """Whether it was told to stop."""
        return self.closed

    @property
    def hungry(self) -> bool:
        """Whether more mails should be made."""
        return self.asked and len(self.waiting) < (_FURTHER if self.starved else AHEAD)

    async def wait(self, *, unless: Callable[[], bool] = lambda: False) -> bool:
        """Wait until there may be one; False when none will come any more, or ``unless`` is so."""
        while not (self.over or unless()):
            at = self.time()
            pause = self.waiting.next_at(at) - at
            if pause <= 0:
                return True
            await self.change(None if pause == inf else pause)
        return False

    def wants(self, mail: Outgoing) -> bool:
        """Say whether a mail that was taken, and has not started, is still to go."""
        return not self.under_way[mail.id].withdrawn

    def starting(self, mail: Outgoing) -> None:
        """Note that the relay may have the mail from now on.

        Raises LeaseError where the batch may be another's by now, JournalError where it cannot
        be noted: then it must not begin.
        """
        found = self.under_way[mail.id]
        if found.held.lost or self.time() >= found.held.until:
            raise LeaseError(f"batch {found.held.batch.id} was not renewed in time")
        self.journal.begin(found.attempt)

    def ended(self, mail: Outgoing, answer: Answer) -> None:
        """Note what became of a mail that was taken."""
        found = self.under_way.pop(mail.id)
        self.waiting.ended(found, answer, self.time())
        try:
            self.journal.end(found.attempt, answer)
            noted = answer.verdict is not Verdict.UNSENT
        except JournalError as error:
            # The store may still take it; nothing new begins.
            noted = False
            self.close(str(error))
        if answer.verdict is not Verdict.UNSENT:
            self.answered += 1
        elif self._returned(found):
            return
        self._end(found, answer, noted=noted)

    def _returned(self, mail: Mail) -> bool:
        """Take a mail back that the relay has not judged; return whether that is all."""
        mail.returns += 1
        if self.closed or mail.withdrawn or mail.held.lost:
            self._drop(mail)
            return True
        if mail.returns > _RETURNS:
            return False
        self.waiting.put_back(mail)
        self.changed.set()
        return True

    def _end(self, mail: Mail, answer: Answer, *, noted: bool) -> None:
        delivery = mail.delivery
        ending = endings.of(
            answer, delivery.id, delivery.attempts, now=self.clock(), give_up=self.give_up
        )
        self.endings.append((ending, noted))
        self._drop(mail)

    def _drop(self, mail: Mail) -> None:
        mail.held.left -= 1
        self.changed.set()

    # What the engine puts in.

    def hold(self, held: Held, deliveries: Iterable[Delivery]) -> None:
        """Take a batch that was claimed, with its deliveries."""
        mails = [Mail(delivery=delivery, held=held) for delivery in deliveries]
        held.left = len(mails)
        held.zones = frozenset(mail.delivery.timezone for mail in mails)
        self.held.append(held)
        if self.closed:
            held.left = 0
        else:
            self.unmade.extend(mails)

    def offer(self, mails: Iterable[Mail]) -> None:
        """Offer mails that are made."""
        for mail in mails:
            if self.closed or mail.held.lost:
                self._drop(mail)
            else:
                self.waiting.add(mail)
        self.changed.set()

    def refuse(self, mail: Mail, reason: str) -> None:
        """End a mail that cannot be made."""
        answer = Answer(verdict=Verdict.PERMANENT, text=reason)
        self._end(mail, answer, noted=False)

    def withdraw(self, which: Callable[[Mail], bool]) -> None:
        """Hand none of these out any more, nor have those go that are out and have not started."""
        for mail in filter(which, self.under_way.values()):
            mail.withdrawn = True
        out = [*self.waiting.withdraw(which), *(mail for mail in self.unmade if which(mail))]
        self.unmade = deque(mail for mail in self.unmade if not which(mail))
        for mail in out:
            self._drop(mail)

    def hand_back(self, patience: float) -> None:
        """Drop the mails whose domains are left alone for longer than so many seconds, until then.

        Else they would hold up their batch and the pass. No relay was offered them: no attempt.
        """
        now = self.clock()
        for mail, seconds in self.waiting.hand_back(self.time(), patience):
            mail.held.later[mail.delivery.id] = now + timedelta(seconds=seconds)
            self._drop(mail)

    def close(self, problem: str = "") -> None:
        """Hand nothing out any more; what is under way ends as it ends."""
        self.closed = True
        if problem:
            self.problems.append(problem)
        self.withdraw(lambda _: True)
        self.changed.set()

    def exhaust(self) -> None:
        """Note that nothing more comes from the store."""
        self.exhausted = True
        self.changed.set()

    @property
    def over(self) -> bool:
        """Whether a connection that has nothing under way can go."""
        return self.closed or (self.exhausted and not self.waiting)

    async def change(self, seconds: float | None = None) -> None:
        """Wait until something changes, for so many seconds at the most."""
        self.changed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.changed.wait(), seconds)
