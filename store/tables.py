"""The tables, as SQLAlchemy Core; :mod:`store.migrations` holds the way to them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeDecorator, TypeEngine

from store.records import DeliveryState


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC.

    SQLite has no such type: there it is ISO 8601 text of fixed width, whose order as
    text is the order in time.
    """

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the zoned type where the database has one."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401
        """Refuse naive instants: nobody can say which moment they mean."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"instant without a zone: {value.isoformat()}")
        moment = value if value.tzinfo is UTC else value.astimezone(UTC)
        if dialect.name == "postgresql":
            return moment
        return moment.isoformat("T", "microseconds")

    def bound(self, values: Sequence[datetime | None], dialect: Dialect) -> Sequence[Any]:
        """Return very many values as the driver takes them: one by one takes twice as long."""
        zones = {value.tzinfo for value in values if value is not None}
        if dialect.name == "postgresql" or zones - {UTC}:
            return [self.process_bind_param(value, dialect) for value in values]
        return [value and value.isoformat("T", "microseconds") for value in values]

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """Hand out UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


#: Names for every constraint, so that a later migration can name what it changes.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

topics = Table(
    "topics",
    metadata,
    Column("key", String(100), primary_key=True),
    Column("names", JSON, nullable=False),
)

items = Table(
    "items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", String(20), nullable=False),
    Column("source_language", String(35), nullable=False),
    Column("embargo", Instant),
    Column("url", Text),
    # Where the picture was, and the picture itself where it could be read.
    Column("image", Text),
    Column("image_sha256", ForeignKey("images.sha256"), index=True),
    Column("tag", Text, nullable=False, unique=True),
    Column("created", Instant, nullable=False),
    # When the tick must look at the item next; NULL when nothing can be due. Thanks to
    # it an idle tick costs the same whatever the size of the archive.
    Column("look_at", Instant, index=True),
)

item_topics = Table(
    "item_topics",
    metadata,
    Column("item_id", ForeignKey("items.id"), primary_key=True),
    Column("topic", ForeignKey("topics.key"), primary_key=True, index=True),
)


def _text_columns() -> list[Column[Any]]:
    return [
        Column("title", Text, nullable=False),
        Column("summary", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("slug", Text, nullable=False),
        Column("image_alt", Text, nullable=False),
    ]


translations = Table(
    "translations",
    metadata,
    Column("item_id", ForeignKey("items.id"), primary_key=True),
    Column("language", String(35), primary_key=True),
    *_text_columns(),
    Column("dated", Instant),
    Column("workflow", String(20), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("source_digest", String(64), nullable=False),
    # The language of the text that it was made from: not always the source (relay translation).
    Column("made_from", String(35), nullable=False, server_default=text("''")),
    Column("revision", Integer, nullable=False),
    Column("change", String(20), nullable=False),
    Column("updated", Instant, nullable=False),
    Column("approved", Instant),
    # The place that it came from, without its language: how a file is known again
    # whichever folder above it is imported. Empty for a text that came from nowhere.
    Column("origin", Text, nullable=False, index=True),
    # What it came as last, for who imports the same again. Empty for a text that came from nowhere.
    Column("source_fingerprint", String(64), nullable=False, server_default=text("''")),
)

revisions = Table(
    "revisions",
    metadata,
    Column("item_id", ForeignKey("items.id"), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("number", Integer, primary_key=True),
    *_text_columns(),
    Column("digest", String(64), nullable=False, server_default=text("''")),
    Column("author", Text, nullable=False),
    Column("change", String(20), nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("saved", Instant, nullable=False),
    CheckConstraint("number > 0", name="number"),
)

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

#: Pictures as they are published, known by their bytes.
images = Table(
    "images",
    metadata,
    Column("sha256", String(64), primary_key=True),
    # The end of the file's name, such as jpg.
    Column("suffix", String(10), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
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

#: What servers said of the addresses that were read, so that the next reading can ask for
#: changes only (RFC 9110, 13).
fetches = Table(
    "fetches",
    metadata,
    Column("url", Text, primary_key=True),
    Column("etag", Text, nullable=False),
    Column("last_modified", Text, nullable=False),
    # How many texts came from it: so many are the same when it has not changed.
    Column("texts", Integer, nullable=False),
    Column("fetched", Instant, nullable=False),
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

#: Which translators were reminded of an issue on which day (ISO 8601, of its newsletter's zone).
reminders = Table(
    "reminders",
    metadata,
    Column("issue_id", ForeignKey("issues.id"), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("day", String(10), primary_key=True),
)

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

#: Addresses that must not be written to, as keyed hashes: whose they are is not to be read here.
suppressions = Table(
    "suppressions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("reason", String(20), nullable=False),
    Column("at", Instant, nullable=False),
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
