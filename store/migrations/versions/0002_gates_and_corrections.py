"""What gates by language, relay translations and corrections need to remember."""

import sqlalchemy as sa
from alembic import op

import store.tables

revision = "0002"
down_revision = "0001"

#: History is written once. A later migration that has SQLite copy one of these tables
#: (``op.batch_alter_table``) must call :func:`keep_history` again: the copy has no triggers.
HISTORY = ("revisions", "publications")


def upgrade() -> None:
    # Nothing here has SQLite copy a table: those that others refer to it cannot drop.
    op.add_column(
        "translations",
        sa.Column("made_from", sa.String(35), nullable=False, server_default=sa.text("''")),
    )
    op.add_column(
        "translations", sa.Column("approved", store.tables.Instant(length=32), nullable=True)
    )
    op.add_column(
        "revisions",
        sa.Column("digest", sa.String(64), nullable=False, server_default=sa.text("''")),
    )
    op.add_column(
        "revisions", sa.Column("note", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    op.add_column("newsletters", sa.Column("rules", sa.JSON(), nullable=True))
    op.add_column(
        "publications",
        sa.Column("source_revision", sa.Integer(), nullable=False, server_default="0"),
    )
    op.execute(
        "alter table issues add column corrects integer"
        " constraint fk_issues_corrects references items (id)"
    )
    op.create_index(op.f("ix_issues_corrects"), "issues", ["corrects"])
    op.create_index(
        op.f("ix_publications_language_channel_change_told_item_id"),
        "publications",
        ["language", "channel", "change", "told", "item_id"],
    )
    op.create_table(
        "fetches",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("last_modified", sa.Text(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("fetched", store.tables.Instant(length=32), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_fetches")),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("newsletter", sa.String(100), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter"], ["newsletters.key"], name=op.f("fk_offers_newsletter")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_offers_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_offers_newsletter"), "offers", ["newsletter"])
    _fill()
    op.drop_column("newsletters", "missing")
    for table in HISTORY:
        keep_history(table)


def _fill() -> None:
    """Say of what is there already what would have been said then."""
    op.execute(
        "update translations set made_from ="
        " (select source_language from items where items.id = translations.item_id)"
    )
    table = sa.table("newsletters", sa.column("missing"), sa.column("rules", sa.JSON()))
    for missing in ("hold", "skip", "fallback"):
        op.execute(table.update().where(table.c.missing == missing).values(rules={"*": missing}))
    # The next issue looks at all of them once, as every issue did before.
    op.execute(
        "insert into offers (newsletter, item_id) select newsletters.key, items.id"
        " from newsletters join items on items.created >= newsletters.since"
    )
    op.execute("update translations set approved = updated where workflow = 'approved'")
    # Of older revisions nobody knows it any more: a translation made from one is outdated.
    op.execute(
        "update revisions set digest = coalesce((select t.digest from translations t"
        " where t.item_id = revisions.item_id and t.language = revisions.language"
        " and t.revision = revisions.number), '')"
    )
    op.execute(
        "update publications set source_revision = coalesce((select max(r.number)"
        " from revisions r join items i on i.id = r.item_id and i.source_language = r.language"
        " where r.item_id = publications.item_id and r.saved <= publications.told), 0)"
    )


def keep_history(table: str) -> None:
    """Have the database itself refuse to change or to remove what a table remembers."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"create or replace function keep_{table}() returns trigger language plpgsql as"
            f" $$ begin raise exception 'rows of {table} are kept as they are'; end $$"
        )
        op.execute(
            f"create trigger keep_{table} before update or delete on {table}"
            f" for each row execute function keep_{table}()"
        )
        return
    for act in ("update", "delete"):
        op.execute(
            f"create trigger keep_{table}_{act} before {act} on {table}"
            f" begin select raise(abort, 'rows of {table} are kept as they are'); end"
        )
