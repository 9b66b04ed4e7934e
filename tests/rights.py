"""Who may do what to files: the tests may run as root, whom no mode of a file keeps out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_NOBODY = 65534


@contextmanager
def without_those_of_root() -> Iterator[None]:
    """Be a user without the rights of root; who is none already stays who they are."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)
