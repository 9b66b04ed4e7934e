"""``tidings serve`` as a process: it comes up, tells how it is, and ends well."""

import http.client
import signal
from contextlib import closing
from pathlib import Path

import pytest

from tests import served


def get(port: int, path: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read()


def test_it_serves_feeds_and_pages_and_tells_how_it_is(home: Path) -> None:
    with served.serving(home) as (_, port):
        assert get(port, "/ar/feed.atom") == (
            200,
            (home / "public" / "ar" / "feed.atom").read_bytes(),
        )
        assert get(port, "/ar/")[0] == 200
        assert get(port, "/healthz") == (200, b"ok\n")
        assert get(port, "/readyz") == (200, b"ok\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("options", [(), ("--no-scheduler",)])
def test_it_ends_well_while_readers_are_connected(
    home: Path, number: signal.Signals, options: tuple[str, ...]
) -> None:
    with served.serving(home, *options) as (process, port):
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("GET", "/fr/feed.atom")
            assert connection.getresponse().read()
            process.send_signal(number)
            _, complaints = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Traceback" not in complaints


def test_strangers_leave_no_traceback(home: Path) -> None:
    with served.serving(home) as (process, port):
        for rubbish in (b"G" * 100_000, b"\x16\x03\x01", b"GET \xff HTTP/1.1\r\n\r\n", b""):
            with served.connect(port) as connection:
                connection.sendall(rubbish)
        assert get(port, "/fr/")[0] == 200
        process.terminate()
        _, complaints = process.communicate(timeout=30)
        assert complaints == ""


def test_a_port_that_is_taken_is_one_clear_line(home: Path) -> None:
    with served.serving(home) as (_, port):
        again = served.run(home, "serve", "--port", str(port))
    assert again.returncode == 1
    line = again.stderr.splitlines()[-1]
    assert line.startswith(f"tidings: 127.0.0.1:{port}: cannot listen there: Address already in")
