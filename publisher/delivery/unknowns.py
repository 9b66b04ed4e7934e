r"""Settle the mails that nobody can say of whether a relay has them.

    unknown --asked: accepted----------------> sent
       |   \--asked: refused, or retry--> queued again     (cancelled, where its issue is)
       \--hold, or not answered yet--> unknown, and shown

A newsletter says which rule holds. What is sent again is the same message under the same
Message-ID, so whoever gets it twice by ``retry`` may be spared to see it twice.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from publisher import issue_states
from publisher.config import Config
from publisher.delivery import ways
from publisher.delivery.asking import Found
from publisher.delivery.enquiry import Enquiry
from publisher.delivery.rulings import decide, goes_again
from publisher.errors import ConflictError
from publisher.issue_states import Act
from publisher.subscriptions import keyring
from store import editions, issues, newsletters, unknowns
from store.database import Database, Transaction
from store.records import DeliveryState, Issue, Newsletter, Unknown, UnknownRule

#: When a relay is asked again that has not answered yet: after as long again as the mail has been
#: unknown, within these bounds. Its log is read as a whole each time.
_SOONEST = timedelta(seconds=2)
_LATEST = timedelta(hours=1)

#: How long an answer is worth waiting for. A Postfix closes a connection that nobody speaks on
#: within six minutes, and is asked half as often as that by then; what it does not say then, it
#: does not know.
_PATIENCE = timedelta(minutes=20)

_DETAILS = {
    DeliveryState.SENT: "the relay's log says that it was accepted",
    DeliveryState.QUEUED: "the relay's log says that it was not accepted",
    DeliveryState.CANCELLED: "its issue was cancelled",
}


@dataclass(kw_only=True)
class Settled:
    """What became of the unknown mails of an issue."""

    sent: int = 0
    queued: int = 0
    cancelled: int = 0
    #: A relay that can be asked does not say yet.
    not_yet: int = 0
    #: A person has to say.
    held: int = 0
    #: Why a relay could not be asked.
    problems: list[str] = field(default_factory=list)


def settle_due(
    database: Database, config: Config, *, now: datetime, only_ours: bool = False
) -> Settled:
    """Settle what is to be looked at by now, of all issues, by their newsletters' rules.

    Mails for which another host has to ask are left to it; ``only_ours`` leaves those, too, that
    any host may ask for.
    """
    total = Settled()
    with database.read() as tx:
        found = unknowns.standing(tx, due=now)

    def is_due(mail: Unknown) -> bool:
        way = mail.delivery.way
        if only_ours:
            return ways.is_of_this_host(config, way)
        return not ways.is_elsewhere(config, way)

    for issue_id in found:
        try:
            done = _settle(database, config, issue_id, now=now, which=is_due)
        except ConflictError as error:
            # Somebody has moved the issue meanwhile; the next look settles its mails.
            done = Settled(problems=[str(error)])
        for name in ("sent", "queued", "cancelled", "not_yet", "held", "problems"):
            setattr(total, name, getattr(total, name) + getattr(done, name))
    return total


def next_answer(
    database: Database, config: Config, *, now: datetime, issue_id: int | None = None
) -> datetime | None:
    """Return when relays are asked next that are expected to answer; None, when none is."""
    with database.read() as tx:
        mails = [
            mail
            for each in unknowns.standing(tx)
            if issue_id in (None, each) and _newsletter(tx, each).unknown is UnknownRule.ASK
            for mail in unknowns.of(tx, each)
        ]
    asked = [
        mail.due
        for mail in mails
        if mail.since > now - _PATIENCE and ways.can_say(config, mail.delivery.way)
    ]
    return min(asked, default=None)


def _newsletter(tx: Transaction, issue_id: int) -> Newsletter:
    return newsletters.get(tx, issues.get(tx, issue_id).newsletter)


def settle(
    database: Database,
    config: Config,
    issue_id: int,
    *,
    now: datetime,
    rule: UnknownRule | None = None,
) -> Settled:
    """Settle the unknown mails of an issue, by its newsletter's rule unless one is given.

    Raises NotFoundError, and ConfigError for a relay whose password cannot be read.
    """
    return _settle(database, config, issue_id, now=now, rule=rule)


def _settle(
    database: Database,
    config: Config,
    issue_id: int,
    *,
    now: datetime,
    rule: UnknownRule | None = None,
    which: Callable[[Unknown], bool] | None = None,
) -> Settled:
    """Settle those that are due of those ``which`` are asked for; all, unless it is given."""
    tokens = keyring.tokens(database, now=now)
    with database.read() as tx:
        issue = issues.get(tx, issue_id)
        newsletter = newsletters.get(tx, issue.newsletter)
        known = {edition.id: edition for edition in editions.of(tx, issue_id)}
        mails = unknowns.of(tx, issue_id)
    rule = rule or newsletter.unknown
    if which and rule is UnknownRule.ASK:
        mails = [mail for mail in mails if which(mail)]
        # While one is due all are asked for: the log is read as a whole.
        mails = mails if any(mail.due <= now for mail in mails) else []
    case = _Case(issue=issue, mails=mails, rule=rule, config=config, now=now)
    if mails:
        enquiry = Enquiry(
            issue=issue,
            newsletter=newsletter,
            editions=known,
            config=config,
            tokens=tokens,
            now=now,
            problems=case.done.problems,
        )
        # Relays are asked outside of any transaction: their logs are long.
        found = enquiry.ask(mails) if rule is UnknownRule.ASK else {}
        with database.write() as tx:
            case.write(tx, found)
    return case.done


@dataclass(frozen=True, kw_only=True)
class _Case:
    """An issue, its mails that are unknown, and what becomes of them."""

    issue: Issue
    mails: Sequence[Unknown]
    rule: UnknownRule
    config: Config
    now: datetime
    done: Settled = field(default_factory=Settled)

    def write(self, tx: Transaction, found: Mapping[int, Found | None]) -> None:
        """Write down what each mail has become; what stays unknown is looked at again later."""
        for mail in self.mails:
            answer = found.get(mail.delivery.id)
            state = decide(self.rule, answer, self.issue.state)
            due = goes_again(mail.delivery, now=self.now, give_up=self.config.give_up)
            if state is DeliveryState.QUEUED and due is None:
                # It ended so again and again: somebody has to see why.
                state = DeliveryState.UNKNOWN
            if state is not DeliveryState.UNKNOWN:
                self._resolve(tx, mail, state, due or self.now)
            elif answer is Found.NOT_YET:
                self.done.not_yet += 1
            else:
                self.done.held += 1
        if self.done.queued:
            # Its issue may be sent already, all but these.
            issues.move(tx, self.issue, issue_states.of(self.issue, Act.RETRY))
        longest = max(self.now - mail.since for mail in self.mails)
        later = self.now + min(max(longest, _SOONEST), _LATEST)
        unknowns.ask_again(tx, [mail.delivery.id for mail in self.mails], later)

    def _resolve(self, tx: Transaction, mail: Unknown, state: DeliveryState, due: datetime) -> None:
        by_rule = self.rule is UnknownRule.RETRY and state is DeliveryState.QUEUED
        detail = "sent again, by the newsletter's rule" if by_rule else _DETAILS[state]
        # Somebody else may have said it meanwhile; and what was sent again since, and is unknown
        # again, our answer is not about.
        with suppress(ConflictError):
            unknowns.resolve(
                tx,
                mail.delivery.id,
                state,
                now=self.now,
                due=due,
                detail=detail,
                attempt=mail.delivery.attempts,
            )
            setattr(self.done, state, getattr(self.done, state) + 1)


def told(database: Database, config: Config) -> list[str]:
    """Return a sentence for each issue with unknown mails: how many they are, and what to do."""
    with database.read() as tx:
        standing = unknowns.standing(tx)
    return [
        f"issue {issue_id}: {count} of its mails may or may not have been sent; "
        f"'tidings delivery list --issue {issue_id} --state unknown' shows them, "
        f"'tidings delivery ask --issue {issue_id}' asks the relay, "
        "'tidings delivery resolve ID' settles one"
        + "".join(f"; {hint}" for hint in hints(database, config, issue_id))
        for issue_id, count in standing.items()
    ]


def hints(database: Database, config: Config, issue_id: int) -> list[str]:
    """Return why nobody can say here of unknown mails of an issue that they were not accepted."""
    with database.read() as tx:
        found = unknowns.ways(tx, issue_id)
    return sorted({hint for way in found if (hint := ways.hint(config, way))})
