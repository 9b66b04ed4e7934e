"""End a process that stands still, so that what runs it begins it anew.

A connection whose other end has gone without a word may hold up a worker for hours, and those who
wrote the library know of it (Procrastinate's issues 1334, 1513, 1596). Its journal outlives it.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

#: The exit code: try again.
STOOD_STILL = 75

#: Seconds between two looks.
_LOOK = 1.0


@dataclass(kw_only=True)
class Pulse:
    """What shows that a process is at work, with all its parts."""

    #: How often each part has shown it.
    parts: Counter[str] = field(default_factory=Counter)

    def begin(self, *parts: str) -> None:
        """Begin anew, with these parts."""
        self.parts = Counter(dict.fromkeys(parts, self.beats + 1))

    def beat(self, part: str) -> None:
        """Show that a part is at work."""
        self.parts[part] += 1

    @property
    def beats(self) -> int:
        """How often the part has beaten that has done so least."""
        return min(self.parts.values(), default=0)


@dataclass(kw_only=True)
class Watch:
    """How long a pulse has stood still, in looks.

    Looks, not seconds of a clock: a process that was frozen did not stand still meanwhile.
    """

    limit: int
    seen: int = -1
    still: int = 0

    def look(self, beats: int) -> bool:
        """Look once more; return whether it has stood still for too long."""
        self.seen, self.still = beats, self.still + 1 if beats == self.seen else 0
        return self.still >= self.limit


@contextmanager
def watching(
    pulse: Pulse,
    seconds: float,
    say: Callable[[str], None],
    *,
    end: Callable[[int], object] = os._exit,
) -> Iterator[None]:
    """End the process once its pulse has stood still for so long, while the block lasts.

    At once and without tidying up: what would do that may be what stands still.
    """
    over, watch = threading.Event(), Watch(limit=max(round(seconds / _LOOK), 1))

    def keep_watch() -> None:
        while not over.wait(_LOOK):
            if watch.look(pulse.beats):
                say(f"the worker has stood still for {seconds:g} seconds: it ends itself")
                end(STOOD_STILL)
                return

    thread = threading.Thread(target=keep_watch, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
