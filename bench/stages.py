"""The sites of the crash benchmark: what sends there, from which store, to which relay."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

from bench import queued
from bench.stage import Book, Sender, Stage, Taken, settings
from store.database import open_database
from store.records import UnknownRule
from tests import postfix, postgres

#: Where the disk is full: no file may pass 128 blocks of 512 bytes.
FULL_AT = 128 * 512
_FULL = ("/bin/sh", "-c", 'ulimit -f 128 && exec "$0" "$@"')

#: Days by which a clock is off, from one process to the next.
JUMPS = (0, 30, -30, 400)


@contextmanager
def embedded(folder: Path, people: int) -> Iterator[Stage]:
    """Give one process on SQLite."""
    with _on_sqlite(folder, people, Sender(command=["deliver"], folder=folder)) as stage:
        yield stage


@contextmanager
def jumping(folder: Path, people: int) -> Iterator[Stage]:
    """Give two processes on SQLite whose clocks are off, each time by something else.

    There the sender's own clock tells the time of leases.
    """
    days = [timedelta(days=jump) for jump in JUMPS]
    clocks = [cycle(days), cycle(reversed(days))]
    senders = [Sender(command=["deliver"], folder=folder, jumps=clock) for clock in clocks]
    with _on_sqlite(folder, people, *senders) as stage:
        yield stage


@contextmanager
def _on_sqlite(folder: Path, people: int, *senders: Sender) -> Iterator[Stage]:
    url = f"sqlite:///{folder}/tidings.db"
    with _book(folder) as book, closing(open_database(url)) as database:
        config = queued.written(folder, url, book.mail)
        yield Stage(
            senders=senders,
            issue=queued.queue(config, people, now=datetime.now(UTC)),
            database=database,
            book=book,
            taken=Taken(path=book.path, mark=b"\n"),
        )


@contextmanager
def distributed(folder: Path, people: int) -> Iterator[Stage]:
    """Give two workers on PostgreSQL, as on two hosts: neither sees the other's journals."""
    hosts = [folder / "one", folder / "two"]
    senders = [Sender(command=["worker"], folder=host) for host in hosts]
    with _on_postgresql(folder, people, *senders) as stage:
        yield stage


@contextmanager
def cramped(folder: Path, people: int) -> Iterator[Stage]:
    """Give one process on PostgreSQL, which writes no file but its journal, on a full disk."""
    sender = Sender(command=["deliver"], folder=folder / "one", inside=_FULL)
    with _on_postgresql(folder, people, sender) as stage:
        yield stage


@contextmanager
def _on_postgresql(folder: Path, people: int, *senders: Sender) -> Iterator[Stage]:
    with (
        _book(folder) as book,
        postgres.own_server() as server,
        postgres.copy(server.base, None) as url,
        closing(open_database(url)) as database,
    ):
        for sender in senders:
            sender.folder.mkdir()
            config = queued.written(sender.folder, url, book.mail)
        yield Stage(
            senders=senders,
            issue=queued.queue(config, people, now=datetime.now(UTC)),
            database=database,
            book=book,
            taken=Taken(path=book.path, mark=b"\n"),
            server=server,
        )


@contextmanager
def postfix_ask(folder: Path, people: int) -> Iterator[Stage]:
    """Give one process on SQLite that asks its Postfix, which hands on to the book."""
    if os.geteuid() != 0 or shutil.which("postfix") is None:
        raise NotImplementedError("needs Postfix, and the right to start one")
    url = f"sqlite:///{folder}/tidings.db"
    with (
        _book(folder) as book,
        closing(open_database(url)) as database,
        postfix.server(default_transport=f"smtp:[127.0.0.1]:{book.port}") as relay,
    ):
        config = queued.written(folder, url, {**settings(relay.port), "ask": relay.log})
        now = datetime.now(UTC)
        yield Stage(
            senders=[Sender(command=["deliver"], folder=folder)],
            issue=queued.queue(config, people, now=now, unknown=UnknownRule.ASK),
            database=database,
            book=book,
            taken=Taken(path=relay.log, mark=b"(queue active)\n"),
            queue=relay.log.parent / "queue",
        )


@contextmanager
def _book(folder: Path) -> Iterator[Book]:
    book = Book(path=folder / "book")
    book.path.touch()
    book.start()
    try:
        yield book
    finally:
        book.kill()
