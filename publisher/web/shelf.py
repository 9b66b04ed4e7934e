"""What of the public folder is held in memory, and for how long that is true.

A file is held for as long as the disk shows the same stamp, which is asked for each time: a
reader never gets what was replaced before the request came. One so young that its stamp may
be another's, too, is read again each time (as git does with what it calls racily clean).
"""

import os
import threading
import time
from collections import OrderedDict
from typing import BinaryIO

from publisher.web.disk import Disk
from publisher.web.found import File, Found, stamp

#: Bytes that are held in all.
CAPACITY = 64 * 2**20


class Shelf:
    """The public folder with its memory. Threads may use it at once."""

    def __init__(self, disk: Disk, *, capacity: int = CAPACITY) -> None:
        self._disk = disk
        self._capacity = capacity
        self._held: OrderedDict[str, File] = OrderedDict()
        self._weight = 0
        self._changing = threading.Lock()
        # One reads a file; all who wait for that share what it found.
        self._reading = tuple(threading.Lock() for _ in range(16))

    @property
    def weight(self) -> int:
        """Bytes that are held, about."""
        return self._weight

    def peek(self, path: str) -> File | None:
        """Return the file at a path if it is held and the disk has no other one; quick."""
        file = self._held.get(path)
        if file is None or not file.settled:
            return None
        try:
            # pathlib takes twice as long, and this is done for every request.
            same = stamp(os.stat(file.place)) == file.stamp  # noqa: PTH116
            if same and file.around is not None:
                folder = os.path.dirname(file.place)  # noqa: PTH120
                same = stamp(os.stat(folder)) == file.around  # noqa: PTH116
        except OSError:
            return None
        if not same:
            return None
        if self._weight > self._capacity // 2:
            self._use(path)
        return file

    def find(self, path: str) -> Found:
        """Return what stands at a path, from the disk if need be.

        Raises OSError when the disk cannot be read.
        """
        arrived = time.monotonic()
        file = self.peek(path)
        if file is not None:
            return file
        with self._reading[hash(path) % len(self._reading)]:
            before = self._held.get(path)
            if before is not None and before.read >= arrived:
                return before
            found = self._disk.look(path, before)
            self._hold(path, found if isinstance(found, File) else None)
        return found

    def open(self, file: File) -> BinaryIO | None:
        """Open a file whose bytes are not held, None if there is another one by now."""
        return self._disk.open(file)

    def _use(self, path: str) -> None:
        """Let a file be one of the last to go."""
        with self._changing:
            if path in self._held:
                self._held.move_to_end(path)

    def _hold(self, path: str, file: File | None) -> None:
        with self._changing:
            before = self._held.pop(path, None)
            self._weight -= before.weight if before else 0
            if file is not None:
                self._held[path] = file
                self._weight += file.weight
            while self._weight > self._capacity:
                _, oldest = self._held.popitem(last=False)
                self._weight -= oldest.weight
