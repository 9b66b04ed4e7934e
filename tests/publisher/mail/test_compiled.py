"""A compiled edition: its messages are those that would be built one by one, in every script."""

import email
import re
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher import characters, story
from publisher.config import Config
from publisher.errors import UnwritableError
from publisher.mail import wire
from publisher.mail.compiled import compiled
from publisher.mail.edition import render_edition
from publisher.mail.encodings import smallest
from publisher.mail.links import LEAVE, PREFERENCES, Links
from publisher.mail.wire import Sender
from store.records import Delivery, DeliveryState, Edition
from tests import make
from tests.publisher.mail.test_wire import (
    LINKS,
    TOKENS,
    assert_whole,
    body,
    delivery,
    edition,
    sender,
)
from tests.scripts import samples

DATE = datetime(2026, 11, 27, 6, 0, 3, tzinfo=UTC)
SLOTS = (LEAVE, PREFERENCES)


def plain(delivery: Delivery, edition: Edition, sender: Sender, links: Links) -> bytes:
    """Return the message as it is built one by one: by the standard library."""
    head = {
        "From": wire.mailbox("From", sender.name, sender.address),
        **wire.reply_to(sender),
        "To": wire.mailbox("To", delivery.name, delivery.email),
        "Subject": wire.words("Subject", characters.clean_line(edition.subject)),
        "Date": format_datetime(DATE),
        "Message-ID": wire.message_id(delivery, edition, sender.host, TOKENS),
        "List-Id": f"<{quote(sender.newsletter)}.{sender.host}>",
        "List-Unsubscribe": f"<{links.leave}>,\r\n <{links.by_mail(wire.leave_address(sender))}>",
        **wire.about_the_list(sender),
        "Feedback-ID": wire.feedback_id(delivery.issue_id, sender),
    }
    if links.leave.startswith("https://"):
        head["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    text, html = links.fill(edition.text), links.fill_html(edition.html)
    mail = EmailMessage(policy=policy.SMTP.clone(max_line_length=76))
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    for part in (mail, *mail.iter_parts()):
        part["Content-Language"] = edition.language
    # The head is written by hand: the library folds what machines read.
    return wire.lines(head) + mail.as_bytes()


def read(raw: bytes) -> dict[str, Any]:
    """Return all that a program finds in a message, without a defect."""
    assert_whole(raw, once=())
    mail = email.message_from_bytes(raw, policy=default)
    assert mail.get_content_type() == "multipart/alternative"
    assert (mail.preamble, mail.epilogue) in {(None, None), (None, "")}
    parts = [
        (
            part.get_content_type(),
            part.get_content_charset(),
            part["Content-Language"],
            # The library reads bytes: line ends and all that only some take for line ends.
            part.get_payload(decode=True),
        )
        for part in mail.iter_parts()
    ]
    fields = dict(email.message_from_bytes(raw).items())
    del fields["Content-Type"]
    return {"fields": fields, "parts": parts}


def assert_same(frozen: Edition, links: Links = LINKS, **mine: Any) -> bytes:
    row, from_ = delivery(**mine), sender(archive="https://news.example.org/en/")
    raw = compiled(frozen, from_, date=DATE, tokens=TOKENS).message(row, links)
    assert read(raw) == read(plain(row, frozen, from_, links))
    assert not re.search(rb"^(\.|From )", raw.partition(b"\r\n\r\n")[2], re.MULTILINE)
    # So nobody looks at it again before it is sent (Outgoing.is_dotless).
    assert b"\n." not in raw
    assert raw.endswith(b"\r\n")
    return raw


def around(text: str) -> Edition:
    """Return an edition with a text before, between and after slots."""
    return edition(
        text=f"{text}\n{LEAVE}\n{text}{PREFERENCES}\n{text}",
        html=f'<p>{text} <a href="{LEAVE}">{text}</a>\n<a href="{PREFERENCES}">x</a> {text}</p>\n',
        subject=text,
    )


@pytest.mark.parametrize("script", sorted(samples()))
def test_every_script_is_read_as_if_it_were_built_one_by_one(script: str) -> None:
    letters = samples()[script]
    assert_same(around(f"{letters} {letters}."), name=letters)
    assert_same(around(f"{letters}\n" * 30))


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_digest_is_read_as_if_it_were_built_one_by_one(config: Config, language: str) -> None:
    row = make.publication(language=language, shown_language=language)
    told = story.tell(row, make.item(), make.text(language), topics={}, config=config)
    rendered = render_edition(make.newsletter(), language, [told] * 9, slot=DATE, config=config)
    frozen = edition(**vars(rendered), language=language, sha256=rendered.sha256)
    raw = assert_same(frozen, name="أمل الحدّاد")
    assert LINKS.leave in body(raw, "plain")
    assert LINKS.preferences in body(raw, "html")


PIECES = st.sampled_from(
    [
        *SLOTS,
        "\n",
        "\r\n",
        "\r",
        " ",
        "\t",
        ".",
        "From ",
        "=",
        "é",
        "漢",
        "ك",
        "a" * 74,
        "x",
        "\x0b",
    ]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join)
URIS = st.text("aZ09-._~:/?#@!$&'()*+,;=%", max_size=200).map("https://a.example/".__add__)


@settings(max_examples=300)
@given(TEXTS, TEXTS, URIS, URIS)
@example(LEAVE, PREFERENCES, "https://a.example/", "https://a.example/=")
@example(LEAVE + LEAVE, f"\n{LEAVE}\n{PREFERENCES}", "https://a.example/." * 9, "https://a.example")
@example(f"漢{LEAVE}x{LEAVE}", f"漢漢{LEAVE}xy{LEAVE}", "https://a.example/", "https://a.example/.")
@example(f". {LEAVE} \n", f"{LEAVE}{'=' * 99}", "https://a.example/" + "." * 99, "https://a.exa")
def test_slots_may_stand_anywhere(text: str, html: str, leave: str, preferences: str) -> None:
    assert_same(edition(text=text, html=html), Links(leave=leave, preferences=preferences))


@pytest.mark.parametrize("length", range(9))
def test_in_base64_slots_of_any_length_stand_behind_texts_of_any_length(length: int) -> None:
    for before in range(4):
        frozen = edition(text=f"{'漢' * 20}{'x' * before}{LEAVE}ab{PREFERENCES}yz{LEAVE}\n")
        links = Links(leave="https://a/" + "b" * length, preferences="https://c/" + "d" * before)
        raw = assert_same(frozen, links)
        assert b"Content-Transfer-Encoding: base64" in raw


@settings(max_examples=100)
@given(st.text(max_size=60), st.text(max_size=60))
def test_names_and_subjects_are_written_as_if_they_were_one_by_one(name: str, line: str) -> None:
    assert_same(edition(subject=line), name=name)


def test_each_part_goes_in_the_shorter_encoding() -> None:
    raw = compiled(
        edition(text="كرامة " * 20, html="<p>Dignité</p>"), sender(), date=DATE, tokens=TOKENS
    ).message(delivery(), LINKS)
    parts = list(email.message_from_bytes(raw, policy=default).iter_parts())
    assert [part["Content-Transfer-Encoding"] for part in parts] == ["base64", "quoted-printable"]
    for text in ("Dignité", "كرامة", "漢" * 9 + "x" * 60):
        found = smallest(text * 9, SLOTS)
        quoted = len(re.sub(rb"[^ -<>-~]", b"=XX", (text * 9).encode()))
        based = len((text * 9).encode()) * 4 / 3
        assert found.encoding == ("base64" if based < quoted else "quoted-printable"), text


def test_a_text_is_encoded_once_for_all_readers() -> None:
    ready = compiled(around("Dignité " * 30), sender(), date=DATE, tokens=TOKENS)
    first = ready.message(delivery(), LINKS)
    other = ready.message(delivery(id=18, email="joe@example.org", name="Joe"), LINKS)
    assert first.count(ready.first.sent) == other.count(ready.first.sent) == 1
    again = delivery(attempts=3, code=451, detail="later", state=DeliveryState.POSTPONED)
    assert ready.message(again, LINKS) == first
    assert (
        compiled(around("Dignité " * 30), sender(), date=DATE, tokens=TOKENS).message(again, LINKS)
        == first
    )


@pytest.mark.parametrize(
    "sign", ["\r\n", "\n", "\r", "\0", " ", "\t", "é", "\u2028", ">", "<", '"', LEAVE]
)
@pytest.mark.parametrize("slot", ["leave", "preferences"])
def test_nothing_but_an_address_goes_into_a_slot(slot: str, sign: str) -> None:
    ready = compiled(around("Dignité"), sender(), date=DATE, tokens=TOKENS)
    values = {**vars(LINKS), slot: f"https://a.example/{sign}Bcc:x"}
    with pytest.raises(UnwritableError):
        ready.message(delivery(), Links(**values))


def test_an_address_is_escaped_where_it_stands_in_html() -> None:
    raw = assert_same(around("x"), Links(leave="https://a.example/?a&b", preferences="https://b/'"))
    assert 'href="https://a.example/?a&amp;b"' in body(raw, "html")
    assert "https://a.example/?a&b\n" in body(raw, "plain")


def test_one_click_is_offered_over_https_alone() -> None:
    http = Links(leave="http://a.example/leave/x", preferences=LINKS.preferences)
    assert b"List-Unsubscribe-Post" not in assert_same(around("x"), http)
    assert b"List-Unsubscribe-Post" in assert_same(around("x"))
