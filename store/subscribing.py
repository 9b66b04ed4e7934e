"""Subscriptions, many at a time: those of new people, and what changes of those that there are."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from sqlalchemy import Column, Text, cast, delete, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from store.database import Transaction
from store.records import topic_key
from store.tables import subscribers, subscriptions
from store.values import as_table, is_one_of

#: Few have a choice of topics that nobody else has: of so many the word is remembered.
_REMEMBERED = 1024


def subscribe_new(
    tx: Transaction,
    ids: Sequence[int],
    topics: Sequence[Mapping[str, tuple[str, ...]]],
    often: Sequence[Mapping[str, str]],
) -> None:
    """Subscribe new people to what each of them takes, and how often."""
    count = len(ids)
    # One choice for all, and nobody else between the first and the last of them.
    if topics.count(topics[0]) == often.count(often[0]) == count == ids[-1] - ids[0] + 1:
        _subscribe_alike(tx, ids, topics[0], often[0])
        return
    words = lru_cache(_REMEMBERED)(topic_key)
    wanted = [
        (number, key, chosen, words(chosen), how_often.get(key, "") if how_often else "")
        for number, theirs, how_often in zip(ids, topics, often, strict=True)
        for key, chosen in theirs.items()
    ]
    if wanted:
        names = ("subscriber_id", "newsletter", "topics", "topic_key", "frequency")
        tx.load(subscriptions, dict(zip(names, zip(*wanted, strict=True), strict=True)))


def _subscribe_alike(
    tx: Transaction,
    ids: Sequence[int],
    topics: Mapping[str, tuple[str, ...]],
    often: Mapping[str, str],
) -> None:
    """Subscribe people to the same: the database copies it, and no row has to be made here."""
    columns = subscriptions.c
    for key, chosen in topics.items():
        given = {
            columns.newsletter: key,
            columns.topics: chosen,
            columns.topic_key: topic_key(chosen),
            columns.frequency: often.get(key, ""),
        }
        words = (literal(value, column.type) for column, value in given.items())
        people = subscribers.c.id.between(ids[0], ids[-1])
        rows = select(subscribers.c.id, *words).where(people)
        tx.run(insert(subscriptions).from_select([columns.subscriber_id, *given], rows))


def unsubscribe(tx: Transaction, gone: Sequence[int]) -> None:
    """Take from these people all that they have."""
    if gone:
        tx.run(delete(subscriptions).where(is_one_of(tx, subscriptions.c.subscriber_id, gone)))


def subscribe(tx: Transaction, wanted: Sequence[tuple[str, int, tuple[str, ...], str]]) -> None:
    """Subscribe people: newsletter, id, topics and frequency of each.

    Whoever has the newsletter has it at that choice from now on.
    """
    names = ("newsletter", "subscriber_id", "topics", "topic_key", "frequency")
    if tx.on_postgresql and wanted:
        columns = [Column(name, subscriptions.c[name].type) for name in names]
        # An array of JSON is taken for JSON.
        columns[2] = Column("topics", Text)
        rows = as_table(
            columns,
            [
                (key, number, json.dumps(topics), topic_key(topics), how)
                for key, number, topics, how in wanted
            ],
        )
        given = select(*(cast(rows.c[name], subscriptions.c[name].type) for name in names))
        tx.run(_or_replace(postgresql.insert(subscriptions).from_select(names, given)))
        return
    values = [
        dict(zip(names, (key, number, topics, topic_key(topics), how), strict=True))
        for key, number, topics, how in wanted
    ]
    tx.run(_or_replace(sqlite.insert(subscriptions)), values)


def _or_replace(insert: postgresql.Insert | sqlite.Insert) -> postgresql.Insert | sqlite.Insert:
    return insert.on_conflict_do_update(
        index_elements=["newsletter", "subscriber_id"],
        set_={name: insert.excluded[name] for name in ("topics", "topic_key", "frequency")},
    )
