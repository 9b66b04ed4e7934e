"""Signatures: good at who gets the mail, in every script, and no longer once anything changes."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher import characters
from publisher.mail import signing
from publisher.mail.compiled import compiled
from publisher.mail.letters import NAMES
from publisher.mail.letters import message as letter_message
from publisher.mail.links import LEAVE, PREFERENCES, Links
from tests import make
from tests.publisher.mail.test_letters import TOKENS, letter
from tests.publisher.mail.test_wire import LINKS, assert_whole, delivery, edition, sender
from tests.scripts import samples
from tests.verifier import ed25519, records, rsa, verdicts

#: In the past by any clock: dkimpy refuses what was signed in the future.
DATE = datetime(2013, 11, 22, 6, 0, 3, tzinfo=UTC)
KEYS = (rsa(), ed25519())
KNOWN = records(KEYS)
#: What a reader, or a program for one, goes by: nobody may add another one.
SEALED = (
    *("From", "To", "Cc", "Subject", "Date", "Reply-To", "Message-ID", "MIME-Version"),
    *("Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post"),
)


def signed(text: str = "Dignité", links: Links = LINKS, **changes: Any) -> bytes:
    """Return a signed message with slots in both parts."""
    words = f"{text}\n\n{LEAVE}\n{PREFERENCES} \t \n\n"
    html = f'<p>{text}  <a href="{LEAVE}">x</a>\t <a href="{PREFERENCES}">y</a>\n</p>  \n\n\n'
    frozen = edition(text=words, html=html, subject=characters.clean_line(text))
    from_ = sender(reply_name=text, reply_address="answers@example.org", archive="https://a.b/c/")
    ready = compiled(frozen, from_, date=DATE, tokens=TOKENS, keys=changes.pop("keys", KEYS))
    return ready.message(delivery(**changes), links)


@pytest.mark.parametrize("script", sorted(samples()))
def test_signatures_are_good_in_every_script(script: str) -> None:
    letters = samples()[script]
    raw = signed(f"{letters} {letters}\n" * 9, name=letters)
    assert_whole(raw.partition(b"From:")[1] + raw.partition(b"From:")[2])
    assert verdicts(raw, KNOWN) == [True, True]


def test_white_space_is_hashed_as_the_standard_shows_it() -> None:
    """RFC 6376, 3.4.5."""
    assert signing.relaxed(b" C \r\nD \t E\r\n") == b" C\r\nD E\r\n"
    assert signing.relaxed_fields({"B": "Y\t\r\n\tZ  "}) == b"b:Y Z\r\n"


URIS = st.text("abcXYZ0189-._~:/?#@!$&'()*+,;=%", max_size=300).map("https://a.example/".__add__)
NAMES_OF_PEOPLE = st.text(max_size=40)


@settings(max_examples=60)
@given(URIS, URIS, NAMES_OF_PEOPLE, st.text(max_size=200).map(characters.clean_text))
@example("https://a.example/=3D.", "https://a.example/" + "." * 200, 'a "b" c', " \t\n \n")
@example("mailto:a@example.org", "https://a.example/&%3C%3E", "  ", "كرامة " * 50)
def test_signatures_are_good_whatever_is_in_the_slots(
    leave: str, preferences: str, name: str, text: str
) -> None:
    raw = signed(text, Links(leave=leave, preferences=preferences), name=name)
    assert verdicts(raw, KNOWN) == [True, True]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", make.LANGUAGES)
def test_letters_are_signed_as_well(name: str, language: str) -> None:
    config = make.config(Path())
    plain = letter_message(letter(name, language, created=DATE), TOKENS, config)
    raw = letter_message(letter(name, language, created=DATE), TOKENS, config, keys=KEYS)
    assert raw.endswith(plain)
    assert verdicts(raw, KNOWN) == [True, True]


def test_without_a_key_nothing_is_signed() -> None:
    assert b"DKIM-Signature" not in signed(keys=())
    assert signing.signed(b"To: a\r\n\r\n", (), at=DATE) == b"To: a\r\n\r\n"


def fields(raw: bytes) -> list[tuple[str, bytes]]:
    """Return the fields of a head, each with its name."""
    head = raw.partition(b"\r\n\r\n")[0] + b"\r\n"
    found = re.findall(rb"^([!-9;-~]+):(.*\r\n(?:[ \t].*\r\n)*)", head, re.MULTILINE)
    return [(name.decode(), name + b":" + value) for name, value in found]


SIGNED = [name for name, _ in fields(signed()) if name != "DKIM-Signature"]


def test_all_that_we_write_is_signed() -> None:
    raw = signed()
    assert {*SIGNED} >= {*SEALED} - {"Cc"} | {"List-Id", "List-Archive", "Feedback-ID"}
    for signature in re.findall(rb";h=(.*?);", re.sub(rb"\s", b"", raw)):
        names = signature.decode().split(":")
        for name in SIGNED:
            assert names.count(name.lower()) == 1 + (name in SEALED)
        assert names.count("cc") == 1
        # RFC 6376, 5.4 and 8.2: neither by chance nor for a part only.
        assert "received" not in names
    assert not re.search(rb"[; ][lx]=", raw.partition(b"\r\nFrom:")[0])


@pytest.mark.parametrize("name", SIGNED)
def test_a_field_that_was_changed_or_taken_away_is_noticed(name: str) -> None:
    raw = signed()
    (field,) = [line for each, line in fields(raw) if each == name]
    changed = raw.replace(field, field[:-3] + bytes([field[-3] ^ 1]) + field[-2:], 1)
    assert changed != raw
    assert verdicts(changed, KNOWN) == [False, False]
    assert verdicts(raw.replace(field, b"", 1), KNOWN) == [False, False]


@pytest.mark.parametrize("name", SEALED)
@pytest.mark.parametrize("place", [b"From:", b"List-Id:"])
def test_nobody_can_add_another_field_for_one_that_readers_go_by(name: str, place: bytes) -> None:
    added = f"{name}: <https://evil.example/>\r\n".encode()
    assert verdicts(signed().replace(place, added + place, 1), KNOWN) == [False, False]


def test_a_body_that_was_changed_is_noticed_wherever_that_is() -> None:
    raw = signed("Dignité " * 40)
    start = raw.index(b"\r\n\r\n") + 4
    places = [at for at in range(start, len(raw), 37) if raw[at : at + 1].isalnum()]
    assert len(places) > 20
    for at in places:
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert verdicts(changed, KNOWN) == [False, False], raw[at - 9 : at + 9]
    assert verdicts(raw + b"more\r\n", KNOWN) == [False, False]


@pytest.mark.parametrize(
    "harmless",
    [
        lambda raw: raw + b"\r\n\r\n",
        lambda raw: raw.replace(b"\r\nSubject: ", b"\r\nSUBJECT:  "),
        lambda raw: raw.replace(b"List-Id: ", b"List-Id:\r\n\t"),
        lambda raw: b"Received: from a by b\r\n" + raw,
        lambda raw: raw.replace(b"--\r\n", b"-- \t\r\n"),
    ],
)
def test_what_relays_do_to_mails_breaks_nothing(harmless: Callable[[bytes], bytes]) -> None:
    raw = harmless(signed())
    assert raw != signed()
    assert verdicts(raw, KNOWN) == [True, True]


def test_a_second_attempt_has_the_same_signatures() -> None:
    assert signed() == signed(attempts=3, code=451)


def test_a_key_that_was_replaced_changes_nothing_but_the_signature() -> None:
    first, then = signed(keys=[rsa()]), signed(keys=[rsa("202701")])
    assert first.partition(b"\r\nFrom:")[2] == then.partition(b"\r\nFrom:")[2]
    assert b"s=202611;" in first
    assert b"s=202701;" in then
    # While both records stand, mails of before and after are good.
    both = records([rsa(), rsa("202701")])
    assert (verdicts(first, both), verdicts(then, both)) == ([True], [True])
    assert verdicts(first, records([rsa("202701")])) == [False]


def test_a_record_of_another_key_makes_no_signature_good() -> None:
    other = replace(rsa("202701"), selector=rsa().selector)
    assert verdicts(signed(keys=[rsa()]), records([other])) == [False]


def test_a_signature_says_when_the_mail_was_dated_and_fits_its_lines() -> None:
    raw = signed()
    head = raw.partition(b"\r\nFrom:")[0].decode("ascii")
    assert head.count(f"t={int(DATE.timestamp())};") == 2
    assert "a=rsa-sha256; c=relaxed/relaxed; d=example.org;" in head
    assert "a=ed25519-sha256; c=relaxed/relaxed; d=example.org;" in head
    assert max(map(len, head.split("\r\n"))) <= 78
