"""Send what is due.

    claim one (durably) --> build its message --> relay --> settle (durably)     per connection

A message is claimed before the relay sees it and settled after the relay has answered. So a
process that dies leaves at most one claimed delivery for each connection, and nobody can say
whether the relay has it: the next run calls these unknown, never sends them blindly again,
and shows them. Only one process delivers at a time, which is why the next run can be sure.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from publisher import issue_states
from publisher.config import Config
from publisher.delivery.pace import pause
from publisher.delivery.smtp import Connection
from publisher.editions import openings
from publisher.errors import (
    MailError,
    RefusedError,
    UnansweredError,
    UnreachableError,
    UnwritableError,
)
from publisher.issue_states import Act
from publisher.mail import links
from publisher.mail.return_path import return_path
from publisher.mail.senders import sender
from publisher.mail.wire import Sender, message
from publisher.subscriptions import keyring
from publisher.tokens import Tokens
from store import deliveries, dues, issues, newsletters
from store.database import Database, Transaction
from store.records import Delivery, DeliveryState, Edition, Issue, IssueState

#: Reconnections that one worker tries when its connection breaks in the middle of a message.
_RECONNECTIONS = 3


@dataclass(kw_only=True)
class Outcome:
    """What one pass did."""

    sent: int = 0
    failed: int = 0
    postponed: int = 0
    unknown: int = 0
    cancelled: int = 0
    #: Why it stopped before all was sent: nobody answers, for one.
    problems: list[str] = field(default_factory=list)

    def count(self, state: DeliveryState) -> None:
        """Count one delivery."""
        setattr(self, state, getattr(self, state) + 1)

    def add(self, other: "Outcome") -> None:
        """Count what another pass did."""
        for name in ("sent", "failed", "postponed", "unknown", "cancelled"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.problems = other.problems


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a delivery ended."""

    state: DeliveryState
    code: int
    detail: str
    due: datetime


Progress = Callable[[Delivery, DeliveryState], None]


def deliver(
    database: Database,
    config: Config,
    *,
    now: datetime,
    issue_id: int | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Send what is due by now, of one issue or of all.

    Raises BusyError while another process delivers.
    """
    outcome = Outcome()
    with database.exclusive("delivery"):
        with database.write() as tx:
            outcome.unknown = deliveries.orphaned(tx, now)
            outcome.cancelled = deliveries.cancel_departed(tx, now)
            outcome.cancelled += deliveries.cancel_late(tx, now)
            _keep_windows(tx, now)
            due = deliveries.next_due(tx, issue_id=issue_id)
        if due and due <= now:
            run = _Run(
                database=database,
                config=config,
                now=now,
                issue_id=issue_id,
                outcome=outcome,
                progress=progress,
                tokens=keyring.tokens(database, now=now),
            )
            asyncio.run(run.all())
    return outcome


def _keep_windows(tx: Transaction, now: datetime) -> None:
    """Put off what is due while its window is closed: what waits since it was open, or again."""
    for issue in issues.listing(tx, states=[IssueState.SENDING]):
        newsletter = newsletters.get(tx, issue.newsletter)
        if newsletter.windows:
            for edition in issues.editions_of(tx, issue.id):
                zones = dues.zones(tx, edition.id, now)
                due = openings(newsletter, edition.language, zones, now=now)
                closed = {zone: due.get(zone, due[""]) for zone in zones}
                until = {zone: opens for zone, opens in closed.items() if opens > now}
                if until:
                    dues.put_off(tx, edition.id, until, now=now)


@dataclass(kw_only=True)
class _Run:
    """One pass: as many workers as there may be connections."""

    database: Database
    config: Config
    now: datetime
    issue_id: int | None
    outcome: Outcome
    progress: Progress | None
    tokens: Tokens
    editions: dict[int, tuple[Edition, Issue, Sender]] = field(default_factory=dict)

    async def all(self) -> None:
        workers = [self._work() for _ in range(self.config.mail.connections)]
        problems = [problem for problem in await asyncio.gather(*workers) if problem]
        # Said once, however many connections failed in the same way.
        self.outcome.problems += sorted(set(problems))

    async def _work(self) -> str:
        """Send until nothing is due; return why it stopped before, or nothing."""
        problem = ""
        for _ in range(_RECONNECTIONS):
            try:
                async with Connection(self.config) as connection:
                    while connection.is_open:
                        if not await self._send_next(connection):
                            return ""
                    problem = "the relay closed the connection"
            except UnreachableError as error:
                return str(error)
        return problem

    async def _send_next(self, connection: Connection) -> bool:
        with self.database.write() as tx:
            delivery = deliveries.claim(tx, self.now, issue_id=self.issue_id)
        if delivery is None:
            return False
        edition, issue, from_ = self._edition(delivery)
        try:
            reader = links.own(self.tokens, self.config, delivery.subscriber_id, from_.newsletter)
            body = message(delivery, edition, from_, reader, date=issue.dated)
            back = return_path(self.tokens, self.config, delivery.id)
            code, reply = await connection.send(back, delivery.email, body)
            ending = Ending(state=DeliveryState.SENT, code=code, detail=reply, due=self.now)
        except MailError as error:
            ending = after(error, delivery.attempts, now=self.now)
        with self.database.write() as tx:
            deliveries.settle(tx, delivery, **vars(ending), now=self.now)
        self.outcome.count(ending.state)
        if self.progress:
            self.progress(delivery, ending.state)
        return True

    def _edition(self, delivery: Delivery) -> tuple[Edition, Issue, Sender]:
        if delivery.edition_id not in self.editions:
            with self.database.read() as tx:
                edition = issues.edition(tx, delivery.edition_id)
                issue = issues.get(tx, delivery.issue_id)
                newsletter = newsletters.get(tx, issue.newsletter)
            from_ = sender(newsletter, edition.language, self.config)
            self.editions[delivery.edition_id] = (edition, issue, from_)
        return self.editions[delivery.edition_id]


def resolve(database: Database, delivery_id: int, ending: str, *, now: datetime) -> DeliveryState:
    """Write what a person found out about an unknown delivery: ``sent``, ``failed`` or ``retry``.

    Returns its new state. Raises ConflictError for a delivery that is not unknown, and for a
    retry of an issue that was cancelled.
    """
    state = DeliveryState.QUEUED if ending == "retry" else DeliveryState(ending)
    with database.write() as tx:
        issue = issues.get(tx, deliveries.resolve(tx, delivery_id, state, now=now))
        if state is DeliveryState.QUEUED:
            # Its issue may be sent already, all but this.
            issues.move(tx, issue, issue_states.of(issue, Act.RETRY))
    return state


def after(error: MailError, attempts: int, *, now: datetime) -> Ending:
    """Decide what a failed attempt, the last of so many, means for its mail. Pure."""
    wait = pause(attempts)
    state, due = DeliveryState.FAILED, now
    if isinstance(error, UnansweredError):
        state = DeliveryState.UNKNOWN
    elif wait and not _is_final(error):
        state, due = DeliveryState.POSTPONED, now + wait
    return Ending(state=state, code=error.code, detail=str(error), due=due)


def _is_final(error: MailError) -> bool:
    return isinstance(error, UnwritableError) or (
        isinstance(error, RefusedError) and error.permanent
    )
