"""The mails of one dialogue that are on their way: taken, witnessed, each settled once."""

from collections import deque
from dataclasses import dataclass

from publisher.delivery import commands
from publisher.delivery.outgoing import Answer, Outgoing, Source, Verdict, Witness


@dataclass(kw_only=True, slots=True, eq=False)
class Flight:
    """A mail on its way."""

    mail: Outgoing
    #: What the relay refused it with, before its end.
    refusal: Answer | None = None
    #: Whether the relay took the recipient.
    taken: bool = False
    #: Whether its end was written.
    started: bool = False


class Flights:
    """Those of a connection that carries ``limit`` mails at the most; 0 for any number."""

    def __init__(self, source: Source, witness: Witness, limit: int) -> None:
        self._source, self._witness, self._limit = source, witness, limit
        self._under_way: deque[Flight] = deque()
        #: Mails that were taken from the source.
        self.carried = 0

    def __len__(self) -> int:
        return len(self._under_way)

    @property
    def spent(self) -> bool:
        """Whether the connection has carried as many mails as it may."""
        return 0 < self._limit <= self.carried

    def take(self) -> Flight | None:
        """Take a mail from the source, past those that cannot be written."""
        while not self.spent and (mail := self._source.next()):
            self.carried += 1
            flight = Flight(mail=mail)
            self._under_way.append(flight)
            if commands.writable(mail):
                return flight
            text = "an address of it cannot stand in a command"
            self.settle(flight, Answer(verdict=Verdict.PERMANENT, text=text))
        return None

    def start(self, flight: Flight) -> None:
        """Witness, before it is so, that the relay may have a mail."""
        self._witness.starting(flight.mail)
        flight.started = True

    def settle(self, flight: Flight, answer: Answer) -> None:
        """Witness what became of a mail, which is on its way no more."""
        self._under_way.remove(flight)
        self._witness.ended(flight.mail, answer)

    def abandon(self, reason: str) -> None:
        """Settle all of them: the relay will not answer any more.

        Raises what the witness raises; when called again it goes on behind that mail.
        """
        while self._under_way:
            flight = self._under_way[0]
            verdict = Verdict.UNANSWERED if flight.started else Verdict.UNSENT
            self.settle(flight, flight.refusal or Answer(verdict=verdict, text=reason))
