"""Where mail is handed to."""

from collections.abc import Sequence

from publisher.config import Config
from publisher.delivery.outgoing import Relay


def for_sender(config: Config, address: str) -> Sequence[Relay]:  # noqa: ARG001
    """Return the relays for mail from an address, the one to be tried first at the front.

    Raises ConfigError when the file of its password cannot be read.
    """
    mail = config.mail
    return [
        Relay(
            host=mail.host,
            port=mail.port,
            tls=mail.tls,
            username=mail.username,
            password=config.password() or "",
            hello=config.host,
            timeout=mail.timeout,
            connections=mail.connections,
        )
    ]
