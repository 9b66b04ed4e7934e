"""Where tests write: in memory, where there is enough of it, so that nothing waits for a disk.

Each file of a site is synced, and databases of PostgreSQL are made by the hundred, each of some
hundred files: 10 ms in memory, 100 to 300 ms on the disk where that was measured.
"""

import os
import re
import shutil
import tempfile
from multiprocessing import util
from pathlib import Path

_MEMORY = Path("/dev/shm")
#: What a folder's name begins with, before the number of its process.
_NAME = "tidings-tests-"
#: Bytes that must be free there, and in memory beside: a run needs some two gigabytes.
_ENOUGH = 6 << 30


def begin() -> None:
    """Have temporary files of this process and its children lie in memory, until it ends.

    Not where somebody has said where they are to lie, nor where there is too little memory.
    """
    if "TMPDIR" in os.environ or not _is_roomy():
        return
    _clear()
    folder = Path(tempfile.mkdtemp(prefix=f"{_NAME}{os.getpid()}-", dir=_MEMORY))
    # PostgreSQL and Postfix, as users of their own, must come through.
    folder.chmod(0o711)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    # Behind what multiprocessing itself takes away (-100).
    util.Finalize(None, shutil.rmtree, args=(folder,), exitpriority=-200)


def _clear() -> None:
    """Take away what runs that were killed have left: it lies in memory."""
    for left in _MEMORY.glob(f"{_NAME}*"):
        process = left.name.removeprefix(_NAME).partition("-")[0]
        if not Path("/proc", process).exists():
            shutil.rmtree(left, ignore_errors=True)


def _is_roomy() -> bool:
    if not os.access(_MEMORY, os.W_OK):
        return False
    told = Path("/proc/meminfo").read_text(encoding="ascii")
    available = re.search(r"MemAvailable:\s+(\d+) kB", told)
    free = int(available[1]) * 1024 if available else 0
    return min(free, shutil.disk_usage(_MEMORY).free) > _ENOUGH
