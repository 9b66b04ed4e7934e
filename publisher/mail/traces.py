"""What stands of our mails in a message that came back: return paths, Message-IDs, links. Pure."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import Message

from publisher.errors import TokenError
from publisher.mail import received, return_path
from publisher.tokens import Mail, Purpose, Tokens

#: Where mail systems write whom a message came for.
_TO = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "Cc")

#: The largest number of a row.
_LAST = 2**31 - 1

_OURS = re.compile(r"<(?:letter\.(\d{1,10})|\d{1,10}\.(\d{1,10}))\.[0-9a-f]{16}@[^\s<>@]{1,255}>")
_LEAVE = re.compile(r"/leave/([A-Za-z0-9_.-]{20,1000})")


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


def reader(token: str, *, tokens: Tokens, now: datetime) -> Reader | None:
    """Return whom the token of a link to leave is about, None where we did not sign it."""
    try:
        id_, newsletter = tokens.read(token, Purpose.LEAVE, now=now)
    except (TokenError, ValueError):
        return None
    return Reader(subscriber_id=int(id_), newsletter=str(newsletter))
