"""Reports for machines within mails: of deliveries (RFC 3464, RFC 6533), of complaints (RFC 5965).

Pure. Only the fields are read: what a notice says to people is in their language, but for what
stands below the address in it, which is the server's.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from email.errors import MissingHeaderBodySeparatorDefect
from email.message import Message
from email.utils import parseaddr
from itertools import takewhile

from publisher.mail import received

#: Parts of a message that are looked at, and recipients of a report: no real one has as many.
_PARTS = 200

#: Reports whose fields stand in blocks, the first about the mail, each other about a recipient.
_DELIVERY = {"message/delivery-status", "message/global-delivery-status"}
_FEEDBACK = "message/feedback-report"

#: How some gateways encode reports (RFC 2045, 6), though RFC 3464 has them in seven bits.
_CODED = {"base64", "quoted-printable"}

#: Characters of a field that are read: a reply of many lines has less than a thousand.
_FIELD = 1_000

#: So much of what is written for people is searched for what a server said.
_TEXT = 2_000

#: Where the copy of the mail begins below such a text: a rule, or the first of its headers.
_COPY = re.compile(r"^(?:-{3}|Return-Path:|Received:|From:)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a report says."""

    #: What was done: ``failed``, ``delayed``, ``delivered``, ``relayed``, ``expanded``.
    action: str = ""
    #: Status (RFC 3463) and reply of the last server, of the first recipient that failed.
    status: str = ""
    reply: str = ""
    #: The addresses that it is about, in lower case: as we wrote them and as they were last.
    addresses: frozenset[str] = frozenset()
    #: The type of a report of feedback (``abuse``, ``not-spam``); empty for other reports.
    feedback: str = ""

    @property
    def failed(self) -> bool:
        """Whether the mail will not be delivered."""
        # OpenSMTPD writes "error"; some write comments after the word.
        return self.action.startswith(("fail", "error"))


def read(message: Message) -> Notice | None:
    """Return what the first report in a message says; None where there is none."""
    for part in _parts(message):
        kind = part.get_content_type()
        if kind == _FEEDBACK:
            return _feedback(next(_blocks(part), Message()))
        if kind in _DELIVERY:
            found = [_recipient(block) for block in _blocks(part)]
            about = [notice for notice in found if notice.action]
            if about:
                return next((notice for notice in about if notice.failed), about[0])
    return _of_microsoft(message)


def _of_microsoft(message: Message) -> Notice | None:
    """Return the complaint that Microsoft's programme (JMRP) hands on without a report.

    It is the mail itself, with the address in a header of theirs.
    """
    for part in _parts(message):
        copy = _inner(part) if part.get_content_type() == "message/rfc822" else []
        for headers in (part, *copy[:1]):
            named = _field(headers, "X-HmXmrOriginalRecipient")
            if named:
                return Notice(feedback="abuse", addresses=frozenset({address(named)} - {""}))
    return None


def _parts(message: Message) -> Iterator[Message]:
    """Yield the parts of a message, but for those of the mails that it holds copies of."""
    waiting, seen = [message], 0
    while waiting and seen < _PARTS:
        part, seen = waiting.pop(0), seen + 1
        yield part
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting.extend(_inner(part))


def _inner(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [entry for entry in payload if isinstance(entry, Message)][:_PARTS] if payload else []


def _blocks(part: Message) -> Iterator[Message]:
    """Yield the blocks of fields of a report.

    The library makes messages of those of RFC 3464 only; of other reports the first is one whose
    body holds the rest, or all is text. It never asks whether they are encoded for the way.
    """
    coded = str(part.get("Content-Transfer-Encoding", "")).strip().lower() in _CODED
    blocks = _inner(part) if part.is_multipart() else []
    if blocks and not coded:
        for block in blocks:
            yield block
            yield from _of_text(block.get_payload())
        return
    raw = _as_it_came(part, blocks).get_payload(decode=True)
    yield from _of_text(raw.decode("utf-8", "replace") if isinstance(raw, bytes) else "")


def _as_it_came(part: Message, blocks: list[Message]) -> Message:
    """Return a part whose text is not taken apart yet."""
    if not blocks:
        return part
    whole = Message()
    whole["Content-Transfer-Encoding"] = part["Content-Transfer-Encoding"]
    whole.set_payload("\n\n".join(map(_text, blocks)))
    return whole


def _text(block: Message) -> str:
    """Return a block as it came: where no blank line ends the fields, the library says so."""
    fields = "".join(f"{name}: {value}\n" for name, value in block.items())
    body, faults = block.get_payload(), block.defects
    ended = not any(isinstance(fault, MissingHeaderBodySeparatorDefect) for fault in faults)
    between = "\n" if fields and ended else ""
    return f"{fields}{between}{body if isinstance(body, str) else ''}"


def _of_text(text: object) -> Iterator[Message]:
    blocks = re.split(r"\r?\n[ \t]*\r?\n", text) if isinstance(text, str) else []
    for block in blocks[:_PARTS]:
        if block.strip():
            yield received.fields(block.strip())


def _recipient(block: Message) -> Notice:
    named = (_field(block, name) for name in ("Original-Recipient", "Final-Recipient"))
    return Notice(
        action=_field(block, "Action").strip().lower()[:20],
        status=_field(block, "Status"),
        reply=_after_type(_field(block, "Diagnostic-Code")),
        addresses=frozenset(filter(None, (address(_after_type(value)) for value in named))),
    )


def _feedback(block: Message) -> Notice:
    named = address(_after_type(_field(block, "Original-Rcpt-To")))
    return Notice(
        feedback=_field(block, "Feedback-Type").lower()[:40] or "of no type",
        addresses=frozenset({named} - {""}),
    )


def _field(block: Message, name: str) -> str:
    return " ".join(str(block.get(name, ""))[:_FIELD].split())


def _after_type(value: str) -> str:
    """Return a value without the type that stands before it (``rfc822; zoe@example.org``)."""
    kind, found, rest = value.partition(";")
    return rest.strip() if found and re.fullmatch(r"[A-Za-z0-9 -]{1,20}", kind) else value


def address(text: str) -> str:
    """Return the address in a text, in lower case; empty where there is none."""
    bare = text.strip().lower()
    if not bare.isprintable():
        return ""
    if re.fullmatch(r"[^\s<>@\"(),;:]{1,64}@[^\s<>@\"(),;:]{1,255}", bare):
        return bare
    found = parseaddr(bare)[1]
    return found if re.fullmatch(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}", found) else ""


def first_words(message: Message) -> str:
    """Return what the first plain text in a message says above the copy of a mail in it."""
    for part in _parts(message):
        if part.get_content_type() == "text/plain":
            raw = part.get_payload(decode=True)
            text = raw[:_TEXT].decode("utf-8", "replace") if isinstance(raw, bytes) else ""
            return _COPY.split(text, maxsplit=1)[0]
    return ""


def said_below(message: Message, addresses: Collection[str]) -> str:
    """Return what stands below one of some addresses in the text for people, or nothing.

    Exim writes a reply into its report only where another host gave it. What it says itself of
    an address stands here, further in than the address, whatever the rest of the text is made of:

        zoe@example.org
          Unrouteable address
    """
    lines = first_words(message).splitlines()
    for place, each in enumerate(lines):
        if each.strip().lower() in addresses and (said := _further_in(lines[place:])):
            return said
    return ""


def _further_in(lines: Sequence[str]) -> str:
    """Return the lines that follow the first one as long as they begin further in than it."""
    deep = len(lines[0]) - len(lines[0].lstrip()) + 1
    found = takewhile(lambda each: each.strip() and each[:deep].isspace(), lines[1:])
    return " ".join(each.strip() for each in found)


def line(text: str, status: str) -> str:
    """Return the line of a text that holds a status, or the first line that is none of blanks."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if status and status in line), lines[0] if lines else "")
