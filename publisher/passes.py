"""A pass over all that is due: what it did, and what could not be done."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from publisher import bounces, reminding, websub
from publisher.delivery import engine
from publisher.delivery.letters import Written
from publisher.errors import BusyError, ConfigError, TidingsError
from publisher.press import Pressed
from store.database import Database
from store.records import Publication, Status

#: What processes of all hosts take turns at.
_LOCK = "tick"

_LOG = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Pass:
    """What one tick did."""

    published: list[Publication] = field(default_factory=list)
    feeds_written: int = 0
    #: Feeds that hubs have taken the news of, counted for each hub.
    pinged: int = 0
    issues: list[Pressed] = field(default_factory=list)
    queued: int = 0
    #: Letters to single people that the relay has taken: to confirm, welcome, goodbye.
    letters: int = 0
    #: Mails to translators that it has taken, of what an issue waits for.
    reminded: int = 0
    sent: int = 0
    failed: int = 0
    postponed: int = 0
    unknown: int = 0
    #: Readers whose address turned out dead, and who complained.
    bounced: int = 0
    complained: int = 0
    #: What could not be done; the next tick tries it again.
    problems: list[str] = field(default_factory=list)
    #: The same, where another process is doing it already.
    busy: list[str] = field(default_factory=list)
    #: Whether one of the problems is a mistake of ours, which no other tick will mend.
    unforeseen: bool = False

    def count(self, outcome: engine.Outcome) -> None:
        """Count what was delivered."""
        self.sent, self.failed = outcome.sent, outcome.failed
        self.postponed, self.unknown = outcome.postponed, outcome.unknown
        self.problems += outcome.problems

    def count_letters(self, outcome: Written) -> None:
        """Count what was written to single people."""
        self.letters = outcome.sent
        self.problems += outcome.problems

    def count_reminders(self, outcome: reminding.Outcome) -> None:
        """Count what translators were told."""
        self.reminded = outcome.sent
        self.problems += outcome.problems

    def hear(self, outcome: websub.Outcome) -> None:
        """Count what hubs were told."""
        self.pinged = outcome.told
        self.problems += outcome.problems

    def count_bounces(self, outcome: list[bounces.Taken]) -> None:
        """Count what came back."""
        became = [taken.became for taken in outcome]
        self.bounced += became.count(Status.BOUNCED)
        self.complained += became.count(Status.COMPLAINED)

    def attempt(self, step: Callable[[], None]) -> None:
        """Take a step; one that fails, foreseen or not, holds up none of the others."""
        try:
            step()
        except BusyError as error:
            # Said once, however many steps it keeps from being taken.
            self.busy += {str(error)} - {*self.busy}
        except ConfigError:
            # Nothing will mend itself: whoever runs this must hear it now.
            raise
        except TidingsError as error:
            self.problems.append(str(error))
        except Exception as error:  # noqa: BLE001  (told and logged, and the exit code says so)
            _LOG.exception("a step failed that nobody had foreseen to fail")
            self.problems.append(f"unforeseen, see the traceback: {error!r}")
            self.unforeseen = True

    def attempt_alone(self, database: Database, steps: Sequence[Callable[[], None]]) -> None:
        """Take steps that no two processes, of whichever hosts, take at once.

        When this one dies, or its connection does, another takes over; what then goes on here does
        no harm, since each step changes only what is still as it was read.
        """

        def take() -> None:
            with database.exclusive(_LOCK) as still_held:
                for step in steps:
                    still_held()
                    self.attempt(step)

        self.attempt(take)
