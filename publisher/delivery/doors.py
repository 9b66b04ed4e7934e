"""The mails in hand as the connections of one relay see them: none, once it takes none of ours."""

from collections.abc import Callable
from dataclasses import dataclass, field

from publisher.delivery.hand import Hand
from publisher.delivery.outgoing import Answer, Outgoing, Relay
from publisher.delivery.welcome import Welcome


@dataclass(kw_only=True)
class Door:
    """The source and the witness of every connection to one relay."""

    hand: Hand
    relay: Relay
    welcome: Welcome = field(default_factory=Welcome)

    @property
    def hasty(self) -> bool:
        """Whether the run was told to stop."""
        return self.hand.hasty

    @property
    def closed(self) -> bool:
        """Whether the relay is left for the rest of the run."""
        return self.welcome.is_none

    @property
    def problem(self) -> str:
        """What is to be told of the relay, or nothing."""
        return self.welcome.problem(self.relay)

    def next(self) -> Outgoing | None:
        """Return a mail that may go now, None when there is none at this moment."""
        return None if self.closed else self.hand.next()

    async def wait(self, *, unless: Callable[[], bool] = lambda: False) -> bool:
        """Wait until there may be one; False when none will come any more, as :class:`Hand`."""
        return await self.hand.wait(unless=lambda: self.closed or unless())

    def wants(self, mail: Outgoing) -> bool:
        """Say whether a mail that was taken is still to go, as :class:`Hand`."""
        return self.hand.wants(mail)

    def starting(self, mail: Outgoing) -> None:
        """Note that the relay may have the mail from now on. Raises what the hand raises."""
        self.hand.starting(mail)

    def ended(self, mail: Outgoing, answer: Answer) -> None:
        """Note what became of a mail, and what that says of the relay."""
        meant = self.welcome.meant(answer)
        self.welcome = self.welcome.after(answer)
        self.hand.ended(mail, meant)
