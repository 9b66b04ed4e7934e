"""What is done when a run of tests or a benchmark ends, also when it is killed.

Servers that go on by themselves would then do so for ever, in memory. Who could stop them is dead,
so a process of its own waits for that: it reads from a pipe whose other end only the run has (no
child is given it), and which the system closes however the run ends.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def stopping(folder: Path, *command: str | Path, user: str | None = None) -> Iterator[None]:
    """Run a command and take a folder away when the block ends, or this process before it.

    Raises RuntimeError where the command failed at the end of the block.
    """
    waiting = subprocess.Popen(
        [sys.executable, "-IS", __file__, folder, user or "", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd="/",
        # What interrupts or kills the run with all that belongs to it leaves this one alone.
        start_new_session=True,
    )
    try:
        yield
    finally:
        waiting.communicate()
        if waiting.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}: ended with {waiting.returncode}")


def _wait(folder: str, user: str, *command: str) -> int:
    sys.stdin.read()
    done = subprocess.run(command, user=user or None, stdout=subprocess.DEVNULL, check=False)
    shutil.rmtree(folder, ignore_errors=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(_wait(*sys.argv[1:]))
