"""One mail over a connection of its own, for whoever waits for what becomes of it."""

from dataclasses import dataclass, field

from publisher.delivery.outgoing import Answer, Outgoing, Relay, Verdict
from publisher.delivery.smtp import send


async def deliver(relay: Relay, mail: Outgoing) -> Answer:
    """Send one mail over a connection of its own. Raises UnreachableError."""
    single = _Single(mail=mail)
    await send(relay, single, single)
    return single.answer


@dataclass(kw_only=True)
class _Single:
    """One mail: where it is taken from, and who writes down what became of it."""

    mail: Outgoing
    taken: bool = False
    #: Whoever sends it waits for what becomes of it.
    hasty: bool = True
    answer: Answer = field(default_factory=lambda: Answer(verdict=Verdict.UNSENT))

    def next(self) -> Outgoing | None:
        if self.taken:
            return None
        self.taken = True
        return self.mail

    async def wait(self) -> bool:
        return not self.taken

    def wants(self, mail: Outgoing) -> bool:  # noqa: ARG002
        return True

    def starting(self, mail: Outgoing) -> None:
        pass

    def ended(self, mail: Outgoing, answer: Answer) -> None:  # noqa: ARG002
        self.answer = answer
