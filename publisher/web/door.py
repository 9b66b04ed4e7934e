"""The way in: uvicorn's protocol, with a short way for public files and bounds for strangers.

A file that lies ready is answered as soon as the head of the request has been read, without
a task, a queue or messages in between. Everything else goes the long way, as uvicorn has it.

What uvicorn leaves open is bounded here: how long a head may be, how long it and a body may take,
how long a connection may be idle or its reader asleep, and how many there may be.
"""

import asyncio
import re
import resource
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from publisher.web.files import PublicFiles

#: The longest head of a request, in bytes; longer ones get 431 (RFC 6585, 5).
LONGEST_HEAD = 32 * 1024
#: Seconds that a head may take, that a connection may be idle, and that a reader may take nothing.
HEAD_TAKES = 20
#: Bytes of a body that come in a second at least; it may be late by as long as a head may take.
BODY_BRINGS = 1_000
IDLE = 75
ASLEEP = 60
#: Connections at once, if the system gives us as many files.
CROWD = 4_000
#: Files that are left for all else.
_RESERVE = 200

#: A target in absolute form (RFC 9112, 3.2.2): its authority, and the rest.
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


class Door(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(config.app, PublicFiles)  # noqa: S101  (publisher.web.app sees to it)
        self._files = config.app
        #: Whether the present request is done with here, so that uvicorn shall not see the rest.
        self._done = False
        self._in_body = False
        #: When the body began to come, and how much of it has.
        self._body_since, self._brought = 0.0, 0
        #: Bytes of a head that is not whole yet.
        self._pending = 0
        #: When the connection began to be idle, or the head to come.
        self._since = self.loop.time()
        #: Bytes that the reader has not taken, and since when that is so.
        self._unsent = 0
        self._unsent_since = 0.0
        self._told: list[tuple[bytes, bytes]] = []
        self._dated = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let a reader in, unless it is too crowded."""
        super().connection_made(transport)
        if len(self.connections) > crowd():
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        if not self._pending and not self._in_body:
            self._since = self.loop.time()
        self._pending += len(data)
        super().data_received(data)
        if self._in_body:
            self._pending = 0
        elif self._pending > LONGEST_HEAD and not self.transport.is_closing():
            self._refuse(431)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._done = False

    def on_headers_complete(self) -> None:
        """Answer what can be answered now; send the rest the long way."""
        may_be_long = self._pending > LONGEST_HEAD
        self._pending, self._in_body = 0, True
        if self.transport.is_closing():
            self._done = True
        elif may_be_long and self._length() > LONGEST_HEAD:
            self._refuse(431)
        elif status := self._misdirected():
            self._refuse(status)
        elif not self._answer():
            # What is answered at once has no body.
            self._body_since, self._brought = self.loop.time(), 0
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand a body on to whom it is meant for."""
        self._brought += len(body)
        if not self._done:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        # What came in one piece with the end of a body is no head.
        self._in_body, self._pending = False, 0
        if not self._done:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Be idle from now on."""
        self._since = self.loop.time()
        super().on_response_complete()

    def look(self, now: float, *, crowded: bool) -> None:
        """Close the connection if it has taken too long; ``now`` is that of the loop."""
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent, self._unsent_since = unsent, now
        elif unsent and now - self._unsent_since > ASLEEP:
            self.transport.abort()
        if self._in_body:
            self._wait_for_body(now)
        if unsent or not self._is_free():
            return
        if now - self._since > (HEAD_TAKES if self._pending or crowded else IDLE):
            self.transport.close()

    def _wait_for_body(self, now: float) -> None:
        if not self.transport.is_reading():
            # It is we who do not read on: the time counts anew from when we do.
            self._body_since = now
        # By what has come: anybody can promise much.
        elif now - self._body_since > HEAD_TAKES + self._brought / BODY_BRINGS:
            self.transport.abort()

    def _is_free(self) -> bool:
        # uvicorn's types leave out that there is none at first.
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]

    def _length(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _misdirected(self) -> int:
        """Return why a target is none of this site, 0 if it is; an absolute one loses its host."""
        if self.url.startswith(b"/"):
            return 0
        found = _ABSOLUTE.fullmatch(self.url)
        if found is None:
            return 400
        if found[1].lower() != self._files.authority:
            return 421
        self.url = found[2] if found[2].startswith(b"/") else b"/" + found[2]
        return 0

    def _answer(self) -> bool:
        """Answer at once, if nobody waits before this request and its answer lies ready."""
        if not self._is_free() or self.flow.write_paused or self.parser.get_method() != b"GET":
            return False
        if not self.parser.should_keep_alive() or self.parser.get_http_version() != "1.1":
            return False
        ready = self._files.quick(self.url, self.headers)
        if ready is None:
            return False
        status, head, body = ready
        self.transport.write(b"".join((STATUS_LINE[status], self._date(), head, body)))
        self.server_state.total_requests += 1
        self._done, self._since = True, self.loop.time()
        return True

    def _date(self) -> bytes:
        """Return the headers of every answer; uvicorn makes a new list each second."""
        if self._told is not self.server_state.default_headers:
            self._told = self.server_state.default_headers
            self._dated = b"".join(b"%s: %s\r\n" % field for field in self._told)
        return self._dated

    def _refuse(self, status: int) -> None:
        sentence = HTTPStatus(status).phrase.encode()
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
            + b"content-length: %d\r\n\r\n" % len(sentence)
            + sentence
        )
        self.transport.close()
        self._done = True


def sweep(connections: Collection[object], now: float) -> None:
    """Close the connections that have taken too long, sooner when it is crowded."""
    crowded = len(connections) > crowd() * 3 // 4
    for door in list(connections):
        if isinstance(door, Door):
            door.look(now, crowded=crowded)


def crowd() -> int:
    """Return how many connections there may be."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CROWD if files == resource.RLIM_INFINITY else max(min(CROWD, files - _RESERVE), 1)
