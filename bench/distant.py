"""``python -m bench.distant PORT TARGET MILLISECONDS``: a port of loopback that is far away.

What comes is handed on so many milliseconds later, in both directions, and as quickly as it
came: a long way, not a narrow one.
"""

import asyncio
import sys
from collections import deque
from time import monotonic
from typing import cast

import uvloop

#: Seconds before an arrival from which on it is looked for without a pause.
_EXACTLY = 0.002


class _End(asyncio.Protocol):
    """One end of a connection; what comes here leaves at the other one, later."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._loop = asyncio.get_running_loop()
        #: What is on its way, and when it arrives; None: the end.
        self._way: deque[tuple[float, bytes | None]] = deque()
        self._transport: asyncio.Transport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Send bytes on their way."""
        self._depart(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Send the news of it on its way."""
        self._depart(None)

    def _depart(self, data: bytes | None) -> None:
        self._way.append((monotonic() + self._delay, data))
        if len(self._way) == 1:
            self._await_first()

    def _await_first(self) -> None:
        """Have what arrives first handed over in time: the loop's own clock counts milliseconds."""
        pause = self._way[0][0] - monotonic() - _EXACTLY
        if pause > 0:
            self._loop.call_later(pause, self._arrive)
        else:
            self._loop.call_soon(self._arrive)

    def _arrive(self) -> None:
        """Hand over what has arrived; what left later is waited for."""
        while self._way:
            when, data = self._way[0]
            if when > monotonic():
                self._await_first()
                return
            self._way.popleft()
            if self.other and self.other._transport:  # noqa: SLF001
                there = self.other._transport  # noqa: SLF001
                there.close() if data is None else there.write(data)


class _Door(_End):
    """The end that is connected to: it has the other one made."""

    def __init__(self, delay: float, target: int) -> None:
        super().__init__(delay)
        self._target = target

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, and connect to the target; whoever speaks first is heard meanwhile."""
        super().connection_made(transport)
        self._connecting = self._loop.create_task(self._connect())

    async def _connect(self) -> None:
        end = _End(self._delay)
        end.other = self
        await self._loop.create_connection(lambda: end, "127.0.0.1", self._target)
        self.other = end


async def _serve(port: int, target: int, delay: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Door(delay, target), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Serve until the process is ended."""
    port, target, milliseconds = map(int, sys.argv[1:])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(port, target, milliseconds / 1000))


if __name__ == "__main__":
    main()
