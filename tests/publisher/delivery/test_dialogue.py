"""The dialogue in memory: what is written when, and how each mail ends, whatever a relay does."""

import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.delivery.commands import Terms, Way
from publisher.delivery.dialogue import Dialogue
from publisher.delivery.outgoing import Answer, Outgoing, Verdict
from tests.relay_hostile import (
    KINDS,
    LIARS,
    Book,
    HostileRelay,
    Kind,
    Move,
    Post,
    check,
    converse,
    mails,
)

#: Relays that are met. All 100,000 take minutes: TIDINGS_TEST_RELAYS=100000.
RELAYS = int(os.environ.get("TIDINGS_TEST_RELAYS", "3000"))

GONE = "gone"
WAYS = list(Way)


def talk(dialogue: Dialogue, *said: bytes) -> list[bytes]:
    """Let the relay say one thing after the other; return what was written after each."""
    written = []
    for words in said:
        dialogue.received(words)
        written.append(b"".join(dialogue.output()))
    return written


def begun(way: Way, count: int = 2, **terms: Any) -> tuple[Dialogue, Post, bytes]:
    """Begin a dialogue about some mails; return what is written first."""
    post = Post(waiting=mails(count), window=terms.get("window", 1))
    dialogue = Dialogue(post, post, Terms(way=way, **terms))
    dialogue.more()
    return dialogue, post, b"".join(dialogue.output())


def verdicts(post: Post) -> list[Verdict]:
    return [post.answers[number].verdict for number in sorted(post.answers)]


MAIL = b"MAIL FROM:<bounce+%d@news.example>\r\n"
RCPT = b"RCPT TO:<r%d@example.org>\r\n"
TEXTS = (b"Subject: 0\r\n\r\ntext\r\n", b"Subject: 1\r\n\r\n..\r\n...text\r\n")
OK, GO = b"250 2.0.0 ok\r\n", b"354 go\r\n"


def test_commands_go_one_by_one_where_nothing_is_offered() -> None:
    dialogue, post, first = begun(Way.PLAIN)
    assert first == MAIL % 0
    assert talk(dialogue, OK, OK, GO, OK) == [RCPT % 0, b"DATA\r\n", TEXTS[0] + b".\r\n", MAIL % 1]
    assert talk(dialogue, OK, OK, GO, OK) == [RCPT % 1, b"DATA\r\n", TEXTS[1] + b".\r\n", b""]
    assert dialogue.idle
    assert verdicts(post) == [Verdict.ACCEPTED] * 2


def test_the_next_mail_begins_behind_the_end_of_the_one_before() -> None:
    dialogue, post, first = begun(Way.PIPELINED)
    assert first == MAIL % 0 + RCPT % 0 + b"DATA\r\n"
    assert talk(dialogue, OK + OK + GO) == [TEXTS[0] + b".\r\n" + MAIL % 1 + RCPT % 1 + b"DATA\r\n"]
    assert talk(dialogue, OK + OK + OK + GO, OK) == [TEXTS[1] + b".\r\n", b""]
    assert verdicts(post) == [Verdict.ACCEPTED] * 2


def named(number: int) -> bytes:
    """Return what names a mail behind the one before."""
    return b"RSET\r\n" + MAIL % number + RCPT % number


def chunk(number: int) -> bytes:
    """Return what carries a mail."""
    message = mails(number + 1)[number].message
    return b"BDAT %d LAST\r\n" % len(message) + message


def test_a_chunk_goes_with_its_commands_and_the_next_mail_is_named_behind_it() -> None:
    dialogue, post, first = begun(Way.CHUNKS)
    assert first == MAIL % 0 + RCPT % 0 + chunk(0) + named(1)
    assert post.started == {0}
    assert talk(dialogue, OK + OK + OK) == [chunk(1)]
    assert talk(dialogue, OK + OK + OK, OK) == [b"", b""]
    assert verdicts(post) == [Verdict.ACCEPTED] * 2


def test_a_recipient_that_is_refused_in_time_costs_no_chunk() -> None:
    dialogue, post, _ = begun(Way.CHUNKS, 3)
    refused = OK * 3 + OK + OK + b"550 5.1.1 no\r\n"
    assert talk(dialogue, refused, OK * 3) == [named(2), chunk(2)]
    talk(dialogue, OK)
    assert verdicts(post) == [Verdict.ACCEPTED, Verdict.PERMANENT, Verdict.ACCEPTED]


def test_no_chunk_goes_to_a_recipient_who_is_taken_for_a_sender_who_is_not() -> None:
    dialogue, post, _ = begun(Way.CHUNKS)
    assert talk(dialogue, OK * 3 + OK + b"550 5.7.1 not you\r\n", OK) == [b"", b""]
    assert dialogue.idle
    assert verdicts(post) == [Verdict.ACCEPTED, Verdict.UNWELCOME]


def test_a_window_of_chunks_opens_with_the_first_mail_that_is_taken() -> None:
    dialogue, _, first = begun(Way.CHUNKS, 4, window=2)
    assert first == MAIL % 0 + RCPT % 0 + chunk(0) + named(1)
    assert talk(dialogue, OK * 3) == [chunk(1) + named(2) + chunk(2) + named(3)]


def test_a_window_of_chunks_has_each_mail_begin_anew() -> None:
    dialogue, post, _ = begun(Way.CHUNKS, 4, window=2)
    talk(dialogue, OK * 3)
    # The second is refused, the third is on its way already, the fourth is named behind it.
    refused = OK + OK + b"550 5.1.1 no\r\n" + b"503 5.5.1 no recipient\r\n"
    assert talk(dialogue, refused, OK * 4, OK * 3) == [b"", b"", chunk(3)]
    talk(dialogue, OK)
    accepted = Verdict.ACCEPTED
    assert verdicts(post) == [accepted, Verdict.PERMANENT, accepted, accepted]


def test_behind_a_chunk_that_was_refused_the_next_one_waits_until_its_mail_is_taken() -> None:
    dialogue, post, first = begun(Way.CHUNKS)
    assert first.endswith(named(1))
    assert talk(dialogue, OK + OK + b"552 5.2.2 full\r\n", OK * 3) == [b"", chunk(1)]
    talk(dialogue, OK)
    assert verdicts(post) == [Verdict.PERMANENT, Verdict.ACCEPTED]


def test_behind_a_chunk_that_was_refused_a_mail_that_comes_later_begins_anew() -> None:
    dialogue, post, _ = begun(Way.CHUNKS, 1)
    talk(dialogue, OK + OK + b"552 5.2.2 full\r\n")
    post.waiting += mails(2)[1:]
    dialogue.more()
    assert b"".join(dialogue.output()) == named(1)
    assert talk(dialogue, OK * 3) == [chunk(1)]


class Blunt(HostileRelay):
    """It wants to encrypt first, and reads a chunk that it has refused as commands (Postfix)."""

    def _read(self) -> tuple[str, bytes] | None:
        line, end, self._buffer = self._buffer.partition(b"\r\n")
        if not end:
            self._buffer = line
        return (line[:4].decode("latin-1"), line) if end else None

    def _do(self, command: str, content: bytes) -> int:
        if command in {"MAIL", "RCPT", "BDAT", "RSET"}:
            return 250 if command == "RSET" else 530
        self.closed = True
        return 221


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("cuts", [b"", b"\x1f"])
def test_a_relay_that_reads_a_refused_chunk_as_commands_leaves_no_mail_in_doubt(
    window: int, cuts: bytes
) -> None:
    post = Post(waiting=mails(5))
    converse(post, Book(), iter(()), Terms(way=Way.CHUNKS, window=window), cuts, Blunt)
    assert set(verdicts(post)) <= {Verdict.UNSENT, Verdict.UNWELCOME}


class Exim(HostileRelay):
    """It takes nobody, and hangs up at the eleventh RSET (Exim's smtp_accept_max_nonmail)."""

    code, resets = 550, 0

    def _do(self, command: str, content: bytes) -> int:
        self.resets += command == "RSET"
        self.closed = self.resets > 10
        refuses = command == "RCPT" or self.closed
        return self.code if refuses else super()._do(command, content)


class Greylisting(Exim):
    """It takes nobody for now."""

    code = 450


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("window", [1, 4, 10])
@pytest.mark.parametrize("cuts", [b"", b"\x1f"])
@pytest.mark.parametrize(
    ("relay", "verdict"), [(Exim, Verdict.PERMANENT), (Greylisting, Verdict.TEMPORARY)]
)
def test_a_relay_that_hangs_up_after_so_many_refusals_leaves_no_mail_unknown(
    way: Way, window: int, cuts: bytes, relay: type[Exim], verdict: Verdict
) -> None:
    post = Post(waiting=mails(40))
    converse(post, Book(), iter(()), Terms(way=way, window=window), cuts, relay)
    assert verdicts(post) == [verdict] * 40


@pytest.mark.parametrize("way", WAYS)
def test_a_connection_on_which_nothing_fails_is_not_left(way: Way) -> None:
    dialogue, post, written = begun(way, 30)
    relay = HostileRelay(Book(), iter(()))
    while not dialogue.idle:
        (written,) = talk(dialogue, relay.feed(written))
    assert not dialogue.spent
    assert verdicts(post) == [Verdict.ACCEPTED] * 30


def test_what_is_named_when_a_connection_is_given_up_goes_over_it() -> None:
    dialogue, post, _ = begun(Way.CHUNKS, 12)
    refused = b"552 5.2.2 full\r\n"
    talk(dialogue, OK * 2 + refused, *[OK * 3, refused] * 9)
    assert dialogue.spent
    assert talk(dialogue, OK * 3) == [chunk(10)]
    talk(dialogue, OK)
    assert dialogue.idle
    assert verdicts(post) == [Verdict.PERMANENT] * 10 + [Verdict.ACCEPTED]


class Failing(Post):
    """A witness that fails at writing down how a mail ended, once it is known."""

    def ended(self, mail: Outgoing, answer: Answer) -> None:
        super().ended(mail, answer)
        raise OSError("no store")


def test_a_mail_ends_once_also_where_nobody_can_write_that_down() -> None:
    post = Failing(waiting=mails(2))
    dialogue = Dialogue(post, post, Terms(way=Way.CHUNKS))
    dialogue.more()
    for _ in range(2):
        with pytest.raises(OSError, match="no store"):
            dialogue.fail("gone")
    dialogue.fail("gone")
    assert not post.taken


def test_after_a_refusal_it_begins_anew_once() -> None:
    dialogue, _, _ = begun(Way.PLAIN, 3)
    # What goes by itself is answered by itself.
    assert talk(dialogue, OK, b"550 5.1.1 no\r\n", OK) == [RCPT % 0, b"RSET\r\n", MAIL % 1]
    talk(dialogue, OK, OK, GO)
    assert talk(dialogue, OK) == [MAIL % 2]
    dialogue, _, _ = begun(Way.PIPELINED, 3)
    talk(dialogue, OK + b"550 5.1.1 no\r\n554 5.5.1 no recipients\r\n")
    (third,) = talk(dialogue, OK * 3 + GO)
    assert third.endswith(b".\r\n" + MAIL % 2 + RCPT % 2 + b"DATA\r\n")


@pytest.mark.parametrize("way", WAYS)
def test_nothing_goes_to_a_relay_that_does_not_begin_anew(way: Way) -> None:
    dialogue, post, _ = begun(way, 3)
    refused = OK + b"550 5.1.1 no\r\n" + (b"554 5.5.1 no\r\n" if way is not Way.PLAIN else b"")
    said = [OK, b"550 5.1.1 no\r\n"] if way is Way.PLAIN else [refused]
    talk(dialogue, *said)
    assert talk(dialogue, b"502 5.5.1 what\r\n") == [b""]
    assert dialogue.over
    assert post.answers.pop(0).verdict is Verdict.PERMANENT
    assert {*verdicts(post)} <= {Verdict.UNSENT, Verdict.UNANSWERED}


def test_a_relay_that_hangs_up_before_it_has_had_a_mail_is_not_tired_of_waiting() -> None:
    dialogue, _, _ = begun(Way.CHUNKS, 0)
    dialogue.lost("gone")
    assert not dialogue.expired
    assert dialogue.reason == "gone"


def test_whoever_hangs_up_at_our_goodbye_has_done_nothing_wrong() -> None:
    dialogue, _, _ = begun(Way.CHUNKS, 0)
    dialogue.leave()
    dialogue.lost("gone")
    assert dialogue.reason == ""


class Full(Post):
    """A witness whose disk is full when the third mail starts."""

    def starting(self, mail: Outgoing) -> None:
        if mail.id == 2:
            raise OSError("disk full")
        super().starting(mail)


def test_of_a_window_that_was_not_written_no_mail_is_unknown() -> None:
    post = Full(waiting=mails(4), window=3)
    dialogue = Dialogue(post, post, Terms(way=Way.CHUNKS, window=3))
    dialogue.more()
    dialogue.output()
    with pytest.raises(OSError, match="disk full"):
        dialogue.received(OK * 3)
    dialogue.fail("disk full")
    assert dialogue.output() == []
    assert verdicts(post) == [Verdict.ACCEPTED] + [Verdict.UNSENT] * 3


def test_what_is_only_named_goes_no_more_once_nobody_wants_that() -> None:
    dialogue, post, _ = begun(Way.CHUNKS, 3)
    post.withdrawn.add(1)
    assert talk(dialogue, OK * 3, OK * 3) == [b"", b""]
    assert dialogue.idle
    # Another connection goes on with the third.
    assert dialogue.spent
    dialogue.leave()
    talk(dialogue, b"221 bye\r\n")
    assert verdicts(post) == [Verdict.ACCEPTED, Verdict.UNSENT]
    assert not dialogue.reason


@pytest.mark.parametrize("way", [Way.PLAIN, Way.PIPELINED])
def test_no_text_goes_that_nobody_wants_by_then(way: Way) -> None:
    dialogue, post, _ = begun(way)
    post.withdrawn.add(0)
    said = [OK, OK, GO] if way is Way.PLAIN else [OK + OK + GO]
    assert talk(dialogue, *said)[-1] == b""
    assert verdicts(post) == [Verdict.UNSENT]
    assert not post.started


def test_the_length_is_told_to_who_wants_to_know_it() -> None:
    assert b"SIZE=%d\r\n" % len(TEXTS[0]) in begun(Way.PLAIN, sizes=True)[2]


def test_a_recipient_is_refused_and_the_next_mail_goes_in_one_write() -> None:
    dialogue, post, _ = begun(Way.PIPELINED)
    group = b"RSET\r\n" + MAIL % 1 + RCPT % 1 + b"DATA\r\n"
    assert talk(dialogue, OK + b"550 5.1.1 no\r\n554 5.5.1 no recipients\r\n") == [group]
    talk(dialogue, OK + OK + OK + GO, OK)
    assert verdicts(post) == [Verdict.PERMANENT, Verdict.ACCEPTED]


def test_data_that_is_taken_without_a_recipient_is_ended_at_once() -> None:
    dialogue, post, _ = begun(Way.PIPELINED)
    assert talk(dialogue, OK + b"450 4.2.1 busy\r\n" + GO) == [b".\r\n"]
    # Some take even that.
    talk(dialogue, OK, OK + OK + OK + GO, OK)
    assert verdicts(post) == [Verdict.TEMPORARY, Verdict.ACCEPTED]
    assert 0 not in post.started


def test_nobody_gets_an_empty_mail_because_the_sender_was_refused() -> None:
    dialogue, post, _ = begun(Way.PIPELINED)
    assert talk(dialogue, b"550 5.1.8 no\r\n" + OK + GO) == [b""]
    assert dialogue.over
    assert verdicts(post) == [Verdict.UNWELCOME]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("step", "said", "verdict"),
    [
        ("MAIL", b"550 5.7.1 no", Verdict.UNWELCOME),
        ("MAIL", b"550 no", Verdict.POLICY),
        ("MAIL", b"451 4.3.0 later", Verdict.TEMPORARY),
        ("MAIL", b"503 5.5.1 what", None),
        ("MAIL", b"421 4.3.2 closing", None),
        ("RCPT", b"550 5.1.1 nobody", Verdict.PERMANENT),
        ("RCPT", b"550 5.7.1 not you", Verdict.POLICY),
        ("RCPT", b"450 4.7.1 greylisted", Verdict.POLICY),
        ("RCPT", b"452 4.2.2 full", Verdict.TEMPORARY),
        ("RCPT", b"500 what", None),
        ("RCPT", b"354 go", None),
        ("DATA", b"451 4.3.0 later", Verdict.TEMPORARY),
        ("DATA", b"250 ok", None),
        ("DATA", b"503 what", None),
        ("END", b"554 5.6.0 no", Verdict.PERMANENT),
        ("END", b"554 5.7.1 spam", Verdict.POLICY),
        ("END", b"451 4.3.0 later", Verdict.TEMPORARY),
        ("END", b"421 4.7.28 too many", Verdict.POLICY),
        ("END", b"250 2.0.0 kept", Verdict.ACCEPTED),
        ("END", b"299 strange but good", Verdict.ACCEPTED),
        ("END", b"354 go", Verdict.UNANSWERED),
        ("END", b"150 wait", Verdict.UNANSWERED),
        ("END", b"503 what", Verdict.UNANSWERED),
    ],
)
def test_a_reply_means_what_it_says_of_the_mail(
    way: Way, step: str, said: bytes, verdict: Verdict | None
) -> None:
    if step == "DATA" and way is Way.CHUNKS:
        return  # It is never said there.
    answer, count = said + b"\r\n", 0
    dialogue, post, _ = begun(way, 1)
    while 0 not in post.answers and not dialogue.over:
        # After the refusal, what follows from it.
        follows = answer if count >= ("MAIL", "RCPT", "DATA", "END").index(step) else OK
        at_data = way is not Way.CHUNKS and count == 2
        skips = way is Way.CHUNKS and count == 2 and step == "END"
        talk(dialogue, answer if skips else GO if at_data and follows is OK else follows)
        count += 1
    # Who is not judged may go again, but for a chunk that has gone already and may be read.
    reads = way is Way.CHUNKS and not said.startswith(b"421")
    undecided = Verdict.UNANSWERED if reads else Verdict.UNSENT
    kept = post.answers[0]
    assert kept.verdict is (verdict or undecided)
    if verdict and verdict is not Verdict.UNANSWERED:
        assert kept.code == int(said[:3])


@pytest.mark.parametrize("way", [Way.PLAIN, Way.CHUNKS])
def test_no_mail_is_taken_once_the_relay_has_said_that_it_stops(way: Way) -> None:
    dialogue, post, _ = begun(way)
    stops = b"421 4.3.2 closing\r\n"
    talk(dialogue, *([OK, OK, GO, stops] if way is Way.PLAIN else [OK, OK, stops]))
    # One that was named behind the first is not sent.
    assert post.answers.pop(0).verdict is Verdict.TEMPORARY
    assert all(answer.verdict is Verdict.UNSENT for answer in post.answers.values())
    assert [mail.id for mail in post.waiting] == [1]


def test_a_chunk_that_is_taken_for_nobody_may_be_with_somebody() -> None:
    dialogue, post, _ = begun(Way.CHUNKS)
    talk(dialogue, OK + b"550 5.1.1 nobody\r\n" + OK)
    assert verdicts(post) == [Verdict.UNANSWERED, Verdict.UNSENT]
    assert dialogue.over


@pytest.mark.parametrize("way", WAYS)
def test_what_a_relay_says_unasked_ends_the_dialogue(way: Way) -> None:
    dialogue, _, _ = begun(way, 0)
    assert talk(dialogue, OK) == [b""]
    assert dialogue.over
    assert "unasked" in dialogue.reason
    assert not dialogue.expired


@pytest.mark.parametrize("way", [Way.PLAIN, Way.PIPELINED])
def test_an_answer_that_stands_there_before_the_text_is_none(way: Way) -> None:
    dialogue, post, _ = begun(way)
    said = [OK, OK, GO + OK] if way is Way.PLAIN else [OK + OK + GO + OK]
    assert talk(dialogue, *said)[-1] == b""
    assert verdicts(post) == [Verdict.UNSENT]
    assert not post.started


def test_a_relay_that_tires_of_waiting_has_done_nothing_wrong() -> None:
    dialogue, _, _ = begun(Way.PIPELINED, 1)
    talk(dialogue, OK + OK + GO, OK, b"421 4.4.2 idle\r\n")
    assert dialogue.over
    assert dialogue.expired


def test_a_relay_that_stops_after_a_mail_has_the_next_one_unsent() -> None:
    dialogue, post, _ = begun(Way.PIPELINED)
    talk(dialogue, OK + OK + GO, OK + b"421 4.3.2 closing\r\n")
    assert [post.answers[0].verdict, post.answers[1].verdict] == [Verdict.ACCEPTED, Verdict.UNSENT]
    assert "421 4.3.2 closing" in dialogue.reason


@pytest.mark.parametrize(
    ("before", "verdict"),
    [(OK, Verdict.UNSENT), (OK * 2, Verdict.TEMPORARY), (OK * 3, Verdict.TEMPORARY)],
)
def test_of_a_window_of_mails_a_relay_that_stops_has_none_that_stands_behind_that(
    before: bytes, verdict: Verdict
) -> None:
    dialogue, post, _ = begun(Way.CHUNKS, 5, window=3)
    # After RSET, to MAIL, RCPT and the chunk.
    talk(dialogue, OK * 3, OK * 4 + before + b"421 4.3.2 closing\r\n")
    assert verdicts(post) == [*[Verdict.ACCEPTED] * 2, verdict, *[Verdict.UNSENT] * 2]
    assert "421 4.3.2 closing" in dialogue.reason


def test_a_relay_that_goes_on_speaking_after_its_goodbye_may_have_the_mail_itself() -> None:
    dialogue, post, _ = begun(Way.CHUNKS, 1)
    talk(dialogue, OK + b"421 4.3.2 busy\r\n" + OK)
    assert verdicts(post) == [Verdict.UNANSWERED]


def test_a_relay_that_goes_on_speaking_after_its_goodbye_may_have_anything() -> None:
    dialogue, post, _ = begun(Way.CHUNKS, 3, window=2)
    talk(dialogue, OK * 3, OK * 3 + b"421 4.3.2 busy\r\n" + OK * 4)
    assert verdicts(post) == [Verdict.ACCEPTED, Verdict.TEMPORARY, Verdict.UNANSWERED]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("honest", range(9))
def test_of_a_relay_that_says_goodbye_nobody_wonders_what_it_has(way: Way, honest: int) -> None:
    sent, book = mails(6), Book()
    post = Post(waiting=list(sent))
    moves = [*[Move()] * honest, Move(kind=Kind.GOODBYE)]
    converse(post, book, iter(moves), Terms(way=way, window=3), b"")
    check(post, book, sent)
    assert {*verdicts(post)} <= {Verdict.ACCEPTED, Verdict.TEMPORARY}


def test_a_connection_carries_no_more_mails_than_it_may() -> None:
    dialogue, post, _ = begun(Way.PIPELINED, 3, messages=2)
    talk(dialogue, OK + OK + GO, OK + OK + OK + GO, OK)
    assert dialogue.idle
    assert dialogue.spent
    assert len(post.waiting) == 1


def test_a_sender_that_is_no_part_of_a_command_is_refused_and_none_is_one() -> None:
    bad, none = (
        replace(mail, sender=sender)
        for mail, sender in zip(mails(2), ("a@b>\r\nDATA", ""), strict=True)
    )
    post = Post(waiting=[bad, none])
    dialogue = Dialogue(post, post, Terms(way=Way.PIPELINED))
    dialogue.more()
    assert b"".join(dialogue.output()) == b"MAIL FROM:<>\r\n" + RCPT % 1 + b"DATA\r\n"
    assert verdicts(post) == [Verdict.PERMANENT]


@pytest.mark.parametrize(
    "address", ["a@b>\r\nDATA", "a b@example.org", "a>@example.org", "é@x", ""]
)
def test_an_address_that_is_no_part_of_a_command_is_refused_and_the_rest_goes(
    address: str,
) -> None:
    bad, good = mails(2)
    bad = replace(bad, recipient=address)
    post = Post(waiting=[bad, good])
    dialogue = Dialogue(post, post, Terms(way=Way.PIPELINED))
    dialogue.more()
    assert b"".join(dialogue.output()) == MAIL % 1 + RCPT % 1 + b"DATA\r\n"
    assert verdicts(post) == [Verdict.PERMANENT]


def test_addresses_that_are_no_part_of_a_command_leave_the_connection_as_it_was() -> None:
    bad = [replace(mail, recipient="é@x") for mail in mails(20)]
    post = Post(waiting=[*bad, *mails(23)[20:]], window=2)
    dialogue = Dialogue(post, post, Terms(way=Way.CHUNKS, window=2, messages=3))
    dialogue.more()
    assert b"".join(dialogue.output()).count(b"LAST") == 1
    assert talk(dialogue, OK * 3)[0].count(b"LAST") == 2
    del post.answers[20]
    assert verdicts(post) == [Verdict.PERMANENT] * 20


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n"),
        (b"a\r\n.b\r\n..\r\n", b"a\r\n..b\r\n...\r\n"),
        # What other programs take for the end of a message.
        (b"a\n.\nb\r\n", b"a\n..\nb\r\n"),
        (b"a\r\nb", b"a\r\nb\r\n"),
        (b"a\r\n.", b"a\r\n..\r\n"),
        (b".\r\na\r\n", b"..\r\na\r\n"),
    ],
)
def test_a_message_ends_where_it_does(message: bytes, sent: bytes) -> None:
    post = Post(waiting=[replace(mails(1)[0], message=message)])
    dialogue = Dialogue(post, post, Terms(way=Way.PIPELINED))
    dialogue.more()
    assert talk(dialogue, b"", OK + OK + GO)[1] == sent + b".\r\n"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("window", [1, 3])
def test_an_honest_relay_gets_every_mail_once_byte_for_byte(way: Way, window: int) -> None:
    for cuts in (b"", b"\x00", b"\x06\x02"):
        sent, book = mails(7), Book()
        post = Post(waiting=list(sent))
        converse(post, book, iter(()), Terms(way=way, window=window, messages=3), cuts)
        assert verdicts(post) == [Verdict.ACCEPTED] * 7
        assert book.accepted == [(m.sender, m.recipient, m.message) for m in sent]


@settings(
    max_examples=RELAYS,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    ways=st.binary(min_size=4, max_size=4),
    drawn=st.binary(max_size=60),
    cuts=st.binary(max_size=6),
)
def test_whatever_a_relay_does_each_mail_ends_in_the_right_state(
    ways: bytes, drawn: bytes, cuts: bytes
) -> None:
    # Bytes are what hypothesis draws quickest: two for each move.
    kinds = LIARS if ways[0] % 4 == 0 else KINDS
    moves = [
        Move(kind=kinds[first % len(kinds)], which=second)
        for first, second in zip(drawn[::2], drawn[1::2], strict=False)
    ]
    terms = Terms(
        way=WAYS[ways[1] % 3],
        sizes=ways[0] % 2 == 0,
        window=1 + ways[2] % 3,
        messages=ways[2] // 64,
    )
    sent, book = mails(1 + ways[3] % 6), Book()
    post = Post(waiting=list(sent))
    converse(post, book, iter(moves), terms, bytes(cut % 64 for cut in cuts))
    check(post, book, sent)
