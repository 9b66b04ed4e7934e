"""Put public files in place: each whole, many at a time, durable before anybody relies on it.

    written beside and on disk, all of them --> renamed over, in order --> folders on disk

Why in this order. The marks that say which files are behind are taken back for good, so what
they stood for must survive a loss of power by then:

- A file's bytes are on disk before its name leads to them. The other way round, a file system
  may keep the new name and lose the bytes: readers would find an empty file.
- A rename, a removal or a new folder is on disk only when the folder around it is. Otherwise
  the old file could come back, and with no mark left nobody would write the new one again.
- Folders of files that were right already are no exception: a process that was killed after
  its renames left them right, and not yet for good.

Why many at a time. Every fsync waits for a turn of the file system's journal, and those that
wait at once share one: a hundred files take about a tenth of the time they take one by one.
And they are written by threads, while whoever puts them makes the next: to make a new file
takes the system as long as it takes us to make what is in it. Threads give up the old ones, too:
a file goes when the last who holds it lets go, and to free its blocks takes longer than to
rename.
"""

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from publisher import beside, packing

#: Files that may stand beside, before they are renamed together: a pass of the scheduler fits,
#: and a rebuild of a large site does not double its folder.
BATCH = 1_000

#: Files and folders that are brought to the disk at once.
_AT_ONCE = 8


@cache
def _threads() -> ThreadPoolExecutor:
    """Return the threads of this process, which stay: each pass would wait until all have begun."""
    return ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="placing")


# A process that is forked off has the executor without its threads.
os.register_at_fork(after_in_child=_threads.cache_clear)


class Placing:
    """Files on their way into a folder, for a ``with`` block.

    All are in place and durable when the block ends. When it ends by an exception, what still
    stands beside is swept away, and the files that were there stay.
    """

    def __init__(self, folder: Path, *, batch: int = BATCH) -> None:
        self._folder = str(folder)
        self._batch = batch
        #: By where it goes, what is written beside; None for a file that goes away.
        self._waiting: dict[str, Future[None] | None] = {}
        #: Folders that are to be on disk in the end, and those that are surely there.
        self._folders: set[str] = set()
        self._there: set[str] = set()
        #: Descriptors of files that others have taken the places of.
        self._old: deque[int] = deque()
        self._letting_go: list[Future[None]] = []
        self._threads = _threads()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put the last files in place, or sweep them away."""
        try:
            if kind is None:
                self._settle()
        finally:
            begun = [writing for writing in self._waiting.values() if writing]
            wait([each for each in (*begun, *self._letting_go) if not each.cancel()])
            beside.let_go(self._old)
            for place, writing in self._waiting.items():
                if writing:
                    beside.sweep(place)

    def put_packed(self, place: Path, body: bytes | None, *, anew: bool = False) -> bool:
        """Have a file hold these bytes, and one beside it the same gzipped; see :meth:`put`.

        The packed one comes into its place first: so where the other is right already, both
        are, and nothing is packed but ``anew``.
        """
        name = str(place)
        packed = f"{name}.gz"
        changes = self._changes(name, body)
        if body is not None and changes and not anew:
            self._write(beside.Task(packed, body, packed=True), beside.Task(name, body))
            return True
        if changes or anew or not os.path.exists(packed):
            self._put(packed, None if body is None else packing.pack(body))
        self._put(name, body)
        return changes

    def put(self, place: Path, body: bytes | None) -> bool:
        """Have a file hold these bytes, or (None) be gone; return whether that changes it.

        A file that holds them already is left alone, so that its age tells when it changed.
        Raises StoreError.
        """
        return self._put(str(place), body)

    def _changes(self, place: str, body: bytes | None) -> bool:
        with beside.named("remove" if body is None else "write", place):
            return os.path.lexists(place) if body is None else not beside.holds(place, body)

    def _put(self, place: str, body: bytes | None) -> bool:
        changes = self._changes(place, body)
        if body is not None and changes:
            self._write(beside.Task(place, body))
        else:
            self._begin(place)
            if changes:
                self._waiting[place] = None
            self._settle_full()
        return changes

    def _write(self, *tasks: beside.Task) -> None:
        """Have a thread write files beside their places, which are in one folder."""
        for task in tasks:
            self._begin(task.place)
        self._make_folder(tasks[0].place)
        writing = self._threads.submit(beside.write_all, tasks)
        self._waiting.update((task.place, writing) for task in tasks)
        self._settle_full()

    def _begin(self, place: str) -> None:
        """Take back what waits for a place: what comes last holds."""
        writing = self._waiting.pop(place, None)
        if writing:
            writing.result()
            beside.sweep(place)
        folder = os.path.dirname(place)
        while folder not in self._folders:
            self._folders.add(folder)
            if folder == self._folder:
                break
            folder = os.path.dirname(folder)

    def _make_folder(self, place: str) -> None:
        folder = os.path.dirname(place)
        if folder not in self._there:
            with beside.named("write", place):
                missing = folder
                while not os.path.exists(missing):
                    missing = os.path.dirname(missing)
                    self._folders.add(missing)
                os.makedirs(folder, exist_ok=True)
            self._there.add(folder)

    def _settle_full(self) -> None:
        if len(self._waiting) >= self._batch:
            self._settle()

    def _settle(self) -> None:
        for writing in self._waiting.values():
            if writing:
                writing.result()
        for place, writing in list(self._waiting.items()):
            with beside.named("write" if writing else "remove", place):
                self._hold_old(place)
                if writing:
                    beside.rename(place)
                else:
                    Path(place).unlink(missing_ok=True)
            del self._waiting[place]
        # The list raises what a thread raised.
        list(self._threads.map(beside.sync_folder, self._folders))
        self._folders.clear()
        wait(self._letting_go)
        self._letting_go.clear()

    def _hold_old(self, place: str) -> None:
        """Keep what stands in a place from being freed while its place is taken."""
        held = beside.hold(place)
        if held is not None:
            self._old.append(held)
        if len(self._old) >= _AT_ONCE:
            self._letting_go.append(self._threads.submit(beside.let_go, self._old))
