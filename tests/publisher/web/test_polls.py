"""Ten thousand polls while files are replaced: no torn file, no wrong tag, no false 304."""

import gzip
import hashlib
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests import polls, served

#: These are replaced all the time, several times within one tick of the clock.
BUSY = ("/fr/feed.atom", "/ar/feed.atom", "/fr/")
#: These rest so many seconds, long enough to be trusted and held in memory.
QUIET = ("/es/feed.atom", "/es/items/1-a/", "/ar/items/1-كرامة/")
REST = 2.5
#: Every fifth version has the bytes of the first again; all have the same length.
KINDS = 5


@cache
def kind(path: str, number: int) -> tuple[bytes, bytes]:
    """Return bytes, and the same gzipped."""
    body = (f"<p>{path} {number}</p>\n" * 600).encode()
    return body, gzip.compress(body, 1, mtime=0)


@dataclass(kw_only=True)
class Writer:
    """Replaces files as site.py does, and knows which version may be seen when."""

    public: Path
    #: By path, the newest version that is surely there, and the newest that may be.
    there: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUSY + QUIET, 0))
    begun: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUSY + QUIET, 0))
    #: What the readers let the writer go on with.
    polls: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    chance: random.Random = field(default_factory=lambda: random.Random(4))

    def digests(self, path: str, oldest: int, newest: int) -> set[str]:
        versions = {number % KINDS for number in range(oldest, newest + 1)}
        return {hashlib.sha256(kind(path, version)[0]).hexdigest() for version in versions}

    def replace(self, path: str) -> None:
        """Put the next version in place, its ``.gz`` before it, after it, or not at all."""
        number = self.begun[path] + 1
        self.begun[path] = number
        place = self.public / (path.strip("/") + ("/index.html" if path.endswith("/") else ""))
        body, smaller = kind(path, number % KINDS)
        plain, packed = (place, body), (place.with_name(f"{place.name}.gz"), smaller)
        orders = ((plain,), (plain, packed), (packed, plain))
        place.parent.mkdir(parents=True, exist_ok=True)
        for where, what in self.chance.choice(orders):
            beside = where.with_name(f".{where.name}.new")
            beside.write_bytes(what)
            beside.replace(where)
        self.there[path] = number

    def work(self, over: threading.Event) -> None:
        """Replace files at random until it is over; some at once, some after many polls."""
        rested = time.monotonic() + REST
        while not over.is_set():
            for _ in range(self.chance.choice((0, 0, 1, 10, 40))):
                self.polls.acquire(timeout=0.1)
            self.replace(self.chance.choice(BUSY))
            if time.monotonic() > rested:
                self.replace(self.chance.choice(QUIET))
                rested = time.monotonic() + REST


@contextmanager
def writing(public: Path) -> Iterator[Writer]:
    """Replace files for as long as the block lasts."""
    writer, over = Writer(public=public), threading.Event()
    for path in BUSY + QUIET:
        writer.replace(path)
    thread = threading.Thread(target=writer.work, args=(over,))
    thread.start()
    try:
        yield writer
    finally:
        over.set()
        thread.join()


def test_ten_thousand_polls_while_files_are_replaced_find_nothing_wrong(home: Path) -> None:
    with served.serving(home, "--no-scheduler") as (_, port), writing(home / "public") as writer:
        lies, seen = polls.poll(port, writer, BUSY + QUIET)
    assert lies[:5] == []
    polls.check(seen)
    assert sum(writer.there.values()) > 200
