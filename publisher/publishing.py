"""Put due items out.

    items.due --> decide, per item and language --> ledger rows of all languages,
                  (policy, freshness)               places in feeds, holds, next look,
                                                    stale marks
                                                    in one transaction

Whoever is killed in between has published either everything of an item or nothing; whoever
comes twice finds nothing due, and the ledger's unique constraint refuses the same row again.
"""

from collections.abc import Sequence
from datetime import datetime

from publisher import telling
from publisher.cases import Case
from publisher.config import Config
from publisher.telling import Decision
from store import entries, items, offers, publications, revisions, stale, translations
from store.database import Database, Transaction
from store.records import FEED, Publication

#: Items that one transaction puts out at most, so that writers never wait long.
BATCH = 200


def publish_due(database: Database, config: Config, *, now: datetime) -> list[Publication]:
    """Tell what is due to the readers of feeds and pages; return the new rows of the ledger."""
    told: list[Publication] = []
    while True:
        with database.write() as tx:
            ids = items.due(tx, now, limit=BATCH)
            told += _publish(tx, ids, config, now) if ids else []
        if len(ids) < BATCH:
            return told


def look_at_all(database: Database, *, now: datetime) -> None:
    """Have the next tick decide about every item anew: a setting that decides has changed."""
    with database.write() as tx:
        items.look_at_all(tx, now)


def _publish(
    tx: Transaction, ids: Sequence[int], config: Config, now: datetime
) -> list[Publication]:
    decisions = decide_all(tx, ids, config, now)
    told = publications.record(tx, [row for decision in decisions for row in decision.tell])
    publications.put_holds(tx, ids, [hold for decision in decisions for hold in decision.wait])
    placed = entries.append(tx, _places(tx, ids))
    stale.mark_items(tx, {row.item_id for row in told} | {place.item_id for place in placed})
    offers.offer(tx, ids)
    for decision in decisions:
        items.look(tx, decision.item.id, decision.next_look)
    return told


def _places(tx: Transaction, ids: Sequence[int]) -> list[tuple[entries.Feed, int]]:
    """Return in which feeds these items are told and have no place yet, the oldest first.

    A topic that an item gets later gives it a place in that topic's feeds.
    """
    known, standing = items.many(tx, ids), publications.standing(tx, ids, FEED)
    have = {(place.item_id, place.language, place.topic) for place in entries.of_items(tx, ids)}
    rows = sorted(standing.values(), key=lambda row: (row.published, row.item_id))
    return [
        ((row.language, topic), row.item_id)
        for row in rows
        for topic in ("", *known[row.item_id].topics)
        if (row.item_id, row.language, topic) not in have
    ]


def decide_all(
    tx: Transaction, ids: Sequence[int], config: Config, now: datetime
) -> list[Decision]:
    """Decide about these items as they stand in the store."""
    known, texts, marks = items.many(tx, ids), translations.of(tx, ids), revisions.marks(tx, ids)
    standing = publications.standing(tx, ids, FEED)
    return [
        telling.decide(
            Case(item=known[id_], texts=texts[id_], marks=marks[id_]),
            standing,
            config=config,
            now=now,
        )
        for id_ in ids
    ]
