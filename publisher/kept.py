"""What is made over and over from the same values, kept: the one memory of a process.

Only for what is a pure function of its key, so that nothing a reader sees depends on whether
it was kept. A new process begins with nothing: this serves ``tidings serve``, which ticks for
months, and within one pass whatever asks twice. It is not kept on disk: what that would save
a command is less than the command takes to start, and a file could outlive the program and
the templates that it was made by.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: One value takes at most this part of the room: a text of megabytes shall not drive out all
#: the others, and is made anew each time.
_SHARE = 8


class Kept(Generic[K, V]):
    """A pure function that remembers, the longest unused given up first.

    ``size`` says about how many bytes a key and its value take, ``limit`` how many all may.
    Threads may call it at once: two that need the same new value both make it.
    """

    def __init__(self, make: Callable[[K], V], *, size: Callable[[K, V], int], limit: int) -> None:
        self._make = make
        self._size = size
        self._limit = limit
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __call__(self, key: K) -> V:
        """Return the value of a key."""
        with self._lock:
            found = self._values.get(key)
            if found:
                self._values.move_to_end(key)
                return found[0]
        value = self._make(key)
        self._keep(key, value, self._size(key, value))
        return value

    def _keep(self, key: K, value: V, size: int) -> None:
        with self._lock:
            if key in self._values or size > self._limit // _SHARE:
                return
            self._values[key] = (value, size)
            self._bytes += size
            while self._bytes > self._limit:
                _, (_, freed) = self._values.popitem(last=False)
                self._bytes -= freed
