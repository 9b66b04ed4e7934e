"""Messages in files: one by one, Maildir, mbox, folders of them, a pipe.

Nothing is changed or moved. However long a file is, one message at most is in memory, and of that
no more than is read.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from publisher.errors import InputError
from publisher.mail.received import LONGEST

#: What a message of an mbox begins with (RFC 4155): the sender and a date, as ctime writes it.
_FROM = re.compile(rb"From .{0,300}\d\d:\d\d.{0,60}\d{4}")
_QUOTED = re.compile(rb">+From ")

#: Bytes of a line that are read at once.
_LINE = 65_536

Found = tuple[str, bytes]


def messages(path: Path) -> Iterator[Found]:
    """Yield the messages of a file or a folder, each with where it was found. Raises InputError."""
    try:
        if not path.is_dir():
            yield from _of_file(path)
            return
        for file in _files(path):
            # Another program may take a message out of a Maildir while it is read.
            with suppress(FileNotFoundError):
                yield from _of_file(file)
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error)) from error


def piped(pipe: BinaryIO) -> Iterator[Found]:
    """Yield the messages that come through a pipe: one, or an mbox."""
    yield from _read(pipe, "-")
    # Whoever writes into it must not find it closed half-way: a mail system would try again.
    while pipe.read(_LINE):
        pass


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder, in order; of a Maildir those that have been delivered."""
    parts = [folder / name for name in ("new", "cur")]
    if not all(part.is_dir() for part in parts):
        parts = [folder]
    for part in parts:
        for file in sorted(part.rglob("*")):
            hidden = any(name.startswith(".") for name in file.relative_to(part).parts)
            if file.is_file() and not hidden:
                yield file


def _of_file(file: Path) -> Iterator[Found]:
    with file.open("rb") as opened:
        yield from _read(opened, str(file))


def _read(file: BinaryIO, name: str) -> Iterator[Found]:
    first = file.readline(_LINE)
    if not _FROM.match(first):
        if first:
            yield name, first + file.read(LONGEST)
        return
    for number, message in enumerate(_mbox(file), 1):
        yield f"{name}, message {number}", message


def _mbox(file: BinaryIO) -> Iterator[bytes]:
    """Yield the messages of an mbox whose first line has been read.

    A line of a message that begins as those do between messages has a ``>`` before it.
    """
    lines, length, after_blank = list[bytes](), 0, False
    while line := file.readline(_LINE):
        if after_blank and _FROM.match(line):
            yield b"".join(lines)
            lines, length = [], 0
        elif length < LONGEST:
            lines.append(line[1:] if _QUOTED.match(line) else line)
            length += len(line)
        after_blank = line in {b"\n", b"\r\n"}
    yield b"".join(lines)
