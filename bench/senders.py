"""``python -m bench.senders NAME PORT COUNT SESSIONS``: send mails of 40 kB, in one of the ways.

Each is a process by itself; what was imported before does not count, connecting and saying
goodbye does.
"""

import asyncio
import json
import smtplib
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter, process_time
from typing import Any

import aiosmtplib
import uvloop

from publisher.delivery.outgoing import Answer, Outgoing, Relay, Verdict
from publisher.delivery.smtp import send

#: Bytes of a message behind its headers.
SIZE = 40_000
SENDER, RECIPIENT = "bounce@news.example.org", "reader@example.net"
_LINE = b"One of so many lines that all together they are as long as a digest in HTML.\r\n"
MESSAGE = (
    b"From: <bounce@news.example.org>\r\nTo: <reader@example.net>\r\nSubject: Digest\r\n"
    b"Message-ID: <1@news.example.org>\r\n\r\n" + (_LINE * (SIZE // len(_LINE) + 1))[: SIZE - 2]
) + b"\r\n"
_HOST = "127.0.0.1"
#: Mails without an answer at once, on a connection of the sender that is not to wait.
WINDOW = 4


@dataclass(kw_only=True)
class _Mails:
    """So many mails, and how many of them were accepted."""

    left: int
    accepted: int = 0
    hasty: bool = False

    def next(self) -> Outgoing | None:
        if not self.left:
            return None
        self.left -= 1
        return Outgoing(id=self.left, sender=SENDER, recipient=RECIPIENT, message=MESSAGE)

    def wants(self, mail: Outgoing) -> bool:  # noqa: ARG002
        return True

    async def wait(self) -> bool:
        return self.left > 0

    def starting(self, mail: Outgoing) -> None:
        pass

    def ended(self, mail: Outgoing, answer: Answer) -> None:  # noqa: ARG002
        self.accepted += answer.verdict is Verdict.ACCEPTED


def _tidings(port: int, count: int, sessions: int, window: int = 1) -> int:
    async def main() -> int:
        mails = _Mails(left=count)
        relay = Relay(host=_HOST, port=port, tls="none", window=window)
        await asyncio.gather(*(send(relay, mails, mails) for _ in range(sessions)))
        return mails.accepted

    return _on_uvloop(main())


def _aiosmtplib(port: int, count: int, sessions: int) -> int:
    async def one() -> int:
        client = aiosmtplib.SMTP(hostname=_HOST, port=port, start_tls=False)
        async with client:
            for _ in range(count // sessions):
                await client.sendmail(SENDER, RECIPIENT, MESSAGE)
        return count // sessions

    async def main() -> int:
        return sum(await asyncio.gather(*(one() for _ in range(sessions))))

    return _on_uvloop(main())


def _smtplib(port: int, count: int, sessions: int) -> int:
    def one(_: int) -> int:
        with smtplib.SMTP(_HOST, port) as client:
            for _ in range(count // sessions):
                client.sendmail(SENDER, RECIPIENT, MESSAGE)
        return count // sessions

    with ThreadPoolExecutor(sessions) as pool:
        return sum(pool.map(one, range(sessions)))


def _on_uvloop(main: Coroutine[Any, Any, int]) -> int:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


_SENDERS: dict[str, Callable[[int, int, int], int]] = {
    "tidings": _tidings,
    "tidings_window": partial(_tidings, window=WINDOW),
    "aiosmtplib": _aiosmtplib,
    "smtplib": _smtplib,
}


def main() -> None:
    """Send once, and print how long it took."""
    name, *numbers = sys.argv[1:]
    port, count, sessions = map(int, numbers)
    started, used = perf_counter(), process_time()
    accepted = _SENDERS[name](port, count, sessions)
    seconds, cpu = perf_counter() - started, process_time() - used
    if accepted != count:
        raise RuntimeError(f"{name}: {accepted} of {count} mails were accepted")
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu": cpu}))


if __name__ == "__main__":
    main()
