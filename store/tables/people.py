"""People: who they are, what they take and agreed to, and the keys of their links."""

from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Table, Text, text

from store.tables.base import Instant, metadata

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("language", String(35), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("status", String(20), nullable=False),
    Column("consent_at", Instant),
    Column("consent_source", Text, nullable=False),
    # Until then nothing is queued for them; NULL when they do not pause.
    Column("paused_until", Instant),
)

#: What people agreed to, in which words, and when they took it back: evidence, kept as it is.
consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subscriber_id", ForeignKey("subscribers.id"), nullable=False, index=True),
    Column("act", String(20), nullable=False),
    Column("at", Instant, nullable=False),
    # Where it was said: on a form, by a link of a mail, by a command.
    Column("how", String(20), nullable=False),
    # The language of the wording, which is not always that of the reader.
    Column("language", String(35), nullable=False),
    Column("wording", Text, nullable=False),
    Column("choice", JSON, nullable=False),
    # What was asked for, in the row of who confirms it.
    Column("asked", ForeignKey("consents.id"), index=True),
    sqlite_autoincrement=True,
)

#: Addresses that must not be written to, as keyed hashes: whose they are is not to be read here.
suppressions = Table(
    "suppressions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("reason", String(20), nullable=False),
    Column("at", Instant, nullable=False),
)

#: The keys that links in mails are signed with; the newest signs, all are known again.
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("secret", String(64), nullable=False),
    Column("created", Instant, nullable=False),
    sqlite_autoincrement=True,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("newsletter", ForeignKey("newsletters.key"), primary_key=True),
    Column("subscriber_id", ForeignKey("subscribers.id"), primary_key=True, index=True),
    Column("topics", JSON, nullable=False),
    # The same as one word: equal for equal sets of topics.
    Column("topic_key", Text, nullable=False, server_default=text("''")),
    Column("frequency", String(40), nullable=False, server_default=text("''")),
)
