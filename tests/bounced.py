"""Mails that come back, as the mail systems of this world write them; each written here by hand.

Every shape takes whom it is for, the address that failed, and the mail that it holds a copy of.
"""

import base64
import quopri
from collections.abc import Callable, Mapping
from email import message_from_bytes
from email.policy import compat32


def head_of(raw: bytes) -> str:
    """Return the headers of a mail of ours, as a copy of it shows them."""
    found = message_from_bytes(raw, policy=compat32)
    return "".join(f"{name}: {value}\n" for name, value in found.items())


#: The headers of a mail that is none of ours.
STRANGE = """\
From: Somebody <somebody@elsewhere.example>
To: zoe@example.org
Subject: Hello
Message-ID: <1234@elsewhere.example>
"""


def dsn(
    to: str,
    failed: str,
    copy: str = STRANGE,
    *,
    status: str = "5.1.1",
    reply: str = "smtp; 550 5.1.1 <{}>: Recipient address rejected: User unknown",
    action: str = "failed",
    original: str = "",
    words: str = "I'm sorry to have to inform you that your message could not be delivered.",
    subject: str = "Undelivered Mail Returned to Sender",
    sender: str = "MAILER-DAEMON@mx.example.org (Mail Delivery System)",
    charset: str = "utf-8",
    report: str = "message/delivery-status",
    number: int = 1,
    extra: str = "",
) -> bytes:
    """Return a report as Postfix writes it (RFC 3464)."""
    first = f"Original-Recipient: rfc822;{original}\n" if original else ""
    text = f"""\
Return-Path: <>
Received: by mx.example.org (Postfix)
\tid 4Xyz{number}; Mon, 23 Nov 2026 08:00:0{number % 10} +0000 (UTC)
Date: Mon, 23 Nov 2026 08:00:00 +0000 (UTC)
From: {sender}
Subject: {subject}
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
{extra}Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4Xyz.1795420800/mx.example.org"
Message-Id: <20261123080000.4Xyz{number}@mx.example.org>

This is a MIME-encapsulated message.

--4Xyz.1795420800/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset={charset}
Content-Transfer-Encoding: 8bit

{words}

<{failed}>: {reply.format(failed)}

--4Xyz.1795420800/mx.example.org
Content-Description: Delivery report
Content-Type: {report}

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: 4Xyz{number}
Arrival-Date: Mon, 23 Nov 2026 07:59:58 +0000 (UTC)

Final-Recipient: rfc822; {failed}
{first}Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.org
Diagnostic-Code: {reply.format(failed)}

--4Xyz.1795420800/mx.example.org
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

{copy}
--4Xyz.1795420800/mx.example.org--
"""
    return text.encode(charset, "replace")


def encoded(raw: bytes, encoding: str) -> bytes:
    """Return a report as some gateways hand it on: its fields are encoded for the way."""
    head, kind, rest = raw.partition(b"Content-Type: message/")
    fields, text = rest.split(b"\n\n", 1)
    told, end = text.split(b"\n\n--", 1)
    pack = base64.encodebytes if encoding == "base64" else _quoted
    name = f"\nContent-Transfer-Encoding: {encoding}\n\n".encode()
    return head + kind + fields + name + pack(told + b"\n") + b"\n--" + end


def _quoted(text: bytes) -> bytes:
    """Return quoted-printable with signs in it that need no quotes."""
    return quopri.encodestring(text).replace(b".", b"=2E")


def exim(to: str, failed: str, copy: str = STRANGE) -> bytes:
    """Exim: words only, the address that failed in a header, and it says that it answers."""
    return f"""\
Return-path: <>
From: Mail Delivery System <Mailer-Daemon@mail.example.org>
To: {to}
Auto-Submitted: auto-replied
X-Failed-Recipients: {failed}
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1tF00-0004Pb-00@mail.example.org>
Date: Mon, 23 Nov 2026 08:00:00 +0000

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {failed}
    host mx.example.org [192.0.2.7]
    SMTP error from remote mail server after RCPT TO:<{failed}>:
    550 5.1.1 <{failed}>: no such user here

------ This is a copy of the message, including all the headers. ------

{copy}
""".encode()


def exim_report(
    to: str,
    failed: str,
    copy: str = STRANGE,
    *,
    said: str = "Unrouteable address",
    intro: str = "A message that you sent could not be delivered.",
    status: str = "5.0.0",
) -> bytes:
    """Exim since 4.84: a report, without a reply where no other host gave one."""
    return f"""\
Return-path: <>
From: Mail Delivery System <Mailer-Daemon@mail.example.org>
To: {to}
Auto-Submitted: auto-replied
X-Failed-Recipients: {failed}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=1795420800-eximdsn-42
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1tF00-0004Pc-00@mail.example.org>
Date: Mon, 23 Nov 2026 08:00:00 +0000

--1795420800-eximdsn-42
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

{intro}

  {failed}
    {said}

--1795420800-eximdsn-42
Content-type: message/delivery-status

Reporting-MTA: dns; mail.example.org

Action: failed
Final-Recipient: rfc822;{failed}
Status: {status}

--1795420800-eximdsn-42
Content-type: text/rfc822-headers

{copy}
--1795420800-eximdsn-42--
""".encode()


def gmail(to: str, failed: str, copy: str = STRANGE) -> bytes:
    """Gmail: a report whose reply runs over many lines."""
    reply = (
        "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try\n"
        " 550-5.1.1 double-checking the recipient's email address for typos or\n"
        " 550 5.1.1 unnecessary spaces. - gsmtp"
    )
    return dsn(
        to,
        failed,
        copy,
        reply=reply,
        subject="Delivery Status Notification (Failure)",
        sender="Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        words=f"** Address not found **\n\nYour message wasn't delivered to {failed}.",
    )


def exchange(to: str, failed: str, copy: str = STRANGE) -> bytes:
    """Exchange Online: no such mailbox is a 5.4.1 at its edge."""
    reply = "smtp;550 5.4.1 Recipient address rejected: Access denied. [AMS.prod.example 2026]"
    return dsn(
        to,
        failed,
        copy,
        status="5.4.1",
        reply=reply,
        subject="Undeliverable: Digest",
        sender="postmaster@example.onmicrosoft.example",
        words="Delivery has failed to these recipients or groups:",
    )


def qmail(to: str, failed: str, copy: str = STRANGE) -> bytes:
    """Qmail: words only (QSBMF)."""
    return f"""\
Return-Path: <>
Date: 23 Nov 2026 08:00:00 -0000
From: MAILER-DAEMON@mail.example.org
To: {to}
Subject: failure notice

Hi. This is the qmail-send program at mail.example.org.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{failed}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <news@news.example.org>
{copy}
""".encode()


def arf(
    to: str,
    copy: str = STRANGE,
    *,
    kind: str = "abuse",
    failed: str = "",
    number: int = 1,
    program: str = "Yahoo!-Mail-Feedback/2.0",
) -> bytes:
    """Return a complaint as Yahoo hands it on (RFC 5965); the address is often hidden."""
    named = f"Original-Rcpt-To: {failed}\n" if failed else ""
    return f"""\
From: Yahoo! Mail AntiSpam Feedback <feedback@arf.mail.yahoo.example>
To: {to}
Date: Mon, 23 Nov 2026 08:00:00 +0000
Subject: FW: Digest
Message-ID: <{number}.fbl@arf.mail.yahoo.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="fbl"

--fbl
Content-Type: text/plain; charset=us-ascii

This is an email abuse report for an email message received from IP 192.0.2.7.

--fbl
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: {program}
Version: 1
{named}Source-IP: 192.0.2.7
Reported-Domain: news.example.org

--fbl
Content-Type: message/rfc822
Content-Disposition: inline

{copy}
News

--fbl--
""".encode()


def jmrp(to: str, failed: str, copy: str = STRANGE) -> bytes:
    """Microsoft's programme: no report at all, the mail as it was, and the address in a header."""
    return f"""\
From: <staff@hotmail.example>
To: {to}
Date: Mon, 23 Nov 2026 08:00:00 +0000
Subject: complaint about message from 192.0.2.7
Message-ID: <jmrp.1@hotmail.example>
X-HmXmrOriginalRecipient: {failed}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="jmrp"

--jmrp
Content-Type: message/rfc822
Content-Disposition: inline

X-HmXmrOriginalRecipient: <{failed}>
{copy}
News

--jmrp--
""".encode()


def vacation(to: str, words: str = "I am away.") -> bytes:
    """Return an answer by itself (RFC 3834), whose words quote a bounce."""
    return f"""\
From: Zoe <zoe@example.org>
To: {to}
Subject: Auto: Digest
Auto-Submitted: auto-replied (vacation)
Message-ID: <away.1@example.org>
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

{words}
550 5.1.1 <zoe@example.org>: Recipient address rejected
""".encode()


def leave(to: str, subject: str, sender: str = "zoe@example.org") -> bytes:
    """Return the mail of who leaves by mail (RFC 2369)."""
    return (
        f"From: {sender}\nTo: {to}\nSubject: {subject}\nMessage-ID: <l1@example.org>\n\n".encode()
    )


#: Dead addresses, by the mail systems that say so.
DEAD: Mapping[str, Callable[[str, str, str], bytes]] = {
    "postfix": dsn,
    "exim": exim,
    "exim's report": exim_report,
    "gmail": gmail,
    "exchange": exchange,
    "qmail": qmail,
}

#: What notices say to people, in other languages than English.
WORDS = {
    "fr": "Votre message n'a pas pu être remis : l'adresse n'existe pas.",
    "es": "No se pudo entregar su mensaje: la dirección no existe.",
    "ar": "تعذّر تسليم رسالتك: العنوان غير موجود.",
}
