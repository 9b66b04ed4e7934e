"""Mails to a real Postfix: they arrive once, byte for byte, in each way that it can be told."""

import asyncio
import re
import smtplib
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from publisher.delivery.commands import Way
from publisher.delivery.outgoing import Outgoing, Relay, Verdict
from publisher.delivery.smtp import send
from tests import postfix
from tests.postfix import Postfix
from tests.relay_hostile import Post

#: What it must not offer, so that it is spoken to in a way.
WITHOUT = {
    Way.PLAIN: "pipelining, chunking",
    Way.PIPELINED: "chunking",
    Way.CHUNKS: "silent-discard",
}
REFUSED = {
    "nobody@example.org": (550, "5.1.1", Verdict.PERMANENT),
    "busy@example.org": (450, "4.2.1", Verdict.TEMPORARY),
    "strange@example.org": (554, "5.7.1", Verdict.POLICY),
}
ANSWERS = " ".join(
    f"{{{address} = {code} {status} no}}" for address, (code, status, _) in REFUSED.items()
)


@pytest.fixture(scope="module", params=list(Way), ids=lambda way: way.name.lower())
def relay(request: pytest.FixtureRequest) -> Iterator[Postfix]:
    """Give a Postfix that keeps what it takes, but for some who are refused."""
    with postfix.server(
        smtpd_discard_ehlo_keywords=WITHOUT[request.param],
        smtpd_client_restrictions="check_client_access static:hold",
        smtpd_recipient_restrictions=f"check_recipient_access inline:{{{ANSWERS}}}, permit",
    ) as server:
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.ehlo()
            offered = {word for word in ("pipelining", "chunking") if client.has_extn(word)}
        assert offered == {"pipelining", "chunking"} - set(WITHOUT[request.param].split(", "))
        yield server


HEAD = (
    "From: news@example.org\r\nTo: {to}\r\nSubject: {number}\r\n"
    "Message-ID: <{number}@{mark}>\r\nDate: Mon, 23 Nov 2026 08:00:00 +0000\r\n\r\n"
)
LINES = b"Some lines of a digest, one of them like the other.\r\n" * 750


def mails(mark: str, *recipients: str) -> list[Outgoing]:
    """Return mails of some 40 kB that bear a mark; in some a line begins with a full stop."""
    return [
        Outgoing(
            id=number,
            sender=f"bounce+{number}@news.example.org",
            recipient=recipient,
            message=HEAD.format(to=recipient, number=number, mark=mark).encode()
            + LINES
            + b".\r\n..\r\n.end\r\n" * (number % 2),
        )
        for number, recipient in enumerate(recipients)
    ]


def deliver(relay: Postfix, sent: list[Outgoing], window: int = 1) -> Post:
    """Send mails over two connections at once."""

    async def main() -> None:
        to = Relay(host="127.0.0.1", port=relay.port, tls="none", window=window)
        reasons = await asyncio.gather(*(send(to, post, post) for _ in range(2)))
        assert reasons == ["", ""]

    post = Post(waiting=list(sent), window=2 * window)
    asyncio.run(main())
    return post


def kept(relay: Postfix, mark: str) -> list[tuple[str, str, bytes]]:
    """Return sender, recipient and message of what it took, in the order of their numbers."""
    found = []
    home = relay.log.parent
    for path in sorted((home / "queue" / "hold").iterdir()):
        said = subprocess.run(
            ["/usr/sbin/postcat", "-c", str(home / "etc"), "-ehb", str(path)],
            capture_output=True,
            check=True,
        ).stdout
        envelope, _, message = said.partition(b"*** MESSAGE CONTENTS ")
        message = message.partition(b"***\n")[2].partition(b"*** HEADER EXTRACTED")[0]
        message = re.sub(rb"\AReceived: .*\n(?:[ \t].*\n)+", b"", message)
        if b"@%s>" % mark.encode() in message:
            sender = re.findall(rb"^sender: (.+)$", envelope, re.MULTILINE)
            recipient = re.findall(rb"^recipient: (.+)$", said, re.MULTILINE)
            assert len(recipient) == 1
            found.append((sender[0].decode(), recipient[0].decode(), message))
    return sorted(found, key=lambda mail: int(re.findall(r"\d+", mail[0])[0]))


@pytest.mark.parametrize("window", [1, 4])
def test_every_mail_arrives_once_byte_for_byte(relay: Postfix, window: int) -> None:
    sent = mails(f"w{window}", *(f"reader{number}@example.org" for number in range(12)))
    post = deliver(relay, sent, window)
    assert {answer.verdict for answer in post.answers.values()} == {Verdict.ACCEPTED}
    assert {answer.code for answer in post.answers.values()} == {250}
    assert kept(relay, f"w{window}") == [
        (mail.sender, mail.recipient, mail.message.replace(b"\r\n", b"\n")) for mail in sent
    ]


@pytest.mark.parametrize("window", [1, 4])
def test_those_who_are_refused_hold_up_nobody(relay: Postfix, window: int) -> None:
    recipients = [address for name in REFUSED for address in (name, f"after.{name}", name)]
    sent = mails(f"r{window}", *recipients)
    post = deliver(relay, sent, window)
    for mail in sent:
        answer = post.answers[mail.id]
        expected = REFUSED.get(mail.recipient, (250, "2.0.0", Verdict.ACCEPTED))
        assert (answer.code, answer.status, answer.verdict) == expected
    assert [recipient for _, recipient, _ in kept(relay, f"r{window}")] == [
        f"after.{name}" for name in REFUSED
    ]


def test_a_message_that_is_too_long_is_refused_and_the_next_one_goes(relay: Postfix) -> None:
    long, short = mails("long", "long@example.org", "short@example.org")
    lines = b"A line of so many.\r\n" * 600_000
    long = replace(long, message=long.message + lines)
    post = deliver(relay, [long, short])
    assert (post.answers[0].code, post.answers[0].status) == (552, "5.3.4")
    assert post.answers[1].verdict is Verdict.ACCEPTED
