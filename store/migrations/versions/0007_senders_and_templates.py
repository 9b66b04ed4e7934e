"""Who a newsletter comes from in each language, and which template it is made by."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for name in ("senders", "replies"):
        op.add_column("newsletters", sa.Column(name, sa.JSON()))
    op.execute("update newsletters set senders = '{}', replies = '{}'")
    op.add_column(
        "newsletters",
        sa.Column("template", sa.String(100), nullable=False, server_default=sa.text("'digest'")),
    )
