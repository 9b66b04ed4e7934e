"""What all shifts of a process share: whom they work for, and how they end it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from publisher.config import Config
from publisher.delivery.watchdog import Pulse
from publisher.errors import ConfigError
from store.database import Database

#: Seconds between two looks for what the dead left; for jobs, should no notification come.
LOOK = 2.0


def _nobody() -> None:
    """End no shift: none has begun."""


@dataclass(kw_only=True)
class Station:
    """A process that works, as its shifts see it."""

    database: Database
    config: Config
    clock: Callable[[], datetime]
    say: Callable[[str], None]
    #: Batches at once.
    concurrency: int
    pulse: Pulse = field(default_factory=Pulse)
    #: Set when it is to end.
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    #: Ends the shift that is on.
    end_shift: Callable[[], None] = _nobody
    #: Why it cannot go on.
    mistake: ConfigError | None = None

    def leave(self) -> None:
        """End what is in flight, and give back the rest."""
        self.leaving.set()
        self.end_shift()

    def give_up(self, mistake: ConfigError) -> None:
        """Leave, since nothing will mend itself: whoever runs this must hear it now."""
        self.mistake = mistake
        self.leave()

    def say_unknown(self, mails: int) -> None:
        """Say that nobody knows what became of some mails."""
        if mails:
            self.say(f"{mails} mails may or may not have been sent: see 'tidings issue list'")
