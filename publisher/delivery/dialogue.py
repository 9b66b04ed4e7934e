"""The dialogue with a relay after its EHLO (RFC 5321): replies in, bytes out. No input or output.

Three ways, by what the relay offers. What stands in one pair of brackets is written at once:

    plain      [MAIL] 250 [RCPT] 250 [DATA] 354 [text .] 250 [MAIL] ...
    pipelined  [MAIL RCPT DATA] 250 250 354 [text . MAIL RCPT DATA] 250 250 250 354 ...   RFC 2920
    chunks     [MAIL RCPT BDAT text RSET MAIL RCPT] 250 ... 250 [BDAT text RSET ...       RFC 3030

Each reply belongs to the oldest question that has none. Once they do not fit, nobody can say which
mail is meant: it ends, and what was not answered is unanswered if its end was written, else unsent.
"""

from collections import deque

from publisher.delivery import commands
from publisher.delivery.commands import Step, Terms, Way
from publisher.delivery.flights import Flight, Flights
from publisher.delivery.outgoing import Source, Witness
from publisher.delivery.replies import CLOSING, LOST, NonsenseError, Replies, Reply, judge


class Dialogue:
    """One dialogue: it takes mails, and says of each how it ended."""

    def __init__(self, source: Source, witness: Witness, terms: Terms) -> None:
        self._flights, self._terms = Flights(source, witness, terms), terms
        self._replies = Replies()
        self._awaited: deque[tuple[Step, Flight | None]] = deque()
        self._out: list[bytes] = []
        #: Whether the relay may have a transaction open that will not be finished.
        self._open = False
        self._leaving = False
        #: Why nothing more may be written, once that is so.
        self._stop = ""
        #: Replies that were read.
        self.answered = 0
        self.over = False
        #: Why it ended before it was to; empty where it ended well.
        self.reason = ""
        #: Whether it was the relay that would not wait any longer for the next mail.
        self.expired = False

    @property
    def idle(self) -> bool:
        """Whether the relay has answered all that it was asked."""
        return not self._awaited and not self.over

    @property
    def patient(self) -> bool:
        """Whether the next answer may take long: that to the end of a message, without haste."""
        return bool(self._awaited) and self._awaited[0][0] is Step.END and not self._flights.hasty

    @property
    def spent(self) -> bool:
        """Whether nothing more is to go over this connection."""
        return self._flights.spent

    def output(self) -> list[bytes]:
        """Return what is to be written now, and forget it."""
        self._flights.written()
        out, self._out = self._out, []
        return out

    def more(self) -> None:
        """Go on with the source's next mails, if it has any."""
        if self.over:
            return
        way = self._terms.way
        if self._open and way is Way.PLAIN:
            self._ask(Step.RSET, commands.RSET)
            self._open = False
            return
        if way is Way.CHUNKS:
            while self._flights.has_room and (flight := self._next()):
                self._write(flight)
        elif flight := self._flights.take():
            self._begin(flight)

    def received(self, data: bytes) -> None:
        """Take what the relay said. Raises what the source and the witness raise."""
        self._replies.add(data)
        answered = self.answered
        try:
            while not self.over and (reply := self._replies.next()):
                self.answered += 1
                self._answer(reply)
            if self.answered > answered and (self.idle or self._terms.way is Way.CHUNKS):
                self.more()
        except NonsenseError as error:
            self.fail(str(error))

    def leave(self) -> None:
        """Say goodbye; all must be answered."""
        self._leaving = True
        self._ask(Step.QUIT, commands.QUIT)

    def lost(self, reason: str) -> None:
        """Take it that the relay is gone, which it may be after it had nothing to do."""
        if self.idle and self._flights.carried:
            self.expired = True
        self.fail(reason)

    def fail(self, reason: str) -> None:
        """End it: nothing that the relay says from now on is an answer.

        Raises what the witness raises; when called again it goes on behind that mail.
        """
        if not self.over:
            self.over = True
            self.reason = "" if self._leaving else reason
        self._out.clear()
        self._flights.abandon(self.reason)

    def _ask(self, step: Step, *written: bytes, flight: Flight | None = None) -> None:
        self._awaited.append((step, flight))
        self._out += written

    def _next(self) -> Flight | None:
        """Return the mail whose chunk may be written next, and have it begun, if there is one."""
        if (flight := self._flights.begun) is None and (flight := self._flights.take()):
            self._begin(flight)
        # A relay that has refused a chunk may have taken it for commands: then it answers those.
        if flight is None or flight.refusal or (self._open and not flight.taken):
            return None
        return flight if self._flights.wants(flight) else None

    def _begin(self, flight: Flight) -> None:
        """Ask for what can be asked for at once."""
        mail, way = flight.mail, self._terms.way
        # What becomes of those before is not known yet; one that was refused stays open.
        if self._open or (way is Way.CHUNKS and len(self._flights) > 1):
            self._ask(Step.RSET, commands.RSET)
        self._ask(Step.MAIL, commands.begin(mail, size=self._terms.sizes), flight=flight)
        if way is not Way.PLAIN:
            self._ask(Step.RCPT, commands.recipient(mail), flight=flight)
        if way is Way.PIPELINED:
            self._ask(Step.DATA, commands.DATA, flight=flight)

    def _answer(self, reply: Reply) -> None:
        """Give a reply to the oldest question."""
        if not self._awaited:
            end = self.lost if reply.code == CLOSING else self.fail
            end(f"the relay says {reply}, unasked")
            return
        step, flight = self._awaited.popleft()
        if reply.code == CLOSING:
            self._closes(reply)
        elif self._replies.begun and not self._awaited:
            # Whatever stands there cannot answer what is yet to be written.
            self._stop = "the relay answers before it is asked"
        if flight is None:
            self._answer_plain(step, reply)
        else:
            self._answer_about(flight, step, reply)
        if self._stop:
            self.fail(self._stop)

    def _closes(self, reply: Reply) -> None:
        """Take it that what stands behind is never read (RFC 5321, 3.8), if it says no more."""
        self._stop = f"the relay closes the connection: {reply}"
        for _, flight in self._awaited:
            if flight:
                flight.started = flight.started and self._replies.begun

    def _answer_plain(self, step: Step, reply: Reply) -> None:
        """Take the answer to a question that is not about a mail."""
        if step is Step.QUIT:
            self.fail("")
        elif not reply.positive:
            self.fail(self._stop or f"the relay says {reply} to RSET")

    def _answer_about(self, flight: Flight, step: Step, reply: Reply) -> None:
        """Take an answer about a mail; one that was refused is settled with the last of them."""
        if step is Step.END:
            self._ended(flight, reply)
        elif step is Step.DATA:
            self._told_to_begin(flight, reply)
        elif step is not Step.NOTHING:
            self._named(step, flight, reply)
        is_last = not self._awaited or self._awaited[0][1] is not flight
        if flight.refusal and is_last and not self.over:
            self._flights.settle(flight, flight.refusal)
            self._open = True

    def _named(self, step: Step, flight: Flight, reply: Reply) -> None:
        """Take the answer to MAIL or RCPT."""
        if reply.intermediate:
            self._derail(flight, step, reply)
        elif reply.negative:
            self._refuse(step, flight, reply)
        elif step is Step.RCPT:
            flight.taken = True
            if self._terms.way is Way.PLAIN:
                self._ask(Step.DATA, commands.DATA, flight=flight)
        elif self._terms.way is Way.PLAIN:
            self._ask(Step.RCPT, commands.recipient(flight.mail), flight=flight)

    def _refuse(self, step: Step, flight: Flight, reply: Reply) -> None:
        """Keep the first refusal; those that follow from it say nothing of the mail."""
        # That the relay stops says nothing of it either.
        stops = reply.code == CLOSING and (flight.started or step is Step.MAIL)
        if reply.code in LOST and not flight.refusal:
            self._derail(flight, step, reply)
        elif not (flight.refusal or stops):
            flight.refusal = judge(reply, of_sender=step is Step.MAIL)

    def _told_to_begin(self, flight: Flight, reply: Reply) -> None:
        """Take the answer to DATA: the message goes, or why not."""
        if reply.negative:
            self._refuse(Step.DATA, flight, reply)
        elif reply.positive:
            self._derail(flight, Step.DATA, reply)
        elif self._stop:
            pass
        elif not self._flights.wants(flight):
            self.fail("a mail was withdrawn before its text")
        elif not flight.refusal:
            self._write(flight)
        elif flight.taken:
            # An end of nothing would be a mail to somebody, and an empty one.
            self._derail(flight, Step.DATA, reply)
        else:
            self._ask(Step.NOTHING, commands.END, flight=flight)

    def _write(self, flight: Flight) -> None:
        """Write a message, its end, and the beginning of the next one behind it."""
        following = None if self._terms.way is Way.PLAIN else self._flights.take()
        self._flights.start(flight)
        self._open = False
        whole = commands.chunk if self._terms.way is Way.CHUNKS else commands.text
        self._ask(Step.END, *whole(flight.mail), flight=flight)
        if following:
            self._begin(following)

    def _ended(self, flight: Flight, reply: Reply) -> None:
        """Take the answer to the end of a message."""
        if flight.refusal and reply.positive:
            # Refused and taken at once: who can say what it has.
            flight.refusal = None
            self._derail(flight, Step.END, reply)
        elif not flight.refusal and (reply.intermediate or reply.code in LOST):
            self._derail(flight, Step.END, reply)
        elif not flight.refusal:
            self._flights.settle(flight, judge(reply))
            # RFC 3030, 2: after a chunk that was refused nothing is certain but RSET.
            self._open = self._open or reply.negative

    def _derail(self, flight: Flight, step: Step, reply: Reply) -> None:
        """End it over a reply that does not fit."""
        self.fail(f"the relay says {reply} to {step.name} for {flight.mail.recipient}")
