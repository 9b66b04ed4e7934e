"""A message from outside, taken apart as far as is safe: anybody may have written it. Pure.

What Python's parser needs grows with the square of some things that no real message has many of,
so these are bounded before it looks.
"""

import hashlib
import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message

#: Bytes of a message that are read: what is said stands before the copy of the mail.
LONGEST = 1_000_000

#: Characters of a header that are decoded, and boundaries of parts that are looked for.
_LONGEST_HEADER = 5_000
_BOUNDARIES = 30
_BOUNDARY = re.compile(rb"boundary[*0-9 \t]*=", re.IGNORECASE)

#: So much of what servers and people write is kept.
_TOLD = 300


def parse(raw: bytes) -> Message:
    """Return a message. Raises RecursionError for parts in parts without an end, as the library."""
    if len(_BOUNDARY.findall(raw)) > _BOUNDARIES:
        raise RecursionError
    return message_from_bytes(raw)


def header(message: Message, name: str) -> str:
    """Return what all headers of a name say, decoded as far as can be."""
    values = [str(value) for value in message.get_all(name, [])]
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
