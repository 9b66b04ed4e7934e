"""What goes out and what became of it: the words between the engine and the dialogue.

    engine --- Source: next mail? ---> dialogue ---> relay
      ^                                   |
      +------- Witness: starting, ended --+

Before the relay may have a mail its ``starting`` is witnessed, afterwards how it ended. So
whoever reads what the witness wrote knows of every mail that it is certainly not accepted, that
it was answered, or that nobody can say.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Verdict(StrEnum):
    """What a relay's answer means for a mail."""

    ACCEPTED = "accepted"
    #: It will never be taken for this recipient (RFC 5321, 4.2.1: 5yz).
    PERMANENT = "permanent"
    #: It may be taken later (4yz).
    TEMPORARY = "temporary"
    #: It is refused for who or what we are, not for the recipient (RFC 3463: X.7.Z).
    POLICY = "policy"
    #: We are not let in, whatever the mail: it has judged none.
    UNWELCOME = "unwelcome"
    #: The relay may have it: it did not answer the end of the message.
    UNANSWERED = "unanswered"
    #: The relay certainly does not have it, and has not judged it.
    UNSENT = "unsent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """One mail, ready for the wire."""

    id: int
    #: The envelope: MAIL FROM and RCPT TO (RFC 5321, 3.3).
    sender: str
    recipient: str
    #: Lines end in CRLF. One that begins with a full stop is sent so that it arrives as it is.
    message: bytes
    #: Whether no line begins with a full stop, and the last one ends: nobody need look.
    is_dotless: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What became of a mail."""

    verdict: Verdict
    #: The reply code (RFC 5321, 4.2), 0 without one.
    code: int = 0
    #: The enhanced status (RFC 3463), such as 5.1.1; empty without one.
    status: str = ""
    #: What the relay said, or why it said nothing.
    text: str = ""

    @property
    def is_for_ever(self) -> bool:
        """Whether its code refuses the mail for good (5yz)."""
        return self.code >= 500  # noqa: PLR2004  (RFC 5321, 4.2.1: the first digit decides)


class Source(Protocol):
    """Where the dialogue takes its mails from. Several connections may take from one."""

    def next(self) -> Outgoing | None:
        """Return a mail that may go now, None when there is none at this moment."""

    async def wait(self) -> bool:
        """Wait until there may be one; False when none will come any more."""

    def wants(self, mail: Outgoing) -> bool:
        """Say whether a mail that was taken, and has not started, is still to go."""

    @property
    def hasty(self) -> bool:
        """Whether somebody waits for its end: then no answer has longer than most of them."""


class Witness(Protocol):
    """Who writes down what happens, when it happens: neither call may be held up."""

    def starting(self, mail: Outgoing) -> None:
        """Note that the relay may have the mail from now on."""

    def ended(self, mail: Outgoing, answer: Answer) -> None:
        """Note what became of a mail that was taken: exactly once for each."""


@dataclass(frozen=True, kw_only=True)
class Relay:
    """A server that takes mail, and how it wants to be spoken to."""

    host: str
    port: int = 25
    #: ``required``, ``opportunistic`` or ``none`` (STARTTLS, RFC 3207).
    tls: str = "opportunistic"
    username: str = ""
    #: Not shown, whoever prints a relay.
    password: str = field(default="", repr=False)
    #: What we say that we are called (EHLO).
    hello: str = "localhost"
    #: Seconds that it may take for one answer.
    timeout: float = 60.0
    #: The same for its answer to the end of a message.
    end_timeout: float = 600.0
    #: Connections that are held to it at once.
    connections: int = 4
    #: Mails that one connection is used for; 0 for any number.
    messages: int = 0
    #: Mails a second at the most, over all connections; 0 for any number.
    rate: float = 0.0
    #: Mails of one connection that may be without an answer at once, where the relay offers
    #: BDAT (RFC 3030). More than one is quicker far away, and as many are unknown after a crash.
    window: int = 1
    #: Mails to recipients of one domain that are under way at once; 0 for any number.
    per_domain: int = 0
    #: Its log, where it can be asked for mails that are unknown.
    ask: Path | None = None
    #: What it is called in the configuration.
    name: str = ""
