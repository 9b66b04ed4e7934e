r"""Remind translators by mail of what an issue waits for: once a day for each issue and language.

issue that waits --> addresses of the language? --> told today? --claim--> relay --> told
                                                        ^                   |
                                                        \-----give back-----/  nobody was reached

The claim comes before the mail: whoever dies in between has told them nothing that day, and
nobody is ever told twice.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from publisher import gating, outlook
from publisher.config import Config
from publisher.delivery import relays, single
from publisher.delivery.outgoing import Answer, Outgoing, Relay, Verdict
from publisher.errors import MailError, RenderError, UnreachableError
from publisher.mail import keys
from publisher.mail.reminders import Reminder, Wanted, message
from publisher.policy import EMBARGO
from store import issues, items, newsletters, reminders
from store.database import Database, Transaction
from store.records import Blocking, Issue, IssueState


@dataclass(kw_only=True)
class Outcome:
    """What one look did."""

    #: Mails that a relay has taken.
    sent: int = 0
    #: What could not be done, and whom a relay refused.
    problems: list[str] = field(default_factory=list)


def remind(database: Database, config: Config, *, now: datetime) -> Outcome:
    """Remind those who have not been reminded today. Raises ConfigError.

    A relay that is away is a problem: the next look tries again.
    """
    outcome = Outcome()
    with database.read() as tx:
        due = _due(tx, config, now)
    if not due:
        return outcome
    known = keys.load(config)
    signed_by = known.of(config.sender)
    if fault := known.fault(config.sender):
        outcome.problems.append(f"reminders go out unsigned: {fault}")
    run = _Run(database=database, ways=relays.for_sender(config, config.sender), outcome=outcome)
    for reminder in due:
        try:
            mails = [
                Outgoing(
                    id=number,
                    sender=config.sender,
                    recipient=address,
                    message=message(reminder, address, config, now=now, keys=signed_by),
                )
                for number, address in enumerate(config.staff.reminders[reminder.language])
            ]
            run.tell(reminder, mails)
        except UnreachableError as error:
            outcome.problems.append(str(error))
            # It would take none of the others either.
            break
        except (RenderError, MailError) as error:
            outcome.problems.append(str(error))
    return outcome


def _due(tx: Transaction, config: Config, now: datetime) -> list[Reminder]:
    """Return the reminders that nobody has claimed for today."""
    if not any(config.staff.reminders.values()):
        return []
    found = []
    for issue in issues.listing(tx, states=[IssueState.AWAITING_TRANSLATIONS]):
        # An embargo is nothing that a translator could end.
        blocking = [entry for entry in issue.blocking if entry.reason != EMBARGO]
        for language in dict.fromkeys(entry.language for entry in blocking):
            if config.staff.reminders.get(language):
                mine = [entry for entry in blocking if entry.language == language]
                found.append(_reminder(tx, issue, language, mine, now))
    return [
        each
        for each in found
        if not reminders.is_claimed(tx, each.issue_id, each.language, each.day)
    ]


def _reminder(
    tx: Transaction, issue: Issue, language: str, blocking: Sequence[Blocking], now: datetime
) -> Reminder:
    newsletter = newsletters.get(tx, issue.newsletter)
    ids = [entry.item for entry in blocking]
    known, names = items.many(tx, ids), outlook.titles(tx, ids)
    wanted = [
        Wanted(item=id_, title=names[id_], source_language=known[id_].source_language)
        for id_ in ids
    ]
    return Reminder(
        issue_id=issue.id,
        newsletter=newsletter,
        language=language,
        day=now.astimezone(ZoneInfo(newsletter.timezone)).date().isoformat(),
        wanted=wanted,
        # One rule holds for the language: all have the same deadline, or none.
        until=max((entry.until for entry in blocking if entry.until), default=None),
        then=gating.rule(newsletter, language).then,
    )


@dataclass(frozen=True, kw_only=True)
class _Run:
    """One look, and the relays that it may hand mails to."""

    database: Database
    ways: Sequence[Relay]
    outcome: Outcome

    def tell(self, reminder: Reminder, mails: Sequence[Outgoing]) -> None:
        """Send the mails of a reminder unless another has. Raises UnreachableError."""
        key = (reminder.issue_id, reminder.language, reminder.day)
        with self.database.write() as tx:
            if not reminders.claim(tx, *key):
                return
        for number, mail in enumerate(mails):
            try:
                answer = asyncio.run(self._send(mail))
            except UnreachableError:
                # Once somebody has theirs, another try would tell them twice.
                if number == 0:
                    with self.database.write() as tx:
                        reminders.give_back(tx, *key)
                raise
            self._count(mail, answer)

    def _count(self, mail: Outgoing, answer: Answer) -> None:
        if answer.verdict is Verdict.ACCEPTED:
            self.outcome.sent += 1
        else:
            said = f"{answer.code} {answer.text}" if answer.code else answer.text
            self.outcome.problems.append(f"reminder to {mail.recipient}: {said}")

    async def _send(self, mail: Outgoing) -> Answer:
        """Hand a mail to the first relay that judges it. Raises UnreachableError."""
        problem = ""
        for relay in self.ways:
            try:
                answer = await single.deliver(relay, mail)
            except UnreachableError as error:
                problem = str(error)
            else:
                if answer.verdict is not Verdict.UNSENT:
                    return answer
                problem = f"relay at {relay.host}:{relay.port}: {answer.text}"
        raise UnreachableError(problem)
