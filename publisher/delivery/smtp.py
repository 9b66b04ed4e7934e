"""The dialogue with the relay (RFC 5321): aiosmtplib's one home, and the seam of its errors."""

from dataclasses import dataclass, field

import aiosmtplib

from publisher.delivery.outgoing import Answer, Outgoing, Relay, Source, Verdict, Witness
from publisher.errors import UnreachableError

#: What ``tls`` means to aiosmtplib: None takes STARTTLS where it is offered.
_START_TLS = {"required": True, "opportunistic": None, "none": False}


async def send(relay: Relay, source: Source, witness: Witness) -> str:
    """Send a source's mails over one connection; return why it ended before it had no more.

    Raises UnreachableError when there is no connection, and what the witness raises.
    """
    client = aiosmtplib.SMTP(
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
    try:
        await client.connect()
    except (aiosmtplib.SMTPException, OSError) as error:
        raise translate(error, relay) from error
    try:
        while client.is_connected:
            if mail := source.next():
                await _send(client, mail, witness)
            elif not await source.wait():
                await client.quit()
                return ""
    except (aiosmtplib.SMTPException, OSError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        client.close()
    return "the relay closed the connection"


def translate(error: Exception, relay: Relay) -> UnreachableError:
    """Return our error for one of aiosmtplib's or the network's, before any mail."""
    return UnreachableError(f"no relay at {relay.host}:{relay.port}: {error}")


async def _send(client: aiosmtplib.SMTP, mail: Outgoing, witness: Witness) -> None:
    answer = Answer(verdict=Verdict.UNSENT)
    try:
        await client.mail(mail.sender)
        await client.rcpt(mail.recipient)
        witness.starting(mail)
        answer = Answer(verdict=Verdict.UNANSWERED)
        reply = await client.data(mail.message)
        answer = Answer(verdict=Verdict.ACCEPTED, code=reply.code, text=reply.message)
    except aiosmtplib.SMTPResponseException as error:
        answer = _refusal(error)
        await client.rset()
    except (aiosmtplib.SMTPException, OSError) as error:
        text = f"{type(error).__name__}: {error}"
        answer = Answer(verdict=answer.verdict, text=text)
        client.close()
    finally:
        witness.ended(mail, answer)


def _refusal(error: aiosmtplib.SMTPResponseException) -> Answer:
    verdict = Verdict.PERMANENT if error.code >= 500 else Verdict.TEMPORARY  # noqa: PLR2004
    return Answer(verdict=verdict, code=error.code, text=error.message)


async def send_one(relay: Relay, mail: Outgoing) -> Answer:
    """Send one mail over a connection of its own. Raises UnreachableError."""
    single = _Single(mails=[mail])
    await send(relay, single, single)
    return single.answer


@dataclass(kw_only=True)
class _Single:
    """One mail: where it is taken from, and who writes down what became of it."""

    mails: list[Outgoing]
    answer: Answer = field(default_factory=lambda: Answer(verdict=Verdict.UNSENT))

    def next(self) -> Outgoing | None:
        return self.mails.pop() if self.mails else None

    async def wait(self) -> bool:
        return bool(self.mails)

    def starting(self, mail: Outgoing) -> None:
        pass

    def ended(self, mail: Outgoing, answer: Answer) -> None:  # noqa: ARG002
        self.answer = answer
