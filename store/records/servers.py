"""Other servers: what they said, and what they have yet to hear."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """What the server of an address said when it was read last."""

    url: str
    #: Its validators, to ask with whether it has changed; empty where it gave none.
    etag: str
    last_modified: str
    #: How many texts came from it.
    texts: int
    fetched: datetime


@dataclass(frozen=True, kw_only=True)
class Ping:
    """A hub has to hear that a feed has changed (WebSub)."""

    id: int
    hub: str
    #: The address of the feed.
    topic: str
    #: How often the hub was told in vain.
    attempts: int
    #: When to tell it, or to tell it again.
    due: datetime
