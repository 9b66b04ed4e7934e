"""The tables, as SQLAlchemy Core; :mod:`store.migrations` holds the way to them.

They are imported from here, and only from here: only then all of them are known.

    news.py      topics, items, translations, revisions, images, fetches
    ledger.py    publications, holds, feed_entries, pings, stale_items, stale_issues
    mailings.py  newsletters, offers, issues, approvals, reminders, editions, audiences
    people.py    subscribers, subscriptions, consents, suppressions, signing_keys
    post.py      letters, deliveries, batches, bounces, mailboxes
    base.py      what they stand on
"""

from store.tables.base import Instant, metadata
from store.tables.ledger import feed_entries, holds, pings, publications, stale_issues, stale_items
from store.tables.mailings import (
    approvals,
    audiences,
    edition_items,
    editions,
    issues,
    newsletters,
    offers,
    reminders,
)
from store.tables.news import fetches, images, item_topics, items, revisions, topics, translations
from store.tables.people import consents, signing_keys, subscribers, subscriptions, suppressions
from store.tables.post import batches, bounces, deliveries, letters, mailboxes

__all__ = [
    "Instant",
    "approvals",
    "audiences",
    "batches",
    "bounces",
    "consents",
    "deliveries",
    "edition_items",
    "editions",
    "feed_entries",
    "fetches",
    "holds",
    "images",
    "issues",
    "item_topics",
    "items",
    "letters",
    "mailboxes",
    "metadata",
    "newsletters",
    "offers",
    "pings",
    "publications",
    "reminders",
    "revisions",
    "signing_keys",
    "stale_issues",
    "stale_items",
    "subscribers",
    "subscriptions",
    "suppressions",
    "topics",
    "translations",
]
