"""Write a text with slots as the body of a MIME part (RFC 2045, 6.7 and 6.8). Pure.

    quoted-printable           base64
        Leave by =                 TGVhdmUgYnkg
        https://a.example/l1=      aHR0cHM6Ly9hLmV4YW1wbGUvbDEg    (the slot, and a space after it)
         at any time.              YXQgYW55IHRpbWUuDQo=

A slot stands on physical lines of its own, so what is around it is written once for all readers
and nothing is wrapped again. In base64 three bytes make four letters: what follows a slot is
therefore written three times, without its first 0, 1 or 2 bytes, which go onto the slot's own
lines. Nothing is padded, so readers get exactly the text.

No line begins with a full stop, which SMTP would have to double (RFC 5321, 4.5.2), nor with
``From``, which old mailboxes would quote.
"""

import re
from base64 import encodebytes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

#: Octets of a line at the most without the ``=`` of a soft line break (RFC 2045, 6.7).
_LINE = 75
#: What an escaped byte begins with.
_ESCAPE = ord("=")
#: Bytes that are not written as they are.
_UNSAFE = re.compile(rb"[^\t -<>-~]")
#: What would be lost at the end of a line.
_TRAILING = re.compile(rb"[\t ]\Z")
_ENDS = re.compile(r"\r\n?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """What stands between slots, as whole lines."""

    lines: bytes
    #: Bytes of it that go onto the lines of the slot before it, and of the one after it.
    head: bytes = b""
    tail: bytes = b""


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """A place for what differs between readers."""

    name: str
    #: What follows: by how many bytes the slot's lines still need where that matters, else one.
    after: Sequence[Stretch]


@dataclass(frozen=True, kw_only=True)
class Body:
    """The body of a part: ``first``, then slots, each with what follows it."""

    #: Content-Transfer-Encoding.
    encoding: str
    first: Stretch
    slots: Sequence[Slot]
    #: Return bytes as whole lines, but for the end of the last one.
    write: Callable[[bytes], bytes]

    @property
    def size(self) -> int:
        """Bytes, without what goes into the slots."""
        return len(self.first.lines) + sum(len(slot.after[0].lines) for slot in self.slots)


def smallest(text: str, names: Sequence[str] = ()) -> Body:
    """Return a text, in which these names stand in the slots, in the shorter encoding."""
    pieces, found = _pieces(text, names)
    bodies = [_quoted(pieces, found), *_based(pieces, found)]
    return min(bodies, key=lambda body: body.size)


def _pieces(text: str, names: Sequence[str]) -> tuple[list[bytes], list[str]]:
    """Return what stands around the slots, in UTF-8 and its last line complete, and their names."""
    text = _ENDS.sub("\n", text)
    whole = text if text.endswith("\n") else f"{text}\n"
    split = re.split(f"({'|'.join(map(re.escape, names))})", whole) if names else [whole]
    return [piece.encode() for piece in split[::2]], split[1::2]


def _quoted(pieces: Sequence[bytes], names: Sequence[str]) -> Body:
    stretches = [
        Stretch(lines=_around(piece, follows=number > 0, leads=number < len(names)))
        for number, piece in enumerate(pieces)
    ]
    slots = [
        Slot(name=name, after=(stretch,))
        for name, stretch in zip(names, stretches[1:], strict=True)
    ]
    return Body(encoding="quoted-printable", first=stretches[0], slots=slots, write=_link)


def _around(piece: bytes, *, follows: bool, leads: bool) -> bytes:
    """Return a piece that follows a slot, or leads to one, with soft line breaks at the slots."""
    *whole, last = piece.split(b"\n")
    written = [*(quoted(line, ends=True) for line in whole), quoted(last)]
    goes_on = follows and not (whole and whole[0] == b"")
    begin = b"=\r\n" if goes_on else b""
    end = b"=\r\n" if leads and last else b""
    return begin + b"\r\n".join(written) + end


def quoted(line: bytes, *, ends: bool = False) -> bytes:
    """Return a line in quoted-printable, broken softly where it is too long.

    ``ends``: it ends in a hard line break, before which white space would be lost.
    """
    written = _UNSAFE.sub(_escaped, line)
    return b"=\r\n".join(_broken(_TRAILING.sub(_escaped, written) if ends else written))


#: The same links stand in both parts of a message.
_link = lru_cache(maxsize=4)(quoted)


def _broken(line: bytes) -> Iterator[bytes]:
    """Yield the physical lines of a line whose bytes are escaped."""
    start = 0
    while start < len(line) or start == 0:
        begin = b""
        if line.startswith((b".", b"From "), start):
            begin = b"=%02X" % line[start]
            start += 1
        end = start + _LINE - len(begin)
        if end < len(line):
            # Never within =XX.
            end -= 1 if line[end - 1] == _ESCAPE else 2 * (line[end - 2] == _ESCAPE)
        yield begin + line[start:end]
        start = end


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"=%02X" % found[0][0]


def _based(pieces: Sequence[bytes], names: Sequence[str]) -> Iterator[Body]:
    """Yield the body in base64, whose lines end in CRLF (RFC 2045, 6.8).

    None at all where slots stand too close to lend each other their bytes.
    """
    pieces = [piece.replace(b"\n", b"\r\n") for piece in pieces]
    if any(len(piece) < 2 for piece in pieces[1:]):  # noqa: PLR2004  (three bytes to a group)
        return
    last = len(pieces) - 1
    first = _aligned(pieces[0], 0, ends=last == 0)
    slots = [
        Slot(name=name, after=[_after(piece, need, ends=number == last) for need in range(3)])
        for number, (name, piece) in enumerate(zip(names, pieces[1:], strict=True), start=1)
    ]
    yield Body(encoding="base64", first=first, slots=slots, write=_letters)


def _aligned(piece: bytes, need: int, *, ends: bool) -> Stretch:
    """Return a piece without its first bytes, and without the last that fill no group."""
    head, rest = piece[:need], piece[need:]
    whole = len(rest) if ends else len(rest) - len(rest) % 3
    return Stretch(lines=_lines(rest[:whole]), head=head, tail=rest[whole:])


def _after(piece: bytes, need: int, *, ends: bool) -> Stretch:
    stretch = _aligned(piece, need, ends=ends)
    return replace(stretch, lines=b"\r\n" + stretch.lines)


def _lines(content: bytes) -> bytes:
    return encodebytes(content).replace(b"\n", b"\r\n")


def _letters(content: bytes) -> bytes:
    return _lines(content).removesuffix(b"\r\n")
