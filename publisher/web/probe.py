"""Whether the house can work: asked of what it stands on, by one thread at a time."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

#: Seconds after which no answer is one, too.
PATIENCE = 5.0


class Probe:
    """A question that may take long, such as whether a database answers."""

    def __init__(self, ready: Callable[[], bool], *, patience: float = PATIENCE) -> None:
        self._ready = ready
        self._patience = patience
        self._asked: asyncio.Future[bool] | None = None

    async def holds(self) -> bool:
        """Say whether the answer is yes. All who ask while it is asked get the same answer."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.get_running_loop().create_future()
            # Of no pool: nobody waits for it at the end, should the answer never come.
            threading.Thread(target=self._ask, args=(self._asked,), daemon=True).start()
        try:
            return await asyncio.wait_for(asyncio.shield(self._asked), self._patience)
        except TimeoutError:
            return False

    def _ask(self, asked: "asyncio.Future[bool]") -> None:
        try:
            answer = self._ready()
        except Exception:  # noqa: BLE001  (whatever is wrong, it is not ready)
            answer = False
        # The server may have ended meanwhile, and its loop with it.
        with suppress(RuntimeError):
            asked.get_loop().call_soon_threadsafe(asked.set_result, answer)
