"""Commands in the process of the test: it is afterwards as it was before."""

import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.commands import tidings


def process() -> Mapping[str, object]:
    """Return what a command may change of its process."""
    return {
        "folder": Path.cwd(),
        "environment": dict(os.environ),
        "arguments": list(sys.argv),
        "streams": (sys.stdout, sys.stderr),
        "hook": sys.excepthook,
        "logging": (logging.root.level, list(logging.root.handlers), logging.root.manager.disable),
        "signals": [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)],
    }


def test_a_command_leaves_the_process_of_the_test_as_it_was(tmp_path: Path) -> None:
    before = process()
    address = ("--url", "https://news.example.org", "--languages", "en")
    assert tidings(tmp_path, "init", "site", *address).code == 0
    settings = {"TIDINGS_SITE__URL": "nowhere"}
    assert tidings(tmp_path / "site", "tick", environment=settings).code == 78
    assert tidings(tmp_path / "site", "deliver").code == 0
    assert process() == before
