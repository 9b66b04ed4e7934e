"""Jobs: what wakes the workers of many hosts; on PostgreSQL only.

    rows are written, released, due again --wake--> job --a worker fetches it--> batch is claimed

The ledger decides what is sent, a job only says where to look: one too many finds nothing to do,
one that is lost is made anew at the next look. It is made in the transaction of what it is about,
so no worker looks too early, and none for what was rolled back. The tables are Procrastinate's,
made by its own schema; of these only its documented function is called. Where no worker has ever
been, none are made.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from store.batches import SENDING
from store.database import Transaction
from store.dues import UNFINISHED
from store.tables import batches, letters

#: The queues, and the tasks of the same names.
BATCHES, LETTERS = "batches", "letters"

#: Somebody waits for each letter: they go before all batches, whose priorities are negative.
_FIRST = 100

#: Whether anybody is there who would take a job.
_ANYBODY = "exists (select from procrastinate_workers)"

_DEFER = (
    "select cardinality(procrastinate_defer_jobs_v1(array_agg(row(cast(:queue as varchar),"
    " cast(:queue as varchar), cast(j.priority as integer), j.lock, j.name, j.args,"
    " cast(null as timestamptz))::procrastinate_job_to_defer_v1 order by j.priority desc)))"
    " as count from ({wanted}) as j having count(*) > 0"
)

#: The first batches of all issues go before the second ones, so no small issue waits for the end
#: of a big one. A batch that a job is about needs no other. None has a lock of Procrastinate's: a
#: batch has its own, and many jobs with locks, of which PostgreSQL has no statistics yet, are
#: fetched in seconds each (20,000 jobs: 5.2 s with locks, 0.03 s without).
_BATCHES = _DEFER.format(
    wanted="select cast(null as text) as lock, 'batch:' || b.id as name,"
    " jsonb_build_object('batch', b.id) as args,"
    " -row_number() over (partition by b.issue_id order by b.id) as priority"
    " from batches as b join issues as i on i.id = b.issue_id and i.state = 'sending'"
    " where b.due <= :now and b.worker = ''"
    " and not exists (select from procrastinate_jobs as p"
    " where p.queueing_lock = 'batch:' || b.id and p.status = 'todo')"
    " and b.id not in (select cast(p.args ->> 'batch' as integer) from procrastinate_jobs as p"
    " where p.queue_name = 'batches' and p.status = 'doing')"
)

#: While one job sends letters, another may wait: the first may have had its last look already.
_LETTERS = _DEFER.format(
    wanted="select 'letters' as lock, 'letters' as name, cast('{}' as jsonb) as args,"
    " :priority as priority where not exists (select from procrastinate_jobs as p"
    " where p.queueing_lock = 'letters' and p.status = 'todo')"
)


def wake(tx: Transaction, *, now: datetime) -> int:
    """Make a job for each batch that is due and has none; return how many.

    The last thing in its transaction: until that ends, nobody else makes any.
    """
    if not _anybody(tx):
        return 0
    # Two at once would make the same ones, and the second would fail with all that it has done.
    tx.queue("jobs")
    return _count(tx, _BATCHES, {"queue": BATCHES, "now": now})


def wake_for_letters(tx: Transaction) -> None:
    """Make a job for letters, unless one waits already.

    Whoever writes a letter waits for nobody: while another does the same, it is left to the
    next look.
    """
    if _anybody(tx) and tx.queue_if_free("jobs for letters"):
        _count(tx, _LETTERS, {"queue": LETTERS, "priority": _FIRST})


def wake_for_due_letters(tx: Transaction, *, now: datetime) -> None:
    """Make a job for letters where some are due, and none waits already.

    Also where one is claimed: whoever has it may be dead, and the job finds out.
    """
    concerned = letters.c.state.in_(UNFINISHED)
    query = select(letters.c.id).where(concerned, letters.c.due <= now)
    if tx.row(query.limit(1)):
        wake_for_letters(tx)


def wake_all(tx: Transaction, *, now: datetime) -> None:
    """Make the jobs of all that is due and has none; as :func:`wake`, the last thing."""
    wake_for_due_letters(tx, now=now)
    wake(tx, now=now)


def is_due(tx: Transaction, batch_id: int, *, now: datetime) -> bool:
    """Return whether there is anything to do for the job of a batch."""
    query = select(batches.c.id).where(
        batches.c.id == batch_id,
        batches.c.due <= now,
        batches.c.worker == "",
        batches.c.issue_id.in_(SENDING),
    )
    return tx.row(query) is not None


def _anybody(tx: Transaction) -> bool:
    return tx.on_postgresql and tx.row(text(f"select 1 where {_ANYBODY}")) is not None


def _count(tx: Transaction, statement: str, values: Mapping[str, Any]) -> int:
    row = tx.row(text(statement).bindparams(**values))
    return row["count"] if row else 0
