"""Places in feeds, pictures, what texts came as, and what the archive and hubs have yet to get."""

import sqlalchemy as sa
from alembic import op

import store.tables

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "images",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("suffix", sa.String(10), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_images")),
    )
    # Written out, as in 0002: Alembic would have SQLite copy the table for its constraint.
    op.execute(
        "alter table items add column image_sha256 varchar(64)"
        " constraint fk_items_image_sha256 references images (sha256)"
    )
    op.create_index(op.f("ix_items_image_sha256"), "items", ["image_sha256"])
    op.add_column(
        "translations",
        sa.Column(
            "source_fingerprint", sa.String(64), nullable=False, server_default=sa.text("''")
        ),
    )
    op.create_table(
        "stale_issues",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_stale_issues_issue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stale_issues")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "feed_entries",
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("topic", sa.String(100), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("ordinal > 0", name=op.f("ck_feed_entries_ordinal")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_feed_entries_item_id")),
        sa.PrimaryKeyConstraint("language", "topic", "ordinal", name=op.f("pk_feed_entries")),
        sa.UniqueConstraint(
            "item_id", "language", "topic", name=op.f("uq_feed_entries_item_id_language_topic")
        ),
    )
    op.create_table(
        "pings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", store.tables.Instant(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pings")),
        sa.UniqueConstraint("hub", "topic", name=op.f("uq_pings_hub_topic")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pings_due"), "pings", ["due"])
    _fill()


def _fill() -> None:
    """Give what was told before the places that it would have, and have its files made anew."""
    op.execute(
        "insert into feed_entries (language, topic, ordinal, item_id) select language, '',"
        " row_number() over (partition by language order by told, published, item_id), item_id"
        " from publications where channel = 'feed' and telling = 1"
    )
    op.execute(
        "insert into feed_entries (language, topic, ordinal, item_id)"
        " select p.language, t.topic, row_number() over (partition by p.language, t.topic"
        " order by p.told, p.published, p.item_id), p.item_id from publications p"
        " join item_topics t on t.item_id = p.item_id where p.channel = 'feed' and p.telling = 1"
    )
    op.execute(
        "insert into stale_items (item_id) select distinct item_id from publications"
        " where channel = 'feed' order by item_id"
    )
    op.execute(
        "insert into stale_issues (issue_id) select distinct issue_id from editions"
        " order by issue_id"
    )
