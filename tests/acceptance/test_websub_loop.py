"""The whole way of WebSub: a reader of the feed asks a hub, and has the news in its hands.

    reader --discover--> feed (Link)        tidings serve --publish--> hub
    reader --subscribe--> hub --verify--> reader       hub --fetch--> feed
                                                       hub --distribute, signed--> reader

Hub and reader are Flask-WebSub's; all of it is on loopback.
"""

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from flask import Flask, request
from flask_websub.hub import Hub, SQLite3HubStorage
from flask_websub.subscriber import (
    SQLite3SubscriberStorage,
    SQLite3TempSubscriberStorage,
    Subscriber,
    discover,
)
from werkzeug.serving import make_server

from tests import make, served
from tests.fakes import free_port

SECRET = "a secret of the reader's"
ITEM = """---
title: {title}
slug: dignity
translationKey: dignity
workflow: approved
---

{body}
"""


class Tasks:
    """What Flask-WebSub wants of Celery: tasks that are done later, here in one thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._given: list[Future[Any]] = []

    def task(self, *, bind: bool = False, **_: Any) -> Callable[[Callable[..., Any]], "Task"]:
        return lambda work: Task(self, work, bind=bind)

    def give(self, work: Callable[..., Any], *values: Any) -> None:
        self._given.append(self._pool.submit(work, *values))

    def settle(self) -> None:
        """Wait until all is done, also what came meanwhile. Raises what a task has raised."""
        while self._given:
            self._given.pop(0).result(timeout=30)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


class Task:
    """A task as the hub sees it."""

    def __init__(self, tasks: Tasks, work: Callable[..., Any], *, bind: bool) -> None:
        self._tasks = tasks
        self._work = work
        self._mine = (self,) if bind else ()

    def delay(self, *values: Any) -> None:
        self._tasks.give(self._work, *self._mine, *values)


@contextmanager
def running(app: Flask) -> Iterator[str]:
    """Serve an application on loopback; give its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    made = Tasks()
    yield made
    made.close()


@pytest.fixture
def hub(tmp_path: Path, tasks: Tasks) -> Iterator[str]:
    """Give the address of a hub."""
    app = Flask("hub")
    app.config["PUBLISH_SUPPORTED"] = True
    made = Hub(SQLite3HubStorage(str(tmp_path / "hub.db")), tasks)
    app.register_blueprint(made.build_blueprint("/hub"))
    with running(app) as address:
        yield f"{address}/hub"


class Reader:
    """A subscriber who keeps what came, and whether its signature was right."""

    def __init__(self, folder: Path) -> None:
        path = str(folder / "reader.db")
        self.subscriber = Subscriber(
            SQLite3SubscriberStorage(path), SQLite3TempSubscriberStorage(path)
        )
        self.app = Flask("reader")
        self.app.register_blueprint(self.subscriber.build_blueprint("/callbacks"))
        self.app.before_request(self._note)
        self.confirmed: list[tuple[str, str]] = []
        #: What the library handed on, by callback: what it took for signed by the hub.
        self.taken: list[tuple[str, bytes]] = []
        #: All that was posted: the path, the header with the signature, and the body.
        self.posted: list[tuple[str, str, bytes]] = []
        self.subscriber.add_success_handler(
            lambda topic, _, mode: self.confirmed.append((mode, topic))
        )
        self.subscriber.add_listener(lambda _, name, body: self.taken.append((name, body)))

    def _note(self) -> None:
        if request.method == "POST":
            signature = request.headers.get("X-Hub-Signature", "")
            self.posted.append((request.path, signature, request.get_data()))

    def subscribe(self, name: str, found: dict[str, str], address: str) -> int:
        """Ask the hub for a feed, as Subscriber.subscribe does; that allows no secret over http."""
        asked = {**found, "mode": "subscribe", "secret": SECRET}
        self.subscriber.temp_storage[name] = {**asked, "lease_seconds": None, "timeout": 60}
        return post(
            found["hub_url"],
            urlencode(
                {
                    "hub.mode": "subscribe",
                    "hub.topic": found["topic_url"],
                    "hub.callback": f"{address}/callbacks/{name}",
                    "hub.secret": SECRET,
                }
            ).encode(),
        )


def post(url: str, body: bytes, **headers: str) -> int:
    with urlopen(Request(url, data=body, headers=headers)) as answer:
        return int(answer.status)


def get(url: str) -> bytes:
    with urlopen(url) as answer:
        return bytes(answer.read())


@pytest.fixture
def house(tmp_path: Path, hub: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """Give the folder and the address of a site that is served, and knows the hub."""
    port, folder = free_port(), tmp_path / "house"
    url = f"http://127.0.0.1:{port}"
    made = served.run(tmp_path, "init", "house", "--url", url, "--languages", "en,fr,es,ar")
    assert made.returncode == 0, made.stderr
    monkeypatch.setenv("TIDINGS_FEEDS__HUBS", hub)
    monkeypatch.setenv("TIDINGS_SCHEDULER__INTERVAL", "0.2")
    with served.serving(folder, port=port):
        served.wait_until((folder / "public/ar/feed.json").exists)
        yield folder, url


def publish(folder: Path, *languages: str) -> None:
    source = folder / "news"
    source.mkdir()
    for tag in languages:
        text = ITEM.format(title=make.TITLES[tag], body=make.BODIES[tag])
        (source / f"dignity.{tag}.md").write_text(text, encoding="utf-8")
    done = served.run(folder, "item", "import", "news")
    assert done.returncode == 0, done.stderr


def test_a_reader_who_subscribed_by_what_the_feed_says_gets_the_news_signed(
    house: tuple[Path, str], hub: str, tasks: Tasks, tmp_path: Path
) -> None:
    folder, url = house
    feeds = {"french": f"{url}/fr/feed.atom", "arabic": f"{url}/ar/feed.json"}
    reader = Reader(tmp_path)
    with running(reader.app) as address:
        for name, feed in feeds.items():
            found = discover(feed)
            assert found == {"hub_url": hub, "topic_url": feed}
            assert reader.subscribe(name, found, address) == 202
        tasks.settle()
        assert sorted(reader.confirmed) == sorted(("subscribe", feed) for feed in feeds.values())
        assert reader.posted == []

        publish(folder, "en", "fr", "ar")
        served.wait_until(lambda: len(reader.taken) >= len(feeds))
        tasks.settle()

        # Each once, as it is on the site, with the item in it.
        assert dict(reader.taken) == {name: get(feed) for name, feed in feeds.items()}
        assert len(reader.taken) == len(feeds)
        for name, tag in (("french", "fr"), ("arabic", "ar")):
            assert make.TITLES[tag] in dict(reader.taken)[name].decode()
        # The library looked at the signature; so do we.
        for _, signature, body in reader.posted:
            algorithm, _, digest = signature.partition("=")
            assert algorithm == "sha512"
            assert digest == hmac.new(SECRET.encode(), body, hashlib.sha512).hexdigest()

        forged = hmac.new(b"a guess", b"forged", hashlib.sha512).hexdigest()
        header = {"X-Hub-Signature": f"sha512={forged}"}
        post(f"{address}/callbacks/french", b"forged", **header)
        assert (len(reader.posted), len(reader.taken)) == (len(feeds) + 1, len(feeds))
