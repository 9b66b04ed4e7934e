"""Whether a relay takes our mail at all, by what it has answered in one run. Pure.

A relay that does not know us says to every mail what the filter of another one says to a few:
``554 5.7.1`` to RCPT may be of our host, that is not in its mynetworks, or of one reader. By one
reply nobody can tell. So until a relay has taken a mail of ours a refusal for what we are is no
verdict on the mail, which is tried again later, and after some of them the relay is left: who
mends it loses nobody.
"""

from dataclasses import dataclass, replace

from publisher.delivery.outgoing import Answer, Relay, Verdict

#: So many refusals and not one mail taken: it is us.
_ENOUGH = 10


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """How a relay has received us in one run; each answer makes another one."""

    #: Whether it has taken a mail.
    taken: bool = False
    #: How often it has refused us.
    refused: int = 0
    #: What it said the first time, and whether that can be of nothing but us.
    said: str = ""
    certain: bool = False

    @property
    def is_none(self) -> bool:
        """Whether nothing more is to be handed to it."""
        return not self.taken and self.refused >= _ENOUGH

    def meant(self, answer: Answer) -> Answer:
        """Return what the next answer means."""
        is_policy = answer.verdict is Verdict.POLICY and answer.is_for_ever
        if is_policy and not self.taken:
            return replace(answer, verdict=Verdict.UNWELCOME)
        return answer

    def after(self, answer: Answer) -> "Welcome":
        """Take the next answer, as the relay gave it."""
        if answer.verdict is Verdict.ACCEPTED:
            return self if self.taken else replace(self, taken=True)
        if self.meant(answer).verdict is not Verdict.UNWELCOME:
            return self
        certain = answer.verdict is Verdict.UNWELCOME
        first = not self.said or (certain and not self.certain)
        return replace(
            self,
            refused=self.refused + 1,
            said=f"{answer.code} {answer.text}" if first else self.said,
            certain=self.certain or certain,
        )

    def doubt(self, relay: Relay) -> str:
        """Return what may be of us and may be of single readers, of a run that has ended.

        Where few have a mail to come it is all that is ever heard of a relay that refuses us.
        """
        if self.taken or not self.refused or self.problem(relay):
            return ""
        return (
            f"the relay at {relay.host}:{relay.port} took no mail and refused {self.refused}, "
            f"us or single readers: {self.said}; they are tried again"
        )

    def problem(self, relay: Relay) -> str:
        """Return what is to be told of it, or nothing."""
        if not (self.certain or self.is_none):
            return ""
        return (
            f"the relay at {relay.host}:{relay.port} refuses us, not single readers: {self.said}; "
            "its mails are tried again: mend what it says there, or the settings of [mail] or "
            "[[relays]]"
        )
