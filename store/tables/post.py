"""Post: letters, the deliveries of issues and their batches, and what comes back."""

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from store.records import DeliveryState
from store.tables.base import Instant, metadata

#: Letters to single people: to confirm, welcome, goodbye.
letters = Table(
    "letters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subscriber_id", ForeignKey("subscribers.id"), nullable=False, index=True),
    # The folder of its templates.
    Column("name", String(20), nullable=False),
    Column("language", String(35), nullable=False),
    # Not always that of the subscriber: a new one has to be confirmed first.
    Column("email", Text, nullable=False, index=True),
    Column("details", JSON, nullable=False),
    Column("created", Instant, nullable=False, index=True),
    Column("state", String(20), nullable=False),
    Column("code", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Instant, nullable=False),
    Column("changed", Instant, nullable=False),
    Index(None, "state", "due"),
    sqlite_autoincrement=True,
)

#: What came back of mails and meant something: an address dead, full or refused, a complaint. And
#: what nobody could make anything of.
bounces = Table(
    "bounces",
    metadata,
    Column("id", Integer, primary_key=True),
    # By which the same message is known when it comes again.
    Column("digest", String(64), nullable=False, unique=True),
    Column("at", Instant, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("subscriber_id", ForeignKey("subscribers.id"), index=True),
    Column("delivery_id", ForeignKey("deliveries.id"), index=True),
    # Letters are dropped after a while, so this points at none.
    Column("letter_id", Integer),
    # The address that the message names first, whoever's it is.
    Column("address", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("detail", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("source", Text, nullable=False),
    Index(None, "kind", "at"),
    sqlite_autoincrement=True,
)

#: When a mailbox was looked into last.
mailboxes = Table(
    "mailboxes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("looked", Instant, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    # In the order in which they were queued; batches are slices of it.
    Column("id", Integer, primary_key=True),
    Column("issue_id", ForeignKey("issues.id"), nullable=False),
    Column("edition_id", ForeignKey("editions.id"), nullable=False),
    Column("subscriber_id", ForeignKey("subscribers.id"), nullable=False),
    Column("state", String(20), nullable=False),
    Column("code", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Instant, nullable=False),
    Column("changed", Instant, nullable=False),
    # That of its batch when it became unknown (publisher.delivery.ways).
    Column("way", Text, nullable=False, server_default=text("''")),
    # One person never gets two languages of one issue. No other index: what changes with each
    # mail then changes nothing but its row.
    UniqueConstraint("issue_id", "subscriber_id"),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issue_id", ForeignKey("issues.id"), nullable=False, index=True),
    Column("edition_id", ForeignKey("editions.id"), nullable=False),
    # Its deliveries are those of the edition with ids from first to last, both included.
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    # When the next of them is due; NULL when none waits.
    Column("due", Instant, index=True),
    # How many they are, and how many in each state.
    Column("size", Integer, nullable=False),
    *(Column(state.value, Integer, nullable=False) for state in DeliveryState),
    # The journal of the worker that has it; empty when none has.
    Column("worker", String(200), nullable=False, index=True),
    # Until when nobody of another host takes it.
    Column("lease", Instant),
    # Raised whenever somebody takes it: whoever holds an older one has lost it.
    Column("token", Integer, nullable=False),
    # When it was last taken.
    Column("served", Instant),
    # By what its mails go out, as who took it last has said (publisher.delivery.ways).
    Column("way", Text, nullable=False, server_default=text("''")),
    # The batch of a delivery is the first of its edition that ends there or later.
    Index(None, "edition_id", "last"),
)

#: The batches with mails that nobody can say of: hardly ever any.
Index(
    "ix_batches_unknown",
    batches.c.unknown,
    sqlite_where=batches.c.unknown > text("0"),
    postgresql_where=batches.c.unknown > text("0"),
)
