"""Which translators were reminded of which issue, on which day."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "reminders",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_reminders_issue_id")),
        sa.PrimaryKeyConstraint("issue_id", "language", "day", name=op.f("pk_reminders")),
    )
