"""How often a mail that nobody can say of was sent again, without knowing."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column(
        "deliveries",
        sa.Column("retries", sa.Integer(), nullable=False, server_default=sa.text("0")),
    )
