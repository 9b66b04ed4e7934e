"""What a request says of the copy that the reader has, and of how it may be packed. Pure.

RFC 9110, 13 (conditional requests), 5.6.7 (dates), 12.5.3 (Accept-Encoding).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

#: Headers by their names in small letters.
Headers = Iterable[tuple[bytes, bytes]]

#: The headers that decide how a public file is answered.
_READ = frozenset(
    {
        b"if-match",
        b"if-none-match",
        b"if-modified-since",
        b"if-unmodified-since",
        b"accept-encoding",
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"expect",
        b"upgrade",
    }
)

_TAG = re.compile(rb'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_WEIGHT = re.compile(r"[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")

#: The form of all senders today, and the two that older ones have (RFC 9110, 5.6.7).
_DATE = re.compile(
    r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT"
    r"|[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT"
    r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}",
    re.ASCII,
)

#: Longer values are read anew each time: what is remembered is bounded.
_SHORT = 200


def wanted(headers: Headers) -> dict[bytes, bytes]:
    """Return the headers that matter here; one that comes twice is a list (RFC 9110, 5.3)."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _READ:
            found[name] = found[name] + b", " + value if name in found else value
    return found


def outcome(
    headers: Mapping[bytes, bytes], *, etag: bytes, modified: int | None, now: float
) -> int:
    """Return 200, 304 or 412 for a file that is there, in the order of RFC 9110, 13.2.2.

    ``modified`` is the instant of its Last-Modified, None while that would be too weak.
    """
    if b"if-match" in headers:
        if not _names(headers[b"if-match"], etag, weakly=False):
            return 412
    elif b"if-unmodified-since" in headers:
        unchanged = instant(headers[b"if-unmodified-since"])
        if unchanged is not None and (modified is None or modified > unchanged):
            return 412
    if b"if-none-match" in headers:
        return 304 if _names(headers[b"if-none-match"], etag, weakly=True) else 200
    if b"if-modified-since" in headers and modified is not None:
        since = instant(headers[b"if-modified-since"])
        # Who names a moment that is still to come cannot know what happens until then.
        return 304 if since is not None and modified <= since <= now else 200
    return 200


def _names(value: bytes, etag: bytes, *, weakly: bool) -> bool:
    """Say whether a list of entity tags, or ``*``, names a strong one (RFC 9110, 8.8.3.2)."""
    if value == etag or value.strip() == b"*":
        return True
    # Most lists of strangers are done with here; what remains is read by the rules.
    if etag not in value:
        return False
    tags = _TAG.finditer(value)
    return any(found[2] == etag and (weakly or not found[1]) for found in tags)


def instant(value: bytes) -> int | None:
    """Return an HTTP date in any of its three forms as seconds of the epoch, None for rubbish."""
    text = value.decode("latin-1").strip()
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = parsedate_to_datetime(text)
        # The form of asctime() names no zone and means UTC.
        return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None


def takes_gzip(value: bytes | None) -> bool:
    """Say whether an Accept-Encoding wants gzip at least as much as the plain bytes."""
    if value is None:
        return False
    return _remembered(value) if len(value) <= _SHORT else _takes_gzip(value)


def _takes_gzip(value: bytes) -> bool:
    weights: dict[str, float] = {}
    for member in value.decode("latin-1").split(","):
        coding, _, parameters = member.partition(";")
        weights[coding.strip().lower()] = _weight(parameters.strip())
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    # The plain bytes are what everybody can read; they win only where somebody says so.
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


_remembered = lru_cache(maxsize=1_024)(_takes_gzip)


def _weight(parameters: str) -> float:
    """Return a weight from 0 to 1; 0 for one that is none, for plain bytes are never wrong."""
    if not parameters:
        return 1.0
    found = _WEIGHT.fullmatch(parameters)
    return float(found[1]) if found else 0.0
