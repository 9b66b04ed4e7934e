"""When a mail may go, and when to try it again. Pure: the time is always a parameter.

    pause       how long one mail waits after a temporary refusal, and when it is given up
    Pace        what one relay may be handed now: mails a second, and mails of one domain at once
    Domain      where a domain stands: how many are under way, until when it is left alone

Instants are seconds of a monotonic clock, since no rate may jump with the wall clock; days and
pauses between attempts outlive processes and are told in wall time.
"""

import zlib
from dataclasses import dataclass
from datetime import timedelta
from math import inf

from publisher.delivery.faults import is_slowdown
from publisher.delivery.outgoing import Answer, Verdict

#: The first pause after a temporary refusal; each next one is twice as long.
_FIRST = timedelta(minutes=5)
_LONGEST = timedelta(hours=4)
#: The longest pause comes after so many doublings.
_DOUBLINGS = 6

#: The part of a pause that chance may take off: whoever was refused together comes back one by
#: one.
_SPREAD = 1 / 8

#: For how long the pauses of a mail go on unless an operator says otherwise.
GIVE_UP = timedelta(days=2)

#: Seconds by which mails may be early, since no event loop wakes by the microsecond: in any
#: window of ``t`` seconds go at most ``1 + rate * (t + EARLY)``.
EARLY = 0.1

#: Seconds for which a domain is left alone that asked for patience; twice as long each time.
_ALONE = 10.0
_ALONE_LONGEST = 600.0

#: So many domains in trouble are remembered; beyond, those whose time is over are forgotten.
_REMEMBERED = 10_000

#: Differences of this many seconds are those of floating point.
_NOTHING = 1e-6


def pause(
    attempts: int, *, delivery: int | None = None, give_up: timedelta = GIVE_UP
) -> timedelta | None:
    """Return how long to wait after so many attempts (from 1), None to give up.

    It is given up once the pauses together are as long as ``give_up``; what we kept a mail back
    for (a closed window, a pause of its issue) does not count. The id of the ``delivery`` says by
    how much its pause is shorter than those of others: the same for the same attempt.
    """
    if _waited(attempts - 1) >= give_up:
        return None
    whole = min(_FIRST * (1 << min(attempts - 1, _DOUBLINGS)), _LONGEST)
    if delivery is None:
        return whole
    chance = zlib.crc32(b"%d %d" % (delivery, attempts)) / 2**32
    return whole - whole * (chance * _SPREAD)


def _waited(pauses: int) -> timedelta:
    """Return how long so many pauses are together, without chance."""
    doubled = min(pauses, _DOUBLINGS)
    return _FIRST * ((1 << doubled) - 1) + _LONGEST * (pauses - doubled)


def domain_of(address: str) -> str:
    """Return the domain of an address, by which recipients are counted."""
    return address.rpartition("@")[2].lower()


@dataclass(slots=True)
class Domain:
    """Where the recipients of one domain stand with one relay."""

    #: Mails that are taken and not ended.
    flying: int = 0
    #: How often it asked for patience, less the mails that it has taken since.
    strikes: int = 0
    #: The instant until which it is left alone.
    until: float = 0.0


class Pace:
    """What one relay may be handed now.

    A domain that asks for patience is left alone for a while, then tried with one mail at a
    time until it has taken as many as it had refused; all others go on meanwhile.
    """

    def __init__(self, *, rate: float = 0.0, per_domain: int = 0) -> None:
        """Begin with nothing under way. ``rate`` is in mails a second; 0 is without a limit."""
        self._limits = rate, per_domain
        self.share(1)
        #: When the next mail would go if none were ever early (the generic cell rate algorithm:
        #: ITU-T I.371), so that a pause saves up nothing.
        self._due = -inf
        self._domains: dict[str, Domain] = {}

    @property
    def limited(self) -> bool:
        """Whether anything of it is to be shared."""
        return any(self._limits)

    def share(self, among: int) -> None:
        """Keep to one part in so many of the limits: that many hand over to the relay at once."""
        rate, per_domain = self._limits
        self._interval = among / rate if rate else 0.0
        self._per_domain = max(1, per_domain // among) if per_domain else inf

    def wait(self, domain: str, at: float) -> float:
        """Return for how many seconds a mail to a domain has to wait: 0.0, it may go now.

        Infinite when only the end of another mail can let it go.
        """
        return max(self.next_at(at) - at, self.wait_for(domain, at))

    def wait_for(self, domain: str, at: float) -> float:
        """Return the same for the sake of the domain alone."""
        entry = self._domains.get(domain)
        if entry is None:
            return 0.0
        if entry.flying >= (1 if entry.strikes else self._per_domain):
            return inf
        left = entry.until - at
        return left if left > _NOTHING else 0.0

    def next_at(self, at: float) -> float:
        """Return the instant from which the rate allows a mail, not before ``at``."""
        early = self._due - EARLY
        return early if early > at + _NOTHING else at

    def taken(self, domain: str, at: float) -> None:
        """Count a mail that goes now."""
        if self._interval:
            self._due = max(self._due, at) + self._interval
        entry = self._domains.get(domain)
        if entry is None:
            self._domains[domain] = entry = Domain()
        entry.flying += 1

    def ended(self, domain: str, answer: Answer, at: float) -> None:
        """Count what became of a mail that was taken, once for each."""
        entry = self._domains[domain]
        entry.flying -= 1
        if entry.strikes and answer.verdict is Verdict.ACCEPTED:
            entry.strikes -= 1
        # Those that were under way when it asked for patience tell nothing new.
        elif is_slowdown(answer) and at >= entry.until:
            alone = min(_ALONE * 2.0**entry.strikes, _ALONE_LONGEST)
            entry.until, entry.strikes = at + alone, min(entry.strikes + 1, _DOUBLINGS)
        if not entry.flying and not entry.strikes and entry.until <= at:
            del self._domains[domain]
        elif len(self._domains) > 2 * _REMEMBERED:
            self._forget(at)

    def __len__(self) -> int:
        """Return how many domains are remembered."""
        return len(self._domains)

    def _forget(self, at: float) -> None:
        """Drop the domains that nothing is under way to, those first whose time is over first."""
        idle = [domain for domain, entry in self._domains.items() if not entry.flying]
        idle.sort(key=lambda domain: self._domains[domain].until)
        over = sum(self._domains[domain].until <= at for domain in idle)
        for domain in idle[: max(over, len(self._domains) - _REMEMBERED)]:
            del self._domains[domain]
