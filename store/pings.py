"""Which hubs have yet to hear of which feeds (WebSub), and when to tell them.

    a feed changes --put--> due --claim--> on its way --done--> gone
                             ^                |
                             +---postpone-----+

A feed that changes while a hub is being told of it gets a ping with a new number. What came
of the old one is then nobody's any more, and the hub hears of the newest change, too.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from store.database import Transaction
from store.records import Ping
from store.tables import pings
from store.values import among

#: Who changes pings queues for this: two who put the same one would collide on PostgreSQL.
_QUEUE = "pings"


def put(tx: Transaction, hubs: Collection[str], topics: Collection[str], *, now: datetime) -> None:
    """Have each hub told that these feeds have changed; one that waits already is due anew."""
    rows = [
        {"hub": hub, "topic": topic, "attempts": 0, "due": now}
        for hub in dict.fromkeys(hubs)
        for topic in dict.fromkeys(topics)
    ]
    if not rows:
        return
    tx.queue(_QUEUE)
    older = delete(pings).where(
        pings.c.hub == bindparam("of_hub"), pings.c.topic == bindparam("of_topic")
    )
    tx.run(older, [{"of_hub": row["hub"], "of_topic": row["topic"]} for row in rows])
    tx.run(insert(pings), rows)


def is_any_due(tx: Transaction, now: datetime) -> bool:
    """Say whether a hub has to be told of something."""
    return tx.row(select(pings.c.id).where(pings.c.due <= now).limit(1)) is not None


def claim(tx: Transaction, hub: str, *, now: datetime, until: datetime, limit: int) -> list[Ping]:
    """Take the pings of a hub that are due, the oldest first, ``limit`` at most.

    They are due again at ``until``: if whoever took them dies, another tells the hub then.
    """
    tx.queue(_QUEUE)
    due = select(pings).where(pings.c.hub == hub, pings.c.due <= now)
    rows = tx.rows(due.order_by(pings.c.due, pings.c.id).limit(limit))
    taken = [Ping(**row) for row in rows]
    mine = among(pings.c.id, [ping.id for ping in taken])
    tx.run(update(pings).where(mine).values(due=until))
    return taken


def done(tx: Transaction, ids: Collection[int]) -> None:
    """Take pings out; one that was put anew meanwhile has another number, and stays."""
    tx.queue(_QUEUE)
    tx.run(delete(pings).where(among(pings.c.id, ids)))


def postpone(tx: Transaction, later: Collection[Ping]) -> None:
    """Write when to tell what could not be told; one that was put anew meanwhile stays due."""
    tx.queue(_QUEUE)
    again = update(pings).where(pings.c.id == bindparam("of_id"))
    values = again.values(attempts=bindparam("tried"), due=bindparam("then"))
    rows = [{"of_id": ping.id, "tried": ping.attempts, "then": ping.due} for ping in later]
    tx.run(values, rows)


def keep_only(tx: Transaction, hubs: Collection[str]) -> None:
    """Forget what was to be told to hubs that are not among these any more."""
    tx.queue(_QUEUE)
    tx.run(delete(pings).where(pings.c.hub.not_in(list(hubs))))
