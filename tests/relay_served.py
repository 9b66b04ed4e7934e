"""Relays on loopback for the dialogue: hostile ones, on a loop whose clock they can turn on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from publisher.delivery.commands import Way
from publisher.delivery.outgoing import Relay
from tests.relay_hostile import Book, HostileRelay, Move

#: What a relay offers that wants to be spoken to in a way.
OFFERS = {
    Way.PLAIN: (b"SIZE 1000000",),
    Way.PIPELINED: (b"PIPELINING", b"SIZE 1000000"),
    Way.CHUNKS: (b"PIPELINING", b"CHUNKING"),
}
#: Seconds that senders wait here for an answer, by the clock that can be turned on.
PATIENCE = 60.0

Result = TypeVar("Result")


class Loop(asyncio.SelectorEventLoop):
    """A loop whose clock is turned on by whoever is silent on purpose, so that nobody waits."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a test on such a loop."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main)


def turn_on(seconds: float) -> None:
    """Turn the clock of this test's loop on."""
    cast("Loop", asyncio.get_running_loop()).ahead += seconds


async def until(condition: Callable[[], object]) -> None:
    """Let others work until something is so."""
    while not condition():  # noqa: ASYNC110  (whoever makes it so knows nothing of us)
        await asyncio.sleep(0)


@dataclass(kw_only=True)
class Served:
    """A hostile relay that listens."""

    book: Book
    moves: Iterator[Move]
    way: Way = Way.PLAIN
    #: What it says first.
    greeting: bytes = b"220 relay.example here\r\n"
    #: Whether it knows HELO only (RFC 5321, 3.2).
    old: bool = False
    #: Whether each byte of an answer goes by itself.
    bytewise: bool = False
    #: Seconds that pass before each byte of its answers.
    drips: float = 0.0
    #: Whether time stands still while it is silent.
    timeless: bool = False
    port: int = 0
    connections: int = 0
    #: Those that are open.
    open: list["_Connection"] = field(default_factory=list)

    @property
    def relay(self) -> Relay:
        return Relay(host="127.0.0.1", port=self.port, tls="none", timeout=PATIENCE)


@asynccontextmanager
async def served(**about: Any) -> AsyncIterator[Served]:
    """Give a hostile relay while it listens."""
    hostile = Served(**{"book": Book(), "moves": iter(()), **about})
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(hostile), "127.0.0.1", 0)
    hostile.port = server.sockets[0].getsockname()[1]
    try:
        yield hostile
    finally:
        server.close()
        for connection in list(hostile.open):
            connection.transport.abort()
        await server.wait_closed()
        await asyncio.sleep(0)


class _Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, served: Served) -> None:
        self._served = served
        self._core = HostileRelay(served.book, served.moves)
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._served.connections += 1
        self._served.open.append(self)
        if self._served.greeting:
            self.transport.write(self._served.greeting)
        else:
            self._let_time_pass()

    def connection_lost(self, exc: Exception | None) -> None:
        self._served.open.remove(self)

    def data_received(self, data: bytes) -> None:
        if self._served.old and data.startswith(b"EHLO"):
            self._say(b"502 5.5.1 what\r\n")
            return
        if not self._greeted:
            self._greeted = True
            lines = (b"relay.example", *OFFERS[self._served.way])
            said = b"".join(b"250-%s\r\n" % line for line in lines)
            self._say(said + b"250 ENHANCEDSTATUSCODES\r\n")
            return
        answer = self._core.feed(data)
        pieces = [answer[i : i + 1] for i in range(len(answer))]
        if self._served.drips:
            self._drip(pieces)
            return
        for piece in pieces if self._served.bytewise else [answer]:
            self._say(piece)
        if self._core.closed:
            self.transport.close()
        elif self._core.mute:
            self._let_time_pass()

    def _let_time_pass(self) -> None:
        if not self.transport.is_closing() and not self._served.timeless:
            turn_on(PATIENCE / 4)
            asyncio.get_running_loop().call_soon(self._let_time_pass)

    def _say(self, words: bytes) -> None:
        if words and not self.transport.is_closing():
            self.transport.write(words)

    def _drip(self, pieces: list[bytes]) -> None:
        if pieces and not self.transport.is_closing():
            self._say(pieces[0])
            turn_on(self._served.drips)
            asyncio.get_running_loop().call_soon(self._drip, pieces[1:])
