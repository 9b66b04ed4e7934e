"""Subscribers with what they take, many at a time.

One look-up, one load and one update for some thousand people: row by row each would cost a
round trip, and a million people hours.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Executable, bindparam, func, select, text, update

from store.database import Transaction
from store.records import Status
from store.subscribing import subscribe, subscribe_new, unsubscribe
from store.tables import subscribers, subscriptions
from store.values import as_table, is_one_of

#: The columns of a subscriber but for the id, in the order of :class:`Member`.
_FIELDS = ("email", "name", "language", "timezone", "status", "consent_at", "consent_source")
#: New people who are made rows of together: what they become takes more memory than they do.
_TOGETHER = 5_000
_COLUMNS = [subscribers.c.id, *(subscribers.c[name] for name in _FIELDS)]


class Member(NamedTuple):
    """A subscriber and what they subscribe to. A tuple, since an import makes millions of them."""

    #: 0 for somebody who is not in the store.
    id: int
    email: str
    name: str
    language: str
    timezone: str
    status: Status
    consent_at: datetime | None
    consent_source: str
    #: The newsletters, each with the topics that are wanted of it (none: all).
    topics: Mapping[str, tuple[str, ...]]
    #: The newsletters that are wanted at another frequency than their own, or where it was said.
    often: Mapping[str, str] = MappingProxyType({})

    @property
    def fields(self) -> tuple[Any, ...]:
        """What stands in the row of the subscriber, but for the id."""
        return self[1:-2]


def known(tx: Transaction, emails: Collection[str]) -> dict[str, Member]:
    """Return those who are known of these addresses, and let nobody else change them until done."""
    if tx.on_postgresql:
        # It believes a table without statistics to be small, and would read all of it.
        tx.run(text("set local enable_seqscan = off"))
    query = select(*_COLUMNS).where(is_one_of(tx, subscribers.c.email, emails))
    # In one order, so that two imports at once do not wait for each other.
    found = _members(tx, query.order_by(subscribers.c.email).with_for_update())
    return {member.email: member for member in found}


def page(
    tx: Transaction,
    *,
    after: str = "",
    limit: int,
    language: str | None = None,
    newsletter: str | None = None,
    status: Status | None = None,
) -> list[Member]:
    """Return the next people by address, whom a filter leaves. Nothing of who is erased."""
    query = select(*_COLUMNS).where(subscribers.c.email > after).order_by(subscribers.c.email)
    query = query.where(subscribers.c.status != Status.ERASED)
    if language:
        query = query.where(subscribers.c.language == language)
    if status:
        query = query.where(subscribers.c.status == status)
    if newsletter:
        theirs = select(subscriptions.c.subscriber_id).where(
            subscriptions.c.newsletter == newsletter
        )
        query = query.where(subscribers.c.id.in_(theirs))
    return _members(tx, query.limit(limit))


def save(tx: Transaction, before: Mapping[str, Member], after: Mapping[str, Member]) -> None:
    """Make of what was known ``before`` what stands in ``after``.

    Subscriptions are added; taken are only all that somebody has.
    """
    new = [member for member in after.values() if not member.id]
    # In the order of the index on addresses, where each page is then written once.
    new.sort(key=itemgetter(1))
    for start in range(0, len(new), _TOGETHER):
        _add(tx, new[start : start + _TOGETHER])
    changed = [
        (before[email], member)
        for email, member in after.items()
        if member.id and member is not before[email]
    ]
    _change(tx, [member for was, member in changed if member.fields != was.fields])
    unsubscribe(tx, [member.id for was, member in changed if was.topics and not member.topics])
    subscribe(
        tx,
        [
            (key, member.id, topics, member.often.get(key, ""))
            for was, member in changed
            for key, topics in member.topics.items()
            if was.topics.get(key) != topics or was.often.get(key, "") != member.often.get(key, "")
        ],
    )


def _members(tx: Transaction, query: Executable) -> list[Member]:
    topics: dict[int, dict[str, tuple[str, ...]]] = {}
    often: dict[int, dict[str, str]] = defaultdict(dict)
    # Row by row: what a driver hands out takes more memory than what becomes of it.
    found = [
        Member(
            **{**row, "status": Status(row["status"])},
            topics=topics.setdefault(row["id"], {}),
            often=often[row["id"]],
        )
        for row in tx.each(query)
    ]
    if topics:
        wanted = select(subscriptions).order_by(subscriptions.c.newsletter)
        theirs = wanted.where(is_one_of(tx, subscriptions.c.subscriber_id, list(topics)))
        for row in tx.each(theirs):
            topics[row["subscriber_id"]][row["newsletter"]] = tuple(row["topics"])
            if row["frequency"]:
                often[row["subscriber_id"]][row["newsletter"]] = row["frequency"]
    return found


def _add(tx: Transaction, new: Sequence[Member]) -> None:
    ids = _ids(tx, len(new))
    _, *fields, topics, often = zip(*new, strict=True)
    columns = dict(zip(_FIELDS, fields, strict=True))
    # As text of no kind of its own, which the drivers would look for anew in each row.
    columns["status"] = tuple(map(str, columns["status"]))
    tx.load(subscribers, {"id": ids, **columns})
    subscribe_new(tx, ids, topics, often)


def _ids(tx: Transaction, count: int) -> Sequence[int]:
    """Return ids that nobody has, as the database itself would give them."""
    if tx.on_postgresql:
        sequence = func.pg_get_serial_sequence("subscribers", "id")
        numbers = func.generate_series(1, count).table_valued("number")
        query = select(func.nextval(sequence).label("id")).select_from(numbers)
        return [row["id"] for row in tx.rows(query)]
    row = tx.row(select(func.coalesce(func.max(subscribers.c.id), 0).label("last")))
    last = row["last"] if row else 0
    return range(last + 1, last + 1 + count)


def _change(tx: Transaction, changed: Sequence[Member]) -> None:
    if tx.on_postgresql and changed:
        columns = [subscribers.c.id, *(subscribers.c[name] for name in _FIELDS)]
        rows = as_table(columns, [(member.id, *member.fields) for member in changed])
        new = {name: rows.c[name] for name in _FIELDS}
        tx.run(update(subscribers).where(subscribers.c.id == rows.c.id).values(new))
        return
    statement = update(subscribers).where(subscribers.c.id == bindparam("number"))
    names = ("number", *_FIELDS)
    values = [dict(zip(names, (member.id, *member.fields), strict=True)) for member in changed]
    tx.run(statement.values({name: bindparam(name) for name in _FIELDS}), values)
