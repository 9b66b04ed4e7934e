"""The way in, on a real server: what readers do, and what strangers do."""

import asyncio
import gzip
import re
import resource
import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Event

import pytest

from publisher.config import Config
from publisher.web import door
from publisher.web.files import Receive, Scope, Send
from tests import served
from tests.publisher.web.conftest import FEED
from tests.served import Server

GET = b"GET /fr/feed.atom HTTP/1.1\r\nHost: news.example.org\r\n"


@pytest.fixture
def server(site: Config) -> Iterator[Server]:
    with served.server(site) as running:
        yield running


def statuses(answer: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def read_answer(connection: socket.socket) -> bytes:
    """Return one answer with a body of stated length, or none."""
    held = b""
    while b"\r\n\r\n" not in held:
        part = connection.recv(65536)
        assert part, held
        held += part
    length = re.search(rb"content-length: (\d+)", held)
    whole = held.index(b"\r\n\r\n") + 4 + (int(length[1]) if length else 0)
    while len(held) < whole:
        held += connection.recv(65536)
    return held


def is_over(connection: socket.socket) -> bool:
    """Say whether the server has ended a connection, whatever it had not read yet."""
    try:
        return connection.recv(65536) == b""
    except ConnectionResetError:
        return True


def test_a_reader_gets_the_same_from_the_disk_and_from_memory(server: Server) -> None:
    first, second = server.get("/fr/feed.atom"), server.get("/fr/feed.atom")
    assert first.body == second.body == FEED
    names = set(first.headers) - {"date"}
    assert {name: first.headers[name] for name in names} == {
        name: second.headers[name] for name in names
    }
    assert "date" in first.headers
    assert "date" in second.headers
    assert "server" not in second.headers
    packed = server.get("/fr/feed.atom", accept_encoding="gzip")
    assert gzip.decompress(packed.body) == FEED
    assert server.get("/fr/feed.atom", if_none_match=second.headers["etag"]).status == 304
    assert server.get("/fr/feed.atom", "HEAD").body == b""


def test_one_connection_serves_many_requests_of_all_kinds(server: Server) -> None:
    server.get("/fr/feed.atom")
    kinds = [b"GET /fr/feed.atom", b"HEAD /fr/feed.atom", b"GET /none", b"POST /fr/", b"GET /fr/"]
    tail = b" HTTP/1.1\r\nHost: x\r\n\r\n"
    with server.connect() as connection:
        for _ in range(3):
            for kind, status in zip(kinds, (200, 200, 404, 405, 200), strict=True):
                connection.sendall(kind + tail)
                if kind.startswith(b"HEAD"):
                    assert connection.recv(65536).startswith(b"HTTP/1.1 200")
                else:
                    assert statuses(read_answer(connection)) == [status]


def test_who_stays_is_told_the_time_of_each_answer(server: Server) -> None:
    server.get("/fr/feed.atom")

    def date(connection: socket.socket) -> list[bytes]:
        connection.sendall(GET + b"\r\n")
        return re.findall(rb"date: (.+)\r\n", read_answer(connection))

    with server.connect() as reader:
        (first,) = date(reader)
        served.wait_until(lambda: date(reader) != [first])


def test_requests_in_one_go_are_answered_in_their_order(server: Server) -> None:
    server.get("/fr/feed.atom")
    # The short way must not overtake the long one.
    many = b"".join(
        b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path
        for path in (b"/none", b"/fr/feed.atom", b"/readyz", b"/fr/", b"/fr/feed.atom") * 20
    )
    answer = server.say(many + GET + b"Connection: close\r\n\r\n")
    assert statuses(answer) == [404, 200, 200, 200, 200] * 20 + [200]
    assert answer.count(FEED) == 41


@pytest.mark.parametrize(
    ("request_", "status", "ends"),
    [
        (GET + b"\r\n", 200, False),
        (GET + b"Connection: close\r\n\r\n", 200, True),
        (b"GET /fr/feed.atom HTTP/1.0\r\n\r\n", 200, True),
        (GET + b"Content-Length: 3\r\n\r\nabc", 200, False),
        (GET + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200, False),
        (GET + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", 200, False),
        # As some readers written in Java begin.
        (GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
         200, False),
        (GET + b"Range: bytes=0-1\r\n\r\n", 200, False),
        (b"GET http://news.example.org/fr/feed.atom HTTP/1.1\r\nHost: x\r\n\r\n", 200, False),
        (b"GET HTTPS://NEWS.example.org/fr/feed.atom HTTP/1.1\r\nHost: x\r\n\r\n", 200, False),
        (b"GET http://news.example.org HTTP/1.1\r\nHost: x\r\n\r\n", 404, False),
        (b"GET http://evil.example.org/fr/feed.atom HTTP/1.1\r\nHost: x\r\n\r\n", 421, True),
        (b"GET https://news.example.org@evil.example.org/ HTTP/1.1\r\nHost: x\r\n\r\n", 421, True),
        (b"GET ftp://news.example.org/fr/feed.atom HTTP/1.1\r\nHost: x\r\n\r\n", 400, True),
        (b"GET /fr/feed.atom HTTP/1.1\r\n\r\n", 400, False),
        (b"GET /fr/feed.atom HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, False),
        (b"GET //fr/feed.atom HTTP/1.1\r\nHost: x\r\n\r\n", 404, False),
        (b"GET /../secret HTTP/1.1\r\nHost: x\r\n\r\n", 404, False),
        (b"GET /%2e%2e/secret HTTP/1.1\r\nHost: x\r\n\r\n", 404, False),
        (b"GET /fr/%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, False),
        (b"GET /fr/\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400, True),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, False),
        (GET + b"X: " + b"x" * 100_000 + b"\r\n\r\n", 431, True),
        (GET + b"X: y\r\n" * 10_000 + b"\r\n", 431, True),
        (GET + b"X: " + b"x" * 100_000, 431, True),
        (b"G" * 100_000, 400, True),
        (b"CONNECT news.example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400, True),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400, True),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, True),
        (GET + b"If-None-Match\r\n\r\n", 400, True),
        (GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, True),
    ],
)  # fmt: skip
def test_every_request_gets_its_answer(
    server: Server, request_: bytes, status: int, ends: bool
) -> None:
    server.get("/fr/feed.atom")
    with server.connect() as connection:
        connection.sendall(request_)
        answer = read_answer(connection)
        assert statuses(answer)[-1:] == [status]
        assert answer.endswith(FEED) == (status == 200)
        if not ends:
            connection.sendall(GET + b"\r\n")
            answer = read_answer(connection)
            assert statuses(answer) == [200]
            assert answer.endswith(FEED)
        else:
            assert is_over(connection)
    assert server.get("/fr/feed.atom").status == 200


def test_what_is_not_there_by_then_goes_the_long_way(server: Server, site: Config) -> None:
    assert server.get("/fr/feed.atom").body == FEED
    (site.public / "fr" / "feed.atom").unlink()
    assert server.get("/fr/feed.atom").status == 404


def test_who_sends_a_head_byte_by_byte_is_shown_the_door(server: Server) -> None:
    with server.connect() as slow:
        slow.sendall(GET + b"X: y\r\n")
        with server.connect() as quick:
            quick.sendall(GET + b"\r\n")
            assert statuses(read_answer(quick)) == [200]
            server.sweep(seconds=door.HEAD_TAKES + 1, connections=2)
            assert slow.recv(1) == b""
            # Who waits between two requests may wait longer.
            quick.sendall(GET + b"\r\n")
            assert statuses(read_answer(quick)) == [200]
            server.sweep(seconds=door.IDLE + 1)
            assert quick.recv(1) == b""


@pytest.mark.parametrize(
    "begun",
    [
        b"POST /leave/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n",
        b"POST /leave/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_who_promises_a_body_and_sends_none_is_shown_the_door(site: Config, begun: bytes) -> None:
    with served.server(site, rest=_counts) as server, server.connect() as slow:
        slow.sendall(begun)
        served.wait_until(lambda: any(one._in_body for one in _doors(server)))
        server.sweep(seconds=door.HEAD_TAKES - 10)
        assert _doors(server)
        server.sweep(seconds=door.HEAD_TAKES + 1)
        assert slow.recv(1) == b""
        served.wait_until(lambda: not _doors(server))


def test_a_body_may_take_the_time_that_a_slow_line_needs(site: Config) -> None:
    length = 60 * door.BODY_BRINGS
    head = b"POST /leave/x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length
    with served.server(site, rest=_counts) as server, server.connect() as slow:
        slow.sendall(head + b"x" * (length - 1))
        served.wait_until(lambda: any(one._brought == length - 1 for one in _doors(server)))
        server.sweep(seconds=door.HEAD_TAKES + 50)
        slow.sendall(b"x")
        assert read_answer(slow).endswith(b"%d" % length)
        # The next one on the same line gets no less.
        slow.sendall(head + b"x" * length)
        assert read_answer(slow).endswith(b"%d" % length)


def test_while_we_do_not_read_on_a_body_is_not_late(site: Config) -> None:
    length, goes_on = 1_000_000, Event()
    head = b"POST /leave/x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length

    async def slowly(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(goes_on.wait)
        await _counts(scope, receive, send)

    with served.server(site, rest=slowly) as server, server.connect() as patient:
        try:
            patient.sendall(head + b"x" * (length - 1))
            served.wait_until(lambda: any(not one.transport.is_reading() for one in _doors(server)))
            server.sweep(seconds=10_000)
        finally:
            goes_on.set()
        served.wait_until(lambda: any(one._brought == length - 1 for one in _doors(server)))
        server.sweep(seconds=10_000 + door.HEAD_TAKES - 10)
        patient.sendall(b"x")
        assert read_answer(patient).endswith(b"%d" % length)


async def _counts(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    told = b"%d" % length
    headers = [(b"content-length", b"%d" % len(told))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told})


def test_who_comes_and_says_nothing_is_shown_the_door(server: Server) -> None:
    with server.connect() as silent:
        server.sweep(seconds=door.IDLE + 1)
        assert silent.recv(1) == b""


def test_who_asks_for_much_and_takes_nothing_costs_little(server: Server, site: Config) -> None:
    body = b"x" * 5_000_000
    (site.public / "large.txt").write_bytes(body)
    server.get("/large.txt")
    with server.connect() as sleeper:
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sleeper.sendall(b"GET /large.txt HTTP/1.1\r\nHost: x\r\n\r\n" * 500)
        # The others are served, and of 2.5 GB next to nothing is waiting.
        assert server.get("/fr/feed.atom").body == FEED
        server.sweep(seconds=0)
        waiting = [one.transport.get_write_buffer_size() for one in _doors(server)]
        assert 0 < sum(waiting) < 4 * len(body)
        # It may sleep for a while.
        for _ in range(2):
            server.sweep(seconds=door.ASLEEP - 30, connections=0)
            assert _doors(server)
        # Twice: what the kernel has taken meanwhile counts as taken.
        for minutes in (1, 2):
            server.sweep(seconds=minutes * (door.ASLEEP + 1), connections=0)
        served.wait_until(lambda: not _doors(server))


def _doors(server: Server) -> list[door.Door]:
    return [one for one in server.made.server_state.connections if isinstance(one, door.Door)]


def test_there_are_only_so_many_at_once(server: Server) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # As many files as a system gives that is short of them; some are kept for all else.
    resource.setrlimit(resource.RLIMIT_NOFILE, (door._RESERVE + 3, hard))
    try:
        assert door.crowd() == 3
        inside = [server.connect() for _ in range(3)]
        for one in inside:
            one.sendall(GET + b"\r\n")
            assert statuses(read_answer(one)) == [200]
        with server.connect() as outside, suppress(ConnectionResetError):
            assert outside.recv(1) == b""
        # Where it is crowded nobody rests for long.
        server.sweep(seconds=door.HEAD_TAKES + 1, connections=3)
        for one in inside:
            assert one.recv(1) == b""
            one.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert server.get("/fr/feed.atom").status == 200
