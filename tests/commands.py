"""``tidings`` as people's scripts use it: in this process, or as one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import patch

from publisher.__main__ import main

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        (line,) = self.out.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


def tidings(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
    """Run a command in a folder as its process would, without the half second to start one."""
    out, err = _Stream(), _Stream()
    with (
        chdir(folder),
        patch.dict(os.environ, _environment(environment), clear=True),
        patch.object(sys, "argv", ["tidings", *arguments]),
        # Typer puts its own there, for good.
        patch.object(sys, "excepthook", sys.excepthook),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    assert isinstance(code, int), code
    return Ran(code, out.written, err.written)


def process(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
    """Run a command in a folder as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "publisher", *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**_environment(environment), "PYTHONPATH": str(ROOT)},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    """Return ours, in which nothing configures a site, with some more."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("TIDINGS_")}
    return {**ours, **(more or {})}


class _Stream(TextIOWrapper):
    """An output that is kept; no terminal."""

    def __init__(self) -> None:
        super().__init__(BytesIO(), encoding="utf-8", write_through=True)

    @property
    def written(self) -> str:
        self.flush()
        kept = self.buffer
        assert isinstance(kept, BytesIO)
        return kept.getvalue().decode()
