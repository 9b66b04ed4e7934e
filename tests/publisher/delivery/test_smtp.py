"""Mails over real connections: to hostile relays, to aiosmtpd, and the seam of the library."""

import asyncio
import inspect
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import cast

import aiosmtplib
import pytest
import uvloop

from publisher.delivery import single
from publisher.delivery.commands import Terms, Way
from publisher.delivery.dialogue import Dialogue
from publisher.delivery.line import Line
from publisher.delivery.outgoing import Answer, Outgoing, Relay, Verdict
from publisher.delivery.smtp import send, translate
from publisher.errors import UnreachableError
from tests.fakes import free_port
from tests.relay_hostile import Book, Kind, Move, Post, check, mails
from tests.relay_served import PATIENCE, run, served, turn_on, until

WAYS = list(Way)


async def deliver(relay: Relay, post: Post) -> list[str]:
    """Send as the engine does: again, while mails are left; return why each time ended."""
    reasons: list[str] = []
    while post.waiting and len(reasons) < 12:
        try:
            reasons.append(await send(relay, post, post))
        except UnreachableError as error:
            reasons.append(str(error))
    return reasons


def after(count: int, *moves: Move) -> Iterator[Move]:
    """Return moves that are honest for so many answers, then these, then honest again."""
    return chain(repeat(Move(), count), moves)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bytewise", [False, True])
def test_every_mail_arrives_once_byte_for_byte(way: Way, bytewise: bool) -> None:
    async def main() -> None:
        sent = mails(7)
        async with served(way=way, bytewise=bytewise) as hostile:
            post = Post(waiting=list(sent))
            assert await send(hostile.relay, post, post) == ""
            assert hostile.book.accepted == [(m.sender, m.recipient, m.message) for m in sent]
            assert {answer.verdict for answer in post.answers.values()} == {Verdict.ACCEPTED}
            assert hostile.connections == 1

    run(main())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in {Kind.LIE, Kind.TWICE}])
def test_at_each_point_of_the_dialogue_a_relay_may_do_what_it_wants(way: Way, kind: Kind) -> None:
    async def main(point: int, which: int) -> None:
        moves = after(point, Move(kind=kind, which=which))
        sent, book = mails(3), Book()
        async with served(way=way, moves=moves, book=book) as hostile:
            post = Post(waiting=list(sent))
            await deliver(hostile.relay, post)
            assert not post.taken
            assert len(post.answers) == 3
            check(post, book, sent)

    # The last of them is QUIT: three mails have four answers each, or three.
    for point in range(13):
        run(main(point, point * 5))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [Kind.HONEST, Kind.GOODBYE, Kind.GONE, Kind.CLOSED, Kind.GARBLED])
def test_another_loop_makes_no_difference(way: Way, kind: Kind) -> None:
    async def main(point: int) -> None:
        sent, book = mails(3), Book()
        async with served(way=way, moves=after(point, Move(kind=kind)), book=book) as hostile:
            post = Post(waiting=list(sent))
            await deliver(hostile.relay, post)
            assert not post.taken
            assert len(post.answers) == 3
            check(post, book, sent)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for point in range(9):
            runner.run(main(point))


@pytest.mark.parametrize("way", WAYS)
def test_nobody_knows_of_a_mail_whose_end_is_not_answered(way: Way) -> None:
    async def main(kind: Kind) -> None:
        # MAIL, RCPT, DATA; or MAIL and RCPT.
        moves = after(2 if way is Way.CHUNKS else 3, Move(kind=kind))
        async with served(way=way, moves=moves) as hostile:
            post = Post(waiting=mails(1))
            reason = await send(hostile.relay, post, post)
            assert reason
            assert post.answers[0].verdict is Verdict.UNANSWERED
            assert post.answers[0].text == reason
            assert len(hostile.book.accepted) == 1

    for kind in (Kind.SILENT, Kind.GONE, Kind.GARBLED, Kind.WRONG):
        run(main(kind))


def test_a_relay_that_drips_is_given_no_more_time_than_a_silent_one() -> None:
    async def main() -> None:
        async with served(drips=PATIENCE / 4) as hostile:
            post = Post(waiting=mails(1))
            # The first answer would take as long as it has letters.
            assert "60 seconds" in await send(hostile.relay, post, post)
            assert post.waiting  # Nobody has it: it may go again.

    run(main())


@pytest.mark.parametrize("greeting", [b"", b"554 5.7.1 not you\r\n", b"421 busy\r\n", b"\x00\r\n"])
def test_a_relay_that_lets_nobody_in_is_none(greeting: bytes) -> None:
    async def main() -> None:
        async with served(greeting=greeting) as hostile:
            post = Post(waiting=mails(1))
            with pytest.raises(UnreachableError, match=f"no relay at 127.0.0.1:{hostile.port}"):
                await send(hostile.relay, post, post)
            assert not post.answers

    run(main())


def test_where_nobody_listens_there_is_no_relay() -> None:
    async def main() -> None:
        post = Post(waiting=mails(1))
        relay = Relay(host="127.0.0.1", port=free_port(), tls="none")
        with pytest.raises(UnreachableError):
            await send(relay, post, post)
        with pytest.raises(UnreachableError):
            await single.deliver(relay, mails(1)[0])

    run(main())


def test_a_connection_that_has_carried_enough_is_followed_by_another() -> None:
    async def main() -> None:
        async with served(way=Way.PIPELINED) as hostile:
            post = Post(waiting=mails(5))
            relay = Relay(host="127.0.0.1", port=hostile.port, tls="none", messages=2)
            assert await send(relay, post, post) == ""
            assert len(hostile.book.accepted) == 5
            assert hostile.connections == 3

    run(main())


def test_as_many_mails_are_on_their_way_as_the_relay_may_have_unanswered() -> None:
    async def main() -> None:
        moves = after(6, Move(kind=Kind.SILENT))
        async with served(way=Way.CHUNKS, moves=moves) as hostile:
            post = Post(waiting=mails(5), window=3)
            reason = await send(replace(hostile.relay, window=3, end_timeout=90), post, post)
            assert post.started == {0, 1, 2, 3}
            assert reason == "the relay has not answered for 90 seconds"

    run(main())


def test_no_connection_is_made_for_mails_that_there_are_none_of() -> None:
    async def main() -> None:
        async with served(way=Way.PIPELINED) as hostile:
            post, told = Post(waiting=mails(4)), list[bool]()
            relay = replace(hostile.relay, messages=2)
            assert await send(relay, post, post, connected=told.append) == ""
            assert (len(hostile.book.accepted), hostile.connections) == (4, 2)
            assert told == [True, False] * 2

    run(main())


def test_a_connection_that_broke_off_is_followed_by_none_however_many_mails_it_had() -> None:
    async def main() -> None:
        async with served(moves=repeat(Move(kind=Kind.CLOSED))) as hostile:
            post = Post(waiting=mails(1))
            reason = await send(replace(hostile.relay, messages=1), post, post)
            assert (reason, hostile.connections) == ("the relay closed the connection", 1)

    run(main())


@dataclass(kw_only=True)
class Later(Post):
    """Mails of which some come when they are called for."""

    called: asyncio.Event = field(default_factory=asyncio.Event)
    waits: int = 0

    async def wait(self) -> bool:
        self.waits += 1
        try:
            if not self.waiting:
                await self.called.wait()
        finally:
            self.waits -= 1
        return bool(self.waiting)


def test_a_relay_may_close_a_connection_that_has_nothing_to_do() -> None:
    async def main() -> None:
        async with served(way=Way.PIPELINED) as hostile:
            post = Later(waiting=mails(1))
            sending = asyncio.create_task(send(hostile.relay, post, post))
            await until(lambda: post.answers)
            for connection in hostile.open:
                connection.transport.write(b"421 4.4.2 idle\r\n")
                connection.transport.close()
            await until(lambda: not hostile.open)
            await pass_by(100)
            # Only the next connection is waited for: the one that is gone wants nothing.
            assert post.waits == 1
            post.waiting.append(mails(2)[1])
            post.called.set()
            assert await sending == ""
            assert hostile.book.counts == {"r0@example.org": 1, "r1@example.org": 1}
            assert hostile.connections == 2

    run(main())


def test_who_is_stopped_says_of_each_mail_how_it_ended() -> None:
    async def main(way: Way) -> None:
        post = Post(waiting=mails(2))
        moves = after(2 if way is Way.CHUNKS else 3, Move(kind=Kind.SILENT))
        async with served(way=way, moves=moves, timeless=True) as hostile:
            sending = asyncio.create_task(send(hostile.relay, post, post))
            await until(lambda: hostile.book.accepted)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
        assert not post.taken
        assert post.answers[0].verdict is Verdict.UNANSWERED

    for way in WAYS:
        run(main(way))


class Paused(Post):
    """Mails of which the second is withdrawn once the first starts."""

    def starting(self, mail: Outgoing) -> None:
        super().starting(mail)
        self.withdrawn.add(1)


@pytest.mark.parametrize("way", [Way.PIPELINED, Way.CHUNKS])
def test_behind_a_mail_that_was_withdrawn_the_others_go(way: Way) -> None:
    async def main() -> None:
        async with served(way=way) as hostile:
            post = Paused(waiting=mails(4))
            reasons = await deliver(hostile.relay, post)
            assert reasons[-1] == ""
            assert [mail for _, mail, _ in hostile.book.accepted] == [
                f"r{number}@example.org" for number in (0, 2, 3)
            ]
            assert post.answers[1].verdict is Verdict.UNSENT
            assert hostile.connections == 2

    run(main())


class Broken(Post):
    """A witness that cannot write down that the second mail starts."""

    def starting(self, mail: Outgoing) -> None:
        if mail.id == 1:
            raise OSError("disk full")
        super().starting(mail)


@pytest.mark.parametrize("way", WAYS)
def test_no_mail_ends_on_the_wire_that_nobody_could_note(way: Way) -> None:
    async def main() -> None:
        async with served(way=way) as hostile:
            post = Broken(waiting=mails(3))
            with pytest.raises(OSError, match="disk full"):
                await send(hostile.relay, post, post)
            assert not post.taken
            assert "r1@example.org" not in hostile.book.counts
            assert post.answers[0].verdict is Verdict.ACCEPTED

    run(main())


def test_a_relay_that_knows_no_ehlo_is_greeted_as_it_wants() -> None:
    async def main() -> None:
        async with served(old=True) as hostile:
            assert (await single.deliver(hostile.relay, mails(1)[0])).verdict is Verdict.ACCEPTED
            assert hostile.book.counts == {"r0@example.org": 1}

    run(main())


class Wire(asyncio.Transport):
    """A connection on which nothing comes back."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.line = cast("Line", protocol)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        asyncio.get_running_loop().call_soon(self.line.connection_lost, None)


def a_line(post: Post, way: Way = Way.CHUNKS, *, end_timeout: float = PATIENCE) -> Line:
    return Line(Dialogue(post, post, Terms(way=way)), Wire(), PATIENCE, end_timeout=end_timeout)


class Closing(Wire):
    """A connection that the other end has closed, which is told in the loop's next turn."""

    def is_closing(self) -> bool:
        return True


def test_what_was_not_written_since_the_connection_was_closing_goes_again() -> None:
    async def main() -> None:
        post = Post(waiting=mails(1))
        dialogue = Dialogue(post, post, Terms(way=Way.CHUNKS))
        line = Line(dialogue, Closing(), PATIENCE, end_timeout=PATIENCE)
        sending = asyncio.create_task(line.go_on())
        await until(lambda: post.taken)
        line.connection_lost(None)
        await sending
        assert post.answers[0].verdict is Verdict.UNSENT
        await line.close()

    run(main())


def test_a_connection_that_was_asked_nothing_may_be_silent() -> None:
    async def main() -> None:
        line = a_line(Post(waiting=mails(1)))
        sending = asyncio.create_task(line.go_on())
        await asyncio.sleep(0)
        line.data_received(b"250 ok\r\n" * 3)
        await sending
        await pass_by(PATIENCE * 10)
        assert not line.dialogue.over
        await line.close()

    run(main())


class Forgetful(Post):
    """A witness that cannot write down how any mail ends but the first."""

    def ended(self, mail: Outgoing, answer: Answer) -> None:
        super().ended(mail, answer)
        if mail.id:
            raise OSError(f"no room for {mail.id}")


def test_where_nothing_can_be_noted_each_mail_ends_and_the_first_reason_is_told() -> None:
    async def main() -> None:
        post = Forgetful(waiting=mails(9), window=8)
        dialogue = Dialogue(post, post, Terms(way=Way.CHUNKS, window=8))
        line = Line(dialogue, Wire(), PATIENCE, end_timeout=PATIENCE)
        sending = asyncio.create_task(line.go_on())
        await until(lambda: post.started)
        line.data_received(b"250 ok\r\n" * 3)
        line.data_received(b"250 ok\r\n" * 4)
        await sending
        with pytest.raises(OSError, match="no room for 1"):
            await line.close()
        assert len(post.answers) == 9

    run(main())


def test_a_connection_that_is_gone_looks_at_no_clock() -> None:
    async def main() -> None:
        line = a_line(Post(waiting=[]))
        await line.close()
        assert line._watch.cancelled()

    run(main())


def test_whoever_is_stopped_while_a_connection_closes_breaks_nothing() -> None:
    async def main() -> None:
        line = a_line(Post(waiting=[]))
        closing = asyncio.create_task(line.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        line.connection_lost(None)

    run(main())


class Socket:
    """A socket that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int, int]] = []

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self.told.append((level, option, value))


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux knows it")
def test_half_an_answer_is_acknowledged_at_once_since_the_other_half_may_wait_for_that() -> None:
    async def main() -> None:
        post, there = Post(waiting=mails(1)), Socket()
        dialogue = Dialogue(post, post, Terms(way=Way.CHUNKS))
        line = Line(dialogue, Wire(extra={"socket": there}), PATIENCE, end_timeout=PATIENCE)
        talk = asyncio.create_task(line.go_on())
        await asyncio.sleep(0)
        line.data_received(b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n")
        assert there.told == [(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)]
        line.data_received(b"250 2.0.0 Ok\r\n")
        await talk
        assert len(there.told) == 1
        assert post.answers[0].verdict is Verdict.ACCEPTED
        await line.close()

    run(main())


async def pass_by(seconds: float) -> None:
    """Let time go by in small steps, in each of which the clock is looked at."""
    for _ in range(round(seconds / 10)):
        turn_on(10)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


def test_only_the_answer_to_the_end_of_a_message_may_take_long() -> None:
    async def main() -> None:
        post = Post(waiting=mails(2))
        line = a_line(post, Way.PIPELINED, end_timeout=600)
        sending = asyncio.create_task(line.go_on())
        await asyncio.sleep(0)
        line.data_received(b"250 ok\r\n250 ok\r\n354 go\r\n")
        await pass_by(580)
        assert not line.dialogue.over
        # Behind it stand the questions of the next mail, which have as long as ever.
        line.data_received(b"250 ok\r\n")
        assert post.answers[0].verdict is Verdict.ACCEPTED
        await pass_by(40)
        assert not line.dialogue.over
        await pass_by(40)
        await sending
        assert line.dialogue.reason == "the relay has not answered for 60 seconds"
        await asyncio.sleep(0)

    run(main())


async def at_the_end(post: Post) -> tuple[Line, asyncio.Task[None]]:
    """Give a line whose relay has yet to answer the end of its only message."""
    line = a_line(post, end_timeout=600)
    sending = asyncio.create_task(line.go_on())
    await asyncio.sleep(0)
    line.data_received(b"250 ok\r\n250 ok\r\n")
    return line, sending


def test_the_answer_to_the_end_of_a_message_is_not_waited_for_for_ever() -> None:
    async def main() -> None:
        post = Post(waiting=mails(1))
        _, sending = await at_the_end(post)
        await pass_by(630)
        await sending
        assert post.answers[0].verdict is Verdict.UNANSWERED
        assert post.answers[0].text == "the relay has not answered for 600 seconds"
        await asyncio.sleep(0)

    run(main())


def test_whoever_is_in_haste_waits_for_no_answer_longer_than_for_others() -> None:
    async def main() -> None:
        post = Post(waiting=mails(1))
        line, sending = await at_the_end(post)
        await pass_by(200)
        assert not line.dialogue.over
        post.hasty = True
        await pass_by(PATIENCE + 20)
        await sending
        assert post.answers[0].verdict is Verdict.UNANSWERED
        await asyncio.sleep(0)

    run(main())


def test_a_long_mail_has_the_time_that_a_slow_connection_takes() -> None:
    async def main() -> None:
        (mail,) = mails(1)
        # Ten megabytes: another 640 seconds.
        post = Post(waiting=[replace(mail, message=mail.message * 500_000)])
        line = a_line(post)
        sending = asyncio.create_task(line.go_on())
        await until(lambda: post.started)
        for _ in range(10):
            turn_on(PATIENCE)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not line.dialogue.over
        turn_on(200)
        await sending
        assert line.dialogue.over
        assert post.answers[0].verdict is Verdict.UNANSWERED
        await asyncio.sleep(0)

    run(main())


def test_early_answers_take_no_time_from_a_long_mail() -> None:
    async def main() -> None:
        (mail,) = mails(1)
        post = Post(waiting=[replace(mail, message=mail.message * 500_000)])
        line = a_line(post)
        sending = asyncio.create_task(line.go_on())
        await until(lambda: post.started)
        line.data_received(b"250 ok\r\n250 ok\r\n")
        await pass_by(PATIENCE * 10)
        assert not line.dialogue.over
        line.data_received(b"250 ok\r\n")
        await sending
        await line.close()

    run(main())


def test_who_was_frozen_reads_what_came_before_it_is_called_late() -> None:
    async def main() -> None:
        post = Post(waiting=mails(1))
        line = a_line(post)
        sending = asyncio.create_task(line.go_on())
        await until(lambda: post.started)
        turn_on(PATIENCE * 10)
        # The clock is looked at first, as uvloop does.
        line._look()
        line.data_received(b"250 ok\r\n250 ok\r\n250 ok\r\n")
        await sending
        assert post.answers[0].verdict is Verdict.ACCEPTED
        await line.close()

    run(main())


def test_one_mail_has_one_answer() -> None:
    async def main() -> None:
        moves = after(1, Move(kind=Kind.REFUSE, which=8))
        async with served(way=Way.PIPELINED, moves=moves) as hostile:
            answer = await single.deliver(hostile.relay, mails(1)[0])
            assert answer.verdict is Verdict.PERMANENT
            assert (answer.code, answer.status, answer.text) == (550, "5.0.0", "5.0.0 RCPT")

    run(main())


def made() -> Iterator[Exception]:
    """Yield one of every error that aiosmtplib has."""
    for kind in vars(aiosmtplib).values():
        if inspect.isclass(kind) and issubclass(kind, aiosmtplib.SMTPException):
            if issubclass(kind, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPSenderRefused):
                yield kind(550, "no", "a@example.org")
            elif issubclass(kind, aiosmtplib.SMTPRecipientsRefused):
                yield kind([aiosmtplib.SMTPRecipientRefused(550, "no", "a@example.org")])
            elif issubclass(kind, aiosmtplib.SMTPResponseException):
                yield kind(550, "no")
            else:
                yield kind("no")


@pytest.mark.parametrize("error", list(made()), ids=lambda error: type(error).__name__)
def test_every_error_of_the_library_becomes_one_of_ours(error: Exception) -> None:
    ours = translate(error, Relay(host="relay.example", port=25))
    assert isinstance(ours, UnreachableError)
    assert "relay.example:25" in str(ours)
    assert ours.code == (550 if isinstance(error, aiosmtplib.SMTPResponseException) else 0)
