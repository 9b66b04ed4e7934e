"""Make the mails of an edition, ready for the wire; what they have in common is kept."""

from dataclasses import dataclass, field

from publisher.config import Config
from publisher.delivery.outgoing import Outgoing
from publisher.mail import links
from publisher.mail.senders import sender
from publisher.mail.wire import Sender, message
from publisher.tokens import Tokens
from store import issues, newsletters
from store.database import Transaction
from store.records import Delivery, Edition, Issue, Newsletter


@dataclass(frozen=True, kw_only=True)
class Made:
    """An edition, and what every mail of it needs."""

    edition: Edition
    issue: Issue
    newsletter: Newsletter
    sender: Sender


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Makes mails. Only what was learnt before can be made, by any thread then."""

    config: Config
    tokens: Tokens
    known: dict[int, Made] = field(default_factory=dict)

    def learn(self, tx: Transaction, edition_id: int) -> Made:
        """Return an edition with all that its mails need; read once."""
        if edition_id not in self.known:
            edition = issues.edition(tx, edition_id)
            issue = issues.get(tx, edition.issue_id)
            newsletter = newsletters.get(tx, issue.newsletter)
            self.known[edition_id] = Made(
                edition=edition,
                issue=issue,
                newsletter=newsletter,
                sender=sender(newsletter, edition.language, self.config),
            )
        return self.known[edition_id]

    def make(self, delivery: Delivery) -> Outgoing:
        """Return the mail of a delivery. Raises UnwritableError."""
        made = self.known[delivery.edition_id]
        own = links.own(self.tokens, self.config, delivery.subscriber_id, made.newsletter.key)
        return Outgoing(
            id=delivery.id,
            sender=return_path(self.config, delivery),
            recipient=delivery.email,
            message=message(delivery, made.edition, made.sender, own, date=made.issue.dated),
        )


def return_path(config: Config, delivery: Delivery) -> str:  # noqa: ARG001
    """Return the address that a relay reports to what it cannot deliver (RFC 5321, 4.4)."""
    return config.sender
