"""The mails of one dialogue that are on their way: taken, witnessed, each settled once."""

from collections import deque
from dataclasses import dataclass

from publisher.delivery import commands
from publisher.delivery.commands import Terms
from publisher.delivery.outgoing import Answer, Outgoing, Source, Verdict, Witness

#: Failures that a connection lives through: an Exim hangs up at the eleventh RSET behind one
#: (smtp_accept_max_nonmail), and nobody knows whether it has read what stands there; a Postfix
#: answers more slowly after ten (smtpd_soft_error_limit).
_FAILURES = 10


@dataclass(kw_only=True, slots=True, eq=False)
class Flight:
    """A mail on its way."""

    mail: Outgoing
    #: What the relay refused it with, before its end.
    refusal: Answer | None = None
    #: Whether the relay took the recipient.
    taken: bool = False
    #: Whether its end was written, and may be read.
    started: bool = False


class Flights:
    """Those of a connection."""

    def __init__(self, source: Source, witness: Witness, terms: Terms) -> None:
        self._source, self._witness, self._terms = source, witness, terms
        self._under_way: deque[Flight] = deque()
        #: Those whose end is about to be written.
        self._unwritten: list[Flight] = []
        #: Mails that may be without an answer: one, until the relay has taken one.
        self._window = 1
        #: Failures that are left.
        self._patience = _FAILURES
        #: Whether it is to be left for what was named.
        self._left = False
        #: Mails that the relay was or is to be told of.
        self.carried = 0

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def begun(self) -> Flight | None:
        """The one whose end is not written yet; there is one at the most, the last."""
        last = self._under_way[-1] if self._under_way else None
        return None if last is None or last.started else last

    @property
    def has_room(self) -> bool:
        """Whether the end of one more may be written, even if all those before it fail."""
        started = len(self._under_way) - (self.begun is not None)
        return started < max(1, min(self._window, self._patience))

    @property
    def hasty(self) -> bool:
        """Whether somebody waits for their end."""
        return self._source.hasty

    @property
    def spent(self) -> bool:
        """Whether the connection is to carry no more mails."""
        enough = 0 < self._terms.messages <= self.carried or self._patience <= 0
        return enough or self._left

    def wants(self, flight: Flight) -> bool:
        """Return whether a mail that has not started is still to go.

        If not, the connection is left: that costs no more than to undo what was named.
        """
        self._left = self._left or not self._source.wants(flight.mail)
        return not self._left

    def take(self) -> Flight | None:
        """Take a mail from the source, past those that cannot be written."""
        while not self.spent and (mail := self._source.next()):
            if commands.writable(mail):
                self.carried += 1
                self._under_way.append(flight := Flight(mail=mail))
                return flight
            # The relay never hears of it.
            text = "an address of it cannot stand in a command"
            self._witness.ended(mail, Answer(verdict=Verdict.PERMANENT, text=text))
        return None

    def start(self, flight: Flight) -> None:
        """Witness, before it is so, that the relay may have a mail."""
        self._witness.starting(flight.mail)
        flight.started = True
        self._unwritten.append(flight)

    def written(self) -> None:
        """Take it that what was to be written is."""
        self._unwritten.clear()

    def settle(self, flight: Flight, answer: Answer) -> None:
        """Witness what became of a mail, which is on its way no more."""
        self._under_way.remove(flight)
        if answer.verdict is Verdict.ACCEPTED:
            self._window = self._terms.window
        else:
            self._patience -= 1
        self._witness.ended(flight.mail, answer)

    def abandon(self, reason: str) -> None:
        """Settle all of them: the relay will not answer any more.

        Raises what the witness raises; when called again it goes on behind that mail.
        """
        for flight in self._unwritten:
            flight.started = False
        while self._under_way:
            flight = self._under_way[0]
            verdict = Verdict.UNANSWERED if flight.started else Verdict.UNSENT
            self.settle(flight, flight.refusal or Answer(verdict=verdict, text=reason))
