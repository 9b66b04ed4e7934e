"""The public folder as it stands on the disk.

Files are replaced by rename, so one that is open never changes under the reader and is never
half a one; what is read of it belongs together. Nothing outside the folder is ever opened.
"""

import contextlib
import errno
import gzip
import hashlib
import os
import stat
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from publisher import addresses
from publisher.web import media
from publisher.web.found import File, Folder, Found, Gone, Moved, stamp
from publisher.web.versions import Site, Version, strong_tag, tag_of, version

#: Files that are larger stay on the disk, in bytes.
LARGE = 8 * 2**20

#: Nanoseconds: no clock of a file system goes in longer steps.
_STEP = 2_000_000_000
#: Nanoseconds by which the time of a file may be behind the clock: that of the kernel ticks.
_TICK = 20_000_000
_SECOND = 1_000_000_000

#: Below this size gzip saves nobody anything.
_WORTH = 256
_LEVEL = 6
_BLOCK = 256 * 1024
_LONGEST_ADDRESS = 4_000

#: What says that there is no such file for anybody; other troubles may pass.
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENAMETOOLONG, errno.ELOOP}

#: What the page at an address with a slash at its end is called.
_INDEX = "index.html"


class Disk:
    """The public folder."""

    def __init__(
        self, public: Path, site: Site, *, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._public = str(public)
        self._site = site
        self._clock = clock

    def look(self, path: str, before: File | None) -> Found:
        """Return what stands at a path; ``before`` is what was read there last, to save work.

        Raises OSError when the disk cannot be read: that does not say that nothing is there.
        """
        try:
            return self._page(path, before) if path.endswith("/") else self._other(path, before)
        except OSError as error:
            if error.errno in _ABSENT:
                return None
            raise

    def open(self, file: File) -> BinaryIO | None:
        """Open a file that is not held in memory, None if there is another one by now."""
        opened = self._opened(file.place.removeprefix(self._public))
        if stamp(os.fstat(opened.fileno())) == file.stamp:
            return opened
        opened.close()
        return None

    def _other(self, path: str, before: File | None) -> Found:
        if stat.S_ISDIR(os.stat(self._inside(path)).st_mode):  # noqa: PTH116
            return Folder(name=path.rpartition("/")[2])
        return self._file(path, before)

    def _page(self, path: str, before: File | None) -> Found:
        # Read first: whatever changes in the folder after this, its stamp is another one then.
        folder = os.stat(self._inside(path))  # noqa: PTH116
        location = _address(self._bytes(addresses.moved(path)))
        if location is not None:
            return Moved(location=location)
        with contextlib.suppress(FileNotFoundError):
            return self._file(path + _INDEX, before, folder)
        notice = self._bytes(addresses.gone(path))
        return None if notice is None else Gone(notice=notice)

    def _file(self, path: str, before: File | None, folder: os.stat_result | None = None) -> File:
        now, began = self._clock(), time.monotonic()
        with self._opened(path) as opened:
            status = os.fstat(opened.fileno())
            # Written long before it was renamed, a file is older than what it replaced: only
            # the inode's time says when it came here.
            modified = last_modified(_youngest(status), now)
            if status.st_size > LARGE:
                plain, zipped = self._on_disk(path, opened, modified), None
            else:
                plain, zipped = self._in_memory(path, opened.read(), modified, before)
        youngest = max(_youngest(status), _youngest(folder or status))
        return File(
            place=self._public + path,
            stamp=stamp(status),
            around=stamp(folder) if folder else None,
            read=began,
            settled=now - youngest > _STEP,
            modified=modified,
            plain=plain,
            zipped=zipped,
        )

    def _on_disk(self, path: str, opened: BinaryIO, modified: int | None) -> Version:
        digest, size = hashlib.sha256(), 0
        while block := opened.read(_BLOCK):
            digest.update(block)
            size += len(block)
        tag = tag_of(digest.hexdigest())
        return version(self._site, path, etag=tag, size=size, body=None, modified=modified)

    def _in_memory(
        self, path: str, body: bytes, modified: int | None, before: File | None
    ) -> tuple[Version, Version | None]:
        def made(body: bytes, known: Version | None, *, gzipped: bool) -> Version:
            etag = known.etag if known else strong_tag(body)
            return version(
                self._site,
                path,
                etag=etag,
                size=len(body),
                body=body,
                modified=modified,
                gzipped=gzipped,
            )

        if before is not None and before.plain.body == body:
            known, old = before.plain, before.zipped
            packed = old.body if old else None
        else:
            known, old, packed = None, None, self._packed(path, body)
        return (
            made(body, known, gzipped=False),
            made(packed, old, gzipped=True) if packed is not None else None,
        )

    def _packed(self, path: str, body: bytes) -> bytes | None:
        """Return the bytes gzipped, from the file beside if that holds the same, else made here."""
        if not media.medium(path).compressible or len(body) < _WORTH:
            return None
        beside = self._bytes(f"{path}.gz")
        if beside is not None and unpacks_to(beside, body):
            return beside
        packed = gzip.compress(body, _LEVEL, mtime=0)
        return packed if len(packed) < len(body) else None

    def _bytes(self, path: str) -> bytes | None:
        try:
            with self._opened(path) as file:
                return file.read(LARGE)
        except FileNotFoundError:
            return None

    def _opened(self, path: str) -> BinaryIO:
        # Without waiting: a pipe in the folder would hold us for ever.
        number = os.open(self._inside(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        file = os.fdopen(number, "rb")
        if stat.S_ISREG(os.fstat(number).st_mode):
            return file
        file.close()
        raise FileNotFoundError(errno.ENOENT, "no file", path)

    def _inside(self, path: str) -> str:
        """Return where a path leads when all links are followed, if that is in the folder."""
        root = os.path.realpath(self._public)
        place = os.path.realpath(self._public + path)
        if place == root or place.startswith(f"{root}/"):
            return place
        raise FileNotFoundError(errno.ENOENT, "leads out of the public folder", path)


def last_modified(changed_ns: int, now_ns: int) -> int | None:
    """Return the first whole second after a change; None until it has come, with some margin.

    Two changes in one second must not have the same date (RFC 9110, 8.8.2.2): whoever fetched
    the file between them would get 304 for ever. So the second is over before it is told.
    """
    second = (changed_ns + _TICK) // _SECOND + 1
    return second if second * _SECOND <= now_ns else None


def unpacks_to(packed: bytes, body: bytes) -> bool:
    """Say whether gzipped bytes hold exactly these; a bomb is given up at their length."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(packed, len(body) + 1)
    except zlib.error:
        return False
    return unpacker.eof and not unpacker.unused_data and unpacked == body


def _youngest(status: os.stat_result) -> int:
    return max(status.st_mtime_ns, status.st_ctime_ns)


def _address(note: bytes | None) -> str | None:
    """Return the address in a note that a page moved: a path of this site, never another's."""
    if note is None or len(note) > _LONGEST_ADDRESS:
        return None
    line = note.decode("ascii", errors="replace").strip()
    ours = line.startswith("/") and not line.startswith(("//", "/\\"))
    return line if ours and line.isascii() and line.isprintable() and " " not in line else None
