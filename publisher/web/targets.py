"""What a request asks for: from the bytes on the wire to a path of the public folder. Pure.

A path begins with a slash and stands there as on disk: decoded, without the query. What can
be no public file is refused here, before anybody looks at the disk.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from publisher import addresses

#: The longest target that is read, in bytes; longer ones get 414 (RFC 9110, 15.5.15).
LONGEST = 8_000

#: Targets that are longer are read anew each time: what is remembered is bounded.
_SHORT = 1_000

#: The longest name on a disk, in bytes.
_NAME = 255

_COMPRESSED = ".gz"

#: RFC 3986, 2.1 and 3.3: a path on the wire, its escapes whole. Letters beyond ASCII are escaped.
_PATH = re.compile(rb"/(?:[!$&-;=@A-Z_a-z~]|%[0-9A-Fa-f]{2})*")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A target that no public file has; ``status`` is that of the answer."""

    status: int


MALFORMED = Refused(status=400)
UNKNOWN = Refused(status=404)
TOO_LONG = Refused(status=414)


def read(target: bytes) -> str | Refused:
    """Return the path that a target in origin form names (RFC 9112, 3.2.1)."""
    if len(target) > _SHORT:
        return _read(target) if len(target) <= LONGEST else TOO_LONG
    return _remembered(target)


def _read(target: bytes) -> str | Refused:
    raw = target.partition(b"?")[0]
    if not _PATH.fullmatch(raw):
        return MALFORMED
    try:
        path = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        return MALFORMED
    if _CONTROL.search(path):
        return MALFORMED
    # An escaped slash is part of a name, and no file has such a name.
    escaped = path.count("/") != raw.count(b"/") or "\\" in path
    return path if not escaped and _is_public(path) else UNKNOWN


_remembered = lru_cache(maxsize=4_096)(_read)


def _is_public(path: str) -> bool:
    *folders, name = path[1:].split("/")
    if "" in folders or any(len(part.encode()) > _NAME for part in (*folders, name)):
        return False
    if any(part.startswith(".") for part in (*folders, name)):
        return False
    return not addresses.is_derived(path) and not name.endswith(_COMPRESSED)
