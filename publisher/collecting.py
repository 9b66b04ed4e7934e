"""How often Python looks for objects that refer to one another and to nothing else.

A process that has told much keeps much: what its feeds and pages are made from. The searches of
all that took 6% of the processor's time for a publication, and a third for the slowest of thirty;
they found nothing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: New objects between two searches of the youngest; Python's own number is 700.
_SELDOM = 50_000


@contextmanager
def seldom() -> Iterator[None]:
    """Have the process search seldom, yet often enough that a pass of any length stays small."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _SELDOM) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
