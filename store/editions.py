"""Editions: what issues froze into, each in a language and for some readers."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from store import stale
from store.database import Transaction
from store.errors import NotFoundError
from store.records import Edition, Group, Headline, topic_key
from store.tables import audiences, edition_items, editions, issues, newsletters

#: The edition that holds all of its language: the one that the archive shows.
_WHOLE = editions.c.variant == 0


def add(
    tx: Transaction,
    *,
    issue_id: int,
    tells: Collection[int],
    groups: Collection[Group] = (),
    **fields: Any,  # noqa: ANN401
) -> int:
    """Keep a frozen edition, from the fields of :class:`store.records.Edition`; return its id.

    With the items that it tells of, and the readers it is for. The public archive is to show it.
    """
    values = {"issue_id": issue_id, "items": len(tells), **fields}
    row = tx.row(insert(editions).values(**values).returning(editions.c.id))
    assert row is not None  # noqa: S101  (an INSERT that raised nothing returned its id)
    edition_id = int(row["id"])
    of_it = [{"edition_id": edition_id, "item_id": item_id} for item_id in tells]
    tx.run(insert(edition_items), of_it)
    readers = [
        {"edition_id": edition_id, "language": group.language, "topic_key": topic_key(group.topics)}
        for group in groups
    ]
    tx.run(insert(audiences), readers)
    stale.mark_issues(tx, [issue_id])
    return edition_id


def topics_of(tx: Transaction, issue_id: int) -> dict[int, list[list[str]]]:
    """Return by edition of an issue the sets of topics that its readers take; empty for all."""
    query = (
        select(audiences.c.edition_id, audiences.c.topic_key)
        .distinct()
        .join(editions, editions.c.id == audiences.c.edition_id)
        .where(editions.c.issue_id == issue_id)
        .order_by(audiences.c.topic_key)
    )
    found: dict[int, list[list[str]]] = {}
    for row in tx.rows(query):
        found.setdefault(row["edition_id"], []).append(row["topic_key"].split())
    return found


def headlines(
    tx: Transaction,
    newsletter: str,
    language: str,
    *,
    limit: int | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> list[Headline]:
    """Return the issues of a newsletter that have an edition in a language, newest first.

    At most ``limit`` of them, with slots from ``start`` on and before ``end``.
    """
    query = (
        select(issues.c.id.label("issue_id"), issues.c.slot, editions.c.subject)
        .join(editions, editions.c.issue_id == issues.c.id)
        .where(issues.c.newsletter == newsletter, editions.c.language == language, _WHOLE)
        # Those of two frequencies may have the same slot.
        .order_by(issues.c.slot.desc(), issues.c.id.desc())
        .limit(limit)
    )
    if start and end:
        query = query.where(issues.c.slot >= start, issues.c.slot < end)
    return [Headline(**row) for row in tx.rows(query)]


def first_headline(tx: Transaction, newsletter: str, language: str) -> datetime | None:
    """Return the slot of the oldest issue of a newsletter that has an edition in a language."""
    query = (
        select(issues.c.slot)
        .join(editions, editions.c.issue_id == issues.c.id)
        .where(issues.c.newsletter == newsletter, editions.c.language == language, _WHOLE)
        .order_by(issues.c.slot)
    )
    row = tx.row(query.limit(1))
    return row["slot"] if row else None


def listed(tx: Transaction) -> list[int]:
    """Return the ids of all issues that have editions."""
    query = select(editions.c.issue_id).distinct().order_by(editions.c.issue_id)
    return [row["issue_id"] for row in tx.rows(query)]


def get(tx: Transaction, edition_id: int) -> Edition:
    """Return an edition. Raises NotFoundError."""
    row = tx.row(select(editions).where(editions.c.id == edition_id))
    if row is None:
        raise NotFoundError("edition", edition_id)
    return Edition(**row)


def of(tx: Transaction, issue_id: int) -> list[Edition]:
    """Return an issue's editions, in the order of its newsletter's languages, fullest first."""
    query = (
        select(editions, newsletters.c.languages)
        .join(issues, issues.c.id == editions.c.issue_id)
        .join(newsletters, newsletters.c.key == issues.c.newsletter)
        .where(editions.c.issue_id == issue_id)
    )
    rows = [dict(row) for row in tx.rows(query)]
    rows.sort(key=lambda row: (row["languages"].index(row["language"]), row["variant"]))
    return [Edition(**{k: v for k, v in row.items() if k != "languages"}) for row in rows]
