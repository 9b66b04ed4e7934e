"""Newsletters, their issues with who approved and who was reminded, and their frozen editions."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from store.tables.base import Instant, metadata

newsletters = Table(
    "newsletters",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("names", JSON, nullable=False),
    Column("languages", JSON, nullable=False),
    Column("topics", JSON, nullable=False),
    Column("schedule", Text, nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("since", Instant, nullable=False),
    Column("rules", JSON),
    Column("senders", JSON),
    Column("replies", JSON),
    Column("template", String(100), nullable=False, server_default=text("'digest'")),
    # Whether somebody else than the author must approve each language of an issue.
    Column("approval", Boolean, nullable=False, server_default=text("false")),
    Column("frequencies", JSON),
    Column("minimum", Integer, nullable=False, server_default="1"),
    Column("windows", JSON),
    # What becomes of its mails that nobody can say of: ask, hold or retry.
    Column("unknown", String(10), nullable=False, server_default=text("'ask'")),
)

issues = Table(
    "issues",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("newsletter", ForeignKey("newsletters.key"), nullable=False),
    Column("slot", Instant, nullable=False),
    Column("state", String(30), nullable=False, index=True),
    Column("blocking", JSON, nullable=False),
    Column("frozen", Instant),
    # The item that the issue corrects; NULL for the regular ones.
    Column("corrects", ForeignKey("items.id"), index=True),
    # Whether somebody planned it; the schedule then does not count its slot.
    Column("by_hand", Boolean, nullable=False, server_default=text("false")),
    # The items that somebody chose, in order; NULL where the ledger says what is new.
    Column("items", JSON(none_as_null=True)),
    # By language: subject, preheader, intro and who wrote them; NULL where nobody did.
    Column("words", JSON(none_as_null=True)),
    # Not to be sent before; NULL for at once.
    Column("send_at", Instant),
    Column("frequency", String(40), nullable=False, server_default=text("''")),
    UniqueConstraint("newsletter", "frequency", "slot"),
)

#: Who has approved exactly which content of an issue: an edit makes it another.
approvals = Table(
    "approvals",
    metadata,
    Column("issue_id", ForeignKey("issues.id"), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("approved_by", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

#: Items that a newsletter has yet to look at: a mark each time something about one changes, for
#: each of its frequencies.
offers = Table(
    "offers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("newsletter", ForeignKey("newsletters.key"), nullable=False, index=True),
    Column("item_id", ForeignKey("items.id"), nullable=False),
    # For its issues at which frequency.
    Column("frequency", String(40), nullable=False, server_default=text("''")),
    # As with the marks above: one that was taken back must not come again as another.
    sqlite_autoincrement=True,
)

editions = Table(
    "editions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issue_id", ForeignKey("issues.id"), nullable=False),
    Column("language", String(35), nullable=False),
    Column("subject", Text, nullable=False),
    Column("preheader", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("items", Integer, nullable=False),
    # 0 holds all that the issue tells in the language; others hold a part, by readers' topics.
    Column("variant", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("issue_id", "language", "variant"),
)

#: What an edition tells of: who got it was told of these items, and of no others.
edition_items = Table(
    "edition_items",
    metadata,
    Column("edition_id", ForeignKey("editions.id"), primary_key=True),
    Column("item_id", ForeignKey("items.id"), primary_key=True, index=True),
)

#: Which readers an edition is for: those who read a language and take these topics.
audiences = Table(
    "audiences",
    metadata,
    Column("edition_id", ForeignKey("editions.id"), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("topic_key", Text, primary_key=True),
)

#: Which translators were reminded of an issue on which day (ISO 8601, of its newsletter's zone).
reminders = Table(
    "reminders",
    metadata,
    Column("issue_id", ForeignKey("issues.id"), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("day", String(10), primary_key=True),
)
