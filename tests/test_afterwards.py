"""Servers that tests and benchmarks start end with them, also when those are killed."""

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests import postfix, postgres
from tests.commands import ROOT
from tests.served import wait_until


def test_a_run_that_is_killed_leaves_no_postgresql() -> None:
    run, data = begun("postgres.own_server() as own", "own.data")
    server = number_in(data / "postmaster.pid")
    kill(run)
    wait_until(lambda: not lives(server) and not data.parent.exists())


def test_a_run_that_is_killed_leaves_no_postfix() -> None:
    with postfix.server():
        pass  # There is one here, and we may start it; else this test is skipped.
    run, log = begun("postfix.server() as own", "own.log")
    server = number_in(log.parent / "queue" / "pid" / "master.pid")
    kill(run)
    wait_until(lambda: not lives(server) and not log.parent.exists())


def test_a_server_that_cannot_be_stopped_is_told() -> None:
    with pytest.raises(RuntimeError, match="pg_ctl"), postgres.own_server() as own:
        own.stop()


def begun(server: str, told: str) -> tuple["subprocess.Popen[str]", Path]:
    """Start a run with a server of its own; return it, and the path that it tells."""
    lines = (
        "from tests import postfix, postgres",
        f"with {server}:",
        f"    print({told}, flush=True)",
        "    input()",
    )
    run = subprocess.Popen(
        [sys.executable, "-c", "\n".join(lines)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    return run, Path(run.stdout.readline().strip())


def number_in(file: Path) -> int:
    """Return the number of a process that lives, which it has written into a file."""
    number = int(file.read_text(encoding="ascii").split()[0])
    assert lives(number)
    return number


def lives(number: int) -> bool:
    """Say whether a process runs: who is dead may stand there until somebody asks how it ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text(encoding="utf-8")
    return False


def kill(run: "subprocess.Popen[str]") -> None:
    run.kill()
    run.communicate()
    assert run.returncode == -signal.SIGKILL
