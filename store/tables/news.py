"""News: topics, items, their texts and each revision of these; pictures, and what was read."""

from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from store.tables.base import Instant, metadata

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
