"""What the dead leave behind: their journals are folded, their batches given back.

    D in the journal                  how it ended
    claimed, no S                     it was never begun: it waits again
    claimed, S but no D               unknown
    no journal one can go by          unknown, all that was claimed

There is none when the machine died with lines that the disk did not have yet, when the journal
is lost, or when it is on another host. The worker of another host is dead once its lease has
been over for a while by the clock of the database, where hosts share one; should it wake up, its
batch's token is another one.

A journal is ours that says so, and one whose worker holds a batch of ours: no two workers have
the same name, but a database gets another address. That of another site, which may lie in the
same folder, is left as it is.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from publisher.bounces.stopping import stop_refused
from publisher.config import Config
from publisher.delivery import endings, journal_reading
from publisher.delivery.journal_reading import Records
from publisher.errors import JournalError
from store import batches, claims
from store.database import Database
from store.records import DeliveryState, Ending

#: Endings that are folded together.
_AT_ONCE = 500


def recover(database: Database, config: Config, *, now: datetime) -> list[int]:
    """Settle what the dead left; return the ids of the deliveries nobody knows of.

    Raises JournalError where a journal cannot be read whose worker holds a batch.
    """
    unknown: list[int] = []
    for worker in journal_reading.names(config):
        try:
            with journal_reading.of_dead(config, worker) as path:
                if path:
                    unknown += _settle(database, config, path, now)
        except JournalError:
            # Another site's may not be for our eyes.
            if _holds(database, worker):
                raise
    return unknown + _take_over(database, config, now)


def _settle(database: Database, config: Config, path: Path, now: datetime) -> list[int]:
    says_so = journal_reading.is_ours(path, config)
    if not says_so and not _holds(database, path.stem):
        return []
    records = journal_reading.read(path)
    unknown: list[int] = []
    ended = _ended(records, config.give_up, now)
    for start in range(0, len(ended), _AT_ONCE):
        some = ended[start : start + _AT_ONCE]
        with database.write() as tx:
            claims.fold(tx, some, now=now)
        stop_refused(database, some, now=now)
        unknown += [ending.id for ending in some if ending.state is DeliveryState.UNKNOWN]
    begun = [attempt.id for attempt in records.begun] if records.certain else None
    with database.write() as tx:
        for batch in batches.held(tx, worker=path.stem):
            unknown += claims.abandon(tx, batch, begun=begun, now=now)
    if says_so:
        # Another may be that of a store that ours is a copy of, and is still to be told there.
        # Where it cannot be removed, it is read again, and found to hold no news.
        with suppress(OSError):
            path.unlink(missing_ok=True)
    return unknown


def _holds(database: Database, worker: str) -> bool:
    with database.read() as tx:
        return bool(batches.held(tx, worker=worker))


def _ended(records: Records, give_up: timedelta, now: datetime) -> Sequence[Ending]:
    return [
        endings.of(answer, attempt.id, attempt.attempt, now=now, give_up=give_up)
        for attempt, answer in records.ended
    ]


def _take_over(database: Database, config: Config, now: datetime) -> list[int]:
    """Take over the batches of workers that have no journal here."""
    grace = timedelta(seconds=config.delivery.grace)
    with database.read() as tx:
        late = batches.overdue(tx, grace, now=now)
    if not late:
        return []
    unknown: list[int] = []
    here = journal_reading.names(config)
    for batch in late:
        if batch.worker not in here:
            with database.write() as tx:
                unknown += claims.abandon(tx, batch, begun=None, now=now)
    return unknown
