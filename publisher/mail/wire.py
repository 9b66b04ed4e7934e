"""Make the message of one delivery, as it goes over the wire.

Message-ID, Date and every byte are derived from the delivery and its frozen edition, so a
second attempt is the same message and mail systems can tell.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import quote

from store.records import Delivery, Edition

#: What machines read: folded or encoded, it would not be understood.
_WHOLE = frozenset({"Message-ID", "List-Id", "List-Unsubscribe"})


class _Policy(policy.EmailPolicy):
    """Lines as long as encoded words and quoted-printable may be (RFC 2047, 2; RFC 2045, 6.7)."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name in _WHOLE:
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n", max_line_length=76)


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who an edition comes from, in its language."""

    name: str
    address: str
    newsletter: str
    #: The newsletter's name.
    title: str
    #: The host of the site: right-hand side of Message-ID and List-Id.
    host: str


def message(delivery: Delivery, edition: Edition, sender: Sender, *, date: datetime) -> bytes:
    """Return the message of a delivery: multipart/alternative, text before HTML.

    ``date`` is when the edition was frozen.
    """
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = _mailbox(sender.name, sender.address)
    mail["To"] = _mailbox(delivery.name, delivery.email)
    mail["Subject"] = edition.subject
    mail["Date"] = format_datetime(date)
    mail["Message-ID"] = message_id(delivery, edition, sender.host)
    mail["List-Id"] = f"<{quote(sender.newsletter)}.{sender.host}>"
    mail["List-Unsubscribe"] = f"<{leave_address(sender)}>"
    mail.set_content(edition.text, cte="quoted-printable")
    mail.add_alternative(edition.html, subtype="html", cte="quoted-printable")
    for part in mail.iter_parts():
        part["Content-Language"] = edition.language
    mail["Content-Language"] = edition.language
    # Otherwise random, and other bytes each time.
    mail.set_boundary(f"=_{hashlib.sha256(mail['Message-ID'].encode()).hexdigest()[:32]}")
    return mail.as_bytes()


def message_id(delivery: Delivery, edition: Edition, host: str) -> str:
    """Return a delivery's Message-ID (RFC 5322, 3.6.4): the same for every attempt.

    The digest keeps two sites, or a store made anew, from giving the same one twice.
    """
    unique = hashlib.sha256(f"{edition.sha256} {delivery.email}".encode()).hexdigest()[:16]
    return f"<{delivery.issue_id}.{delivery.id}.{unique}@{host}>"


def leave_address(sender: Sender) -> str:
    """Return the address that a mail to which takes the reader off the list (RFC 2369)."""
    return f"mailto:{sender.address}?subject={quote(leave_subject(sender.newsletter))}"


def leave_subject(newsletter: str) -> str:
    """Return the subject of the mail by which a reader leaves a newsletter."""
    return f"unsubscribe {newsletter}"


def _mailbox(name: str, address: str) -> Address:
    user, _, host = address.rpartition("@")
    return Address(display_name=name, username=user, domain=host)
