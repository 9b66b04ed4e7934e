"""Ten thousand polls while files are replaced: no torn file, no wrong tag, no false 304."""

import gzip
import hashlib
import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import quote

from tests import served

READERS = 4
POLLS = 2_500
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


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Replaces files as site.py does, and knows which version may be seen when."""

    public: Path
    #: By path, the newest version that is surely there, and the newest that may be.
    there: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUSY + QUIET, 0))
    begun: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUSY + QUIET, 0))
    #: What the readers let the writer go on with.
    polls: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    chance: random.Random = field(default_factory=lambda: random.Random(4))

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


@dataclass(kw_only=True)
class Reader:
    """Polls as feed readers do, and believes nothing."""

    writer: Writer
    chance: random.Random
    #: By path and packing, what it has: validator headers and the bytes they were sent with.
    has: dict[tuple[str, bool], tuple[dict[str, str], bytes]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def work(self, port: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            for _ in range(POLLS):
                try:
                    self.poll(connection)
                except (OSError, http.client.HTTPException) as error:
                    self.wrong.append(repr(error))
                    connection.close()
                self.writer.polls.release()

    def poll(self, connection: http.client.HTTPConnection) -> None:
        path, packed = self.chance.choice(BUSY + QUIET), self.chance.random() < 0.5
        headers = {"Accept-Encoding": "gzip"} if packed else {}
        has, known = self.has.get((path, packed), ({}, b""))
        if has:
            headers[self.chance.choice(list(has))] = "unconditional"
            headers = {name: has.get(name, value) for name, value in headers.items()}
        oldest = self.writer.there[path]
        connection.request("GET", quote(path), headers=headers)
        reply = connection.getresponse()
        sent = reply.read()
        newest = self.writer.begun[path]
        possible = {kind(path, number % KINDS)[0] for number in range(oldest, newest + 1)}
        condition = " ".join(name for name in headers if name != "Accept-Encoding")
        self.seen[f"{reply.status} {condition}".strip()] += 1
        if reply.status == 304:
            if known not in possible:
                self.wrong.append(f"304 for changed bytes: {path} {headers}")
            # RFC 9111, 4.3.4: what a 304 says is said of the copy.
            if changed := reply.headers["last-modified"]:
                has["If-Modified-Since"] = changed
            return
        body = gzip.decompress(sent) if reply.headers["content-encoding"] == "gzip" else sent
        if reply.status != 200 or body not in possible:
            self.wrong.append(f"{reply.status} {path}, {len(body)} bytes: {body[:40]!r}")
        tag = reply.headers["etag"]
        if tag != f'"{hashlib.sha256(sent).hexdigest()[:32]}"':
            self.wrong.append(f"{path} has the tag {tag} of other bytes")
        validators = {"If-None-Match": tag}
        if changed := reply.headers["last-modified"]:
            validators["If-Modified-Since"] = changed
        self.has[path, packed] = (validators, body)


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
        readers = [Reader(writer=writer, chance=random.Random(number)) for number in range(READERS)]
        threads = [threading.Thread(target=reader.work, args=(port,)) for reader in readers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [line for reader in readers for line in reader.wrong][:5] == []
    seen = sum((reader.seen for reader in readers), Counter())
    assert seen.total() == READERS * POLLS
    # Each way of asking was met by both answers.
    for status in (200, 304):
        for condition in ("If-None-Match", "If-Modified-Since"):
            assert seen[f"{status} {condition}"] > 10, seen
    assert sum(writer.there.values()) > 200
