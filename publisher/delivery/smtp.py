"""Mails to a relay (RFC 5321): aiosmtplib's one home, and the seam of its errors.

aiosmtplib makes the connection, encrypts it and tells who we are. Then the dialogue of ours
takes it over (:mod:`publisher.delivery.dialogue`): it has several questions open at once.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import cast

import aiosmtplib

from publisher.delivery.commands import Terms, Way
from publisher.delivery.dialogue import Dialogue
from publisher.delivery.line import Line
from publisher.delivery.outgoing import Relay, Source, Witness
from publisher.errors import RefusedError, UnreachableError
from publisher.settings.mail import OWN_RELAY

_LOG = logging.getLogger(__name__)


class _UnencryptedError(UnreachableError):
    """A relay offers to encrypt, and fails at it."""


async def send(
    relay: Relay,
    source: Source,
    witness: Witness,
    *,
    connected: Callable[[bool], None] = lambda _: None,
) -> str:
    """Send a source's mails over one connection at a time, until it has no more.

    ``connected`` is told of each connection when it is there, and when it is no more.

    Returns why it ended before, or nothing. A connection that carried as many mails as it may,
    or that the relay closed while there were none, is followed by another one. Raises
    UnreachableError when there is none to be had, and what the source and the witness raise.
    Whatever happens, also when it is cancelled: each mail that was taken has ended by then.
    """
    while True:
        line = await connect(relay, source, witness)
        connected(True)  # noqa: FBT003
        try:
            await line.converse(source)
        finally:
            connected(False)  # noqa: FBT003
            await line.close()
        dialogue = line.dialogue
        if not (dialogue.expired or (dialogue.spent and not dialogue.reason)):
            return dialogue.reason
        if not await source.wait():
            return ""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """How far a relay goes with us before any mail."""

    encrypted: bool
    #: Why mails go there in plain text though it offers to encrypt; empty where none does.
    fault: str = ""


async def rehearse(relay: Relay, sender: str) -> Rehearsal:
    """Go with a relay as far as a mail's sender, and leave.

    Raises UnreachableError as :func:`send` does, and RefusedError when it takes no mail from there.
    """
    client = None
    try:
        client, fault = await _reach(relay)
        encrypted = client.get_transport_info("sslcontext") is not None
        await client.mail(sender)
        await client.rset()
        await client.quit()
    except aiosmtplib.SMTPSenderRefused as error:
        reason = f"the relay at {relay.host}:{relay.port} takes no mail from {sender}: "
        raise RefusedError(f"{reason}{error.code} {error.message}", code=error.code) from error
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise translate(error, relay) from error
    else:
        return Rehearsal(encrypted=encrypted, fault=fault)
    finally:
        if client and client.transport:
            cast("asyncio.Transport", client.transport).abort()


async def connect(relay: Relay, source: Source, witness: Witness) -> Line:
    """Return a connection that nothing was sent over yet. Raises UnreachableError."""
    client, fault = await _reach(relay)
    if fault:
        _warn(f"{relay.host}:{relay.port} {fault}")
    dialogue = Dialogue(source, witness, _terms(client, relay))
    transport = cast("asyncio.Transport", client.transport)
    return Line(dialogue, transport, relay.timeout, end_timeout=relay.end_timeout)


async def _reach(relay: Relay) -> tuple[aiosmtplib.SMTP, str]:
    """Return a client that has introduced itself, and why it is not encrypted though it might be.

    Where encryption is offered and fails, and nobody insists on it, it is made once more without
    (RFC 3207, 4.1; RFC 7435, 3): else a certificate that has run out would hold up all mail.
    Raises UnreachableError.
    """
    try:
        return await _open(relay), ""
    except _UnencryptedError as error:
        # A password never goes in plain text for that.
        if relay.tls == "required" or relay.username:
            raise
        allowed = 'mails go in plain text, as tls = "opportunistic" allows'
        fault = f"fails at STARTTLS ({_said(error.__cause__)}): {allowed}"
    return await _open(replace(relay, tls="none")), fault


@cache
def _warn(sentence: str) -> None:
    """Tell it once in the life of a process: each connection finds the same."""
    _LOG.warning("%s", sentence)


async def _open(relay: Relay) -> aiosmtplib.SMTP:
    """Return a client that has introduced itself. Raises UnreachableError."""
    client: aiosmtplib.SMTP | None = None
    is_open = False
    try:
        client = _client(relay)
        await client.connect()
        await _introduce(client, relay)
        if client.transport is None or client.transport.is_closing():
            raise aiosmtplib.SMTPServerDisconnected("it closed the connection")
        is_open = True
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise translate(error, relay) from error
    else:
        return client
    finally:
        if client and client.transport and not is_open:
            # A polite end of TLS would outlast the loop that it needs.
            cast("asyncio.Transport", client.transport).abort()


def translate(error: Exception, relay: Relay) -> UnreachableError:
    """Return our error for one of aiosmtplib's or the network's, before any mail."""
    place = f"{relay.host}:{relay.port}"
    section = relay.name if relay.name == OWN_RELAY else f"relays {relay.name}"
    if type(error) is aiosmtplib.SMTPException:
        told = f"does not offer what {section}.tls and {section}.username ask for: {error}"
        return UnreachableError(f"the relay at {place} {told}")
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        settings = f"{section}.username, {section}.password_file"
        told = f"refuses the login ({settings}): {error.code} {error.message}"
        return UnreachableError(f"the relay at {place} {told}", code=error.code)
    code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 0
    return UnreachableError(f"no relay at {place}: {_said(error)}", code=code)


def _said(error: BaseException | None) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__


def _client(relay: Relay) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        local_hostname=relay.hello,
        start_tls=False,
        # Opportunistic encryption is better than none even with a stranger (RFC 7435).
        validate_certs=relay.tls == "required",
        timeout=relay.timeout,
    )


async def _introduce(client: aiosmtplib.SMTP, relay: Relay) -> None:
    """Encrypt the connection and say who we are; then what the relay offers is known."""
    await _greet(client)
    offered = client.supports_extension("starttls")
    if relay.tls == "required" or (relay.tls == "opportunistic" and offered):
        await _encrypt(client, relay)
    if relay.username:
        await client.login(relay.username, relay.password)


async def _encrypt(client: aiosmtplib.SMTP, relay: Relay) -> None:
    try:
        await client.starttls()
        # What was offered in plain text counts no more (RFC 3207, 4.2).
        await _greet(client)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        found = translate(error, relay)
        raise _UnencryptedError(f"{found} (STARTTLS)", code=found.code) from error


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
