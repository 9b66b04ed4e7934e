"""By what mails went out: of batches that are claimed, and of mails that are unknown."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    for table in ("batches", "deliveries"):
        op.add_column(
            table, sa.Column("way", sa.Text(), nullable=False, server_default=sa.text("''"))
        )
