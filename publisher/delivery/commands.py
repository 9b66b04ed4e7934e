"""What is said to a relay (RFC 5321, 4.1), and what an answer is about. Pure."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from publisher.delivery.outgoing import Outgoing

#: What can stand between the brackets of a path, and nothing behind them.
_PATH = re.compile(r"[!-;=?-~]*")
#: A full stop that begins a line.
_STOP = re.compile(rb"\n\.")

RSET, DATA, QUIT = b"RSET\r\n", b"DATA\r\n", b"QUIT\r\n"
#: The end of a message that DATA began.
END = b".\r\n"


class Way(Enum):
    """How mails are handed over."""

    PLAIN = auto()
    PIPELINED = auto()
    CHUNKS = auto()


class Step(Enum):
    """What a reply answers."""

    RSET = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    #: The end of a message, or its one chunk.
    END = auto()
    #: The end of no message: of a DATA that should not have been taken.
    NOTHING = auto()
    QUIT = auto()


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What holds for a connection."""

    way: Way = Way.PLAIN
    #: Whether the relay wants to know beforehand how long a mail is (RFC 1870).
    sizes: bool = False
    #: Mails that may be without an answer at once, in chunks; 1 to 10.
    window: int = 1
    #: Mails that the connection may carry; 0 for any number.
    messages: int = 0


def writable(mail: Outgoing) -> bool:
    """Return whether the addresses of a mail can stand in commands, and be nothing else there."""
    paths = _PATH.fullmatch(mail.sender) and _PATH.fullmatch(mail.recipient)
    return bool(paths and mail.recipient)


def begin(mail: Outgoing, *, size: bool) -> bytes:
    """Return what begins a mail, with its size (RFC 1870) or without."""
    told = f" SIZE={len(mail.message)}" if size else ""
    return f"MAIL FROM:<{mail.sender}>{told}\r\n".encode("ascii")


def recipient(mail: Outgoing) -> bytes:
    """Return what names the recipient."""
    return f"RCPT TO:<{mail.recipient}>\r\n".encode("ascii")


def chunk(mail: Outgoing) -> tuple[bytes, bytes]:
    """Return the message as one chunk, the last, behind what announces it (RFC 3030, 2)."""
    return b"BDAT %d LAST\r\n" % len(mail.message), mail.message


def text(mail: Outgoing) -> tuple[bytes, bytes]:
    """Return the message as DATA wants it, and its end (RFC 5321, 4.1.1.4)."""
    return mail.message if mail.is_dotless else _dotted(mail.message), END


def _dotted(message: bytes) -> bytes:
    """Return whole lines, none of which reads as the end (RFC 5321, 4.5.2)."""
    # Looking this way takes a third of what ``in`` takes.
    if _STOP.search(message):
        message = _STOP.sub(b"\n..", message)
    if message.startswith(b"."):
        message = b"." + message
    return message if message.endswith(b"\r\n") else message + b"\r\n"
