"""The outside world, by hand, once: a relay that behaves as it is told."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from publisher.cli.mailbox import LocalRelay, free_port
from publisher.config import Config

__all__ = ["Relay", "free_port"]


@dataclass
class Relay(LocalRelay):
    """A real SMTP server on loopback; what it accepts it keeps, in order."""

    #: What it answers to RCPT TO, by recipient.
    rcpt: dict[str, str] = field(default_factory=dict)
    #: What it answers to the text, by recipient; ``drop`` breaks the connection off instead.
    data: dict[str, str] = field(default_factory=dict)
    #: Recipient and message, as accepted.
    accepted: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def port(self) -> int:
        return self.address[1]

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
