"""The first tables."""

import sqlalchemy as sa
from alembic import op

import store.tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("source_language", sa.String(length=35), nullable=False),
        sa.Column("embargo", store.tables.Instant(length=32), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("image", sa.Text(), nullable=True),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("created", store.tables.Instant(length=32), nullable=False),
        sa.Column("look_at", store.tables.Instant(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("key", name=op.f("uq_items_key")),
        sa.UniqueConstraint("tag", name=op.f("uq_items_tag")),
    )
    op.create_index(op.f("ix_items_look_at"), "items", ["look_at"], unique=False)
    op.create_table(
        "newsletters",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("missing", sa.String(length=20), nullable=False),
        sa.Column("since", store.tables.Instant(length=32), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_newsletters")),
    )
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("consent_at", store.tables.Instant(length=32), nullable=True),
        sa.Column("consent_source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("email", name=op.f("uq_subscribers_email")),
    )
    op.create_table(
        "topics",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_topics")),
    )
    op.create_table(
        "holds",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("until", store.tables.Instant(length=32), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_holds_item_id")),
        sa.PrimaryKeyConstraint("item_id", "language", name=op.f("pk_holds")),
    )
    op.create_table(
        "issues",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("newsletter", sa.String(length=100), nullable=False),
        sa.Column("slot", store.tables.Instant(length=32), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("blocking", sa.JSON(), nullable=False),
        sa.Column("frozen", store.tables.Instant(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["newsletter"], ["newsletters.key"], name=op.f("fk_issues_newsletter")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issues")),
        sa.UniqueConstraint("newsletter", "slot", name=op.f("uq_issues_newsletter_slot")),
    )
    op.create_index(op.f("ix_issues_state"), "issues", ["state"], unique=False)
    op.create_table(
        "item_topics",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_item_topics_item_id")),
        sa.ForeignKeyConstraint(["topic"], ["topics.key"], name=op.f("fk_item_topics_topic")),
        sa.PrimaryKeyConstraint("item_id", "topic", name=op.f("pk_item_topics")),
    )
    op.create_index(op.f("ix_item_topics_topic"), "item_topics", ["topic"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("image_alt", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("change", sa.String(length=20), nullable=False),
        sa.Column("saved", store.tables.Instant(length=32), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_revisions_number")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_revisions_item_id")),
        sa.PrimaryKeyConstraint("item_id", "language", "number", name=op.f("pk_revisions")),
    )
    op.create_table(
        "stale_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_stale_items_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stale_items")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "subscriptions",
        sa.Column("newsletter", sa.String(length=100), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter"], ["newsletters.key"], name=op.f("fk_subscriptions_newsletter")
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_subscriptions_subscriber_id")
        ),
        sa.PrimaryKeyConstraint("newsletter", "subscriber_id", name=op.f("pk_subscriptions")),
    )
    op.create_index(
        op.f("ix_subscriptions_subscriber_id"), "subscriptions", ["subscriber_id"], unique=False
    )
    op.create_table(
        "translations",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("image_alt", sa.Text(), nullable=False),
        sa.Column("dated", store.tables.Instant(length=32), nullable=True),
        sa.Column("workflow", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("source_digest", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(length=20), nullable=False),
        sa.Column("updated", store.tables.Instant(length=32), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_translations_item_id")),
        sa.PrimaryKeyConstraint("item_id", "language", name=op.f("pk_translations")),
    )
    op.create_index(op.f("ix_translations_origin"), "translations", ["origin"], unique=False)
    op.create_table(
        "editions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("preheader", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_editions_issue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
        sa.UniqueConstraint("issue_id", "language", name=op.f("uq_editions_issue_id_language")),
    )
    op.create_table(
        "publications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("channel", sa.String(length=120), nullable=False),
        sa.Column("telling", sa.Integer(), nullable=False),
        sa.Column("shown_language", sa.String(length=35), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("change", sa.String(length=20), nullable=False),
        sa.Column("told", store.tables.Instant(length=32), nullable=False),
        sa.Column("published", store.tables.Instant(length=32), nullable=False),
        sa.Column("updated", store.tables.Instant(length=32), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("telling > 0", name=op.f("ck_publications_telling")),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_publications_issue_id")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_publications_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
        sa.UniqueConstraint(
            "item_id",
            "language",
            "channel",
            "telling",
            name=op.f("uq_publications_item_id_language_channel_telling"),
        ),
    )
    op.create_index(op.f("ix_publications_issue_id"), "publications", ["issue_id"], unique=False)
    op.create_index(
        op.f("ix_publications_language_channel_telling_told_published_item_id"),
        "publications",
        ["language", "channel", "telling", "told", "published", "item_id"],
        unique=False,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", store.tables.Instant(length=32), nullable=False),
        sa.Column("changed", store.tables.Instant(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_deliveries_edition_id")
        ),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_deliveries_issue_id")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_deliveries_subscriber_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "issue_id", "subscriber_id", name=op.f("uq_deliveries_issue_id_subscriber_id")
        ),
    )
    op.create_index(op.f("ix_deliveries_state_due"), "deliveries", ["state", "due"], unique=False)
