"""Feed readers that poll by conditional GET, and believe nothing of what they are told."""

import gzip
import hashlib
import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

READERS = 4
POLLS = 2_500


class Writer(Protocol):
    """Whoever replaces the files: it knows which version of each may be seen when."""

    #: By path, the newest version that is surely there, and the newest that may be.
    there: dict[str, int]
    begun: dict[str, int]
    #: What the readers let the writer go on with.
    polls: threading.Semaphore

    def digests(self, path: str, oldest: int, newest: int) -> Collection[str]:
        """Return the SHA-256 of each version that was there at some time between two."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a reader was told: that these bytes stood there between two versions."""

    path: str
    digest: str
    oldest: int
    newest: int
    said: str


@dataclass(kw_only=True)
class Reader:
    """Polls as feed readers do."""

    writer: Writer
    paths: Sequence[str]
    chance: random.Random
    #: By path and packing, what it has: validator headers and the digest of what they came with.
    has: dict[tuple[str, bool], tuple[dict[str, str], str]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    claims: list[Claim] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def work(self, port: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            for number in range(POLLS):
                # So long that files rest meanwhile, and are trusted and dated.
                time.sleep(0.04 if number % 10 == 0 else 0)
                try:
                    self.poll(connection)
                except (OSError, http.client.HTTPException) as error:
                    self.wrong.append(repr(error))
                    connection.close()
                self.writer.polls.release()

    def poll(self, connection: http.client.HTTPConnection) -> None:
        path, packed = self.chance.choice(self.paths), self.chance.random() < 0.5
        headers = {"Accept-Encoding": "gzip"} if packed else {}
        has, known = self.has.get((path, packed), ({}, ""))
        if has:
            headers[self.chance.choice(list(has))] = "unconditional"
            headers = {name: has.get(name, value) for name, value in headers.items()}
        oldest = self.writer.there[path]
        connection.request("GET", quote(path), headers=headers)
        reply = connection.getresponse()
        sent = reply.read()
        newest = self.writer.begun[path]
        condition = " ".join(name for name in headers if name != "Accept-Encoding")
        self.seen[f"{reply.status} {condition}".strip()] += 1

        def claim(digest: str) -> None:
            said = f"{reply.status} {headers}"
            self.claims.append(
                Claim(path=path, digest=digest, oldest=oldest, newest=newest, said=said)
            )

        if reply.status == 304:
            claim(known)
            # RFC 9111, 4.3.4: what a 304 says is said of the copy.
            if changed := reply.headers["last-modified"]:
                has["If-Modified-Since"] = changed
            return
        body = gzip.decompress(sent) if reply.headers["content-encoding"] == "gzip" else sent
        digest = hashlib.sha256(body).hexdigest()
        claim(digest if reply.status == 200 else "")
        tag = reply.headers["etag"]
        if tag != f'"{hashlib.sha256(sent).hexdigest()[:32]}"':
            self.wrong.append(f"{path} has the tag {tag} of other bytes")
        validators = {"If-None-Match": tag}
        if changed := reply.headers["last-modified"]:
            validators["If-Modified-Since"] = changed
        self.has[path, packed] = (validators, digest)

    def lies(self) -> list[str]:
        """Return what was wrong, once it is known which versions there were."""
        return self.wrong + [
            f"{claim.path}: {claim.said}"
            for claim in self.claims
            if claim.digest not in self.writer.digests(claim.path, claim.oldest, claim.newest)
        ]


def poll(port: int, writer: Writer, paths: Sequence[str]) -> tuple[list[str], Counter[str]]:
    """Poll ten thousand times from four readers; return what was wrong, and what was met."""
    readers = [
        Reader(writer=writer, paths=paths, chance=random.Random(number))
        for number in range(READERS)
    ]
    threads = [threading.Thread(target=reader.work, args=(port,)) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lies = [line for reader in readers for line in reader.lies()]
    return lies, sum((reader.seen for reader in readers), Counter())


def check(seen: Counter[str]) -> None:
    """Assert that so many were met, each way of asking by both answers."""
    assert seen.total() == READERS * POLLS
    for status in (200, 304):
        for condition in ("If-None-Match", "If-Modified-Since"):
            assert seen[f"{status} {condition}"] > 10, seen
