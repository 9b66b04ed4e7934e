"""Ask the relays of an issue for its mails that are unknown.

That a relay has a mail is true whoever's log says so. That it has not is believed only of the
relays, and on the host, that the mail went out by (:mod:`publisher.delivery.ways`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from publisher.config import Config
from publisher.delivery import asking, logfiles, relays, ways
from publisher.delivery.asking import SLACK, Found, Question
from publisher.delivery.outgoing import Relay
from publisher.delivery.rulings import together
from publisher.mail.senders import sender
from publisher.mail.wire import message_id
from publisher.tokens import Tokens
from store.records import Edition, Issue, Newsletter, Unknown

#: What relays say of a mail, by where they are; None where one says nothing.
_Said = dict[str, Found | None]


@dataclass(frozen=True, kw_only=True)
class Enquiry:
    """An issue, of which relays are asked."""

    issue: Issue
    newsletter: Newsletter
    editions: Mapping[int, Edition]
    config: Config
    tokens: Tokens
    now: datetime
    #: Why a relay could not be asked.
    problems: list[str] = field(default_factory=list)

    def ask(self, mails: Sequence[Unknown]) -> dict[int, Found | None]:
        """Return what is certain of each mail, by its id: None, nothing and never by itself.

        Each log is read once. Raises ConfigError for a relay whose password cannot be read.
        """
        questions = {mail.delivery.id: self._question(mail) for mail in mails}
        said: dict[int, _Said] = {mail.delivery.id: {} for mail in mails}
        known = ways.known(self.config)
        for place, ids in self._asked(mails).items():
            relay = relays.relay_of(self.config, known[place])
            answer = self._ask(relay, [questions[number] for number in ids])
            for number in ids:
                said[number][place] = answer.get(questions[number].message_id)
        return {mail.delivery.id: self._judged(mail, said[mail.delivery.id]) for mail in mails}

    def _asked(self, mails: Iterable[Unknown]) -> dict[str, list[int]]:
        """Return which mails each relay is asked for: those it was handed, or would be now."""
        found: dict[str, list[int]] = {}
        known = ways.known(self.config)
        for mail in mails:
            way = ways.read(mail.delivery.way)
            address = sender(self.newsletter, mail.delivery.language, self.config).address
            now = [ways.place(each) for each in relays.settings_for(self.config, address)]
            for place in dict.fromkeys([*(way.relays if way else ()), *now]):
                if place in known:
                    found.setdefault(place, []).append(mail.delivery.id)
        return found

    def _question(self, mail: Unknown) -> Question:
        edition, way = self.editions[mail.delivery.edition_id], ways.read(mail.delivery.way)
        domain = ways.domain_of(self.config, mail.delivery.way)
        return Question(
            message_id=message_id(mail.delivery, edition, domain, self.tokens),
            since=way.began - SLACK if way else self.issue.frozen or self.issue.slot,
            over=mail.since,
        )

    def _ask(self, relay: Relay, questions: Sequence[Question]) -> Mapping[str, Found]:
        """Return what a relay says; nothing where it cannot be asked."""
        if relay.ask is None:
            return {}
        try:
            found = asking.ask(relay.ask, questions, now=self.now)
            if Found.NOT_YET in found.values():
                asking.knock(relay)
                since = min(question.since for question in questions)
                self._tell(relay, logfiles.unread(relay.ask, since))
        except OSError as error:
            problem = f"relay {relay.name} cannot be asked for unknown mails: {error}"
            self.problems.append(problem)
            return {}
        return found

    def _tell(self, relay: Relay, unread: Iterable[Path]) -> None:
        self.problems.extend(
            f"relay {relay.name} cannot say of any mail that it does not have it: {path} may be a "
            "part of its log and cannot be read; pack it with gzip, or put it elsewhere"
            for path in unread
        )

    def _judged(self, mail: Unknown, said: _Said) -> Found | None:
        written = mail.delivery.way
        way = ways.read(written)
        if Found.ACCEPTED in said.values():
            return Found.ACCEPTED
        return together(
            [
                said.get(place) if ways.is_told_here(self.config, written, place) else None
                for place in (way.relays if way else ())
            ]
        )
