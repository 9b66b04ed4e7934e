"""Newsletters at several frequencies, with a minimum of items and send windows."""

import re

from alembic import op

revision = "0004"
down_revision = "0003"

_SLOT = r"constraint uq_issues_newsletter_slot\s+unique\s*\(newsletter,\s*slot\)"
_FREQUENT_SLOT = (
    "constraint uq_issues_newsletter_frequency_slot unique (newsletter, frequency, slot)"
)
#: Every number so far went to those who chose nothing: at the newsletter's own schedule.
_FREQUENCY = "add column frequency varchar(40) default '' not null"


def upgrade() -> None:
    # Written out, as in 0002: Alembic would have SQLite copy tables that others refer to.
    for column in (
        "frequencies json",
        "minimum integer default 1 not null",
        "windows json",
    ):
        op.execute(f"alter table newsletters add column {column}")
    op.execute("update newsletters set frequencies = '{}', windows = '{}'")
    for table in ("issues", "offers", "subscriptions"):
        op.execute(f"alter table {table} {_FREQUENCY}")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("alter table issues drop constraint uq_issues_newsletter_slot")
        op.execute(f"alter table issues add {_FREQUENT_SLOT}")
    else:
        _make_anew()


def _make_anew() -> None:
    """Give SQLite's table of issues its new constraint: no statement there changes one.

    The table goes and comes back with the same rows before the transaction ends, which is when
    SQLite then asks whether what refers to it leads somewhere (documentation of ``PRAGMA
    defer_foreign_keys``). Under a name of its own meanwhile, as usual, it would not do: the rows
    that refer to it would be found to lead nowhere.
    """
    described = "select sql from sqlite_master where tbl_name = 'issues' and type = '{}'"
    bind = op.get_bind()
    ((table,),) = bind.exec_driver_sql(described.format("table")).all()
    indexes = bind.exec_driver_sql(described.format("index") + " and sql is not null").all()
    anew, found = re.subn(_SLOT, _FREQUENT_SLOT, table, flags=re.IGNORECASE)
    if found != 1:
        raise RuntimeError("issues have not the constraint that this changes")
    op.execute("pragma defer_foreign_keys = on")
    op.execute("create temporary table kept_issues as select * from issues")
    op.execute("drop table issues")
    op.execute(anew)
    op.execute("insert into issues select * from kept_issues")
    op.execute("drop table kept_issues")
    for (index,) in indexes:
        op.execute(index)
