"""Replies of relays: read in whatever pieces they come, bounded, and judged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.delivery.faults import is_address_fault
from publisher.delivery.outgoing import Verdict
from publisher.delivery.replies import NonsenseError, Replies, Reply, judge


def read(*pieces: bytes) -> list[Reply]:
    replies, found = Replies(), []
    for piece in pieces:
        replies.add(piece)
        while reply := replies.next():
            found.append(reply)
    return found


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        (b"250 2.0.0 ok\r\n", Reply(250, "2.0.0 ok")),
        (b"250\r\n", Reply(250, "")),
        (b"250 \r\n", Reply(250, "")),
        (b"250 ok\n", Reply(250, "ok")),
        (b"550-5.1.1 no\r\n550-\r\n550 such user\r\n", Reply(550, "5.1.1 no  such user")),
        (b"550 bo\xc3\xaete pleine\r\n", Reply(550, "boîte pleine")),
        (b"550 \xff\x00\x1b[31mred\tx\r\n", Reply(550, "\ufffd  [31mred x")),
    ],
)
def test_a_reply_is_its_code_and_its_words(said: bytes, reply: Reply) -> None:
    assert read(said) == [reply]
    assert read(*(said[i : i + 1] for i in range(len(said)))) == [reply]


@pytest.mark.parametrize(
    "said",
    [
        b"hello\r\n",
        b"\r\n",
        b"25\r\n",
        b"2500 ok\r\n",
        b"250+ok\r\n",
        b"150 wait\r\n",
        b"650 what\r\n",
        b"000 \r\n",
        b"\x00\x00\x00\x00\r\n",
        "٢٥٠ ok\r\n".encode(),
        b"250-ok\r\n550 no\r\n",
        b"250-" + b"x" * 2049,
        b"250 " + b"x" * 2049 + b"\r\n",
        b"250-more\r\n" * 129,
    ],
)
def test_what_is_no_reply_is_never_read_as_one(said: bytes) -> None:
    with pytest.raises(NonsenseError):
        read(said)
    with pytest.raises(NonsenseError):
        read(*(said[i : i + 1] for i in range(len(said))))


def test_a_reply_has_begun_until_its_last_line_is_there() -> None:
    replies = Replies()
    assert not replies.begun
    for piece in (b"250-a\r\n", b"25"):
        replies.add(piece)
        assert replies.next() is None
        assert replies.begun
    replies.add(b"0 b\r\n")
    assert replies.next() == Reply(250, "a b")
    assert not replies.begun


def test_what_is_kept_of_many_words_is_bounded() -> None:
    (reply,) = read(b"550-%s\r\n" % (b"x" * 2000) * 100 + b"550 end\r\n")
    assert len(reply.text) == 1000


@pytest.mark.parametrize(
    ("code", "text", "verdict", "status"),
    [
        (250, "2.1.5 ok", Verdict.ACCEPTED, "2.1.5"),
        (251, "will forward", Verdict.ACCEPTED, ""),
        (550, "5.1.1 no such user", Verdict.PERMANENT, "5.1.1"),
        (550, "5.1.10 null MX", Verdict.PERMANENT, "5.1.10"),
        (550, "no such user", Verdict.PERMANENT, ""),
        (599, "unheard of", Verdict.PERMANENT, ""),
        (450, "4.2.1 busy", Verdict.TEMPORARY, "4.2.1"),
        (499, "unheard of", Verdict.TEMPORARY, ""),
        (550, "5.7.1 not from you", Verdict.POLICY, "5.7.1"),
        (451, "4.7.0 slower", Verdict.POLICY, "4.7.0"),
        (550, "5.7.515", Verdict.POLICY, "5.7.515"),
        (553, "5.1.8 sender's domain", Verdict.POLICY, "5.1.8"),
        (530, "log in first", Verdict.UNWELCOME, ""),
        (552, "5.3.4 too long", Verdict.PERMANENT, "5.3.4"),
        # Another class than the code's, or no status at all.
        (450, "5.7.1 later", Verdict.TEMPORARY, ""),
        (550, "5.71 later", Verdict.PERMANENT, ""),
        (550, "5.7.1234", Verdict.PERMANENT, ""),
        (550, "15.7.1", Verdict.PERMANENT, ""),
    ],
)
def test_a_reply_is_judged_by_its_code_and_its_status(
    code: int, text: str, verdict: Verdict, status: str
) -> None:
    answer = judge(Reply(code, text))
    assert (answer.verdict, answer.status) == (verdict, status)
    assert (answer.code, answer.text) == (code, text)


@pytest.mark.parametrize(
    ("code", "text", "verdict"),
    [
        (550, "no", Verdict.POLICY),
        (450, "no", Verdict.TEMPORARY),
        (450, "4.7.1 slower", Verdict.POLICY),
        (530, "5.7.0 Must issue a STARTTLS command first", Verdict.UNWELCOME),
        (550, "5.7.1 not you", Verdict.UNWELCOME),
        (553, "5.1.8 no such domain", Verdict.UNWELCOME),
        (550, "5.1.7 no such sender", Verdict.UNWELCOME),
        # What is too long for everybody is so for ever.
        (552, "too long", Verdict.PERMANENT),
        (554, "5.3.4 too long", Verdict.PERMANENT),
    ],
)
def test_a_refusal_of_the_sender_is_never_held_against_the_recipient(
    code: int, text: str, verdict: Verdict
) -> None:
    answer = judge(Reply(code, text), of_sender=True)
    assert answer.verdict is verdict
    assert not is_address_fault(answer)


@given(st.binary(max_size=200), st.lists(st.integers(1, 20), max_size=10))
def test_pieces_make_no_difference(said: bytes, sizes: list[int]) -> None:
    def outcome(*pieces: bytes) -> list[Reply] | None:
        try:
            return read(*pieces)
        except NonsenseError:
            return None

    pieces, rest = [], said
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    assert outcome(*pieces, rest) == outcome(said)
