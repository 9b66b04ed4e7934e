"""Make the message of one delivery, as it goes over the wire.

Message-ID, Date and every byte are derived from the delivery and its frozen edition, so a
second attempt is the same message and mail systems can tell.

No newsletter says ``Auto-Submitted``: RFC 3834, 5 forbids it on what people have written, and
the schedule only chose the hour. ``List-Id`` keeps vacation programs silent (RFC 5230, 4.6), so
it takes no ``Precedence`` either, which no standard knows; and no ``List-Help``, which would
have to lead to commands (RFC 2369, 3.1) that the list does not take.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from urllib.parse import quote

from publisher import markup
from publisher.errors import UnwritableError
from publisher.mail.links import Links
from store.records import Delivery, Edition

#: Lines as long as encoded words and quoted-printable may be (RFC 2047, 2; RFC 2045, 6.7).
_LINE = 76
_POLICY = policy.SMTP.clone(max_line_length=_LINE)

#: Bytes of a line at the most (RFC 5322, 2.1.1).
_LONGEST = 998

#: Longer words in a header are encoded, since that is how they can be broken anywhere.
_SHORT = 60


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who an edition comes from, in its language."""

    name: str
    address: str
    newsletter: str
    #: The host of the site: right-hand side of Message-ID and List-Id.
    host: str
    #: The address that mails of those who leave go to; that of the sender unless given.
    leave: str = ""
    #: Who answers go to; to the sender unless an address is given.
    reply_name: str = ""
    reply_address: str = ""
    #: The address of the page that lists the newsletter's issues.
    archive: str = ""


def message(
    delivery: Delivery, edition: Edition, sender: Sender, links: Links, *, date: datetime
) -> bytes:
    """Return the message of a delivery: multipart/alternative, text before HTML.

    ``date`` is when the edition was frozen.
    """
    identity = message_id(delivery, edition, sender.host)
    head = {
        "From": mailbox("From", sender.name, sender.address),
        **_reply_to(sender),
        "To": mailbox("To", delivery.name, delivery.email),
        "Subject": words("Subject", markup.clean_line(edition.subject)),
        "Date": format_datetime(date),
        "Message-ID": identity,
        "List-Id": f"<{quote(sender.newsletter)}.{sender.host}>",
        "List-Unsubscribe": f"<{links.leave}>,\r\n <{links.by_mail(leave_address(sender))}>",
        **_about_the_list(sender),
        "Feedback-ID": feedback_id(delivery, sender),
    }
    # Only over https may a mail program do it by itself (RFC 8058, 3.1).
    if links.leave.startswith("https://"):
        head["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    text, html = links.fill(edition.text), links.fill_html(edition.html)
    return compose(head, language=edition.language, text=text, html=html)


def compose(head: Mapping[str, str], *, language: str, text: str, html: str) -> bytes:
    """Return a message with these headers, a Message-ID among them, and two parts.

    The headers are written as they stand: EmailMessage decodes what looks encoded in a title,
    loses spaces where it folds, and folds what machines read.
    """
    _refuse_unwritable(head)
    mail = EmailMessage(policy=_POLICY)
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    for part in mail.iter_parts():
        part["Content-Language"] = language
    mail["Content-Language"] = language
    # Otherwise random, and other bytes each time.
    mail.set_boundary(f"=_{hashlib.sha256(head['Message-ID'].encode()).hexdigest()[:32]}")
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return lines.encode("ascii") + mail.as_bytes()


def message_id(delivery: Delivery, edition: Edition, host: str) -> str:
    """Return a delivery's Message-ID (RFC 5322, 3.6.4): the same for every attempt.

    The digest keeps two sites, or a store made anew, from giving the same one twice.
    """
    unique = hashlib.sha256(f"{edition.sha256} {delivery.email}".encode()).hexdigest()[:16]
    return f"<{delivery.issue_id}.{delivery.id}.{unique}@{host}>"


def leave_address(sender: Sender) -> str:
    """Return the address that a mail to which takes the reader off the list (RFC 2369)."""
    address = sender.leave or sender.address
    return f"mailto:{address}?subject={quote(leave_subject(sender.newsletter))}"


def leave_subject(newsletter: str) -> str:
    """Return the subject of the mail by which a reader leaves a newsletter."""
    return f"unsubscribe {newsletter}"


def feedback_id(delivery: Delivery, sender: Sender) -> str:
    """Return what complaints are counted by: issue, newsletter, site.

    Gmail's Feedback-ID: parts without colons, the last one the sender's own, which is the same
    in all its mails and has 5 to 15 characters.
    """
    digest = hashlib.sha256(sender.host.encode()).hexdigest()
    return f"{delivery.issue_id}:{quote(sender.newsletter)}:{sender.host[:8]}-{digest[:6]}"


def _reply_to(sender: Sender) -> dict[str, str]:
    if not sender.reply_address:
        return {}
    return {"Reply-To": mailbox("Reply-To", sender.reply_name, sender.reply_address)}


def _about_the_list(sender: Sender) -> dict[str, str]:
    """Return where the list has its archive, and that nobody can write to it (RFC 2369, 3)."""
    archive = f"<{sender.archive}>"
    # A URI cannot be encoded, and not everybody takes one that is folded.
    fits = sender.archive and len("List-Archive: ") + len(archive) <= _LONGEST
    return {"List-Post": "NO", **({"List-Archive": archive} if fits else {})}


def _refuse_unwritable(head: Mapping[str, str]) -> None:
    """Raise UnwritableError for what would be more than one line, or is not in ASCII.

    What people write was made fit before: names and subjects. What is left are addresses, which
    nobody may mend on the way.
    """
    for name, value in head.items():
        lines = value.split("\r\n")
        folded = all(line.startswith(" ") and line.strip() for line in lines[1:])
        if not folded or not value.isascii() or not "".join(lines).isprintable():
            raise UnwritableError(f"{name}: {value!r} cannot stand in a header")
        if max(map(len, [f"{name}: {lines[0]}", *lines[1:]])) > _LONGEST:
            raise UnwritableError(f"{name}: {value[:60]!r} and more is longer than a line may be")


def mailbox(header: str, name: str, address: str) -> str:
    """Return a name and an address for a header (RFC 5322, 3.4)."""
    if not address.isascii():
        raise UnwritableError(f"{header}: {address!r} cannot stand in a header")
    phrase = markup.clean_line(name)
    if _is_plain(phrase):
        return formataddr((phrase, address))
    return f"{words(header, phrase)}\r\n <{address}>"


def words(header: str, line: str) -> str:
    """Return a line for a header, as encoded words (RFC 2047) where it has to be."""
    if _is_plain(line):
        return line
    return Header(line, "utf-8", maxlinelen=_LINE, header_name=header).encode(linesep="\r\n")


def _is_plain(line: str) -> bool:
    return line.isascii() and len(line) <= _SHORT and "=?" not in line
