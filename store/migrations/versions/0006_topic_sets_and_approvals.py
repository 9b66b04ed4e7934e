"""Editions by topics, approvals, and issues that somebody plans, words and schedules."""

import json

import sqlalchemy as sa
from alembic import op

import store.tables

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    instant = "timestamptz" if _on_postgresql() else "varchar(32)"
    # Written out, as in 0002: SQLite would have to copy tables that others refer to.
    for column in (
        "newsletters add column approval boolean default false not null",
        "issues add column by_hand boolean default false not null",
        "issues add column items json",
        "issues add column words json",
        f"issues add column send_at {instant}",
        "subscriptions add column topic_key text default '' not null",
    ):
        op.execute(f"alter table {column}")
    _give_editions_variants()
    op.create_table(
        "approvals",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("at", store.tables.Instant(length=32), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_approvals_issue_id")),
        sa.PrimaryKeyConstraint("issue_id", "language", "digest", name=op.f("pk_approvals")),
    )
    op.create_table(
        "edition_items",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_edition_items_edition_id")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_edition_items_item_id")),
        sa.PrimaryKeyConstraint("edition_id", "item_id", name=op.f("pk_edition_items")),
    )
    op.create_index(op.f("ix_edition_items_item_id"), "edition_items", ["item_id"])
    op.create_table(
        "audiences",
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("topic_key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_audiences_edition_id")
        ),
        sa.PrimaryKeyConstraint("edition_id", "language", "topic_key", name=op.f("pk_audiences")),
    )
    _fill()


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _give_editions_variants() -> None:
    """Let an issue have several editions in a language."""
    unique = op.f("uq_editions_issue_id_language_variant")
    if _on_postgresql():
        op.execute("alter table editions add column variant integer default 0 not null")
        op.drop_constraint(op.f("uq_editions_issue_id_language"), "editions", type_="unique")
        op.create_unique_constraint(unique, "editions", ["issue_id", "language", "variant"])
        return
    # SQLite drops no constraint, so the table is made anew. Deliveries refer to its rows: until
    # the end of the transaction they may refer to none (SQLite, Foreign Keys, 4.2).
    op.execute("pragma defer_foreign_keys = on")
    op.execute("create table kept_editions as select * from editions")
    op.execute("drop table editions")
    op.create_table(
        "editions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("preheader", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("variant", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_editions_issue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
        sa.UniqueConstraint("issue_id", "language", "variant", name=unique),
    )
    op.execute(
        "insert into editions"
        " (id, issue_id, language, subject, preheader, html, text, sha256, items)"
        " select id, issue_id, language, subject, preheader, html, text, sha256, items"
        " from kept_editions"
    )
    op.execute("drop table kept_editions")


def _fill() -> None:
    """Say of old editions what they told of, and of subscriptions which topics they take."""
    op.execute(
        "insert into edition_items (edition_id, item_id) select distinct e.id, p.item_id"
        " from editions e join publications p on p.issue_id = e.issue_id"
        " and p.language = e.language"
    )
    # It used to be set on every look at an issue; now it says that there are editions.
    op.execute(
        "update issues set frozen = null"
        " where state in ('planned', 'awaiting_translations', 'skipped')"
    )
    table = sa.table("subscriptions", sa.column("topics", sa.JSON()), sa.column("topic_key"))
    written = sa.cast(table.c.topics, sa.Text())
    connection = op.get_bind()
    for topics in connection.execute(sa.select(written).distinct()).scalars().all():
        key = " ".join(sorted(set(json.loads(topics))))
        connection.execute(table.update().where(written == topics).values(topic_key=key))
