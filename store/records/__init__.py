"""The records that the store hands out: frozen values, instants aware and in UTC.

They are imported from here, and only from here.

    items.py         items, pictures, subjects      texts.py       their words, and revisions
    publications.py  the ledger, holds, feeds       figures.py     counts for reports
    newsletters.py   newsletters                    issues.py      issues, words, editions
    subscribers.py   people, consents, keys         deliveries.py  mails of issues
    letters.py       mails to single people         bounces.py     what came back
    servers.py       what others said, must hear
"""

from store.records.bounces import Bounce
from store.records.deliveries import Batch, Delivery, DeliveryState, Ending, Unknown
from store.records.figures import Lag, Parity, Reach
from store.records.issues import Approval, Blocking, Edition, Headline, Issue, IssueState, Words
from store.records.items import Image, Item, Kind, Topic, topic_key
from store.records.letters import Letter
from store.records.newsletters import OWN, Newsletter, UnknownRule, newsletter_channel
from store.records.publications import FEED, FeedEntry, Hold, Missing, Publication
from store.records.servers import Fetch, Ping
from store.records.subscribers import (
    Act,
    Consent,
    Group,
    SigningKey,
    Status,
    Subscriber,
    Subscription,
)
from store.records.texts import Change, Freshness, Mark, Place, Stand, Text, Translation, Workflow

__all__ = [
    "FEED",
    "OWN",
    "Act",
    "Approval",
    "Batch",
    "Blocking",
    "Bounce",
    "Change",
    "Consent",
    "Delivery",
    "DeliveryState",
    "Edition",
    "Ending",
    "FeedEntry",
    "Fetch",
    "Freshness",
    "Group",
    "Headline",
    "Hold",
    "Image",
    "Issue",
    "IssueState",
    "Item",
    "Kind",
    "Lag",
    "Letter",
    "Mark",
    "Missing",
    "Newsletter",
    "Parity",
    "Ping",
    "Place",
    "Publication",
    "Reach",
    "SigningKey",
    "Stand",
    "Status",
    "Subscriber",
    "Subscription",
    "Text",
    "Topic",
    "Translation",
    "Unknown",
    "UnknownRule",
    "Words",
    "Workflow",
    "newsletter_channel",
    "topic_key",
]
