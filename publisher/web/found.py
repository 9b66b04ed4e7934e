"""What can stand at a path of the public site. Values."""

import os
from dataclasses import dataclass

from publisher.web.versions import Version

#: Inode, size, and the times of the content and of the inode, in nanoseconds.
Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class File:
    """A public file that can be answered with."""

    place: str
    stamp: Stamp
    #: The stamp of the folder, for a page: beside it may stand that it moved, or is gone.
    around: Stamp | None
    #: When reading began, on the steady clock, in seconds.
    read: float
    #: Whether the stamp is old enough to be trusted. The clock of a file system goes in steps:
    #: of two files that replace each other within one step, both may have the same stamp.
    settled: bool
    #: What Last-Modified says, in seconds of the epoch; None while that would say too little.
    modified: int | None
    plain: Version
    zipped: Version | None

    @property
    def weight(self) -> int:
        """Bytes in memory, about."""
        bodies = [seen.body for seen in (self.plain, self.zipped) if seen and seen.body]
        return 2_000 + sum(len(body) for body in bodies)


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A page that has another address now, a URI reference."""

    location: str


@dataclass(frozen=True, kw_only=True)
class Gone:
    """A page that is gone; ``notice`` stands in its place."""

    notice: bytes


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder that was asked for without the slash at its end; ``name`` is its own."""

    name: str


Found = File | Moved | Gone | Folder | None


def stamp(status: os.stat_result) -> Stamp:
    """Return what a file is known by: other bytes have another stamp, once it is settled."""
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
