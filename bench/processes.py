"""Servers that are measured: processes of ours on loopback, and the time that they take."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_PATIENCE = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str],
    *,
    port: int,
    folder: Path,
    environment: Mapping[str, str],
    out: IO[bytes] | None = None,
) -> Iterator[int]:
    """Run a server for as long as the block lasts; give its process id once it listens."""
    with subprocess.Popen(  # noqa: S603
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=out,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for(port)
            yield process.pid
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    """Wait until somebody listens at a port of loopback. Raises TimeoutError."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens at {port}")


def cpu_seconds(pid: int) -> float:
    """Return the seconds that a process and its children have worked (proc(5), stat)."""
    return sum(int(stat[11]) + int(stat[12]) for stat in _family(pid).values()) / _TICKS


def _family(pid: int) -> dict[int, list[str]]:
    """Return what the system says of a process and its children, behind their names."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        # Another process may end while we look.
        with suppress(OSError):
            # The name in parentheses may hold anything; the numbers come after it.
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
            if pid in {int(path.parent.name), int(fields[1])}:
                found[int(path.parent.name)] = fields
    return found


def idle_seconds() -> float:
    """Return the seconds that the machine's cores had nothing to do, added (proc(5), stat)."""
    every = Path("/proc/stat").read_text(encoding="utf-8").partition("\n")[0].split()
    # Waiting for a disk is idle, too.
    return (int(every[4]) + int(every[5])) / _TICKS


def peak_mb(pid: int) -> float:
    """Return the largest resident sets of a process and its children, added (proc(5), status)."""
    peaks = 0
    for member in _family(pid):
        with suppress(OSError):
            lines = Path(f"/proc/{member}/status").read_text(encoding="utf-8").splitlines()
            peaks += sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return peaks / 1024
