"""A site that has sent mail, some of which comes back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from publisher import bounces
from publisher.bounces import Taken
from publisher.config import Config
from publisher.mail import links
from publisher.mail.compiled import message
from publisher.mail.return_path import return_path
from publisher.mail.senders import sender
from publisher.subscriptions import keyring, suppressions
from publisher.tokens import Tokens
from store import bounces as kept
from store import deliveries, editions, issues, newsletters, queueing, subscribers
from store.database import Database
from store.records import Bounce, Delivery, DeliveryState, Status, Subscriber
from tests import bounced, claimed, make
from tests.store import fill

ZOE, ALI = "zoe@example.org", "ali@example.org"
DAY = timedelta(days=1)


@dataclass
class Post:
    """The site, its readers, and what it has sent them."""

    database: Database
    config: Config

    @property
    def tokens(self) -> Tokens:
        return keyring.tokens(self.database, now=make.NOW)

    def send(self, now: datetime = make.NOW) -> dict[str, Delivery]:
        """Send an issue to all; return the mails by their readers."""
        issue = self.queue(now)
        with self.database.write() as tx:
            while mails := claimed.claim(tx, now):
                claimed.settle(tx, mails, DeliveryState.SENT, now=now)
            return {mail.email: mail for mail in deliveries.listing(tx, issue)}

    def queue(self, now: datetime) -> int:
        """Queue an issue for all; return its number."""
        with self.database.write() as tx:
            issue = fill.issue(tx, slot=now)
            fill.edition(tx, issue)
            queueing.queue(tx, issue, due={"en": {"": now}}, now=now)
            return issue.id

    def path(self, mail: Delivery) -> str:
        """Return where a mail comes back to."""
        return return_path(self.tokens, self.config, mail.id)

    def copy(self, mail: Delivery) -> str:
        """Return the headers of a mail, as a mail system returns them."""
        with self.database.read() as tx:
            edition = editions.get(tx, mail.edition_id)
            issue = issues.get(tx, mail.issue_id)
            newsletter = newsletters.get(tx, issue.newsletter)
        from_ = sender(newsletter, "en", self.config)
        own = links.own(self.tokens, self.config, mail.subscriber_id, newsletter.key)
        return bounced.head_of(
            message(mail, edition, from_, own, date=make.NOW, tokens=self.tokens)
        )

    def take(self, raw: bytes, now: datetime = make.NOW) -> Taken:
        return bounces.take(self.database, self.config, raw, source="test", now=now)

    def person(self, email: str = ZOE) -> Subscriber:
        with self.database.read() as tx:
            found = subscribers.by_email(tx, email)
        assert found is not None
        return found

    def status(self, email: str = ZOE) -> Status:
        return self.person(email).status

    def suppressed(self, email: str = ZOE) -> str | None:
        with self.database.read() as tx:
            return suppressions.is_suppressed(tx, email)

    def rows(self) -> list[Bounce]:
        with self.database.read() as tx:
            return list(kept.listing(tx))


def a_post(database: Database, config: Config) -> Post:
    mail = config.mail.model_copy(update={"bounces": "bounces@news.example.org"})
    site = config.model_copy(update={"mail": mail})
    make.start(database, site)
    make.subscribe(database, [ZOE, ALI])
    return Post(database=database, config=site)


@pytest.fixture
def post(database: Database, config: Config) -> Post:
    """Give the site in memory."""
    return a_post(database, config)


@pytest.fixture
def either_post(either: Database, config: Config) -> Post:
    """Give the site on either database."""
    return a_post(either, config)
