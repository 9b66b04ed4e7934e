"""Senders that take turns, and what each took; a ratio is the median of those of the rounds."""

import resource
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Round:
    """What it took to hand over some mails."""

    mails: int
    seconds: float
    #: Seconds that processors worked for it, the sender's and the relay's.
    cpu: float

    @property
    def rate(self) -> float:
        """Mails a second by the clock."""
        return self.mails / self.seconds

    @property
    def cpu_rate(self) -> float:
        """Mails a second of processor time."""
        return self.mails / max(self.cpu, 0.01)


#: By the name of the sender, what each round took.
Rounds = dict[str, list[Round]]


def ratio(
    rounds: Rounds,
    peer: str,
    rate: Callable[[Round], float] = lambda each: each.rate,
    *,
    ours: str = "tidings",
) -> float:
    """Return how many times as much as a peer one of ours carries."""
    pairs = zip(rounds[ours], rounds[peer], strict=True)
    return round(median(rate(mine) / rate(theirs) for mine, theirs in pairs), 3)


def rates(rounds: Rounds, prefix: str = "") -> dict[str, int]:
    """Return what each carries in a second."""
    return {
        prefix + name: round(median(each.rate for each in found)) for name, found in rounds.items()
    }


def of_children() -> float:
    """Return the seconds that processes which have ended worked for us."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
