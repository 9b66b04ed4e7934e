"""A connection on which a dialogue is held: it carries bytes, and watches the clock."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from publisher.delivery.dialogue import Dialogue
from publisher.delivery.outgoing import Source

#: Bytes a second that a connection must carry, or it is as good as none.
_SLOWEST = 16 * 1024
#: Seconds that a relay may take for a goodbye, on which nothing depends.
_GOODBYE = 5.0
#: Seconds in which is read what came while nobody here could look.
_SECOND_LOOK = 0.1


class Line(asyncio.Protocol):
    """One connection, from the moment when mails can go over it.

    Each reply has to be there, to its last byte, within ``timeout`` seconds after the one before
    it, or after what it answers was written. So neither silence nor dripping holds it up. That
    to the end of a message has ``end_timeout`` (RFC 5321, 4.5.3.2.6), unless there is haste.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        transport: asyncio.Transport,
        timeout: float,
        *,
        end_timeout: float,
    ) -> None:
        self.dialogue = dialogue
        self._transport = transport
        self._timeout, self._end_timeout = timeout, end_timeout
        self._loop = asyncio.get_running_loop()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._turn: asyncio.Future[None] | None = None
        #: From when on the next reply is waited for, by the loop's clock.
        self._since = float("inf")
        self._watch = self._loop.call_later(timeout, self._look)
        self._error: Exception | None = None
        #: The socket, where the system knows TCP_QUICKACK.
        self._quick = (
            transport.get_extra_info("socket") if hasattr(socket, "TCP_QUICKACK") else None
        )
        # Whatever was heard before and not read was said unasked: it answers nothing of ours.
        transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        """Take what the relay says."""
        answered = self.dialogue.answered
        self._act(lambda: self.dialogue.received(data))
        self._acknowledge()
        if self.dialogue.answered != answered:
            self._since = max(self._since, self._loop.time())

    def _acknowledge(self) -> None:
        """Have the system acknowledge at once what came, where more is to come before we speak.

        A relay that answers a group in two parts holds the second back until the first is
        acknowledged (RFC 896), which a system puts off for 40 ms (RFC 1122, 4.2.3.2). Linux
        forgets what it was told here with what comes next (tcp(7)).
        """
        if self._quick is not None and not self.dialogue.idle:
            with suppress(OSError):
                self._quick.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take it that no more will come."""
        told = f": {exc}" if exc else ""
        self._act(lambda: self.dialogue.lost(f"the relay closed the connection{told}"))
        self._watch.cancel()
        # Whoever waited for it may have been cancelled, and it with them.
        if not self._closed.done():
            self._closed.set_result(None)

    async def converse(self, source: Source) -> None:
        """Hold the dialogue to its end."""
        await self.go_on()
        while not self.dialogue.over:
            if self.dialogue.spent or not await self._unless_closed(source):
                await self.leave()
                return
            await self.go_on()

    async def go_on(self) -> None:
        """Send what the source has, until all of it is answered."""
        self._act(self.dialogue.more)
        await self._answered()

    async def leave(self) -> None:
        """Say goodbye."""
        if self.dialogue.idle:
            self._act(self.dialogue.leave)
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    await self._answered()

    async def close(self) -> None:
        """Close the connection, whatever is on its way.

        Raises what the source or the witness has raised.
        """
        self._act(lambda: self.dialogue.fail("the sending was stopped"))
        await self._closed
        if self._error:
            raise self._error

    async def _unless_closed(self, source: Source) -> bool:
        """Wait until the source may have more; False when it never will."""
        waiting = asyncio.ensure_future(source.wait())
        try:
            either: set[asyncio.Future[Any]] = {waiting, self._closed}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return not waiting.done() or waiting.result()
        finally:
            waiting.cancel()

    async def _answered(self) -> None:
        """Wait until the relay has answered all that it was asked."""
        if not self.dialogue.idle and not self.dialogue.over:
            self._turn = self._loop.create_future()
            await self._turn

    def _act(self, step: Callable[[], None]) -> None:
        """Take a step of the dialogue, and write what it wants written."""
        try:
            step()
        except Exception as error:  # noqa: BLE001  (whatever it is, `close` raises it)
            self._give_up(error)
        # One that is closing will say that it is lost, and what was not written with it.
        if not self._transport.is_closing() and (output := b"".join(self.dialogue.output())):
            self._transport.write(output)
            self._since = self._loop.time() + len(output) / _SLOWEST
        if self.dialogue.over:
            # Not a byte more: what still waits to be written may be the end of a message.
            self._transport.abort()
        elif self.dialogue.idle:
            self._since = float("inf")
        else:
            return
        if self._turn and not self._turn.done():
            self._turn.set_result(None)

    def _give_up(self, error: Exception) -> None:
        """End the dialogue over an error of the source or of the witness."""
        self._error = self._error or error
        while True:
            try:
                self.dialogue.fail(f"the sending was stopped: {error}")
            except Exception:  # noqa: BLE001, S112  (the first one is told)
                continue
            return

    def _look(self, *, again: bool = False) -> None:
        """See whether the relay takes too long; whoever was frozen reads before that is said."""
        now = self._loop.time()
        patience = self._end_timeout if self.dialogue.patient else self._timeout
        late = now >= self._since + patience
        if late and again:
            reason = f"the relay has not answered for {patience:g} seconds"
            self._act(lambda: self.dialogue.fail(reason))
            return
        # The next answer may have less time than this one, and haste may come at any moment.
        often = min(self._timeout, self._end_timeout)
        then = now + _SECOND_LOOK if late else min(self._since + patience, now + often)
        self._watch = self._loop.call_at(then, partial(self._look, again=late))
