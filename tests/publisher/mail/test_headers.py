"""The headers of a newsletter: by the book in every script, and nothing gets in by them."""

import email
import re
from email.header import decode_header, make_header
from email.policy import default
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher import characters
from publisher.config import Config
from publisher.delivery import endings
from publisher.delivery.outgoing import Answer, Verdict
from publisher.errors import UnwritableError
from publisher.mail.compiled import message
from publisher.mail.senders import sender as sender_of
from publisher.mail.wire import feedback_id
from store.records import DeliveryState
from tests import make
from tests.publisher.mail.test_wire import DATE, LINKS, assert_whole, delivery, edition, sender

#: Letters of many scripts, marks, emoji of several code points, and what turns lines.
SCRIPTS = (
    'aZ é ß ğ Ж ω ა ا ب ـ ש ह ि ம ไ 漢 かな 한 👩‍👧 🏳️‍🌈 🇨🇭 \u202e \u2066 , ; : " \\ ( ) < > @ = ? _'
)
WORDS = st.lists(st.sampled_from(SCRIPTS.split()) | st.text(max_size=8), max_size=40).map(" ".join)


def lines_of(raw: bytes) -> dict[str, str]:
    """Return the header's lines, unfolded, as they stand."""
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
    unfolded = re.sub(r"\r\n[ \t]", " ", head)
    return dict(line.split(": ", 1) for line in unfolded.split("\r\n"))


@settings(max_examples=150)
@given(WORDS, WORDS, WORDS, st.sampled_from(make.LANGUAGES))
@example("👩‍👧" * 40, "漢" * 200, "كرامة " * 60, "ar")
def test_what_was_written_is_what_is_read(
    name: str, reply: str, subject: str, language: str
) -> None:
    raw = message(
        delivery(name=name, language=language),
        edition(subject=subject, language=language),
        sender(name=reply, reply_name=reply, reply_address="answers@example.org"),
        LINKS,
        date=DATE,
    )
    assert_whole(raw)
    parsed = email.message_from_bytes(raw, policy=default)
    assert parsed.defects == []
    for header, address in (("To", "zoe@example.org"), ("Reply-To", "answers@example.org")):
        (box,) = parsed[header].addresses
        assert box.addr_spec == address
        assert parsed[header].defects == ()
    compat = email.message_from_bytes(raw)
    for header, written in (("To", name), ("From", reply), ("Reply-To", reply)):
        phrase, _ = parseaddr(compat[header].replace("\r\n", ""))
        assert str(make_header(decode_header(phrase))) == characters.clean_line(written)
    shown = str(make_header(decode_header(compat["Subject"].replace("\r\n", ""))))
    assert shown == characters.clean_line(subject)
    assert compat["Content-Language"] == language


def test_the_headers_of_a_list_are_there_and_no_others() -> None:
    from_ = sender(
        archive="https://news.example.org/en/newsletters/digest/", leave="leave@a.example"
    )
    head = lines_of(message(delivery(), edition(), from_, LINKS, date=DATE))
    assert head["List-Id"] == "<digest.news.example.org>"
    assert head["List-Archive"] == "<https://news.example.org/en/newsletters/digest/>"
    # RFC 2369, 3.4: nobody can write to the list.
    assert head["List-Post"] == "NO"
    by_mail = "<mailto:leave@a.example?subject=unsubscribe%20digest%20l1.abc.def>"
    assert head["List-Unsubscribe"] == f"<{LINKS.leave}>, {by_mail}"
    assert head["Feedback-ID"] == "3:digest:news.exa-" + feedback_id(3, from_)[-6:]
    assert head["MIME-Version"] == "1.0"
    # People wrote it (RFC 3834, 5), and no standard knows the other.
    assert not {"Auto-Submitted", "Precedence", "Reply-To"} & {*head}


def test_a_complaint_tells_issues_newsletters_and_sites_apart() -> None:
    mine = feedback_id(3, sender())
    assert re.fullmatch(r"[^:\s]+:[^:\s]+:[^:\s]{5,15}", mine)
    others = {
        feedback_id(4, sender()),
        feedback_id(3, sender(newsletter="alerts")),
        feedback_id(3, sender(host="news.example.com")),
    }
    assert len({mine, *others}) == 4
    key = feedback_id(3, sender(newsletter="نشرة", host="a.b"))
    assert key.isascii()
    assert 5 <= len(key.rpartition(":")[2]) <= 15


def test_long_addresses_of_machines_stay_on_one_line_or_stay_out() -> None:
    long = "https://news.example.org/" + "a" * 900
    raw = message(delivery(), edition(), sender(archive=long), LINKS, date=DATE)
    assert_whole(raw)
    assert f"List-Archive: <{long}>\r\n".encode() in raw
    longer = message(delivery(), edition(), sender(archive=long + "a" * 90), LINKS, date=DATE)
    assert_whole(longer)
    assert b"List-Archive" not in longer


BREAKING = [
    "\r\nBcc: x@example.org",
    "\n",
    "\r",
    "\0",
    "\r\n\r\n<script>",
    "\x1b[2J",
    "é",
    "\u2028",
]


@pytest.mark.parametrize("sign", BREAKING)
@pytest.mark.parametrize("place", ["email", "address", "reply_address", "host", "archive", "leave"])
def test_what_would_be_another_header_is_refused(place: str, sign: str) -> None:
    mine = {"email": "zoe@example.org"} if place != "email" else {"email": f"zoe{sign}@example.org"}
    values = {} if place == "email" else {place: f"a{sign}b@example.org"}
    with pytest.raises(UnwritableError, match="cannot stand in a header"):
        message(delivery(**mine), edition(), sender(**values), LINKS, date=DATE)


def test_a_mail_that_cannot_be_written_is_not_tried_again() -> None:
    answer = Answer(verdict=Verdict.PERMANENT, text="To: cannot stand in a header")
    ending = endings.of(answer, 7, 1, now=make.NOW)
    assert ending.state is DeliveryState.FAILED
    assert "To" in ending.detail


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_each_language_has_its_own_from_and_archive(config: Config, language: str) -> None:
    letter = make.newsletter(senders={"fr": "Actualités <infos@example.org>"})
    raw = message(
        delivery(language=language),
        edition(language=language),
        sender_of(letter, language, config),
        LINKS,
        date=DATE,
    )
    assert_whole(raw)
    parsed = email.message_from_bytes(raw, policy=default)
    wanted = "infos@example.org" if language == "fr" else "news@news.example.org"
    assert [box.addr_spec for box in parsed["From"].addresses] == [wanted]
    assert parsed["From"].addresses[0].display_name == config.name(language)
    archive = f"<https://news.example.org/{language}/newsletters/digest/>"
    assert lines_of(raw)["List-Archive"] == archive
