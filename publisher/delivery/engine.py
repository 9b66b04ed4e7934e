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
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Event

import uvloop

from publisher import issue_states, press
from publisher.config import Config
from publisher.delivery import journal, recovery, relays
from publisher.delivery.hand import Hand
from publisher.delivery.holding import Holder
from publisher.delivery.making import Maker
from publisher.delivery.outcome import Outcome
from publisher.delivery.outgoing import Relay
from publisher.delivery.running import Progress, Run
from publisher.delivery.waiting import Waiting
from publisher.errors import NotFoundError
from publisher.issue_states import Act
from publisher.mail import keys
from publisher.mail.senders import sender
from publisher.subscriptions import keyring
from store import batches, deliveries, issues, jobs
from store.database import Database
from store.records import DeliveryState

__all__ = ["Outcome", "deliver", "resolve", "run_batch"]

#: It goes on while the machine sleeps, so that a lease is over when it wakes up.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def deliver(
    database: Database,
    config: Config,
    *,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
    issue_id: int | None = None,
    batch_id: int | None = None,
    first: int | None = None,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Outcome:
    """Send what is due, of one issue, of one batch, or of all; then a batch may be the ``first``.

    ``now`` is when it begins; ``clock`` tells the time in the course of it, where it goes on.
    ``progress`` is told of each ending once the store has it. When ``stop`` is set, what is
    under way ends and the rest waits again. Raises JournalError.
    """
    outcome = Outcome()
    outcome.doubtful = recovery.recover(database, config, now=now)
    outcome.unknown = len(outcome.doubtful)
    with database.write() as tx:
        outcome.cancelled = deliveries.cancel_late(tx, now)
        press.reopen(tx, now)
        due = deliveries.next_due(tx, issue_id=issue_id)
    if due is None or due > now:
        return outcome
    # Read before anything is claimed: a mistake in the configuration is to leave nothing behind.
    maker = Maker(config=config, tokens=keyring.tokens(database, now=now), keys=keys.load(config))
    clock, stop = clock or (lambda: now), stop or Event()
    routes = _routes(database, maker, now, batch_id)
    whole = Holder(
        database=database,
        maker=maker,
        clock=clock,
        time=_seconds,
        lease=config.delivery.lease,
        issue_id=issue_id,
        batch_id=batch_id,
    )
    runs = []
    for route, editions in routes.items():
        holder = replace(
            whole,
            first=[] if first is None else [first],
            # All, where all go the same way: also what falls due meanwhile.
            editions=editions if len(routes) > 1 else None,
        )
        runs.append(_run(route, holder, progress=progress, stop=stop))
    try:
        # Its loop hands bytes over with fewer steps in Python than asyncio's own.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_together(runs))
    finally:
        for run in runs:
            run.journal.close(settled=run.settled)
            outcome.join(run.outcome)
    with database.write() as tx:
        outcome.cancelled += deliveries.cancel_late(tx, now)
        press.reopen(tx, now)
    return outcome


def _routes(
    database: Database, maker: Maker, now: datetime, batch_id: int | None
) -> dict[tuple[Relay, ...], list[int]]:
    """Return which editions that are due go by which relays, in the order of failover."""
    routes: dict[tuple[Relay, ...], list[int]] = {}
    with database.read() as tx:
        for edition_id in batches.due_editions(tx, now, batch_id=batch_id):
            known = maker.learn(tx, edition_id)
            from_ = sender(known.newsletter, known.edition.language, maker.config)
            route = tuple(relays.for_sender(maker.config, from_.address))
            routes.setdefault(route, []).append(edition_id)
    return routes


def _run(route: Sequence[Relay], holder: Holder, *, progress: Progress | None, stop: Event) -> Run:
    """Return one by these relays, with a journal of its own."""
    config, pace = holder.maker.config, relays.pace_of(*route)
    own = journal.create(config)
    hand = Hand(
        journal=own,
        clock=holder.clock,
        time=holder.time,
        waiting=Waiting(pace),
        give_up=config.give_up,
    )
    return Run(
        route=route,
        holder=replace(holder, worker=own.worker, limited=pace.limited),
        journal=own,
        outcome=Outcome(),
        progress=progress,
        stop=stop,
        hand=hand,
    )


async def _together(runs: Sequence[Run]) -> None:
    """Let runs go on beside each other until all are over; raise what the first raised."""
    for error in await asyncio.gather(*(run.all() for run in runs), return_exceptions=True):
        if error:
            raise error


def _seconds() -> float:
    return time.clock_gettime(_CLOCK)


def run_batch(
    database: Database,
    config: Config,
    batch_id: int,
    *,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
    stop: Event | None = None,
) -> Outcome:
    """Send what is due of one batch."""
    return deliver(database, config, now=now, clock=clock, batch_id=batch_id, stop=stop)


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
        deliveries.resolve(tx, delivery_id, state, now=now)
        if state is DeliveryState.QUEUED:
            # Its issue may be sent already, all but this.
            issues.move(tx, issue, issue_states.of(issue, Act.RETRY))
            jobs.wake(tx, now=now)
    return state
