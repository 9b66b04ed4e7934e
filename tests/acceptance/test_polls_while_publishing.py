"""Ten thousand polls of `tidings serve` while items are published at random beside it."""

import hashlib
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from publisher import editing, publishing, site
from publisher.config import Config
from publisher.config_file import load
from store.database import Database, open_database
from tests import make, polls, served

LANGUAGES = ("en", "fr", "ar")
PATHS = tuple(
    f"/{tag}/{name}"
    for tag in LANGUAGES
    for name in ("", "feed.atom", "feed.rss", "feed.json", "topics/labour/feed.atom")
)
#: Seconds after which a file is trusted and held in memory.
REST = 2.5


@dataclass(kw_only=True)
class Publisher:
    """Publishes as the scheduled job does, and notes which bytes stand where after each pass."""

    database: Database
    config: Config
    #: By path, the digest of each version.
    versions: dict[str, list[str]] = field(default_factory=lambda: {path: [] for path in PATHS})
    there: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PATHS, -1))
    begun: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PATHS, -1))
    polls: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    chance: random.Random = field(default_factory=lambda: random.Random(4))
    items: int = 0

    def digests(self, path: str, oldest: int, newest: int) -> list[str]:
        return self.versions[path][oldest : newest + 1]

    def publish(self, *languages: str) -> None:
        """Publish one more item."""
        self.items += 1
        now = make.NOW + timedelta(seconds=self.items)
        drafts = [
            make.draft(
                tag,
                key=f"item-{self.items}",
                source=f"{self.items}.{tag}.md",
                topics={"labour": "Labour"},
            )
            for tag in languages
        ]
        make.take(self.database, self.config, *drafts, now=now)
        if self.items % 5 == 0:
            editing.withdraw(self.database, 1, self.chance.choice(LANGUAGES), now=now)
        for path in PATHS:
            self.begun[path] += 1
        publishing.publish_due(self.database, self.config, now=now)
        site.refresh(self.database, self.config, now=now)
        for path in PATHS:
            place = self.config.public / (path.strip("/") + "/index.html" * path.endswith("/"))
            self.versions[path].append(hashlib.sha256(place.read_bytes()).hexdigest())
            self.there[path] += 1

    def work(self, over: threading.Event) -> None:
        """Publish at random until it is over; at times rest, so that files are held."""
        while not over.is_set():
            self.publish(*self.chance.sample(LANGUAGES, k=self.chance.randint(1, 3)))
            over.wait(self.chance.choice((0, 0, 0.1, REST)))


@contextmanager
def publishing_beside(home: Path) -> Iterator[Publisher]:
    config = load(home / "tidings.toml", environment=False)
    database = open_database(config.database_url)
    publisher, over = Publisher(database=database, config=config), threading.Event()
    # In all languages first: each of the files is there when the readers come.
    publisher.publish(*LANGUAGES)
    thread = threading.Thread(target=publisher.work, args=(over,))
    thread.start()
    try:
        yield publisher
    finally:
        over.set()
        thread.join()
        database.close()


def test_ten_thousand_polls_while_items_are_published_find_nothing_wrong(tmp_path: Path) -> None:
    about = ("--url", "https://news.example.org", "--languages", ",".join(LANGUAGES))
    assert served.run(tmp_path, "init", ".", *about).returncode == 0
    with (
        publishing_beside(tmp_path) as publisher,
        served.serving(tmp_path, "--no-scheduler") as (_, port),
    ):
        lies, seen = polls.poll(port, publisher, PATHS)
    assert lies[:5] == []
    polls.check(seen)
    assert publisher.items > 10
