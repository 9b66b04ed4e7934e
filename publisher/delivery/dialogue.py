"""The dialogue with a relay after its EHLO (RFC 5321): replies in, bytes out. No input or output.

Three ways, by what the relay offers. What stands in one pair of brackets is written at once:

    plain      [MAIL] 250 [RCPT] 250 [DATA] 354 [text .] 250 [MAIL] ...
    pipelined  [MAIL RCPT DATA] 250 250 354 [text . MAIL RCPT DATA] 250 250 250 354 ...   RFC 2920
    chunks     [MAIL RCPT BDAT text] 250 250 250 [MAIL RCPT BDAT text] ...                RFC 3030

Each reply belongs to the oldest question that has none. Once replies and questions do not fit,
nobody can say any more which mail is meant: the dialogue ends, and whatever was not answered
until then is unanswered if its end was written, else unsent.
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
        self._flights, self._terms = Flights(source, witness, terms.messages), terms
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
    def spent(self) -> bool:
        """Whether the connection has carried as many mails as it may."""
        return self._flights.spent

    def output(self) -> list[bytes]:
        """Return what is to be written now, and forget it."""
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
        room = self._terms.window if way is Way.CHUNKS else 1
        while len(self._flights) < room and (flight := self._flights.take()):
            self._begin(flight)

    def received(self, data: bytes) -> None:
        """Take what the relay said. Raises what the source and the witness raise."""
        self._replies.add(data)
        try:
            while not self.over and (reply := self._replies.next()):
                self.answered += 1
                self._answer(reply)
        except NonsenseError as error:
            self.fail(str(error))

    def leave(self) -> None:
        """Say goodbye; all must be answered."""
        self._leaving = True
        self._ask(Step.QUIT, commands.QUIT)

    def lost(self, reason: str) -> None:
        """Take it that the relay is gone, which it may be after it had nothing to do."""
        self.expired = self.expired or (
            self.idle and not self._leaving and self._flights.carried > 0
        )
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

    def _ask(self, step: Step, command: bytes, flight: Flight | None = None) -> None:
        self._awaited.append((step, flight))
        self._out.append(command)

    def _begin(self, flight: Flight) -> None:
        """Ask for what can be asked for at once."""
        mail, way = flight.mail, self._terms.way
        # What became of those before is not known yet; one that was refused stays open.
        if self._open or (way is Way.CHUNKS and len(self._flights) > 1):
            self._ask(Step.RSET, commands.RSET)
            self._open = False
        self._ask(Step.MAIL, commands.begin(mail, size=self._terms.sizes), flight)
        if way is not Way.PLAIN:
            self._ask(Step.RCPT, commands.recipient(flight.mail), flight)
        if way is Way.PIPELINED:
            self._ask(Step.DATA, commands.DATA, flight)
        if way is Way.CHUNKS:
            self._flights.start(flight)
            self._ask(Step.END, commands.chunk(mail), flight)
            self._out.append(mail.message)

    def _answer(self, reply: Reply) -> None:
        """Give a reply to the oldest question."""
        if not self._awaited:
            end = self.lost if reply.code == CLOSING else self.fail
            end(f"the relay says {reply}, unasked")
            return
        step, flight = self._awaited.popleft()
        if reply.code == CLOSING:
            self._stop = f"the relay closes the connection: {reply}"
        elif self._replies.begun and not self._awaited:
            # Whatever stands there cannot answer what is yet to be written.
            self._stop = "the relay answers before it is asked"
        if flight is None:
            self._answer_plain(step, reply)
        elif step is Step.END:
            self._ended(flight, reply)
        elif step is Step.NOTHING:
            self._refused(flight)
        else:
            self._judged(step, flight, reply)
        if self._stop:
            self.fail(self._stop)

    def _answer_plain(self, step: Step, reply: Reply) -> None:
        """Take the answer to a question that is not about a mail."""
        if step is Step.QUIT:
            self.fail("")
        elif not reply.positive:
            self.fail(self._stop or f"the relay says {reply} to RSET")
        elif self._terms.way is Way.PLAIN:
            self._go_on()

    def _judged(self, step: Step, flight: Flight, reply: Reply) -> None:
        """Take the answer to MAIL, RCPT or DATA."""
        if step is Step.DATA:
            self._told_to_begin(flight, reply)
        elif reply.intermediate:
            self._derail(flight, step, reply)
        elif reply.negative:
            self._refuse(step, flight, reply)
            if self._terms.way is Way.PLAIN:
                self._refused(flight)
        elif step is Step.RCPT:
            flight.taken = True
            if self._terms.way is Way.PLAIN:
                self._ask(Step.DATA, commands.DATA, flight)
        elif self._terms.way is Way.PLAIN:
            self._ask(Step.RCPT, commands.recipient(flight.mail), flight)

    def _refuse(self, step: Step, flight: Flight, reply: Reply) -> None:
        """Keep the first refusal; those that follow from it say nothing of the mail."""
        if flight.refusal:
            return
        if reply.code in LOST:
            self._derail(flight, step, reply)
        elif reply.code == CLOSING and (flight.started or step is Step.MAIL):
            # It says that the relay stops, of the mail nothing.
            pass
        else:
            flight.refusal = judge(reply, of_sender=step is Step.MAIL)

    def _told_to_begin(self, flight: Flight, reply: Reply) -> None:
        """Take the answer to DATA: the message goes, or why not."""
        if reply.negative:
            self._refuse(Step.DATA, flight, reply)
            self._refused(flight)
        elif reply.positive:
            self._derail(flight, Step.DATA, reply)
        elif self._stop:
            pass
        elif not flight.refusal:
            self._write(flight)
        elif flight.taken:
            # An end of nothing would be a mail to somebody, and an empty one.
            self._derail(flight, Step.DATA, reply)
        else:
            self._ask(Step.NOTHING, commands.END, flight)

    def _write(self, flight: Flight) -> None:
        """Write a message, its end, and the beginning of the next one behind it."""
        pipelined = self._terms.way is Way.PIPELINED
        following = self._flights.take() if pipelined else None
        self._flights.start(flight)
        self._out.append(commands.text(flight.mail))
        self._ask(Step.END, commands.END, flight)
        if following:
            self._begin(following)

    def _ended(self, flight: Flight, reply: Reply) -> None:
        """Take the answer to the end of a message."""
        if flight.refusal and reply.positive:
            # Refused and taken at once: who can say what it has.
            flight.refusal = None
            self._derail(flight, Step.END, reply)
        elif flight.refusal:
            self._refused(flight)
        elif reply.intermediate or reply.code in LOST:
            self._derail(flight, Step.END, reply)
        else:
            self._flights.settle(flight, judge(reply))
            # RFC 3030, 2: after a chunk that was refused nothing is certain but RSET.
            self._open = self._open or reply.negative
            self._go_on()

    def _refused(self, flight: Flight) -> None:
        """Settle a mail that the relay would not take, and go on with the next one."""
        if flight.refusal:
            self._flights.settle(flight, flight.refusal)
            self._open = True
            self._go_on()

    def _go_on(self) -> None:
        if not self._stop and (not self._awaited or self._terms.way is Way.CHUNKS):
            self.more()

    def _derail(self, flight: Flight, step: Step, reply: Reply) -> None:
        """End it over a reply that does not fit."""
        self.fail(f"the relay says {reply} to {step.name} for {flight.mail.recipient}")
