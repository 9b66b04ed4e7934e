"""Send what is due.

    claim a batch (durably) --> make its mails --> relay --> journal --> fold into the store
          desk: a thread       builders: threads   connections, in the event loop       desk

Before a relay may have a mail the journal says so, afterwards how it ended; the store hears of it
in sets. So a process that dies leaves what is certainly not sent, what certainly is, and for each
connection at most one mail of which nobody can say: the next run calls these unknown, shows them
and never sends them blindly again (:mod:`publisher.delivery.recovery`). Any number of processes
deliver at once, since each batch is one's alone.
"""

import asyncio
import gc
import time
from collections.abc import Callable
from datetime import datetime
from threading import Event

import uvloop

from publisher import issue_states, press
from publisher.config import Config
from publisher.delivery import recovery
from publisher.delivery.holding import Holder
from publisher.delivery.making import Maker
from publisher.delivery.outcome import Outcome
from publisher.delivery.running import Progress
from publisher.delivery.together import Together
from publisher.errors import NotFoundError
from publisher.issue_states import Act
from publisher.mail import keys
from publisher.subscriptions import keyring
from store import cancelling, deliveries, issues, jobs, unknowns
from store.database import Database
from store.records import DeliveryState

__all__ = ["Outcome", "deliver", "resolve"]

#: It goes on while the machine sleeps, so that a lease is over when it wakes up.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def deliver(
    database: Database,
    config: Config,
    *,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
    issue_id: int | None = None,
    first: int | None = None,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Outcome:
    """Send what is due, of one issue or of all; a batch may be the ``first``.

    ``now`` is when it begins; ``clock`` tells the time in the course of it, where it goes on.
    ``progress`` is told of each ending once the store has it. When ``stop`` is set, what is
    under way ends and the rest waits again. Raises JournalError, and ConfigError.
    """
    outcome = Outcome()
    outcome.doubtful = recovery.recover(database, config, now=now)
    outcome.unknown = len(outcome.doubtful)
    with database.write() as tx:
        outcome.cancelled = cancelling.cancel_late(tx, now)
        press.reopen(tx, now)
        due = deliveries.next_due(tx, issue_id=issue_id)
    if due is None or due > now:
        return outcome
    # Read before anything is claimed: a mistake in the configuration is to leave nothing behind.
    maker = Maker(config=config, tokens=keyring.tokens(database, now=now), keys=keys.load(config))
    clock, stop = clock or (lambda: now), stop or Event()
    holder = Holder(
        database=database,
        maker=maker,
        clock=clock,
        time=_seconds,
        lease=config.delivery.lease,
        issue_id=issue_id,
    )
    together = Together(holder=holder, progress=progress, stop=stop)
    routes = together.routes(now)
    # What is there by now outlives each mail: the collector need not walk through it for each few.
    gc.freeze()
    try:
        # Its loop hands bytes over with fewer steps in Python than asyncio's own.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(together.all(routes, first=first))
    finally:
        gc.unfreeze()
        outcome.join(together.outcome)
    with database.write() as tx:
        outcome.cancelled += cancelling.cancel_late(tx, now)
        press.reopen(tx, now)
    return outcome


def _seconds() -> float:
    return time.clock_gettime(_CLOCK)


def resolve(database: Database, delivery_id: int, ending: str, *, now: datetime) -> DeliveryState:
    """Write what a person found out about an unknown delivery: ``sent``, ``failed`` or ``retry``.

    Returns its new state. Raises NotFoundError, ConflictError for a delivery that is not unknown,
    and for a retry of an issue that was cancelled.
    """
    state = DeliveryState.QUEUED if ending == "retry" else DeliveryState(ending)
    with database.write() as tx:
        found = deliveries.find(tx, delivery_id)
        if found is None:
            raise NotFoundError("delivery", delivery_id)
        # First of all: whoever finishes the issue at this moment does not see what is done here.
        issue = issues.lock(tx, found.issue_id)
        unknowns.resolve(tx, delivery_id, state, now=now)
        if state is DeliveryState.QUEUED:
            # Its issue may be sent already, all but this.
            issues.move(tx, issue, issue_states.of(issue, Act.RETRY))
            jobs.wake(tx, now=now)
    return state
