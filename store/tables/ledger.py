"""The ledger, and what follows from it: what waits, is stale, or has a place in a feed; pings."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from store.tables.base import Instant, metadata

#: The ledger.
publications = Table(
    "publications",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", ForeignKey("items.id"), nullable=False),
    Column("language", String(35), nullable=False),
    Column("channel", String(120), nullable=False),
    Column("telling", Integer, nullable=False),
    Column("shown_language", String(35), nullable=False),
    Column("revision", Integer, nullable=False),
    # The source text's revision at that time: what has become of it since is news.
    Column("source_revision", Integer, nullable=False, server_default="0"),
    Column("rule", String(20), nullable=False),
    Column("change", String(20), nullable=False),
    Column("told", Instant, nullable=False),
    Column("published", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("issue_id", ForeignKey("issues.id"), index=True),
    # Here lives "once only": whoever tells the same thing a second time writes nothing.
    UniqueConstraint("item_id", "language", "channel", "telling"),
    CheckConstraint("telling > 0", name="telling"),
    # The newest of a feed, in order, whatever the size of the archive. The language stands
    # first: with the channel there, SQLite would walk a whole channel to find a few items.
    Index(None, "language", "channel", "telling", "told", "published", "item_id"),
    # What was retracted or withdrawn last: a few rows, which every feed asks for.
    Index(None, "language", "channel", "change", "told", "item_id"),
)

#: What waits in the feeds, as the last look at the item found it.
holds = Table(
    "holds",
    metadata,
    Column("item_id", ForeignKey("items.id"), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("until", Instant),
    Column("reason", Text, nullable=False),
)

#: Items whose public files do not yet show what the ledger says.
stale_items = Table(
    "stale_items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", ForeignKey("items.id"), nullable=False),
    sqlite_autoincrement=True,
)

#: Issues whose editions do not stand in the public archive yet.
stale_issues = Table(
    "stale_issues",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issue_id", ForeignKey("issues.id"), nullable=False),
    sqlite_autoincrement=True,
)

#: The order of a feed: which item was the first, second, third of a language, or of a topic in
#: it. A place is given once and kept, so that the archive of a feed never shifts (RFC 5005).
feed_entries = Table(
    "feed_entries",
    metadata,
    Column("language", String(35), primary_key=True),
    # Empty for all news of the language.
    Column("topic", String(100), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("item_id", ForeignKey("items.id"), nullable=False),
    UniqueConstraint("item_id", "language", "topic"),
    CheckConstraint("ordinal > 0", name="ordinal"),
)

#: Feeds that a WebSub hub has yet to hear of: a row goes when the hub has taken it.
pings = Table(
    "pings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hub", Text, nullable=False),
    # The address of the feed (WebSub's word).
    Column("topic", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Instant, nullable=False, index=True),
    UniqueConstraint("hub", "topic"),
    sqlite_autoincrement=True,
)
