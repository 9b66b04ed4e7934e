r"""Settle the mails that nobody can say of whether a relay has them.

    unknown --asked: accepted----------------> sent
       |   \--asked: refused, or retry--> queued again     (cancelled, where its issue is)
       \--hold, retried already, or not answered yet--> unknown, and shown

A newsletter says which rule holds. What is sent again is the same message under the same
Message-ID, so whoever gets it twice by ``retry`` may be spared to see it twice.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from publisher import issue_states
from publisher.config import Config
from publisher.delivery import asking, relays
from publisher.delivery.asking import Found, Question
from publisher.delivery.outgoing import Relay
from publisher.delivery.rulings import decide, goes_again, together
from publisher.errors import ConflictError
from publisher.issue_states import Act
from publisher.mail.senders import sender
from publisher.mail.wire import message_id
from publisher.subscriptions import keyring
from publisher.tokens import Tokens
from store import editions, issues, newsletters, unknowns
from store.database import Database, Transaction
from store.records import DeliveryState, Edition, Issue, Newsletter, Unknown, UnknownRule

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


def settle_due(database: Database, config: Config, *, now: datetime) -> Settled:
    """Settle what is to be looked at by now, of all issues, by their newsletters' rules."""
    total = Settled()
    with database.read() as tx:
        found = unknowns.standing(tx, due=now)
    for issue_id in found:
        try:
            done = settle(database, config, issue_id, now=now)
        except ConflictError as error:
            # Somebody has moved the issue meanwhile; the next look settles its mails.
            done = Settled(problems=[str(error)])
        for name in ("sent", "queued", "cancelled", "not_yet", "held", "problems"):
            setattr(total, name, getattr(total, name) + getattr(done, name))
    return total


def next_answer(
    database: Database, config: Config, *, now: datetime, issue_id: int | None = None
) -> datetime | None:
    """Return when relays are asked next that are expected to answer; None, when none is.

    Raises ConfigError for a relay whose password cannot be read.
    """
    with database.read() as tx:
        standing = unknowns.standing(tx)
        concerned = [each for each in standing if issue_id in (None, each)]
        mine = [
            edition.id
            for each in concerned
            if (newsletter := _newsletter(tx, each)).unknown is UnknownRule.ASK
            for edition in editions.of(tx, each)
            if _can_be_asked(config, newsletter, edition.language)
        ]
        return unknowns.next_due(tx, mine, since=now - _PATIENCE) if mine else None


def _newsletter(tx: Transaction, issue_id: int) -> Newsletter:
    return newsletters.get(tx, issues.get(tx, issue_id).newsletter)


def _can_be_asked(config: Config, newsletter: Newsletter, language: str) -> bool:
    found = relays.for_sender(config, sender(newsletter, language, config).address)
    return all(relay.ask for relay in found)


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
    tokens = keyring.tokens(database, now=now)
    with database.read() as tx:
        issue = issues.get(tx, issue_id)
        newsletter = newsletters.get(tx, issue.newsletter)
        case = _Case(
            issue=issue,
            newsletter=newsletter,
            editions={edition.id: edition for edition in editions.of(tx, issue_id)},
            mails=unknowns.of(tx, issue_id),
            rule=rule or newsletter.unknown,
            config=config,
            tokens=tokens,
            now=now,
        )
    if case.mails:
        # Relays are asked outside of any transaction: their logs are long.
        found = case.ask() if case.rule is UnknownRule.ASK else {}
        with database.write() as tx:
            case.write(tx, found)
    return case.done


@dataclass(frozen=True, kw_only=True)
class _Case:
    """An issue, its mails that are unknown, and what becomes of them."""

    issue: Issue
    newsletter: Newsletter
    editions: Mapping[int, Edition]
    mails: Sequence[Unknown]
    rule: UnknownRule
    config: Config
    tokens: Tokens
    now: datetime
    done: Settled = field(default_factory=Settled)

    def ask(self) -> dict[int, Found | None]:
        """Return what the relays say of each mail, by its id: those of its language's sender."""
        found: dict[int, Found | None] = {}
        for tag in sorted({mail.delivery.language for mail in self.mails}):
            mine = [mail for mail in self.mails if mail.delivery.language == tag]
            questions = {mail.delivery.id: self._question(mail) for mail in mine}
            address = sender(self.newsletter, tag, self.config).address
            answers = [
                self._ask(relay, [*questions.values()])
                for relay in relays.for_sender(self.config, address)
            ]
            for number, question in questions.items():
                found[number] = together([answer.get(question.message_id) for answer in answers])
        return found

    def _question(self, mail: Unknown) -> Question:
        edition = self.editions[mail.delivery.edition_id]
        return Question(
            message_id=message_id(mail.delivery, edition, self.config.host, self.tokens),
            since=self.issue.frozen or self.issue.slot,
            over=mail.since,
        )

    def _ask(self, relay: Relay, questions: Sequence[Question]) -> Mapping[str, Found]:
        """Return what a relay says; nothing where it cannot be asked."""
        if relay.ask is None:
            return {}
        try:
            found = asking.ask(relay.ask, questions, now=self.now)
        except OSError as error:
            problem = f"relay {relay.name} cannot be asked for unknown mails: {error}"
            self.done.problems.append(problem)
            return {}
        if Found.NOT_YET in found.values():
            asking.knock(relay)
        return found

    def write(self, tx: Transaction, found: Mapping[int, Found | None]) -> None:
        """Write down what each mail has become; what stays unknown is looked at again later."""
        for mail in self.mails:
            answer = found.get(mail.delivery.id)
            state = decide(self.rule, answer, self.issue.state, is_retried=mail.is_retried)
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
                by_rule=by_rule,
            )
            setattr(self.done, state, getattr(self.done, state) + 1)


def told(database: Database) -> list[str]:
    """Return a sentence for each issue with unknown mails: how many they are, and what to do."""
    with database.read() as tx:
        return [
            f"issue {issue_id}: {count} of its mails may or may not have been sent; "
            f"'tidings delivery list --issue {issue_id} --state unknown' shows them, "
            f"'tidings delivery ask --issue {issue_id}' asks the relay, "
            "'tidings delivery resolve ID' settles one"
            for issue_id, count in unknowns.standing(tx).items()
        ]
