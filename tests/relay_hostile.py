"""A relay that reads as RFC 5321 has it, and answers as its moves say: in memory or on loopback.

What it accepted it writes down at the moment when it accepts, whatever it says afterwards; so a
test can hold what the sender believes against what is so.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from publisher.delivery.commands import Terms, Way
from publisher.delivery.dialogue import Dialogue
from publisher.delivery.outgoing import Answer, Outgoing, Verdict
from publisher.delivery.replies import CLOSING


class Kind(Enum):
    """What a relay does when it has to answer."""

    HONEST = auto()
    #: As it should, in several lines; or in no words.
    LINES = auto()
    BARE = auto()
    #: It says no, and means it; or that it stops, and does.
    REFUSE = auto()
    GOODBYE = auto()
    #: It does what it should, and does not say so: it is gone, gone in the middle of its
    #: answer, silent for ever, or says what cannot be understood.
    GONE = auto()
    CUT = auto()
    SILENT = auto()
    GARBLED = auto()
    WRONG = auto()
    #: It does nothing, and is gone or silent.
    CLOSED = auto()
    MUTE = auto()
    #: It says the opposite of what it did, or answers twice.
    LIE = auto()
    TWICE = auto()


@dataclass(frozen=True, kw_only=True)
class Move:
    """One thing that a relay does."""

    kind: Kind = Kind.HONEST
    #: Which of the ways in which it can be done.
    which: int = 0


#: Of those who do not lie, good answers are as many as others.
KINDS = (*[Kind.HONEST] * 8, *[kind for kind in Kind if kind not in {Kind.LIE, Kind.TWICE}])
LIARS = (*KINDS, Kind.LIE, Kind.TWICE)
REFUSALS = (421, 450, 451, 452, 454, 500, 503, 530, 550, 552, 554, 571)
SECOND = (b"250 ok", b"550 no", b"354 go", b"450 later", b"250-ok\r\n250 ok")
GARBAGE = (
    b"\x00\x00\x00\r\n",
    b"hello\r\n",
    b"25\r\n",
    b"250+ok\r\n",
    b"250-ok\r\n550 no\r\n",
    b"\xff\xfe\x00 250 ok\r\n",
    b"250 " + b"x" * 5000,
    b"250-more\r\n" * 500,
    b"\r\n",
)
OUT_OF_TURN = (b"354 go\r\n", b"250 ok\r\n")
WRONG = (b"150 wait\r\n", b"666 what\r\n", b"999\r\n")

_PATH = re.compile(rb"(?:MAIL FROM|RCPT TO):<([^>]*)>( SIZE=\d+)?\Z")


@dataclass(kw_only=True)
class Book:
    """What relays accepted: sender, recipient, message."""

    accepted: list[tuple[str, str, bytes]] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        return Counter(recipient for _, recipient, _ in self.accepted)


class HostileRelay:
    """One connection to such a relay: bytes in, bytes out."""

    def __init__(self, book: Book, moves: Iterator[Move], *, eager: bool = False) -> None:
        self._book, self._moves = book, moves
        #: Whether it says 354 where there is no recipient (RFC 2920, 3.1 allows that).
        self._eager = eager
        self._buffer = b""
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._in_text = False
        self.closed = False
        self.mute = False
        #: Whether it has said that it reads no further (421), and does.
        self._stays = False
        #: Whether what it says and what it does have parted.
        self.lying = False

    def feed(self, data: bytes) -> bytes:
        """Read what comes; return what it answers."""
        self._buffer += data
        said = b""
        while not (self.closed or self.mute) and (found := self._read()):
            said += self._answer(*found)
        return said

    def _read(self) -> tuple[str, bytes] | None:
        """Return the next command, or message, and what belongs to it."""
        if self._in_text:
            if self._buffer.startswith(b".\r\n"):
                text, end, rest = b"", b".", self._buffer[3:]
            else:
                text, end, rest = self._buffer.partition(b"\r\n.\r\n")
            if not end:
                return None
            self._buffer, self._in_text = rest, False
            return "END", (text + b"\r\n").replace(b"\r\n..", b"\r\n.") if text else b""
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return None
        if line.startswith(b"BDAT "):
            length = int(line.split()[1])
            if len(rest) < length:
                return None
            self._buffer = rest[length:]
            return "END", rest[:length]
        self._buffer = rest
        return line[:4].decode("latin-1"), line

    def _answer(self, command: str, content: bytes) -> bytes:
        move = next(self._moves, Move())
        if move.kind in {Kind.CLOSED, Kind.MUTE}:
            self.closed, self.mute = move.kind is Kind.CLOSED, True
            return b""
        if move.kind is Kind.GOODBYE:
            self.closed = True
            return b"421 4.3.2 closing\r\n"
        # What cannot be understood stands for yes and for no.
        refuses = move.kind in {Kind.GARBLED, Kind.WRONG} and move.which % 2 == 1
        refused = command != "QUIT" and (refuses or move.kind is Kind.REFUSE)
        code = REFUSALS[move.which % len(REFUSALS)] if refused else self._do(command, content)
        # RSET is not to be refused (RFC 5321, 4.1.1.5); who does all the same hangs up, as Exim.
        self.closed = self.closed or (refused and command == "RSET")
        self._stays = self._stays or code == CLOSING
        if command == "END" and refused:
            self._sender, self._recipients = None, []
        return self._say(move, command, code)

    def _say(self, move: Move, command: str, code: int) -> bytes:
        said = b"%d %d.0.0 %s\r\n" % (code, code // 100, command.encode("latin-1", "replace"))
        match move.kind:
            case Kind.LINES:
                said = b"%d-one\r\n%d-\r\n%d three\r\n" % (code, code, code)
            case Kind.BARE:
                said = b"%d\r\n" % code
            case Kind.GONE | Kind.SILENT:
                said = b""
            case Kind.CUT:
                said = said[: move.which % len(said)]
            case Kind.GARBLED:
                said = GARBAGE[move.which // 2 % len(GARBAGE)]
            case Kind.WRONG:
                said = (*WRONG, OUT_OF_TURN[command == "DATA"])[move.which // 2 % 4]
            case Kind.LIE | Kind.TWICE:
                self.lying = True
                opposite = b"550 no\r\n" if code < 400 else b"250 yes\r\n"
                second = said + SECOND[move.which % len(SECOND)] + b"\r\n"
                said = opposite if move.kind is Kind.LIE else second
        self.closed = self.closed or move.kind in {Kind.GONE, Kind.CUT}
        self.mute = self.mute or move.kind is Kind.SILENT
        return said

    def _do(self, command: str, content: bytes) -> int:
        """Do what is asked for; return the code that says so."""
        path = _PATH.match(content)
        if command == "MAIL" and path and self._sender is None:
            self._sender = path[1].decode()
            return 250
        if command == "RCPT" and path and self._sender is not None:
            self._recipients.append(path[1].decode())
            return 250
        if command == "DATA" and (self._recipients or self._eager):
            self._in_text = True
            return 354
        if command == "END":
            return self._take(content)
        if command == "RSET":
            self._sender, self._recipients = None, []
            return 250
        self.closed = command == "QUIT"
        return 221 if self.closed else 503

    def _take(self, message: bytes) -> int:
        taken = [(self._sender or "", recipient, message) for recipient in self._recipients]
        self._book.accepted += taken
        # Whoever believes its goodbye (RFC 5321, 3.8) cannot know of these.
        self.lying = self.lying or (self._stays and bool(taken))
        if taken or self._in_text:
            self._sender, self._recipients = None, []
        return 250 if taken else 554


@dataclass(kw_only=True)
class Post:
    """Mails that are to go, and what was witnessed of them: checked as it happens."""

    waiting: list[Outgoing]
    answers: dict[int, Answer] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)
    started: set[int] = field(default_factory=set)
    #: Of what the relay lied about nothing can be held against the sender.
    excused: set[int] = field(default_factory=set)
    lying: bool = False
    #: Mails that may be without an answer at once.
    window: int = 1
    #: Whether somebody waits for the end.
    hasty: bool = False
    withdrawn: set[int] = field(default_factory=set)

    def next(self) -> Outgoing | None:
        if not self.waiting:
            return None
        mail = self.waiting.pop(0)
        self.taken.add(mail.id)
        return mail

    async def wait(self) -> bool:
        return bool(self.waiting)

    def wants(self, mail: Outgoing) -> bool:
        return mail.id not in self.withdrawn

    def starting(self, mail: Outgoing) -> None:
        assert mail.id in self.taken
        # Whoever is killed now leaves so many mails of which nobody can say.
        assert len(self.started & self.taken) < self.window
        self.started.add(mail.id)

    def ended(self, mail: Outgoing, answer: Answer) -> None:
        assert mail.id in self.taken, "ended twice"
        self.taken.remove(mail.id)
        self.answers[mail.id] = answer
        if self.lying:
            self.excused.add(mail.id)
        elif answer.verdict is Verdict.UNANSWERED:
            assert mail.id in self.started
        elif answer.verdict is Verdict.UNSENT:
            # Nobody has it, so it goes again, unless it is not to go any more.
            self.started.discard(mail.id)
            if mail.id not in self.withdrawn:
                self.waiting.append(mail)


def mails(count: int) -> list[Outgoing]:
    """Return mails that can be told apart; in some a line begins with a full stop."""
    return [
        Outgoing(
            id=number,
            sender=f"bounce+{number}@news.example",
            recipient=f"r{number}@example.org",
            message=b"Subject: %d\r\n\r\n%stext\r\n" % (number, b".\r\n.." if number % 3 else b""),
        )
        for number in range(count)
    ]


#: Connections that are tried before the rest is left.
_CONNECTIONS = 12


def converse(
    post: Post,
    book: Book,
    moves: Iterator[Move],
    terms: Terms,
    cuts: bytes,
    relays: type[HostileRelay] = HostileRelay,
) -> None:
    """Send mails to a hostile relay in memory, over as many connections as it takes.

    ``cuts`` says how long the pieces are in which its answers come, again and again.
    """
    post.window = terms.window if terms.way is Way.CHUNKS else 1
    for _ in range(_CONNECTIONS):
        post.lying = False
        relay = relays(book, moves, eager=bool(cuts and cuts[0] % 2))
        dialogue = Dialogue(post, post, terms)
        dialogue.more()
        _talk(dialogue, relay, post, cuts)
        assert not post.taken, "taken and not ended"
        if not post.waiting:
            return


def _talk(dialogue: Dialogue, relay: HostileRelay, post: Post, cuts: bytes) -> None:
    coming, turn = b"", 0
    while not dialogue.over:
        written = b"".join(dialogue.output())
        coming += relay.feed(written)
        post.lying = post.lying or relay.lying
        if coming:
            size = 1 + cuts[turn % len(cuts)] if cuts else len(coming)
            turn += 1
            dialogue.received(coming[:size])
            coming = coming[size:]
        elif relay.closed:
            dialogue.lost("gone")
        elif not written and not dialogue.idle:
            dialogue.fail("silence")
        elif dialogue.idle:
            dialogue.leave() if dialogue.spent or not post.waiting else dialogue.more()


def check(post: Post, book: Book, sent: list[Outgoing]) -> None:
    """Hold what the sender believes against what is so, for each recipient."""
    for mail in sent:
        if mail.id in post.excused or mail.id not in post.answers:
            continue
        there, answer = book.counts[mail.recipient], post.answers[mail.id]
        assert there <= 1, f"{mail.recipient} has it {there} times"
        if answer.verdict is Verdict.ACCEPTED:
            assert there == 1, f"{mail.recipient} does not have it"
        elif answer.verdict is not Verdict.UNANSWERED:
            assert there == 0, f"{mail.recipient} has it, and it is {answer}"
        if there:
            assert (mail.sender, mail.recipient, mail.message) in book.accepted
            assert mail.id in post.started
