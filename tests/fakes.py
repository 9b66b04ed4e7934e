"""The outside world, by hand, once: a relay that behaves as it is told."""

import socket
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller

from publisher.config import Config


@dataclass
class Relay:
    """A real SMTP server on loopback; what it accepts it keeps, in order."""

    #: What it answers to RCPT TO, by recipient.
    rcpt: dict[str, str] = field(default_factory=dict)
    #: What it answers to the text, by recipient; ``drop`` breaks the connection off instead.
    data: dict[str, str] = field(default_factory=dict)
    #: Recipient and message, as accepted.
    accepted: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return self._controller.port

    def serves(self, settings: Config, **mail: Any) -> Config:
        """Return a configuration that hands its mail to this relay."""
        values = {"host": "127.0.0.1", "port": self.port, "tls": "none", **mail}
        return settings.model_copy(update={"mail": settings.mail.model_copy(update=values)})

    @property
    def counts(self) -> Counter[str]:
        """Return how many messages each recipient's mailbox holds."""
        return Counter(recipient for recipient, _ in self.accepted)

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        reply = self.rcpt.get(address, "250 2.1.5 yes")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        recipient = envelope.rcpt_tos[0]
        reply = self.data.get(recipient, "250 2.0.0 kept")
        if reply == "drop":
            server.transport.abort()
            return "421 never seen"
        if reply.startswith("2"):
            self.accepted.append((recipient, envelope.content))
        return reply


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
