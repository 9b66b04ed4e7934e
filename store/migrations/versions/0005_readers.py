"""The reader's way: consents, letters, signed links, addresses that must not be written to."""

import sqlalchemy as sa
from alembic import op

import store.tables

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column(
        "subscribers", sa.Column("paused_until", store.tables.Instant(length=32), nullable=True)
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("at", store.tables.Instant(length=32), nullable=False),
        sa.Column("how", sa.String(20), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("choice", sa.JSON(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_consents_subscriber_id")
        ),
        sa.ForeignKeyConstraint(["asked"], ["consents.id"], name=op.f("fk_consents_asked")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_consents_subscriber_id"), "consents", ["subscriber_id"])
    op.create_index(op.f("ix_consents_asked"), "consents", ["asked"])
    _keep_history("consents")
    op.create_table(
        "letters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("created", store.tables.Instant(length=32), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", store.tables.Instant(length=32), nullable=False),
        sa.Column("changed", store.tables.Instant(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_letters_subscriber_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_letters_subscriber_id"), "letters", ["subscriber_id"])
    op.create_index(op.f("ix_letters_email"), "letters", ["email"])
    op.create_index(op.f("ix_letters_created"), "letters", ["created"])
    op.create_index(op.f("ix_letters_state_due"), "letters", ["state", "due"])
    op.create_table(
        "suppressions",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("at", store.tables.Instant(length=32), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_suppressions")),
    )
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("created", store.tables.Instant(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
        sqlite_autoincrement=True,
    )


def _keep_history(table: str) -> None:
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
