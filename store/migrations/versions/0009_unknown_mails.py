"""What a newsletter does with mails that nobody can say of."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column(
        "newsletters",
        sa.Column("unknown", sa.String(10), nullable=False, server_default=sa.text("'ask'")),
    )
    some = sa.text("unknown > 0")
    op.create_index(
        "ix_batches_unknown", "batches", ["unknown"], sqlite_where=some, postgresql_where=some
    )
