"""What stands of our mails in a message that came back: return paths, Message-IDs, links. Pure."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from itertools import islice
from urllib.parse import unquote

from publisher.errors import TokenError
from publisher.mail import received, return_path
from publisher.tokens import Mail, Purpose, Tokens

#: Where mail systems write whom a message came for.
_TO = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "Cc")

#: The largest number of a row.
_LAST = 2**31 - 1

_OURS = re.compile(r"<(?:letter\.(\d{1,10})|\d{1,10}\.(\d{1,10}))\.[0-9a-f]{16}@[^\s<>@]{1,255}>")
_LEAVE = re.compile(r"/leave/([A-Za-z0-9_.-]{20,1000})")

#: What a mail that leaves begins with; and how often that may stand in its subject, and into how
#: many words gateways may have broken what follows.
_UNSUBSCRIBE = re.compile("unsubscribe", re.IGNORECASE)
_TIMES = 5
_BROKEN = 8


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Whom a link to leave is about."""

    subscriber_id: int
    newsletter: str


#: Says whom the token of a link to leave is about, None where we did not sign it.
Signed = Callable[[str], Reader | None]


def mails(message: Message, text: str, tokens: Tokens) -> set[tuple[Mail, int]]:
    """Return the mails that a message names by return paths: whom it came for, else its copy."""
    came_for = "\n".join(received.header(message, name) for name in _TO)
    return return_path.named(tokens, came_for) or return_path.named(tokens, text)


def message_ids(text: str) -> Iterator[tuple[Mail, int, str]]:
    """Yield the Message-IDs of ours in a message, with the mails that they would be of."""
    for found in _OURS.finditer(text):
        mail, number = Mail.LETTER if found[1] else Mail.DELIVERY, int(found[1] or found[2])
        # No database is asked for a row that it could not have.
        if number <= _LAST:
            yield mail, number, found[0]


def readers(text: str, signed: Signed) -> set[Reader]:
    """Return whom the links to leave in a message are about."""
    # In a copy of our mail they stand twice, folded only where soft line breaks are.
    joined = text.replace("=\r\n", "").replace("=\n", "")
    found = (signed(token) for token in dict.fromkeys(_LEAVE.findall(joined)))
    return {reader for reader in found if reader}


def asks_to_leave(subject: str) -> bool:
    """Say whether a subject is that of a mail of who leaves, signed or not."""
    return bool(_UNSUBSCRIBE.search(subject))


def leaving(subject: str, signed: Signed) -> Reader | None:
    """Return who leaves by a mail with this subject, ``unsubscribe KEY TOKEN`` (RFC 2369).

    Gateways write something before and after it, and break it; some programs leave it quoted as
    in the address. Our signature tells where the token ends.
    """
    asked = unquote(subject).replace("+", " ")
    for found in islice(_UNSUBSCRIBE.finditer(asked), _TIMES):
        words = asked[found.end() :].split()[1:]
        for broken in range(1, min(len(words), _BROKEN) + 1):
            if reader := signed("".join(words[:broken])):
                return reader
    return None


def reader(token: str, *, tokens: Tokens, now: datetime) -> Reader | None:
    """Return whom the token of a link to leave is about, None where we did not sign it."""
    try:
        id_, newsletter = tokens.read(token, Purpose.LEAVE, now=now)
    except (TokenError, ValueError):
        return None
    return Reader(subscriber_id=int(id_), newsletter=str(newsletter))
