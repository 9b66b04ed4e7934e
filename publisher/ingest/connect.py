"""Connections into the public network only, and only for so long: httpcore2's home.

    name --resolve--> addresses --all public?--> connect to the one that was looked at

An importer that fetches what others ask it to could be made to ask the machines beside it:
a router's page, a cloud's secrets. So each name is resolved once, every address of it must
be public, and the connection goes to the very address that was checked: a name that changes
its mind between the look and the connection (DNS rebinding) gains nothing.
"""

import ssl
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpcore2

from publisher.errors import InputError
from publisher.ingest.public import Resolve, is_public, resolve

#: Seconds that a server may take to answer a knock, or be silent in the middle of an answer.
PATIENCE = 10.0


#: What a broken dialogue means to a person, the narrower error before the wider.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (httpcore2.ConnectTimeout, "does not answer: try again later, or check the address"),
    (httpcore2.TimeoutException, "has fallen silent in the middle: try again later"),
    (httpcore2.ConnectError, "cannot be connected to: try again later, or check the address"),
    (httpcore2.RemoteProtocolError, "does not speak HTTP as it should, or broke off: try again"),
    (httpcore2.NetworkError, "broke the connection off: try again later"),
    (httpcore2.LocalProtocolError, "cannot be asked for: check the address"),
    (httpcore2.ProtocolError, "does not speak HTTP as it should"),
    (httpcore2.ProxyError, "cannot be reached through the proxy"),
    (httpcore2.UnsupportedProtocol, "must begin with https:// or http://"),
    (httpcore2.ConnectionNotAvailable, "cannot be connected to just now: try again"),
)


def reason_of(error: Exception) -> str | None:
    """Return what an error of httpcore2 means to a person; None for any other error."""
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            detail = str(error)[:200]
            return f"{reason} ({detail})" if detail else reason
    return None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The head of an answer, and its body as it comes."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: Iterator[bytes]
    close: Callable[[], None]


class Network:
    """Connections that are kept open between questions, each to a checked address.

    ``private`` names hosts, or ``host:port``, that need not be public. ``resolve``, ``tls`` and
    ``sockets`` stand for the system's name service, trusted certificates and sockets.

    Not for several threads at once: the time that is left is one for all.
    """

    def __init__(
        self,
        *,
        private: Collection[str],
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
        sockets: httpcore2.NetworkBackend | None = None,
    ) -> None:
        self._guard = _Guard(private, resolve, sockets or httpcore2.SyncBackend())
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls or httpcore2.default_ssl_context(),
            network_backend=self._guard,
            max_keepalive_connections=4,
        )

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Bound the time of all that is asked inside the block, whatever the servers do.

        Raises InputError where it is over. Looking a name up takes as long as the system's
        resolver lets it.
        """
        with self._guard.within(seconds):
            yield

    def ask(
        self,
        scheme: str,
        host: bytes,
        port: int | None,
        target: bytes,
        headers: Any,  # noqa: ANN401
    ) -> Reply:
        """Send a GET and return the head of the answer; its body is read afterwards.

        Raises InputError: no such host, a private address, silence, no HTTP.
        """
        url = httpcore2.URL(scheme=scheme.encode(), host=host, port=port, target=target)
        where = host.decode("ascii", "replace")
        with translated(where):
            answer = self._pool.handle_request(httpcore2.Request("GET", url, headers=headers))
        return Reply(
            status=answer.status,
            headers=answer.headers,
            body=_body(answer, where),
            close=answer.close,
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def _body(answer: httpcore2.Response, where: str) -> Iterator[bytes]:
    with translated(where):
        yield from answer.iter_stream()


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn httpcore2's errors into InputError."""
    try:
        yield
    except Exception as error:
        reason = reason_of(error)
        if reason is None:
            raise
        raise InputError(where, reason) from error


class _Guard(httpcore2.NetworkBackend):
    """The only way out: to checked addresses, within the time that is left."""

    def __init__(
        self, private: Collection[str], resolve: Resolve, sockets: httpcore2.NetworkBackend
    ) -> None:
        self._private = frozenset(host.lower() for host in private)
        self._resolve = resolve
        self._sockets = sockets
        self._seconds = PATIENCE
        self._ends: float | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        before = self._seconds, self._ends
        self._seconds, self._ends = seconds, monotonic() + seconds
        try:
            yield
        finally:
            self._seconds, self._ends = before

    def left(self) -> float:
        """Return how many seconds the next wait may take. Raises InputError when time is over."""
        if self._ends is None:
            return PATIENCE
        left = self._ends - monotonic()
        if left <= 0:
            reason = f"took longer than {self._seconds:g} seconds (ingest.timeout): try again later"
            raise InputError("time", reason)
        return min(PATIENCE, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  (ours is shorter)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of a host that answers, once all of them are checked."""
        failure: Exception = httpcore2.ConnectError("no address")
        for address in self._checked(host, port):
            try:
                stream = self._sockets.connect_tcp(
                    address, port, self.left(), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _Timed(stream, self.left)
        raise failure

    def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            reason = f"no such host as {host}, or its name cannot be looked up now"
            raise InputError(host, reason) from error
        allowed = {host.lower(), f"{host}:{port}".lower(), f"[{host}]:{port}".lower()}
        if allowed & self._private or all(map(is_public, addresses)):
            return addresses
        raise InputError(
            host,
            f"{host} is a private address, or leads to one: nothing is fetched from there, unless "
            "ingest.private_hosts in tidings.toml names it",
        )


class _Timed(httpcore2.NetworkStream):
    """A connection on which no wait outlasts the time that is left."""

    def __init__(self, stream: httpcore2.NetworkStream, left: Callable[[], float]) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        with self._telling():
            return self._stream.read(max_bytes, self._left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        with self._telling():
            self._stream.write(buffer, self._left())

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say of a server that is merely slow that time is over, not that it is silent."""
        try:
            yield
        except httpcore2.TimeoutException:
            self._left()
            raise

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._left())
        return _Timed(inner, self._left)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401
        return self._stream.get_extra_info(info)
