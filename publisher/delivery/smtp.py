"""The dialogue with the relay (RFC 5321): aiosmtplib's one home, and the seam of its errors."""

import asyncio
from types import TracebackType
from typing import Self

import aiosmtplib

from publisher.config import Config
from publisher.errors import MailError, RefusedError, UnansweredError, UnreachableError

#: What ``mail.tls`` means to aiosmtplib: None takes STARTTLS where it is offered.
_START_TLS = {"required": True, "opportunistic": None, "none": False}


class Connection:
    """One connection to the relay, for as long as its block lasts."""

    def __init__(self, config: Config) -> None:
        mail = config.mail
        self._client = aiosmtplib.SMTP(
            hostname=mail.host,
            port=mail.port,
            local_hostname=config.host,
            start_tls=_START_TLS[mail.tls],
            # Opportunistic encryption is better than none even with a stranger (RFC 7435).
            validate_certs=mail.tls == "required",
            username=mail.username or None,
            password=config.password(),
            timeout=mail.timeout,
        )

    async def __aenter__(self) -> Self:
        """Connect. Raises UnreachableError."""
        try:
            await self._client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            host, port = self._client.hostname, self._client.port
            raise UnreachableError(f"no relay at {host}:{port}: {error}") from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Say goodbye, if anybody is there to hear it."""
        if self._client.is_connected:
            try:
                await self._client.quit()
            except (aiosmtplib.SMTPException, OSError):
                self._client.close()

    @property
    def is_open(self) -> bool:
        """Whether another message can be sent."""
        return self._client.is_connected

    async def send(self, sender: str, recipient: str, message: bytes) -> tuple[int, str]:
        """Send a message; return the relay's last reply: its code and text.

        ``sender`` is whom it comes back to (RFC 5321, 3.3: MAIL FROM).

        Raises RefusedError, UnreachableError while the relay cannot have the message, and
        UnansweredError once it may.
        """
        try:
            await self._client.mail(sender)
            await self._client.rcpt(recipient)
        except (aiosmtplib.SMTPException, OSError) as error:
            await self._reset()
            raise translate(error, text_may_be_out=False) from error
        try:
            reply = await self._client.data(message)
        except (aiosmtplib.SMTPException, OSError) as error:
            await self._reset()
            raise translate(error, text_may_be_out=True) from error
        return reply.code, reply.message

    async def _reset(self) -> None:
        """Make the connection fit for the next message, or close it."""
        try:
            if self._client.is_connected:
                await self._client.rset()
        except (aiosmtplib.SMTPException, OSError, asyncio.CancelledError):
            self._client.close()


def translate(error: Exception, *, text_may_be_out: bool) -> MailError:
    """Return our error for one of aiosmtplib's or the network's, in the middle of a message."""
    if isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 400:  # noqa: PLR2004
        return RefusedError(error.message, code=error.code)
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        return translate(error.recipients[0], text_may_be_out=text_may_be_out)
    kind = UnansweredError if text_may_be_out else UnreachableError
    return kind(f"{type(error).__name__}: {error}")
