"""What a mail that came to us says: flufl.bounce's home. Pure; whatever it gets, it raises nothing.

    a report of a mail system (RFC 3464), or words of one that are known   hard, soft, policy
    a report of a complaint (RFC 5965)                                     complaint
    one that somebody wants no more, ``unsubscribe KEY TOKEN`` (RFC 2369)  leave
    an answer by itself (RFC 3834), a report that all is well              ignored
    anything else                                                          unknown

Anybody can send us anything, so what it says is one thing and what it is about another. That is
told by what only those have who had the mail: its return path or the links in it, which we signed;
or its Message-ID, which :mod:`publisher.bounces` holds against the mail itself. Who names a mail by
that alone must know the address, too.
"""

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.utils import getaddresses
from enum import StrEnum
from functools import partial
from typing import Any

from flufl.bounce import all_failures

from publisher.mail import notices, received, statuses, traces
from publisher.mail.notices import Notice
from publisher.mail.statuses import Failure
from publisher.mail.traces import Reader, Signed
from publisher.tokens import Mail, Tokens

_FEEDBACK_ID = re.compile(r"^Feedback-ID:[ \t]*(\S.{0,200})$", re.IGNORECASE | re.MULTILINE)

# What it does is told by what it returns; nobody reads its progress, and messages hold addresses.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)


class Kind(StrEnum):
    """What a message means."""

    HARD = "hard"
    SOFT = "soft"
    POLICY = "policy"
    COMPLAINT = "complaint"
    LEAVE = "leave"
    IGNORED = "ignored"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Returned:
    """What a message says, and which of our mails it is about."""

    kind: Kind
    #: What the server said, or why the message is ignored or unknown.
    detail: str
    #: The status of RFC 3463, empty without one.
    status: str = ""
    #: The addresses that it says have failed, in lower case.
    addresses: frozenset[str] = frozenset()
    #: The mails that it names by what we signed.
    signed: frozenset[tuple[Mail, int]] = frozenset()
    #: The Message-IDs of ours that stand in it, with the mails that they would be of.
    message_ids: frozenset[tuple[Mail, int, str]] = frozenset()
    #: Whom the link to leave that stands in it is about.
    reader: Reader | None = None
    #: The same for the same message, however often and whichever way it comes.
    digest: str = ""
    #: Its own subject.
    subject: str = ""


def read(raw: bytes, tokens: Tokens, *, now: datetime) -> Returned:
    """Return what a message says, as far as it is read."""
    head = received.head(raw)
    text = head.decode("ascii", "replace")
    signed = partial(traces.reader, tokens=tokens, now=now)
    message, found = _understood(head, text, signed)
    named = _named(message, text, tokens, signed) if found.reader is None else {}
    return Returned(
        **{
            **vars(found),
            **named,
            "detail": received.line(found.detail),
            "subject": received.line(received.header(message, "Subject")),
            "digest": received.digest(
                message, head, found.kind, found.status, *sorted(found.addresses)
            ),
        }
    )


def _understood(head: bytes, text: str, signed: Signed) -> tuple[Message, Returned]:
    """Return a message, an empty one where it cannot be taken apart, and what it says."""
    message = Message()
    try:
        message = received.parse(head)
        return message, _read(message, text, signed)
    except RecursionError:
        detail = "has too many parts, or too many in each other"
    except Exception as error:  # noqa: BLE001  (the libraries raise what they like on broken mail)
        detail = f"cannot be read: {type(error).__name__}"
    return message, Returned(kind=Kind.UNKNOWN, detail=detail)


def _named(message: Message, text: str, tokens: Tokens, signed: Signed) -> dict[str, Any]:
    """Return which mails of ours a message names, and whose link stands in it.

    Who leaves by mail is not asked for these: the subject says who that is, whatever it quotes.
    """
    links = traces.readers(text, signed)
    return {
        "signed": frozenset(traces.mails(message, text, tokens)),
        "message_ids": frozenset(traces.message_ids(text)),
        "reader": next(iter(links)) if len(links) == 1 else None,
    }


def _read(message: Message, text: str, signed: Signed) -> Returned:
    notice = notices.read(message)
    if notice:
        return _of_notice(notice, text, message)
    subject = received.header(message, "Subject")
    reader = traces.leaving(subject, signed)
    if reader:
        return Returned(kind=Kind.LEAVE, detail="asks to leave", reader=reader)
    answer = "" if _is_report(message) else _answers_by_itself(message)
    if answer:
        return Returned(kind=Kind.IGNORED, detail=f"an answer by itself: {answer}")
    return _by_words(message) or _of_nobody(message, subject)


def _of_notice(notice: Notice, text: str, message: Message) -> Returned:
    if notice.feedback:
        # It tells the issue at least, also where it names nobody.
        feedback = _FEEDBACK_ID.search(text)
        about = f", Feedback-ID {feedback[1]}" if feedback else ""
        kind = _FEEDBACK.get(notice.feedback, Kind.IGNORED)
        told = f"feedback: {notice.feedback}{about}"
        return Returned(kind=kind, detail=told, addresses=notice.addresses)
    if not notice.failed:
        return Returned(kind=Kind.IGNORED, detail=f"has not failed: {notice.action}")
    reply = notice.reply
    if not reply and statuses.is_vague(notice.status, ""):
        reply = notices.said_below(message, notice.addresses)
    return Returned(
        kind=_KINDS[statuses.failure(notice.status, reply)],
        detail=reply,
        status=statuses.precise(notice.status, reply),
        addresses=notice.addresses,
    )


#: Types of feedback (RFC 5965, 7.3, and opt-out) that ask us for something; not-spam does not.
_FEEDBACK = {
    "abuse": Kind.COMPLAINT,
    "fraud": Kind.COMPLAINT,
    "opt-out": Kind.LEAVE,
    "opt-out-list": Kind.LEAVE,
}

_KINDS = {
    Failure.HARD: Kind.HARD,
    Failure.SOFT: Kind.SOFT,
    Failure.POLICY: Kind.POLICY,
}


def _of_nobody(message: Message, subject: str) -> Returned:
    """Return what becomes of a message that is neither a report nor a bounce that is known."""
    detail = "is no bounce and no complaint that is known"
    written = "" if _is_report(message) else _written_by_itself(message)
    if traces.asks_to_leave(subject):
        return _asks_by_hand(message)
    if written:
        return Returned(kind=Kind.IGNORED, detail=f"written by itself: {written}")
    return Returned(kind=Kind.UNKNOWN, detail=detail)


def _asks_by_hand(message: Message) -> Returned:
    """Name who asks to leave: the message may be nowhere else, and somebody has to find them."""
    sender = notices.address(received.header(message, "From"))
    who = f"the sender, {sender}," if sender else "the sender"
    detail = f"asks to leave without our signature: do it by hand if {who} is the reader"
    return Returned(kind=Kind.UNKNOWN, detail=detail, addresses=frozenset({sender} - {""}))


def _by_words(message: Message) -> Returned | None:
    """Read a bounce of a mail system that writes no report, by what it is known to write."""
    if not getaddresses([str(message.get("From", ""))]):
        # Its detector of Yale's notices fails where nobody is named (flufl.bounce 6.0.0).
        del message["From"]
        message["From"] = "nobody@invalid"
    words = notices.first_words(message)
    received.shorten(message)
    temporary, permanent = all_failures(message)
    if not temporary and not permanent:
        return None
    status = statuses.precise("", words)
    kind = _KINDS[statuses.failure(status or "5.0.0", words)] if permanent else Kind.SOFT
    failed = permanent or temporary
    return Returned(
        kind=kind,
        detail=notices.line(words, status),
        status=status,
        addresses=frozenset(notices.address(entry.decode("ascii", "replace")) for entry in failed),
    )


def _is_report(message: Message) -> bool:
    """Say whether a mail system reports a mail, whether or not its report can be read.

    Those call themselves answers (RFC 3834, 5), too. Exim's header no answer has, nor the type.
    """
    kind = str(message.get_param("report-type", "")).lower()
    is_report = message.get_content_type() == "multipart/report" and kind == "delivery-status"
    return is_report or bool(message["X-Failed-Recipients"])


def _answers_by_itself(message: Message) -> str:
    """Return the header by which a message says that nobody wrote it (RFC 3834, 5), or nothing."""
    stated = _auto_submitted(message)
    if stated in {"auto-replied", "auto-notified"}:
        return f"Auto-Submitted: {stated}"
    for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder"):
        if message[name]:
            return name
    precedence = received.header(message, "Precedence").strip().lower()
    return f"Precedence: {precedence}" if precedence in {"auto_reply", "auto-reply"} else ""


def _written_by_itself(message: Message) -> str:
    """Return the header by which a program says that it wrote a message, or nothing.

    Bounces may have it, too, so these are looked for first. Exchange's asks for no answer, which
    what people write does not. ``Auto-Submitted: no`` people may say, and all words but that begin
    alike (RFC 3834, 5).
    """
    stated = _auto_submitted(message)
    if stated.startswith("auto-"):
        return f"Auto-Submitted: {stated}"
    name = "X-Auto-Response-Suppress"
    return name if message[name] else ""


def _auto_submitted(message: Message) -> str:
    # Parameters and comments may follow.
    return re.split(r"[\s;(]", received.header(message, "Auto-Submitted").strip().lower())[0]
