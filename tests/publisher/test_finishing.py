"""When an issue is sent: not while something waits, whoever has it wait at that moment."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sqlalchemy import event, text

import scheduler
from publisher import press, publishing
from publisher.config import Config
from publisher.delivery import engine
from store import deliveries, issues
from store.database import Database, open_database
from store.records import DeliveryState, IssueState
from tests import claimed, make

#: Whether anybody waits for a row that another is at work on.
_WAITS = text(
    "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)


def settled(done: Future[DeliveryState], database: Database) -> None:
    """Wait until something is done, or waits for who else is at work."""
    until = time.monotonic() + 30
    while not done.done() and time.monotonic() < until:
        with database.read() as tx:
            if tx.row(_WAITS):
                return


def test_a_retry_in_the_moment_in_which_its_issue_is_finished_goes_out(
    postgres_url: str, config: Config
) -> None:
    database = open_database(postgres_url)
    make.start(database, config, languages=("en",))
    make.subscribe(database, ["p@example.org"])
    make.take(database, config, make.draft("en"))
    publishing.publish_due(database, config, now=make.NOW)
    scheduler.tick(database, config, now=make.NOW, sends=False)
    with database.write() as tx:
        (mail,) = claimed.claim(tx, make.NOW)
        claimed.settle(tx, [mail], DeliveryState.UNKNOWN, now=make.NOW)
    retried: list[Future[DeliveryState]] = []

    def retry(_c: object, _cur: object, text: str, *_: Any) -> None:
        if "sum(batches.queued)" in text and not retried:
            again = pool.submit(engine.resolve, database, mail.id, "retry", now=make.NOW)
            retried.append(again)
            settled(again, database)

    with ThreadPoolExecutor(1) as pool:
        event.listen(database._engine, "after_cursor_execute", retry)
        press.finish(database)
    assert retried[0].result(timeout=30) is DeliveryState.QUEUED
    with database.write() as tx:
        assert deliveries.waiting(tx, issue_id=1) == 1
        assert issues.get(tx, 1).state is IssueState.SENDING
        assert [found.id for found in claimed.claim(tx, make.NOW)] == [mail.id]
    database.close()
