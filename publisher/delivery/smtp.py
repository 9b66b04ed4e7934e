"""Mails to a relay (RFC 5321): aiosmtplib's one home, and the seam of its errors.

aiosmtplib makes the connection, encrypts it and tells who we are. Then the dialogue of ours
takes it over (:mod:`publisher.delivery.dialogue`): it has several questions open at once.
"""

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, cast

import aiosmtplib

from publisher.config import Config
from publisher.delivery.dialogue import Dialogue, Terms, Way
from publisher.delivery.line import Line
from publisher.delivery.outgoing import Answer, Outgoing, Relay, Source, Verdict, Witness
from publisher.errors import RefusedError, UnansweredError, UnreachableError

#: What ``tls`` means to aiosmtplib: None takes STARTTLS where it is offered.
_START_TLS = {"required": True, "opportunistic": None, "none": False}


async def send(relay: Relay, source: Source, witness: Witness) -> str:
    """Send a source's mails over one connection at a time, until it has no more.

    Returns why it ended before, or nothing. A connection that carried as many mails as it may,
    or that the relay closed while there were none, is followed by another one. Raises
    UnreachableError when there is none to be had, and what the source and the witness raise.
    Whatever happens, also when it is cancelled: each mail that was taken has ended by then.
    """
    while True:
        line = await connect(relay, source, witness)
        try:
            await line.converse(source)
        finally:
            await line.close()
        dialogue = line.dialogue
        if not (dialogue.expired or (dialogue.spent and not dialogue.reason)):
            return dialogue.reason
        if not await source.wait():
            return ""


async def send_one(relay: Relay, mail: Outgoing) -> Answer:
    """Send one mail over a connection of its own. Raises UnreachableError."""
    single = _Single(mail=mail)
    await send(relay, single, single)
    return single.answer


@dataclass(kw_only=True)
class _Single:
    """One mail: where it is taken from, and who writes down what became of it."""

    mail: Outgoing
    taken: bool = False
    answer: Answer = field(default_factory=lambda: Answer(verdict=Verdict.UNSENT))

    def next(self) -> Outgoing | None:
        if self.taken:
            return None
        self.taken = True
        return self.mail

    async def wait(self) -> bool:
        return not self.taken

    def starting(self, mail: Outgoing) -> None:
        pass

    def ended(self, mail: Outgoing, answer: Answer) -> None:  # noqa: ARG002
        self.answer = answer


async def connect(relay: Relay, source: Source, witness: Witness) -> Line:
    """Return a connection that nothing was sent over yet. Raises UnreachableError."""
    client = None
    try:
        client = _client(relay)
        await client.connect()
        # After STARTTLS the relay has to be asked anew what it offers (RFC 3207, 4.2).
        if client.is_ehlo_or_helo_needed:
            await _greet(client)
        if client.transport is None or client.transport.is_closing():
            raise aiosmtplib.SMTPServerDisconnected("it closed the connection")
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise translate(error, relay) from error
    else:
        dialogue = Dialogue(source, witness, _terms(client, relay))
        line = Line(dialogue, cast("asyncio.Transport", client.transport), relay.timeout)
        client = None
        return line
    finally:
        if client:
            client.close()


def translate(error: Exception, relay: Relay) -> UnreachableError:
    """Return our error for one of aiosmtplib's or the network's, before any mail."""
    code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 0
    told = str(error) or type(error).__name__
    return UnreachableError(f"no relay at {relay.host}:{relay.port}: {told}", code=code)


def _client(relay: Relay) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        local_hostname=relay.hello,
        start_tls=_START_TLS[relay.tls],
        # Opportunistic encryption is better than none even with a stranger (RFC 7435).
        validate_certs=relay.tls == "required",
        username=relay.username or None,
        password=relay.password or None,
        timeout=relay.timeout,
    )


async def _greet(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        # A server from before 1995 (RFC 5321, 3.2).
        await client.helo()


def _terms(client: aiosmtplib.SMTP, relay: Relay) -> Terms:
    """Return how to speak to a relay, by what it offers."""
    way = Way.PLAIN
    if client.supports_extension("pipelining"):
        # A chunk goes out unasked, which only who can be asked several things expects.
        way = Way.CHUNKS if client.supports_extension("chunking") else Way.PIPELINED
    sizes = client.supports_extension("size")
    return Terms(way=way, sizes=sizes, window=relay.window, messages=relay.messages)


class Connection:
    """One connection over which mails go one by one, for as long as its block lasts.

    For the engine as it stands; it goes with it.
    """

    def __init__(self, config: Config) -> None:
        mail = config.mail
        self._sender = config.sender
        self._relay = Relay(
            host=mail.host,
            port=mail.port,
            tls=mail.tls,
            username=mail.username or "",
            password=config.password() or "",
            hello=config.host,
            timeout=mail.timeout,
        )
        self._mail: Outgoing | None = None
        self._answer = Answer(verdict=Verdict.UNSENT)

    async def __aenter__(self) -> Self:
        """Connect. Raises UnreachableError."""
        self._line = await connect(self._relay, self, self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Say goodbye, if anybody is there to hear it."""
        await self._line.leave()
        await self._line.close()

    @property
    def is_open(self) -> bool:
        """Whether another message can be sent."""
        return not self._line.dialogue.over

    async def send(self, recipient: str, message: bytes) -> tuple[int, str]:
        """Send a message; return the relay's last reply: its code and text.

        Raises RefusedError, UnreachableError while the relay cannot have the message, and
        UnansweredError once it may.
        """
        self._mail = Outgoing(id=0, sender=self._sender, recipient=recipient, message=message)
        self._answer = Answer(verdict=Verdict.UNSENT, text="the relay closed the connection")
        await self._line.go_on()
        answer = self._answer
        if answer.verdict is Verdict.UNANSWERED:
            raise UnansweredError(answer.text)
        if answer.verdict is Verdict.UNSENT:
            raise UnreachableError(answer.text)
        if answer.verdict is not Verdict.ACCEPTED:
            raise RefusedError(answer.text, code=answer.code)
        return answer.code, answer.text

    def next(self) -> Outgoing | None:
        """Give the one mail there is."""
        mail, self._mail = self._mail, None
        return mail

    async def wait(self) -> bool:
        """Say that there is no other."""
        return False

    def starting(self, mail: Outgoing) -> None:
        """Note nothing: the store says that it is claimed."""

    def ended(self, mail: Outgoing, answer: Answer) -> None:  # noqa: ARG002
        """Keep the answer."""
        self._answer = answer
