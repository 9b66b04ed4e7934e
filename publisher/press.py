"""Plan, gate and freeze issues: what the tick does with them.

slot --> planned --> gated: waits for texts, or for approval --> frozen, queued --> sent
                     anew at every tick

Which states there are, and what leads from one to another, is drawn in
:mod:`publisher.issue_states`. Every step is one transaction that moves the issue by an UPDATE
from the state it was read in: two at once cannot both win, and whoever dies half-way leaves the
issue where it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher import editions, gating, inspection, issue_states
from publisher.config import Config
from publisher.issue_states import OPEN, Act
from store import cancelling, deliveries, dues, issues, jobs, newsletters, offers, subscribers
from store.database import Database, Transaction
from store.records import Issue, IssueState, Newsletter


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """What became of an issue in one pass."""

    issue: Issue
    #: How many deliveries were queued.
    queued: int = 0


def plan(
    database: Database,
    newsletter: Newsletter,
    slots: Sequence[datetime],
    *,
    frequency: str = "",
) -> list[int]:
    """Make the issues of a newsletter's due slots; return the ids of those that are new.

    After a downtime the newest slot gets the news; the missed ones are kept as skipped, so
    that every slot is accounted for and nobody gets three digests at once.
    """
    states = dict.fromkeys(slots[:-1], IssueState.SKIPPED)
    states |= dict.fromkeys(slots[-1:], IssueState.PLANNED)
    with database.write() as tx:
        return issues.plan(tx, newsletter.key, states, frequency=frequency)


def open_issues(database: Database, now: datetime) -> list[int]:
    """Return the ids of the issues whose slot has come and that are not frozen yet."""
    with database.read() as tx:
        return [issue.id for issue in issues.listing(tx, states=OPEN) if issue.slot <= now]


def press(database: Database, issue_id: int, config: Config, *, now: datetime) -> Pressed:
    """Gate an issue; when nothing keeps it, freeze its editions and queue its deliveries.

    An issue that another process froze meanwhile is returned as it stands.
    """
    with database.write() as tx:
        issue, queued = issues.get(tx, issue_id), 0
        if issue.state in OPEN:
            newsletter = newsletters.get(tx, issue.newsletter)
            marks = gating.considered(tx, issue)
            gate = gating.look(tx, issue, newsletter, config, now=now)
            if gate.act is Act.FREEZE:
                made = gate.drafts(
                    tx, subscribers.groups(tx, newsletter.key, issue.frequency, now=now)
                )
                fit = [(draft.language, draft.rendered) for draft in made]
                inspection.require(tx, issue, newsletter, fit, config)
                queued = editions.freeze(tx, issue, newsletter, made, now=now)
            frozen = now if gate.act is Act.FREEZE else None
            issues.move(tx, issue, gate.state, blocking=gate.blocking, frozen=frozen)
            # What waits for an approval has told nothing yet.
            if gate.act is not Act.ASK:
                offers.take_back(tx, gating.settled(marks, list(gate.choice.values())))
            if queued:
                jobs.wake(tx, now=now)
        return Pressed(issue=issues.get(tx, issue_id), queued=queued)


def release(database: Database, now: datetime) -> list[Issue]:
    """Let the deliveries be taken of frozen issues whose time has come; return those issues.

    Those, too, that were sent and of which something has come to wait since.
    """
    released = []
    with database.write() as tx:
        for issue in issues.listing(tx, states=[IssueState.SCHEDULED]):
            if issue.send_at is None or issue.send_at <= now:
                issues.move(tx, issue, issue_states.of(issue, Act.SEND))
                released.append(issues.get(tx, issue.id))
        if released:
            jobs.wake(tx, now=now)
        released += reopen(tx, now)
    return released


def reopen(tx: Transaction, now: datetime) -> list[Issue]:
    """Have issues send again that were sent and of which something waits; return them.

    What a relay wanted later may be known only once its issue is sent: while nobody could say
    of it, nothing waited. The last thing in its transaction.
    """
    found = [issues.lock(tx, issue_id) for issue_id in cancelling.late(tx, IssueState.SENT)]
    # Another process may have been quicker.
    sent = [issue for issue in found if issue.state is IssueState.SENT]
    for issue in sent:
        issues.move(tx, issue, issue_states.of(issue, Act.RETRY))
    if sent:
        jobs.wake(tx, now=now)
    return [issues.get(tx, issue.id) for issue in sent]


def finish(database: Database) -> list[Issue]:
    """Call an issue sent when none of its deliveries waits any more; return those."""
    finished = []
    with database.write() as tx:
        for each in issues.listing(tx, states=[IssueState.SENDING]):
            # Whoever has something of it wait again waits for this, or is waited for.
            issue = issues.lock(tx, each.id)
            if issue.state is not IssueState.SENDING:
                continue
            counts = deliveries.counts(tx, issue_id=issue.id)
            if not any(counts[state] for state in dues.UNFINISHED):
                issues.move(tx, issue, issue_states.of(issue, Act.FINISH))
                finished.append(issues.get(tx, issue.id))
    return finished
