"""Another process at the same database."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.database import Database

ROOT = Path(__file__).parents[2]


def url_of(database: Database) -> str:
    return database._engine.url.render_as_string(hide_password=False)


@contextmanager
def process(program: str, url: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program until it is ready; end it by SIGKILL at the latest when the block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", program, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as running:
        try:
            assert running.stdout is not None
            assert running.stdout.readline() == "ready\n"
            yield running
        finally:
            running.kill()
