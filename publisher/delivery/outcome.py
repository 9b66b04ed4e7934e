"""What a pass did, counted."""

from dataclasses import dataclass, field

from store.records import DeliveryState, Ending


@dataclass(kw_only=True)
class Outcome:
    """What one pass did."""

    sent: int = 0
    failed: int = 0
    postponed: int = 0
    unknown: int = 0
    cancelled: int = 0
    #: The deliveries of which nobody knows.
    doubtful: list[int] = field(default_factory=list)
    #: Why it stopped before all was sent: nobody answers, for one.
    problems: list[str] = field(default_factory=list)

    def count(self, ending: Ending) -> None:
        """Count one delivery."""
        setattr(self, ending.state, getattr(self, ending.state) + 1)
        if ending.state is DeliveryState.UNKNOWN:
            self.doubtful.append(ending.id)

    def join(self, other: "Outcome") -> None:
        """Count what another run of the same pass did."""
        problems = [*self.problems, *other.problems]
        self.add(other)
        self.problems = problems

    def add(self, other: "Outcome") -> None:
        """Count what a later pass did."""
        for name in ("sent", "failed", "postponed", "unknown", "cancelled"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.doubtful += other.doubtful
        self.problems = other.problems
