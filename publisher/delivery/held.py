"""A batch that is held, and a mail of it, as the process knows them that sends."""

from dataclasses import dataclass, field
from datetime import datetime

from publisher.delivery.journal import Attempt
from publisher.delivery.outgoing import Outgoing
from publisher.delivery.pace import domain_of
from store.records import Batch, Delivery


@dataclass(kw_only=True, eq=False)
class Held:
    """A batch that is claimed, as the worker knows it."""

    batch: Batch
    #: Until when nobody else takes it, in seconds of a clock that only goes on.
    until: float
    #: The time zones of its readers.
    zones: frozenset[str] = frozenset()
    #: Mails that have not ended.
    left: int = 0
    #: By the ids of those that were handed back, when each is due again.
    later: dict[int, datetime] = field(default_factory=dict)
    #: Whether somebody else has it by now.
    lost: bool = False


@dataclass(kw_only=True, slots=True, eq=False)
class Mail:
    """One mail in hand."""

    delivery: Delivery
    held: Held
    made: Outgoing | None = None
    returns: int = 0
    #: Whether it is not to go any more; one that has started ends as it ends.
    withdrawn: bool = False

    @property
    def attempt(self) -> Attempt:
        """How the journal knows it."""
        return Attempt(id=self.delivery.id, attempt=self.delivery.attempts)

    @property
    def domain(self) -> str:
        """The domain of who gets it."""
        return domain_of(self.delivery.email)
