"""Chromium on loopback, as readers have it: found on this machine, and started once.

It needs no display. A machine without it is told so: what only a browser can see shall not
go unseen. ``python -m tests.browser`` says where it is; ``./run test`` installs one.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

#: Names the program where it is not on the PATH.
VARIABLE = "TIDINGS_CHROMIUM"

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")

#: It speaks to nobody but us, and runs as root in a container with little shared memory.
_OPTIONS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@contextmanager
def browser() -> Iterator[Browser]:
    """Give a browser for as long as the block lasts. Raises FileNotFoundError."""
    with sync_playwright() as playwright:
        program = _program(playwright)
        found = playwright.chromium.launch(executable_path=program, args=list(_OPTIONS))
        yield found
        found.close()


def _program(playwright: Playwright) -> str:
    named = os.environ.get(VARIABLE)
    installed = (shutil.which(name) for name in _NAMES)
    for candidate in (named, *installed, playwright.chromium.executable_path):
        if candidate and Path(candidate).exists():
            return candidate
    raise FileNotFoundError(f"no Chromium: './run test' installs one, or {VARIABLE} names it")


if __name__ == "__main__":
    with sync_playwright() as started:
        try:
            sys.stdout.write(f"{_program(started)}\n")
        except FileNotFoundError as error:
            sys.exit(str(error))
