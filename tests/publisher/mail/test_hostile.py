"""Mails that anybody may send us to keep us busy: how much of them is looked at, and by what.

What a library does with a text may grow with its square or its cube, so what counts is how much
it is given; nobody's clock is asked.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest

from publisher.bounces import sources
from publisher.mail import notices, received, return_path, returned, statuses, traces
from publisher.mail.returned import Kind
from publisher.tokens import Tokens
from tests import bounced, make

NOBODY = Tokens(keys=[])
LONG = 900_000


def mail(*, sender: str = "m@x.example", head: str = "", body: str = "x") -> str:
    return f"From: {sender}\nTo: b@x.example\nSubject: s\n{head}\n{body}\n"


def report(*, failed: str = "a@b.example", reply: str = "550 no", status: str = "5.0.0") -> str:
    """Return a report; only its fields are long, not the words before them."""
    raw = bounced.dsn("b@x.example", "a@b.example", status=status, reply="550 no").decode()
    fields = {"Final-Recipient: rfc822; a@b.example": f"Final-Recipient: rfc822; {failed}"}
    fields["Diagnostic-Code: 550 no"] = f"Diagnostic-Code: {reply}"
    for old, new in fields.items():
        raw = raw.replace(old, new)
    return raw


def parts(encoding: str, body: str) -> str:
    """Return the mail of Netscape's server, whose words are looked at most closely."""
    return mail(
        head='MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n',
        body="--b\nContent-Type: text/plain\n"
        f"Content-Transfer-Encoding: {encoding}\n\n{body}\n--b\n\nx\n--b--",
    )


NETSCAPE = "This Message was undeliverable due to the following reason:\n"

HOSTILE = {
    "reply of one word": report(reply="insufficient" * (LONG // 12)),
    "reply of words": report(reply="insufficient " * (LONG // 13)),
    "status": report(status="5.1." * (LONG // 4)),
    "address of quotes": report(failed='"a\\' * (LONG // 3)),
    "address of brackets": report(failed="<" * LONG),
    "sender of commas": mail(sender="," * LONG),
    "sender of brackets": mail(sender="<" * LONG),
    "sender of addresses": mail(sender="a@," * (LONG // 3)),
    "sender of groups": mail(sender="a:;" * (LONG // 3)),
    "headers": mail(head="X: y\n" * (LONG // 5)),
    "recipients": mail(head="To: =?utf-8?q?a?=\n" * (LONG // 19)),
    "folds": mail(head="X: y" + "\n x" * (LONG // 3) + "\n"),
    "parameters": mail(head="Content-Type: text/plain" + ';a="b' * (LONG // 5) + "\n"),
    "blank lines": mail(body="\n" * LONG),
    "carriage returns": mail(body="\r" * LONG),
    "addresses": mail(body="<a@b.c>:\n" * (LONG // 9)),
    "brackets": parts("7bit", NETSCAPE + ("<" * 199 + "\n") * 500),
    "quoted brackets": parts("quoted-printable", NETSCAPE + ("<" * 70 + "=\n") * 10_000),
    "at signs": mail(body=("x" + "," * 100 + "@" * 98 + "\n") * 500),
    "blanks": parts("7bit", "the" + " " * LONG),
    "many parts": parts("7bit", "x\n--b\n\nx\n" * 50_000),
}


def leaves(message: Message) -> Iterator[str]:
    for part in message.walk():
        payload = part.get_payload()
        if isinstance(payload, str):
            yield payload


@pytest.mark.parametrize("name", HOSTILE)
def test_little_of_a_mail_is_given_to_the_parser_and_less_of_it_to_flufl(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []
    heard: list[Message] = []

    def parse(raw: bytes, **how: Any) -> Message:
        parsed.append(raw)
        return message_from_bytes(raw, **how)

    def failures(message: Message) -> tuple[frozenset[bytes], frozenset[bytes]]:
        heard.append(message)
        return frozenset(), frozenset()

    monkeypatch.setattr(received, "message_from_bytes", parse)
    monkeypatch.setattr(returned, "all_failures", failures)
    said = returned.read(HOSTILE[name].encode(), NOBODY, now=make.NOW)
    assert said.kind in {Kind.HARD, Kind.SOFT, Kind.UNKNOWN}
    assert max(map(len, parsed)) <= 150_000
    assert max(len(raw.splitlines()) for raw in parsed) <= 3_000
    for message in heard:
        texts = list(leaves(message))
        lines = [line for text in texts for line in text.splitlines()]
        values = [str(value) for part in message.walk() for value in part.values()]
        assert sum(map(len, texts)) <= 16_000
        assert max(map(len, lines), default=0) <= 200
        assert max((line.count(sign) for line in lines for sign in "<@"), default=0) <= 8
        assert max(map(len, values), default=0) <= 2_000
        assert not any("Content-Transfer-Encoding" in part for part in message.walk())


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_meant_to_keep_us_busy_is_read_to_the_end(name: str) -> None:
    said = returned.read(HOSTILE[name].encode(), NOBODY, now=make.NOW)
    assert len(said.detail) <= 300
    assert said.signed == frozenset()


def test_what_a_field_says_is_cut() -> None:
    message = received.parse(HOSTILE["reply of one word"].encode())
    notice = notices.read(message)
    assert notice is not None
    assert len(notice.reply) <= 1_000
    assert notice.reply.startswith("insufficient")


def patterns() -> Iterator[tuple[str, str]]:
    for module in (notices, received, return_path, returned, statuses, traces, sources):
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                text = value.pattern
                yield f"{module.__name__}.{name}", text if isinstance(text, str) else text.decode()


@pytest.mark.parametrize(("name", "pattern"), list(patterns()))
def test_no_pattern_looks_at_any_number_of_any_signs(name: str, pattern: str) -> None:
    found = re.search(r"(?:\.|\[\^[^\]]+\]|\\S)(?:[*+]|\{\d+,\})", pattern)
    assert found is None, f"{name} does not say how many at the most"


@pytest.mark.parametrize("system", bounced.DEAD)
def test_a_bounce_is_understood_whatever_stands_behind_it(system: str) -> None:
    raw = bounced.DEAD[system]("b@x.example", "a@b.example", bounced.STRANGE)
    said = returned.read(raw + b"<" * LONG + b"\n" * LONG, NOBODY, now=make.NOW)
    assert (said.kind, said.addresses) == (Kind.HARD, frozenset({"a@b.example"}))
