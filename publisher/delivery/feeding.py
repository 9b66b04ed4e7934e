"""The feeder: batches become mails, as many as are needed and some more.

It takes the next batch before the last one is gone. Threads of its own make mails, some together;
several, since OpenSSL signs without keeping Python's other threads from running.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from publisher.delivery.desk import Desk
from publisher.delivery.hand import Hand
from publisher.delivery.held import Mail
from publisher.delivery.holding import Holder, Taken
from publisher.errors import MailError

#: Mails that are made together, and of a batch those left when the next one is claimed. With 20
#: together threads wake each other so often that a tenth fewer are made (bench smtp, 2 cores).
_TOGETHER = 50
_PREFETCH = 250
#: Threads that make mails.
_BUILDERS = 3


@dataclass(kw_only=True)
class Feeder:
    """Keeps mails in hand."""

    hand: Hand
    holder: Holder
    desk: Desk
    #: Mails that were not made, for their readers have left.
    cancelled: int = 0
    builders: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_BUILDERS))
    _making: set[asyncio.Task[None]] = field(default_factory=set)

    async def feed(self) -> None:
        """Make mails as they are needed, until nothing is due any more."""
        try:
            with self.builders:
                await self._feed()
        finally:
            self.hand.exhaust()

    async def _feed(self) -> None:
        coming: asyncio.Task[Taken | None] | None = None
        try:
            while not self.hand.closed:
                if not self.hand.hungry:
                    await self.hand.change()
                    continue
                if coming is None and len(self.hand.unmade) < _PREFETCH:
                    coming = asyncio.create_task(self.desk.ask(self._claim))
                if coming and not self.hand.unmade:
                    taken, coming = await coming, None
                    if taken is None:
                        break
                    self._take(taken)
                await self._start()
        finally:
            # No batch may stay behind that was claimed and that nobody here knows of.
            if coming and (taken := await coming):
                self._take(taken)
            await self._ended(asyncio.ALL_COMPLETED)

    def _claim(self) -> Taken | None:
        return self.holder.take([held.batch for held in self.hand.held])

    def _take(self, taken: Taken) -> None:
        self.cancelled += taken.cancelled
        self.hand.waiting.pace.share(taken.among)
        self.hand.hold(taken.held, taken.deliveries)

    async def _start(self) -> None:
        """Have the next mails made as soon as somebody can."""
        unmade = self.hand.unmade
        some = [unmade.popleft() for _ in range(min(_TOGETHER, len(unmade)))]
        self._making.add(asyncio.create_task(self._make(some)))
        if len(self._making) >= _BUILDERS:
            await self._ended(asyncio.FIRST_COMPLETED)

    async def _ended(self, when: str) -> None:
        """Wait for those that make mails; raise what they raise."""
        if self._making:
            done, self._making = await asyncio.wait(self._making, return_when=when)
            for each in done:
                each.result()

    async def _make(self, some: list[Mail]) -> None:
        loop = asyncio.get_running_loop()
        refused = await loop.run_in_executor(self.builders, self._made, some)
        for mail, reason in refused:
            self.hand.refuse(mail, reason)
        self.hand.offer(mail for mail in some if mail.made)

    def _made(self, some: list[Mail]) -> list[tuple[Mail, str]]:
        """Make mails; return those that cannot be made, and why."""
        refused = []
        for mail in some:
            try:
                mail.made = self.holder.maker.make(mail.delivery)
            except MailError as error:
                refused.append((mail, str(error)))
        return refused
