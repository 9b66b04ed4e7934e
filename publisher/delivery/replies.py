"""What a relay says, read and judged (RFC 5321, 4.2). Pure.

A relay may say anything, in pieces of any size: what is no reply, or too long for one, raises
NonsenseError, and what it says is fit to be kept and shown.
"""

import re
from dataclasses import dataclass

from publisher.delivery.outgoing import Answer, Verdict

#: Bytes of a line; RFC 5321, 4.5.3.1.5 has 512, and some have more to say.
_LONGEST_LINE = 2048
_MOST_LINES = 128
#: Characters that are kept of what was said.
_KEPT = 1000

#: The first digit is one that a finished or an intermediate reply may have (4.2.1).
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\r\n]*))?\r?\n")
#: Class, subject, detail (RFC 2034, 4).
_STATUS = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?= |\Z)")
#: Codes that ask who we are: 530 and 535 (RFC 4954, 4), 534 and 538 (RFC 4954, 6).
_ACCESS = frozenset({530, 534, 535, 538})
#: Too long (RFC 1870, 6.1; RFC 3463, 3.4), which MAIL tells of the message, not of us.
_TOO_LONG, _LENGTH = 552, "3.4"
#: Bad address of the sender: its mailbox, its system (RFC 3463, 3.2).
_SENDERS = frozenset({"1.7", "1.8"})

#: The relay closes the connection, whatever it was asked (RFC 5321, 4.2.3).
CLOSING = 421
#: It does not know the command, or not here and now: whoever says that has not judged a mail.
LOST = frozenset({500, 502, 503})


class NonsenseError(ValueError):
    """What came is no reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, all its lines."""

    code: int
    #: What was said, without the codes; printable.
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()

    @property
    def positive(self) -> bool:
        """Whether what was asked for is done (2yz)."""
        return self.code < 300  # noqa: PLR2004  (RFC 5321, 4.2.1: the first digit decides)

    @property
    def intermediate(self) -> bool:
        """Whether the relay waits for more (3yz)."""
        return 300 <= self.code < 400  # noqa: PLR2004

    @property
    def negative(self) -> bool:
        """Whether it was refused, for now (4yz) or for ever (5yz)."""
        return self.code >= 400  # noqa: PLR2004


class Replies:
    """The replies in a stream of bytes."""

    def __init__(self) -> None:
        self._buffer = b""
        #: How much of the buffer was read.
        self._read = 0
        self._lines: list[bytes] = []

    @property
    def begun(self) -> bool:
        """Whether there is more than was read as a reply."""
        return self._read < len(self._buffer) or bool(self._lines)

    def add(self, data: bytes) -> None:
        """Take what came."""
        self._buffer = self._buffer[self._read :] + data
        self._read = 0

    def next(self) -> Reply | None:
        """Return the next whole reply, None where there is none yet. Raises NonsenseError."""
        while line := self._line():
            code, more, words = line.groups(b"")
            if more == b"-" or self._lines:
                self._lines.append(line[0])
                self._refuse_odd(code)
            if more != b"-":
                if self._lines:
                    words = b" ".join(line[4:].strip() for line in self._lines)
                    self._lines.clear()
                return Reply(int(code), _readable(words))
        return None

    def _line(self) -> re.Match[bytes] | None:
        """Return the next line, None where there is none yet."""
        found = _LINE.match(self._buffer, self._read)
        length = (found.end() if found else len(self._buffer)) - self._read
        if length > _LONGEST_LINE:
            raise NonsenseError("a line of the relay does not end")
        if found:
            self._read = found.end()
        elif b"\n" in self._buffer[self._read :]:
            raise NonsenseError(f"the relay says {_readable(self._buffer[self._read :][:60])!r}")
        return found

    def _refuse_odd(self, code: bytes) -> None:
        """Raise NonsenseError for a reply of many lines that is not one."""
        if not self._lines[0].startswith(code):
            raise NonsenseError(f"a reply of the relay is both {_readable(b' '.join(self._lines))}")
        if len(self._lines) > _MOST_LINES:
            raise NonsenseError("a reply of the relay does not end")


def judge(reply: Reply, *, of_sender: bool = False) -> Answer:
    """Return what a final reply means for its mail.

    ``of_sender``: it answers MAIL, so a refusal is of us, whoever the recipient is.
    """
    found = _STATUS.match(reply.text)
    # A status of another class than the code has is a mistake (RFC 2034, 4).
    status = found[0] if found and found[1] == str(reply.code)[0] else ""
    verdict = _verdict(reply, status, of_sender=of_sender)
    return Answer(verdict=verdict, code=reply.code, status=status, text=reply.text)


def _verdict(reply: Reply, status: str, *, of_sender: bool) -> Verdict:
    if not reply.negative:
        return Verdict.ACCEPTED
    detail, for_now = status[2:], reply.code < 500  # noqa: PLR2004
    of_us = detail.startswith("7.") or detail in _SENDERS
    if reply.code in _ACCESS or (of_us and of_sender and not for_now):
        return Verdict.UNWELCOME
    if of_us:
        return Verdict.POLICY
    if for_now:
        return Verdict.TEMPORARY
    of_mail = reply.code == _TOO_LONG or detail == _LENGTH
    return Verdict.POLICY if of_sender and not of_mail else Verdict.PERMANENT


def _readable(said: bytes) -> str:
    text = said.decode("utf-8", errors="replace")[:_KEPT]
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else " " for sign in text)
