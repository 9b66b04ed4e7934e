"""Files of text as people keep them: in UTF-8, and no longer than they may be."""

import stat
from pathlib import Path

from publisher.errors import InputError


def read(path: Path, limit: int) -> str:
    """Return a file of ``limit`` bytes at the most as text, its lines ended by LF.

    Raises InputError, OSError, and ValueError for a path that no file can have.
    """
    if path.is_fifo():
        # Opening one waits for somebody to write.
        raise InputError("file", "is a named pipe, not a file")
    status = path.stat()
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise InputError("file", "is a socket or a device, not a file")
    if status.st_size > limit and stat.S_ISREG(status.st_mode):
        raise InputError("file", f"is larger than {limit} bytes")
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise InputError("file", f"is larger than {limit} bytes")
    return _decoded(data)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        reason = f"the byte {data[error.start]:#04x} is not UTF-8: save the file as UTF-8"
        raise InputError(f"line {line}", reason) from error
