"""Public files over HTTP in tests: the application by itself, and a real server on loopback."""

import asyncio
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from publisher.cli.mailbox import free_port
from publisher.config import Config
from publisher.web import app, door
from publisher.web.files import PublicFiles
from publisher.web.versions import Site

ROOT = Path(__file__).parent.parent
SITE = Site(url="https://news.example.org", hubs=("https://hub.example.org/",))
HOUR = 3_600 * 10**9


def later() -> int:
    """Return an instant in nanoseconds when all files are old enough to be trusted."""
    return time.time_ns() + HOUR


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a reader got."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def files(public: Path, **about: Any) -> PublicFiles:
    """Return the application over a folder, by default at an hour when nothing is new."""
    return PublicFiles(public, SITE, **{"ready": lambda: True, "clock": later, **about})


def ask(application: PublicFiles, path: str, method: str = "GET", **headers: str) -> Reply:
    """Return what the application says; underscores in names of headers are hyphens."""
    asked = {"host": "news.example.org", **{k.replace("_", "-"): v for k, v in headers.items()}}
    sent: list[Any] = []
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in asked.items()],
    }

    async def receive() -> Any:
        raise AssertionError("nobody reads the body of a request for a file")

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(application(scope, receive, send))
    start, *parts = sent
    return Reply(
        status=start["status"],
        headers={name.decode(): value.decode("latin-1") for name, value in start["headers"]},
        body=b"".join(part.get("body", b"") for part in parts),
    )


def connect(port: int) -> socket.socket:
    """Return a connection for one who does not behave as a reader does."""
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def wait_until(what: Callable[[], bool]) -> None:
    """Return when something holds. Raises TimeoutError when it does not for two minutes."""
    until = time.monotonic() + 120
    while not what():
        if time.monotonic() > until:
            raise TimeoutError
        threading.Event().wait(0.01)


def listens(port: int) -> bool:
    """Say whether somebody listens there."""
    with suppress(ConnectionRefusedError), connect(port):
        return True
    return False


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that runs in a thread."""

    port: int
    made: uvicorn.Server

    def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """Return what a well-behaved reader gets."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=asked)
        reply = connection.getresponse()
        names = {name.lower(): value for name, value in reply.getheaders()}
        found = Reply(status=reply.status, headers=names, body=reply.read())
        connection.close()
        return found

    def connect(self) -> socket.socket:
        """Return a connection for one who does not behave as a reader does."""
        return connect(self.port)

    def say(self, request: bytes) -> bytes:
        """Return all that comes for these bytes, until the server hangs up."""
        with self.connect() as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def sweep(self, *, seconds: float, connections: int = 1) -> None:
        """Let so many seconds have passed for all connections, once there are as many."""
        done = threading.Event()

        def look() -> None:
            loop = asyncio.get_running_loop()
            door.sweep(self.made.server_state.connections, loop.time() + seconds)
            done.set()

        # The kernel lets readers in before the server knows of them.
        wait_until(lambda: len(self.made.server_state.connections) >= connections)
        self.made.servers[0].get_loop().call_soon_threadsafe(look)
        assert done.wait(30)


@contextmanager
def server(config: Config, **about: Any) -> Iterator[Server]:
    """Serve the public files of a site on loopback."""
    made = app.server(config, **{"ready": lambda: True, "clock": later, **about})
    with app.listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=made.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Server(port=port, made=made)
        finally:
            made.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


def run(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of ``tidings`` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "publisher", *command],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@contextmanager
def serving(
    folder: Path, *options: str, port: int | None = None
) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run ``tidings serve`` for as long as the block lasts, at some port unless given."""
    port = port or free_port()
    command = [sys.executable, "-m", "publisher", "serve", "--port", str(port), *options]
    with subprocess.Popen(
        command, cwd=folder, env=_environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            assert "serving at" in process.stderr.readline()
            yield process, port
        finally:
            process.kill()
