"""A message from outside, taken apart as far as is safe: anybody may have written it. Pure.

What Python's parser needs grows with the square of some things that no real message has many of,
so these are bounded before it looks; and with the cube of a line's length what some patterns of
flufl.bounce need, so its lines are bounded more narrowly. All else is linear in what is left.
"""

import hashlib
import re
from collections.abc import Sequence
from email import message_from_bytes, message_from_string
from email.header import decode_header, make_header
from email.message import Message
from email.policy import Compat32

#: Bytes and lines of a message that are read: what is said stands before the copy of the mail.
LONGEST = 128_000
_LINES = 3_000

#: Characters of a header, headers of one name, and boundaries of parts that are looked for.
_LONGEST_HEADER = 2_000
_HEADERS = 100
_BOUNDARIES = 30
_BOUNDARY = re.compile(rb"boundary[*0-9 \t]*=", re.IGNORECASE)

#: Bytes of all texts in a message, and of each line, that are searched for the words of a bounce;
#: and addresses that such a line names, by either of their signs.
_WORDS = 16_000
_WIDTH = 200
_NAMED = 8

#: So much of what servers and people write is kept.
_TOLD = 300


class _Bounded(Compat32):
    """Python's oldest policy, which changes nothing; but no header is longer than real ones."""

    def header_source_parse(self, sourcelines: Sequence[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(list(sourcelines))
        return name, value[:_LONGEST_HEADER]


_POLICY = _Bounded()


def head(raw: bytes) -> bytes:
    """Return as much of a message as is read."""
    return b"".join(raw[:LONGEST].splitlines(keepends=True)[:_LINES])


def parse(raw: bytes) -> Message:
    """Return a message. Raises RecursionError for parts in parts without an end, as the library."""
    bounded = head(raw)
    if len(_BOUNDARY.findall(bounded)) > _BOUNDARIES:
        raise RecursionError
    return message_from_bytes(bounded, policy=_POLICY)


def fields(text: str) -> Message:
    """Return a block of fields, as they stand in reports."""
    return message_from_string(text, policy=_POLICY)


def shorten(message: Message) -> None:
    """Leave of the texts in a message what may be the words of a bounce, decoded.

    It is the message itself that is changed: a copy would be taken apart once more.
    """
    left = _WORDS
    for part in message.walk():
        if not part.is_multipart():
            raw = part.get_payload(decode=True)
            words = _words(raw)[:left] if isinstance(raw, bytes) else b""
            left -= len(words)
            del part["Content-Transfer-Encoding"]
            part.set_payload(words.decode("ascii", "surrogateescape"))


def _words(raw: bytes) -> bytes:
    lines = (line[:_WIDTH] for line in raw.splitlines())
    few = (line for line in lines if max(line.count(b"<"), line.count(b"@")) <= _NAMED)
    return b"".join(line + b"\n" for line in few)


def header(message: Message, name: str) -> str:
    """Return what the headers of a name say, decoded as far as can be."""
    values = [str(value) for value in message.get_all(name, [])[:_HEADERS]]
    return " ".join(_decoded(value[:_LONGEST_HEADER]) for value in values)


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except Exception:  # noqa: BLE001  (codecs, and what they are called, raise what they like)
        return value


def line(text: str) -> str:
    """Return a text as one short line of what can be printed."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(shown.split())[:_TOLD]


def digest(message: Message, raw: bytes, *told: str) -> str:
    """Return by what a message is known again; ``told`` is what it says.

    Another way that it comes changes its headers and line ends, but not its Message-ID; what it
    says is part of it, for some mail systems give all their reports the same one.
    """
    own = header(message, "Message-ID").strip()
    if not own:
        return hashlib.sha256(raw.replace(b"\r\n", b"\n")).hexdigest()
    came_for = " ".join(header(message, name) for name in ("To", "Date", "Subject"))
    return hashlib.sha256("\0".join((own, came_for, *told)).encode("utf-8", "replace")).hexdigest()
