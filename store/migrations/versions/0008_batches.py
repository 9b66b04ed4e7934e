"""Deliveries are taken, counted and given back in batches."""

import sqlalchemy as sa
from alembic import op

import store.tables

revision = "0008"
down_revision = "0007"

_STATES = ("queued", "claimed", "sent", "failed", "postponed", "unknown", "cancelled")


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("due", store.tables.Instant(length=32), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        *(sa.Column(state, sa.Integer(), nullable=False) for state in _STATES),
        sa.Column("worker", sa.String(200), nullable=False),
        sa.Column("lease", store.tables.Instant(length=32), nullable=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("served", store.tables.Instant(length=32), nullable=True),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_batches_issue_id")),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_batches_edition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    for column in ("issue_id", "due", "worker"):
        op.create_index(op.f(f"ix_batches_{column}"), "batches", [column])
    op.create_index(op.f("ix_batches_edition_id_last"), "batches", ["edition_id", "last"])
    op.drop_index(op.f("ix_deliveries_state_due"), "deliveries")
    if op.get_bind().dialect.name == "postgresql":
        # Room on each page for the rows that take the place of those in it.
        op.execute("alter table deliveries set (fillfactor = 70)")
    _cut()


def _cut() -> None:
    """Make the batches of all that there is: what was sent is counted by them, too."""
    # Nobody of the version before is at work now: what one had claimed nobody knows of.
    op.execute(
        "update deliveries set state = 'unknown',"
        " detail = 'the process died while the relay may have had the message'"
        " where state = 'claimed'"
    )
    counts = ", ".join(f"count(case when state = '{state}' then 1 end)" for state in _STATES)
    op.execute(
        "insert into batches"  # noqa: S608  (our own names)
        f" (issue_id, edition_id, first, last, due, size, {', '.join(_STATES)}, worker, token)"
        " select min(issue_id), edition_id, min(id), max(id),"
        " min(case when state in ('queued', 'postponed') then due end),"
        f" count(*), {counts}, '', 0"
        " from (select d.*, (row_number() over (partition by edition_id order by id) - 1) / 500"
        " as part from deliveries as d) as parts"
        " group by edition_id, part order by part, edition_id"
    )
