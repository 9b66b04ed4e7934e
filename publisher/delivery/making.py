"""Make the mails of an edition, ready for the wire; what they have in common is kept."""

from dataclasses import dataclass, field

from publisher.config import Config
from publisher.delivery import relays
from publisher.delivery.outgoing import Outgoing
from publisher.delivery.relays import Route
from publisher.errors import ConfigError
from publisher.mail import links
from publisher.mail.compiled import Compiled, compiled
from publisher.mail.keys import Keys
from publisher.mail.return_path import return_path
from publisher.mail.senders import sender
from publisher.tokens import Tokens
from store import editions, issues, newsletters
from store.database import Transaction
from store.records import Delivery, Edition, Issue, Newsletter


@dataclass(frozen=True, kw_only=True)
class Known:
    """An edition, and whose it is."""

    edition: Edition
    issue: Issue
    newsletter: Newsletter
    #: The relays that its mails go by.
    route: Route


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Makes mails. Only what was learnt before can be made, by any number of threads."""

    config: Config
    tokens: Tokens
    keys: Keys
    known: dict[int, Known] = field(default_factory=dict)
    seen: dict[int, Known] = field(default_factory=dict)
    compiled: dict[int, Compiled] = field(default_factory=dict)

    def learn(self, tx: Transaction, edition_id: int) -> Known:
        """Return an edition with all that its mails need; read once.

        Raises ConfigError where nothing would sign them though mail is signed here: nobody would
        notice, and once they are claimed it is too late.
        """
        if edition_id not in self.known:
            known = self.look(tx, edition_id)
            from_ = sender(known.newsletter, known.edition.language, self.config)
            if fault := self.keys.fault(from_.address):
                raise ConfigError("dkim.selectors", [f"{fault} in {self.config.dkim_folder}"])
            self.known[edition_id] = known
        return self.known[edition_id]

    def look(self, tx: Transaction, edition_id: int) -> Known:
        """Return the same, whether or not its mails can be made: others may send them."""
        if edition_id not in self.seen:
            edition = editions.get(tx, edition_id)
            issue = issues.get(tx, edition.issue_id)
            newsletter = newsletters.get(tx, issue.newsletter)
            from_ = sender(newsletter, edition.language, self.config)
            self.seen[edition_id] = Known(
                edition=edition,
                issue=issue,
                newsletter=newsletter,
                route=relays.route_of(self.config, from_.address),
            )
        return self.seen[edition_id]

    def make(self, delivery: Delivery) -> Outgoing:
        """Return the mail of a delivery. Raises UnwritableError."""
        known = self.known[delivery.edition_id]
        if delivery.edition_id not in self.compiled:
            self.compiled[delivery.edition_id] = self._compile(known)
        reader = links.own(self.tokens, self.config, delivery.subscriber_id, known.newsletter.key)
        return Outgoing(
            id=delivery.id,
            sender=return_path(self.tokens, self.config, delivery.id),
            recipient=delivery.email,
            message=self.compiled[delivery.edition_id].message(delivery, reader),
            # As it was encoded (publisher.mail.encodings).
            is_dotless=True,
        )

    def _compile(self, known: Known) -> Compiled:
        from_ = sender(known.newsletter, known.edition.language, self.config)
        keys = self.keys.of(from_.address)
        return compiled(known.edition, from_, date=known.issue.dated, tokens=self.tokens, keys=keys)
