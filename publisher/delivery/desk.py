"""The desk: who asks the store, one question at a time, in a thread beside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self, TypeVar

from publisher.delivery.hand import Hand
from publisher.errors import BusyError, StoreError

#: Seconds for which a store that is gone is waited for, and between two tries.
PATIENCE = 30.0
AGAIN = 0.25

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One thread."""

    hand: Hand
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def __enter__(self) -> Self:
        """Open it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it, once all is answered."""
        self.thread.shutdown()

    async def do(self, work: Callable[..., T], *about: object) -> T:
        """Do something there. Raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, work, *about)

    async def ask(self, work: Callable[[], T]) -> T | None:
        """Ask the store, for as long as it takes it to come back; None when it does not."""
        until = self.hand.time() + PATIENCE
        while True:
            try:
                return await self.do(work)
            except (StoreError, BusyError) as error:
                if self.hand.time() > until or self.hand.closed:
                    self.hand.problems.append(str(error))
                    return None
                await asyncio.sleep(AGAIN)
