"""The demo's relay: a real SMTP server on loopback that files into a Maildir; aiosmtpd's home."""

import hashlib
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller

_LOOPBACK = "127.0.0.1"


class LocalRelay:
    """A relay for as long as its block lasts; what it does with mail, its kinds say."""

    def __init__(self) -> None:
        self._controller = Controller(self, hostname=_LOOPBACK, port=free_port())

    def __enter__(self) -> Self:
        """Listen."""
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self._controller.stop()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self._controller.hostname, self._controller.port


class Mailbox(LocalRelay):
    """A relay that files whatever it accepts into one Maildir."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __enter__(self) -> Self:
        """Make the Maildir (cr.yp.to/proto/maildir.html) and listen."""
        for name in ("tmp", "new", "cur"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        return super().__enter__()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, ARG002, N802
        """Keep a message, byte for byte; called by aiosmtpd."""
        # Named by its content: the same message is the same file, whoever runs the demo when.
        name = hashlib.sha256(envelope.content).hexdigest()[:32]
        beside = self._folder / "tmp" / name
        beside.write_bytes(envelope.content)
        beside.replace(self._folder / "new" / name)
        return "250 2.0.0 kept"


def free_port() -> int:
    """Return a port that nobody listens at; aiosmtpd's Controller cannot start on port 0."""
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])
