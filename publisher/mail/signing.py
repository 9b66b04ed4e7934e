"""DKIM signatures (RFC 6376) over what was hashed before: relaxed canonicalisation of both parts.

    fields of the edition --hash--> state --copy, + fields of the delivery--> digest --> key
    lines of the edition  --hash--> state --copy, + lines of the delivery --> bh=

All that we write into a head is signed. What readers and their programs go by is signed once more
than it is there, so that nobody can add another one (RFC 6376, 8.15). ``t=`` is the date of the
message, never the clock's: a second attempt is the same message. ``l=`` and ``x=`` are left out:
the one lets others append, the other makes mails of long queues worthless.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING, Self

from publisher.mail.keys import Key

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_NAME = "DKIM-Signature"

#: Signed once more than they are there.
_SEALED = (
    *("from", "to", "cc", "subject", "date", "reply-to", "message-id", "mime-version"),
    *("content-type", "list-unsubscribe", "list-unsubscribe-post"),
)
#: Characters of a line that lists fields (RFC 5322, 2.1.1: 78).
_LINE = 76

#: White space that is hashed as one space: all but one space by itself.
_SPACES = re.compile(rb" [\t ]+|\t[\t ]*")
_BEFORE_THE_END = re.compile(rb" (?=\r\n)")


def relaxed(lines: bytes) -> bytes:
    """Return whole lines of a body as they are hashed (RFC 6376, 3.4.4).

    The last line of a body must not be empty.
    """
    return _BEFORE_THE_END.sub(b"", _SPACES.sub(b" ", lines))


def relaxed_fields(fields: Mapping[str, str]) -> bytes:
    """Return fields of a head as they are hashed (RFC 6376, 3.4.2)."""
    lines = [f"{name.lower()}:{value.strip()}\r\n" for name, value in fields.items()]
    unfolded = "".join(lines).replace("\r\n ", " ").replace("\r\n\t", " ")
    return _SPACES.sub(b" ", unfolded.encode("ascii"))


@dataclass(frozen=True, kw_only=True)
class Seal:
    """The signatures of all messages that share these fields of their heads."""

    keys: Sequence[Key]
    #: Of the fields that they share.
    state: "Hash"
    #: By key: the field of its signature as it is hashed, up to ``bh=``; and as it is written.
    hashed: Sequence[bytes]
    written: Sequence[bytes]

    @classmethod
    def of(
        cls,
        keys: Sequence[Key],
        fields: Mapping[str, str],
        *,
        late: Iterable[str] = (),
        at: datetime,
    ) -> Self:
        """Return the seal of messages with these fields, and some ``late`` ones of their own."""
        names = [name.lower() for name in (*fields, *late)]
        values = [_begin(key, [*names, *_SEALED], at) for key in keys]
        return cls(
            keys=keys,
            state=hashlib.sha256(relaxed_fields(fields)),
            hashed=[relaxed_fields({_NAME: value}).removesuffix(b"\r\n") for value in values],
            written=[f"{_NAME}: {value}".encode("ascii") for value in values],
        )

    def lines(self, late: bytes, body: bytes) -> bytes:
        """Return the fields that sign a message: by its late fields, as they are hashed.

        ``body`` is the digest of its body.
        """
        state = self.state.copy()
        state.update(late)
        end = b64encode(body) + b"; b="
        made = []
        for key, hashed, written in zip(self.keys, self.hashed, self.written, strict=True):
            mine = state.copy()
            mine.update(hashed + end)
            signature = b64encode(key.sign(mine.digest()))
            # In lines: all white space in a signature is left out before it is checked.
            cut = [signature[at : at + _LINE] for at in range(0, len(signature), _LINE)]
            made += [written, end, b"\r\n ", b"\r\n ".join(cut), b"\r\n"]
        return b"".join(made)


def signed(message: bytes, keys: Sequence[Key], *, at: datetime) -> bytes:
    """Return a message with its signatures before it: for mails that are written one by one."""
    if not keys:
        return message
    head, _, body = message.partition(b"\r\n\r\n")
    lines = re.sub(rb"\r\n(?=[\t ])", b"", head).decode("ascii").split("\r\n")
    fields = {name: value for name, _, value in (line.partition(":") for line in lines)}
    digest = hashlib.sha256(relaxed(body).rstrip(b"\r\n") + b"\r\n").digest()
    return Seal.of(keys, fields, at=at).lines(b"", digest) + message


def _begin(key: Key, names: Sequence[str], at: datetime) -> str:
    """Return the value of a signature's field up to ``bh=``, folded."""
    listed = wrap(f"h={': '.join(names)};", _LINE - 1, break_on_hyphens=False)
    tags = (
        f"v=1; a={key.algorithm}; c=relaxed/relaxed; d={key.domain};",
        f"s={key.selector}; t={int(at.timestamp())};",
        *(line.replace(": ", ":") for line in listed),
        "bh=",
    )
    return "\r\n ".join(tags)
