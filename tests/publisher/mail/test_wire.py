"""The message of a delivery: right by the book, in every script, and the same each time."""

import email
import re
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher import characters, story
from publisher.config import Config
from publisher.mail.compiled import message
from publisher.mail.edition import render_edition
from publisher.mail.links import Links
from publisher.mail.wire import Sender, leave_address, message_id
from publisher.tokens import Tokens
from store.records import Delivery, DeliveryState, Edition, SigningKey
from tests import claimed, make

LINKS = Links(
    leave="https://news.example.org/leave/l1.abc.def",
    preferences="https://news.example.org/preferences/p1.abc.def",
)
DATE = datetime(2026, 11, 27, 6, 0, 3, tzinfo=UTC)
TOKENS = Tokens(keys=[SigningKey(id=1, secret="11" * 32)])
ONCE = (
    *("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"),
    *("Content-Language", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Post"),
    "Feedback-ID",
)


def delivery(**changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "issue_id": 3,
        "edition_id": 5,
        "subscriber_id": 9,
        "attempts": 0,
        "email": "zoe@example.org",
        "name": "Zoë Hartley",
    }
    return replace(claimed.delivery(17), **{**values, **changes})


def edition(**changes: Any) -> Edition:
    values: dict[str, Any] = {
        "id": 5,
        "issue_id": 3,
        "language": "en",
        "subject": "Digest, November 27, 2026",
        "preheader": "",
        "html": "<!doctype html>\n<p>Dignité</p>\n",
        "text": "Dignité\n",
        "sha256": "0f" * 32,
        "items": 1,
    }
    return Edition(**{**values, **changes})


def sender(**changes: Any) -> Sender:
    values: dict[str, Any] = {
        "name": "Example news",
        "address": "news@example.org",
        "newsletter": "digest",
        "host": "news.example.org",
    }
    return Sender(**{**values, **changes})


def parsed(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def assert_whole(raw: bytes, once: Collection[str] = ONCE) -> None:
    """Check a message against the limits of RFC 5322, 2045 and 2047."""
    assert raw.isascii()
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    assert b"\0" not in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    found = parsed(raw)
    for part in found.walk():
        assert part.defects == []
        assert all(value.defects == () for value in part.values())
    for name in once:
        assert len(found.get_all(name, [])) == 1, name
    head, _, body = raw.partition(b"\r\n\r\n")
    for word in re.findall(rb"=\?[^?]*\?[bq]\?[^?]*\?=", head):
        assert len(word) <= 75
    for line in body.split(b"\r\n"):
        assert len(line) <= 76


def header(raw: bytes, name: str) -> str:
    """Return a header as a reader sees it, by the letter of RFC 2047.

    Not as email.policy.default reads it, which puts spaces between encoded words.
    """
    compat: Message = email.message_from_bytes(raw)
    return str(make_header(decode_header(compat[name].replace("\r\n", ""))))


def mailbox(raw: bytes, name: str) -> tuple[str, str]:
    compat: Message = email.message_from_bytes(raw)
    phrase, address = parseaddr(compat[name].replace("\r\n", ""))
    return str(make_header(decode_header(phrase))), address


def body(raw: bytes, kind: str) -> str:
    part = parsed(raw).get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("language", "name", "site", "subject"),
    [
        ("en", "Zoë Hartley", "Example news", "Digest, November 27, 2026"),
        ("en", 'O"Rourke, Siobhán', "News, by example", "Digest: “Dignity”"),
        ("en", "Plain Name", "=?utf-8?q?decoy?=", "=?utf-8?q?decoy=0D=0ABcc=3A_x?="),
        (
            "fr",
            "Aïcha Benaïssa",
            "Actualités\u202f: l’exemple",
            "Lettre d’information, «\u00a0été\u00a0»",
        ),
        ("es", "Íñigo Núñez", "Noticias", "¿Qué es la OIT? Boletín de políticas migratorias"),
        ("ar", "أمل الحدّاد", "أخبار المثال", "نشرة السياسات المتعلقة بالهجرة، 27 نوفمبر 2026"),
        ("ar", "أمل " * 40, "أخبار " * 40, "نشرة " * 60),
        ("en", "", "", ""),
        ("en", "plain words " * 16, "plain words " * 16, "plain words " * 99),
        ("en", "x" * 200, "x" * 1200, "x" * 1200),
    ],
)
def test_names_and_subject_are_read_as_they_were_written(
    language: str, name: str, site: str, subject: str
) -> None:
    raw = message(
        delivery(name=name, language=language),
        edition(language=language, subject=subject),
        sender(name=site),
        LINKS,
        date=DATE,
    )
    assert_whole(raw)
    assert mailbox(raw, "To") == (name.strip(), "zoe@example.org")
    assert mailbox(raw, "From") == (site.strip(), "news@example.org")
    assert header(raw, "Subject") == subject.strip()


PIECES = [
    *'aé漢ك🎉 ,;:"\\()<>@=?_.\t\r\n\0\u202e\u2028\x85',
    "=?utf-8?q?x?=",
    "\r\nBcc: ",
    "=0D=0A",
]
LINES = st.text(max_size=80) | st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


@settings(max_examples=200)
@given(LINES, LINES, LINES)
@example("Zoë\r\nBcc: joe@example.org", "News\r\n\r\n<script>", "Digest\nBcc: joe@example.org")
@example("zoe@example.com,", "<joe@example.org>", "a\rb")
def test_no_name_and_no_title_becomes_a_header_or_a_recipient(
    name: str, site: str, subject: str
) -> None:
    raw = message(
        delivery(name=name), edition(subject=subject), sender(name=site), LINKS, date=DATE
    )
    assert_whole(raw)
    found = parsed(raw)
    assert found["Bcc"] is None
    assert len(found.keys()) == len(ONCE)
    assert [mail.addr_spec for mail in found["To"].addresses] == ["zoe@example.org"]
    assert [mail.addr_spec for mail in found["From"].addresses] == ["news@example.org"]
    assert mailbox(raw, "To") == (characters.clean_line(name), "zoe@example.org")
    assert mailbox(raw, "From") == (characters.clean_line(site), "news@example.org")
    assert header(raw, "Subject") == characters.clean_line(subject)
    assert body(raw, "plain") == "Dignité\n"


TEXTS = st.text(max_size=300).map(characters.clean_text).map(lambda text: text + "\n")


@settings(max_examples=100)
@given(TEXTS)
@example("From here\n.\n..\n--\n-- \n" + "=" * 80 + "\n")
@example("كرامة " * 200 + "\n")
@example("a" * 5000 + "\n")
@example("  indented \t\n\ntrailing  \n")
def test_the_parts_arrive_as_they_were_frozen(text: str) -> None:
    html = f"<p>{text}</p>\n"
    raw = message(delivery(), edition(text=text, html=html), sender(), LINKS, date=DATE)
    assert_whole(raw)
    assert body(raw, "plain") == text
    assert body(raw, "html") == html


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_message_says_its_language_and_offers_text_before_html(
    config: Config, language: str
) -> None:
    row = make.publication(language=language, shown_language=language)
    told = story.tell(row, make.item(), make.text(language), topics={}, config=config)
    rendered = render_edition(make.newsletter(), language, [told], slot=DATE, config=config)
    frozen = edition(
        **{name: getattr(rendered, name) for name in ("subject", "preheader", "html", "text")},
        language=language,
        sha256=rendered.sha256,
    )
    raw = message(delivery(language=language), frozen, sender(), LINKS, date=DATE)
    assert_whole(raw)
    found = parsed(raw)
    assert found.get_content_type() == "multipart/alternative"
    parts = list(found.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [part.get_content_charset() for part in parts] == ["utf-8", "utf-8"]
    assert [part["Content-Language"] for part in (found, *parts)] == [language] * 3
    assert body(raw, "plain") == LINKS.fill(rendered.text)
    assert body(raw, "html").strip() == LINKS.fill_html(rendered.html).strip()
    assert header(raw, "Subject") == rendered.subject


def test_a_message_says_when_its_edition_was_frozen() -> None:
    found = parsed(message(delivery(), edition(), sender(), LINKS, date=DATE))
    assert found["Date"].datetime == DATE
    assert str(found["Date"]) == "Fri, 27 Nov 2026 06:00:03 +0000"


def test_a_second_attempt_is_the_same_message() -> None:
    first = message(delivery(), edition(), sender(), LINKS, date=DATE)
    again = delivery(attempts=3, code=451, detail="try later", state=DeliveryState.POSTPONED)
    assert message(again, edition(), sender(), LINKS, date=DATE) == first


@pytest.mark.parametrize(
    ("other_delivery", "other_edition", "host", "key"),
    [
        (delivery(id=18), edition(), "news.example.org", "11"),
        (delivery(issue_id=4), edition(), "news.example.org", "11"),
        # A store made anew, or of an older day, counts from the same numbers again.
        (delivery(), edition(), "news.example.org", "22"),
        (delivery(subscriber_id=10), edition(), "news.example.org", "11"),
        (delivery(), edition(sha256="f0" * 32), "news.example.org", "11"),
        (delivery(), edition(), "other.example.org", "11"),
    ],
)
def test_another_message_has_another_id(
    other_delivery: Delivery, other_edition: Edition, host: str, key: str
) -> None:
    mine = message_id(delivery(), edition(), "news.example.org", TOKENS)
    assert re.fullmatch(r"<3\.17\.[0-9a-f]{16}@news\.example\.org>", mine)
    tokens = Tokens(keys=[SigningKey(id=1, secret=key * 32)])
    assert message_id(other_delivery, other_edition, host, tokens) != mine


def test_a_message_keeps_its_id_whatever_becomes_of_its_reader_and_of_the_keys() -> None:
    mine = message_id(delivery(), edition(), "news.example.org", TOKENS)
    moved = delivery(email="zoe@new.example", name="Zoe", attempts=3)
    newer = Tokens(keys=[*TOKENS.keys, SigningKey(id=2, secret="22" * 32)])
    assert message_id(moved, edition(), "news.example.org", newer) == mine


@pytest.mark.parametrize(
    ("key", "list_id", "leave"),
    [
        ("digest", "<digest.news.example.org>", "unsubscribe%20digest"),
        (
            "migration-policy-" * 5,
            f"<{'migration-policy-' * 5}.news.example.org>",
            f"unsubscribe%20{'migration-policy-' * 5}",
        ),
        (
            "نشرة",
            "<%D9%86%D8%B4%D8%B1%D8%A9.news.example.org>",
            "unsubscribe%20%D9%86%D8%B4%D8%B1%D8%A9",
        ),
    ],
)
def test_what_machines_read_stands_on_one_line_and_is_not_encoded(
    key: str, list_id: str, leave: str
) -> None:
    raw = message(delivery(), edition(), sender(newsletter=key), LINKS, date=DATE, tokens=TOKENS)
    assert_whole(raw)
    lines = raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    assert f"List-Id: {list_id}" in lines
    # Folded between the two addresses, never within one (RFC 2369, 2).
    at = lines.index(f"List-Unsubscribe: <{LINKS.leave}>,")
    by_mail = LINKS.by_mail(f"mailto:news@example.org?subject={leave}")
    assert lines[at + 1] == f" <{by_mail}>"
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    assert f"Message-ID: {message_id(delivery(), edition(), 'news.example.org', TOKENS)}" in lines
    assert leave_address(sender(newsletter=key)) == f"mailto:news@example.org?subject={leave}"


def test_a_long_address_stays_whole() -> None:
    address = f"{'z' * 64}@{'a.' * 90}example"
    raw = message(delivery(email=address, name="أمل " * 9), edition(), sender(), LINKS, date=DATE)
    assert_whole(raw)
    assert mailbox(raw, "To") == (("أمل " * 9).strip(), address)


def test_the_boundary_stands_in_no_part() -> None:
    first = message(delivery(), edition(), sender(), LINKS, date=DATE)
    boundary = parsed(first).get_boundary()
    quoted = replace(edition(), text=f"--{boundary}\n--{boundary}--\n")
    raw = message(delivery(), quoted, sender(), LINKS, date=DATE)
    assert_whole(raw)
    assert body(raw, "plain") == quoted.text
    assert body(raw, "html") == quoted.html
