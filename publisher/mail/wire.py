"""What headers say, as it goes over the wire, and the few mails that are written one by one.

Message-ID, Date and every byte are derived from the delivery and its frozen edition, so a
second attempt is the same message and mail systems can tell.

No newsletter says ``Auto-Submitted``: RFC 3834, 5 forbids it on what people have written, and
the schedule only chose the hour. ``List-Id`` keeps vacation programs silent (RFC 5230, 4.6), so
it takes no ``Precedence`` either, which no standard knows; and no ``List-Help``, which would
have to lead to commands (RFC 2369, 3.1) that the list does not take.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from email.header import Header
from email.utils import formataddr
from string import ascii_letters, digits
from urllib.parse import quote

from publisher import characters
from publisher.errors import UnwritableError
from publisher.mail.encodings import smallest
from publisher.tokens import Tokens
from store.records import Delivery, Edition

#: Lines as long as those with encoded words may be (RFC 2047, 2).
_LINE = 76

#: Bytes of a line at the most (RFC 5322, 2.1.1).
_LONGEST = 998

#: Longer words in a header are encoded, since that is how they can be broken anywhere.
_SHORT = 60

_AS_IT_IS = f"{ascii_letters}{digits}!*+-/"

#: Each byte as it stands in an encoded word (RFC 2047, 4.2 and 5).
_QUOTED = [
    "_" if byte == ord(" ") else chr(byte) if chr(byte) in _AS_IT_IS else f"={byte:02X}"
    for byte in range(256)
]


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


def compose(head: Mapping[str, str], *, language: str, text: str, html: str) -> bytes:
    """Return a message with these headers, a Message-ID among them, and two parts.

    The headers are written as they stand: EmailMessage decodes what looks encoded in a title,
    loses spaces where it folds, and folds what machines read.
    """
    refuse_unwritable(head)
    # Not random, or there would be other bytes each time.
    boundary = f"=_{hashlib.sha256(head['Message-ID'].encode()).hexdigest()[:32]}"
    made = [lines({**head, **mime(boundary, language)}), b"\r\n"]
    for kind, content in (("plain", text), ("html", html)):
        body = smallest(content)
        made += [opening(boundary, kind, body.encoding, language), body.first.lines]
    return b"".join([*made, closing(boundary)])


def lines(fields: Mapping[str, str]) -> bytes:
    """Return the fields of a head as they are sent."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode("ascii")


def mime(boundary: str, language: str) -> dict[str, str]:
    """Return the fields of a message whose parts say the same (RFC 2046, 5.1.4).

    A boundary begins with ``=_``, which neither encoding can write (RFC 2045, 6.7).
    """
    return {
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative;\r\n boundary="{boundary}"',
        "Content-Language": language,
    }


def opening(boundary: str, kind: str, encoding: str, language: str) -> bytes:
    """Return what a part begins with: the end of the one before it, and its head.

    The text is the first part: readers show the last one that they can (RFC 2046, 5.1.4).
    """
    before = "" if kind == "plain" else "\r\n"
    return (
        f"{before}--{boundary}\r\n"
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n"
        f"Content-Language: {language}\r\n\r\n"
    ).encode("ascii")


def closing(boundary: str) -> bytes:
    """Return what a message of parts ends with."""
    return f"\r\n--{boundary}--\r\n".encode("ascii")


def message_id(delivery: Delivery, edition: Edition, host: str, tokens: Tokens) -> str:
    """Return a delivery's Message-ID (RFC 5322, 3.6.4): the same for every attempt.

    It is made of what never changes, and the reader's address may. The mark keeps two sites, or a
    store made anew, from giving the same one twice, and others from knowing it without the mail.
    """
    unique = tokens.mark(delivery.issue_id, delivery.id, delivery.subscriber_id, edition.sha256)
    return f"<{delivery.issue_id}.{delivery.id}.{unique}@{host}>"


def leave_address(sender: Sender) -> str:
    """Return the address that a mail to which takes the reader off the list (RFC 2369)."""
    address = sender.leave or sender.address
    return f"mailto:{address}?subject={quote(leave_subject(sender.newsletter))}"


def leave_subject(newsletter: str) -> str:
    """Return the subject of the mail by which a reader leaves a newsletter."""
    return f"unsubscribe {newsletter}"


def feedback_id(issue_id: int, sender: Sender) -> str:
    """Return what complaints are counted by: issue, newsletter, site.

    Gmail's Feedback-ID: parts without colons, the last one the sender's own, which is the same
    in all its mails and has 5 to 15 characters.
    """
    digest = hashlib.sha256(sender.host.encode()).hexdigest()
    return f"{issue_id}:{quote(sender.newsletter)}:{sender.host[:8]}-{digest[:6]}"


def reply_to(sender: Sender) -> dict[str, str]:
    """Return where answers go, if not to the sender."""
    if not sender.reply_address:
        return {}
    return {"Reply-To": mailbox("Reply-To", sender.reply_name, sender.reply_address)}


def about_the_list(sender: Sender) -> dict[str, str]:
    """Return where the list has its archive, and that nobody can write to it (RFC 2369, 3)."""
    archive = f"<{sender.archive}>"
    # A URI cannot be encoded, and not everybody takes one that is folded.
    fits = sender.archive and len("List-Archive: ") + len(archive) <= _LONGEST
    return {"List-Post": "NO", **({"List-Archive": archive} if fits else {})}


def refuse_unwritable(head: Mapping[str, str]) -> None:
    """Raise UnwritableError for what would be more than one line, or is not in ASCII.

    What people write was made fit before: names and subjects. What is left are addresses, which
    nobody may mend on the way.
    """
    for name, value in head.items():
        first, *more = value.split("\r\n")
        folded = all(line.startswith(" ") and line.strip() for line in more)
        if not folded or not value.isascii() or not "".join([first, *more]).isprintable():
            raise UnwritableError(f"{name}: {value!r} cannot stand in a header")
        if max(map(len, [f"{name}: {first}", *more])) > _LONGEST:
            raise UnwritableError(f"{name}: {value[:60]!r} and more is longer than a line may be")


def mailbox(header: str, name: str, address: str) -> str:
    """Return a name and an address for a header (RFC 5322, 3.4)."""
    if not address.isascii():
        raise UnwritableError(f"{header}: {address!r} cannot stand in a header")
    phrase = characters.clean_line(name)
    if _is_plain(phrase):
        return formataddr((phrase, address))
    return f"{words(header, phrase)}\r\n <{address}>"


def words(header: str, line: str) -> str:
    """Return a line for a header, as encoded words (RFC 2047) where it has to be."""
    if _is_plain(line):
        return line
    word = _word(line)
    if len(f"{header}: {word}") <= _LINE:
        return word
    return Header(line, "utf-8", maxlinelen=_LINE, header_name=header).encode(linesep="\r\n")


def _word(line: str) -> str:
    """Return a line as one encoded word, in the shorter encoding.

    ``email`` makes the same of it and takes ten times as long, for each reader's name.
    """
    content = line.encode()
    quoted = "".join(map(_QUOTED.__getitem__, content))
    based = b64encode(content).decode("ascii")
    return f"=?utf-8?q?{quoted}?=" if len(quoted) <= len(based) else f"=?utf-8?b?{based}?="


def _is_plain(line: str) -> bool:
    return line.isascii() and len(line) <= _SHORT and "=?" not in line
