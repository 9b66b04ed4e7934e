r"""An edition, made once into what goes over the wire: a message of it is a join.

    signatures                          of this message
    From, Subject, Date, ...            the edition's
    To, Message-ID, List-Unsubscribe    the delivery's
    text:  lines / slot / lines ...     slots stand on lines of their own (encodings.py)
    HTML:  lines / slot / lines ...

What does not differ between readers is encoded, canonicalised and hashed before the first of them.
What does differ comes as late as it may: nothing before it is hashed again.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from publisher import characters
from publisher.errors import UnwritableError
from publisher.mail import wire
from publisher.mail.encodings import Body, Stretch, smallest
from publisher.mail.keys import Key
from publisher.mail.links import LEAVE, PREFERENCES, Links
from publisher.mail.signing import Seal, relaxed, relaxed_fields
from publisher.mail.wire import Sender
from publisher.tokens import Tokens
from store.records import Delivery, DeliveryState, Edition

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

#: The fields that each message has of its own.
_LATE = ("To", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post")
#: What may go into a slot (RFC 3986, 2): no space, so that lines are hashed as they are sent.
_URI = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
#: An address that needs no closer look.
_PLAIN = re.compile(r"[!-~]{3,254}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """Lines of the body that all messages share, as they are sent and as they are hashed."""

    sent: bytes
    hashed: bytes
    #: Bytes that go onto the lines of the slot before, and of the one after.
    head: bytes
    tail: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A slot, and what follows up to the next one or to the end."""

    name: str
    is_html: bool
    body: Body
    after: Sequence[Lines]


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """An edition as the messages of its deliveries are made of it."""

    edition: Edition
    sender: Sender
    #: What its Message-IDs are made by.
    tokens: Tokens
    #: The fields of the head that all messages share, as they are sent.
    fields: bytes
    #: The address that a mail to which takes its reader off the list.
    leave: str
    first: Lines
    places: Sequence[Place]
    #: Of the lines before the first slot.
    state: "Hash"
    seal: Seal

    def message(self, delivery: Delivery, links: Links) -> bytes:
        """Return the message of a delivery: the same for each attempt. Raises UnwritableError."""
        values = _values(links)
        late = self._late(delivery, links)
        sent, hashed = [b"\r\n", self.first.sent], list[bytes]()
        tail = self.first.tail
        for place in self.places:
            start = tail + values[place.name, place.is_html]
            after = place.after[-len(start) % len(place.after)]
            own = place.body.write(start + after.head)
            sent += (own, after.sent)
            hashed += (own, after.hashed)
            tail = after.tail
        signatures = self._signatures(late, hashed) if self.seal.keys else b""
        return b"".join([signatures, self.fields, wire.lines(late), *sent])

    def _signatures(self, late: Mapping[str, str], hashed: Sequence[bytes]) -> bytes:
        body = self.state.copy()
        for lines in hashed:
            body.update(lines)
        return self.seal.lines(relaxed_fields(late), body.digest())

    def _late(self, delivery: Delivery, links: Links) -> dict[str, str]:
        """Return the fields of this message alone."""
        fields = {
            "To": wire.mailbox("To", delivery.name, delivery.email),
            "Message-ID": wire.message_id(delivery, self.edition, self.sender.host, self.tokens),
            "List-Unsubscribe": f"<{links.leave}>,\r\n <{links.by_mail(self.leave)}>",
        }
        if not (_PLAIN.fullmatch(delivery.email) and _PLAIN.fullmatch(links.leave)):
            wire.refuse_unwritable(fields)
        # Only over https may a mail program do it by itself (RFC 8058, 3.1).
        if links.leave.startswith("https://"):
            fields["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return fields


def compiled(
    edition: Edition,
    sender: Sender,
    *,
    date: datetime,
    tokens: Tokens,
    keys: Sequence[Key] = (),
) -> Compiled:
    """Return an edition made ready: ``date`` is when it was frozen, ``keys`` sign it.

    Raises UnwritableError for what cannot stand in a header.
    """
    boundary = f"=_{edition.sha256[:32]}"
    fields = {**_fields(edition, sender, date), **wire.mime(boundary, edition.language)}
    leave = wire.leave_address(sender)
    wire.refuse_unwritable({**fields, "List-Unsubscribe": f"<{leave}>"})
    first, places = _places(edition, boundary, is_signed=bool(keys))
    return Compiled(
        edition=edition,
        sender=sender,
        tokens=tokens,
        fields=wire.lines(fields),
        leave=leave,
        first=first,
        places=places,
        state=hashlib.sha256(first.hashed),
        seal=Seal.of(keys, fields, late=_LATE, at=date),
    )


#: What is only looked at is not known again.
_NO_KEYS = Tokens(keys=())


def message(
    delivery: Delivery,
    edition: Edition,
    sender: Sender,
    links: Links,
    *,
    date: datetime,
    tokens: Tokens = _NO_KEYS,
) -> bytes:
    """Return one message of an edition, as its reader gets it but for signatures."""
    return compiled(edition, sender, date=date, tokens=tokens).message(delivery, links)


def sample(edition: Edition, address: str) -> Delivery:
    """Return a delivery that nobody gets, for a mail that is only looked at."""
    return Delivery(
        id=0,
        issue_id=edition.issue_id,
        edition_id=edition.id,
        subscriber_id=0,
        state=DeliveryState.QUEUED,
        code=0,
        detail="",
        attempts=0,
        email=address,
        name="",
        language=edition.language,
    )


def _fields(edition: Edition, sender: Sender, date: datetime) -> dict[str, str]:
    return {
        "From": wire.mailbox("From", sender.name, sender.address),
        **wire.reply_to(sender),
        "Subject": wire.words("Subject", characters.clean_line(edition.subject)),
        "Date": format_datetime(date),
        "List-Id": f"<{quote(sender.newsletter)}.{sender.host}>",
        **wire.about_the_list(sender),
        "Feedback-ID": wire.feedback_id(edition.issue_id, sender),
    }


def _places(edition: Edition, boundary: str, *, is_signed: bool) -> tuple[Lines, list[Place]]:
    """Return the body: what comes before the first slot, and its slots with what follows."""
    stretches: list[Sequence[Stretch]] = [(Stretch(lines=b""),)]
    slots: list[tuple[str, bool, Body]] = []
    for kind, text in (("plain", edition.text), ("html", edition.html)):
        body = smallest(text, (LEAVE, PREFERENCES))
        head = wire.opening(boundary, kind, body.encoding, edition.language)
        stretches[-1] = [_and(each, head, body.first) for each in stretches[-1]]
        slots += [(slot.name, kind == "html", body) for slot in body.slots]
        stretches += [slot.after for slot in body.slots]
    end = Stretch(lines=wire.closing(boundary))
    stretches[-1] = [_and(each, b"", end) for each in stretches[-1]]
    first, *others = [[_lines(each, is_signed=is_signed) for each in of] for of in stretches]
    return first[0], [
        Place(name=name, is_html=is_html, body=body, after=after)
        for (name, is_html, body), after in zip(slots, others, strict=True)
    ]


def _and(before: Stretch, between: bytes, after: Stretch) -> Stretch:
    """Return the end of a part, what stands between, and the beginning of the next."""
    return replace(before, lines=before.lines + between + after.lines, tail=after.tail)


def _lines(stretch: Stretch, *, is_signed: bool) -> Lines:
    hashed = relaxed(stretch.lines) if is_signed else b""
    if hashed == stretch.lines:
        hashed = stretch.lines
    return Lines(sent=stretch.lines, hashed=hashed, head=stretch.head, tail=stretch.tail)


def _values(links: Links) -> dict[tuple[str, bool], bytes]:
    """Return what goes into the slots, by their names, in the text and in the HTML."""
    values = {}
    for name, value in ((LEAVE, links.leave), (PREFERENCES, links.preferences)):
        if not _URI.fullmatch(value):
            raise UnwritableError(f"{value!r} cannot stand in a link")
        values[name, False] = value.encode("ascii")
        values[name, True] = escape(value).encode("ascii")
    return values
