"""Issues of newsletters and their frozen editions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, insert, select, update

from store import stale
from store.database import Transaction, among
from store.errors import ConflictError, NotFoundError
from store.publications import standing
from store.records import (
    Blocking,
    Edition,
    Headline,
    Issue,
    IssueState,
    Newsletter,
    newsletter_channel,
)
from store.tables import editions, issues, item_topics, items, newsletters


def plan(
    tx: Transaction,
    newsletter: str,
    slots: Mapping[datetime, IssueState],
    *,
    frequency: str = "",
) -> list[int]:
    """Make the issues of these slots that nobody has made; return the new ones' ids."""
    common = {"newsletter": newsletter, "frequency": frequency, "blocking": []}
    rows = [{**common, "slot": slot, "state": state} for slot, state in slots.items()]
    return tx.insert_new(issues, rows, returning="id")


def add_correction(
    tx: Transaction,
    newsletter: str,
    item_id: int,
    *,
    frequency: str,
    slot: datetime,
    now: datetime,
) -> Issue:
    """Make the issue that corrects an item, ready to be sent.

    Its slot is the first instant from ``slot`` on that no other issue has.
    """
    row = {
        "newsletter": newsletter,
        "frequency": frequency,
        "state": IssueState.SENDING,
        "blocking": [],
        "frozen": now,
        "corrects": item_id,
    }
    while not (made := tx.insert_new(issues, [{**row, "slot": slot}], returning="id")):
        slot += timedelta(microseconds=1)
    return get(tx, made[0])


def last_slot(tx: Transaction, newsletter: Newsletter, frequency: str = "") -> datetime:
    """Return the newest slot that has an issue, else when the newsletter began."""
    query = select(func.max(issues.c.slot).label("slot"))
    mine = and_(issues.c.newsletter == newsletter.key, issues.c.frequency == frequency)
    row = tx.row(query.where(mine, issues.c.corrects.is_(None)))
    return row["slot"] if row and row["slot"] else newsletter.since


def get(tx: Transaction, issue_id: int) -> Issue:
    """Return an issue. Raises NotFoundError."""
    row = tx.row(select(issues).where(issues.c.id == issue_id))
    if row is None:
        raise NotFoundError("issue", issue_id)
    return _issue(row)


def listing(tx: Transaction, *, states: Collection[IssueState] = ()) -> list[Issue]:
    """Return issues by slot, oldest first: all, or those in one of these states."""
    query = select(issues).order_by(issues.c.slot, issues.c.id)
    if states:
        query = query.where(issues.c.state.in_(states))
    return [_issue(row) for row in tx.rows(query)]


def move(
    tx: Transaction,
    issue: Issue,
    state: IssueState,
    *,
    blocking: Sequence[Blocking] = (),
    frozen: datetime | None = None,
) -> None:
    """Put an issue into another state. Raises ConflictError if it is no longer in its old one."""
    rows = [{**vars(row), "until": row.until and row.until.isoformat()} for row in blocking]
    values = {"state": state, "blocking": rows, "frozen": frozen or issue.frozen}
    old = and_(issues.c.id == issue.id, issues.c.state == issue.state)
    if tx.run(update(issues).where(old).values(**values)) != 1:
        raise ConflictError(f"issue {issue.id} is no longer {issue.state}")


def candidates(
    tx: Transaction,
    newsletter: Newsletter,
    offered: Collection[int],
    *,
    frequency: str = "",
    now: datetime,
) -> dict[str, list[int]]:
    """Return by language the items that the ledger says this audience has not had.

    Of those ``offered`` to it, and those that the tick has yet to look at; only such that
    entered the store since the newsletter began, and on its topics.
    """
    # Asked by itself: with an OR, SQLite would rather walk through all items in order.
    unseen = tx.rows(select(items.c.id).where(items.c.look_at <= now))
    fresh = among(items.c.id, {*offered, *(row["id"] for row in unseen)})
    query = select(items.c.id).where(fresh, items.c.created >= newsletter.since)
    if newsletter.topics:
        on_topic = select(item_topics.c.item_id).where(
            item_topics.c.item_id == items.c.id, item_topics.c.topic.in_(newsletter.topics)
        )
        query = query.where(on_topic.exists())
    ids = [row["id"] for row in tx.rows(query.order_by(items.c.id))]
    told = standing(tx, ids, newsletter_channel(newsletter.key, frequency))
    return {
        language: [item_id for item_id in ids if (item_id, language) not in told]
        for language in newsletter.languages
    }


def add_edition(tx: Transaction, *, issue_id: int, **fields: Any) -> int:  # noqa: ANN401
    """Keep a frozen edition, from the fields of :class:`store.records.Edition`; return its id.

    The public archive is to show it.
    """
    values = {"issue_id": issue_id, **fields}
    row = tx.row(insert(editions).values(**values).returning(editions.c.id))
    assert row is not None  # noqa: S101  (an INSERT that raised nothing returned its id)
    stale.mark_issues(tx, [issue_id])
    return int(row["id"])


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
        .where(issues.c.newsletter == newsletter, editions.c.language == language)
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
        .where(issues.c.newsletter == newsletter, editions.c.language == language)
        .order_by(issues.c.slot)
    )
    row = tx.row(query.limit(1))
    return row["slot"] if row else None


def listed(tx: Transaction) -> list[int]:
    """Return the ids of all issues that have editions."""
    query = select(editions.c.issue_id).distinct().order_by(editions.c.issue_id)
    return [row["issue_id"] for row in tx.rows(query)]


def edition(tx: Transaction, edition_id: int) -> Edition:
    """Return an edition. Raises NotFoundError."""
    row = tx.row(select(editions).where(editions.c.id == edition_id))
    if row is None:
        raise NotFoundError("edition", edition_id)
    return Edition(**row)


def editions_of(tx: Transaction, issue_id: int) -> list[Edition]:
    """Return an issue's editions, in the order of its newsletter's languages."""
    query = (
        select(editions, newsletters.c.languages)
        .join(issues, issues.c.id == editions.c.issue_id)
        .join(newsletters, newsletters.c.key == issues.c.newsletter)
        .where(editions.c.issue_id == issue_id)
    )
    rows = [dict(row) for row in tx.rows(query)]
    rows.sort(key=lambda row: row["languages"].index(row["language"]))
    return [Edition(**{k: v for k, v in row.items() if k != "languages"}) for row in rows]


def _issue(row: Mapping[Any, Any]) -> Issue:
    blocking = tuple(_blocking(entry) for entry in row["blocking"])
    return Issue(**{**row, "state": IssueState(row["state"]), "blocking": blocking})


def _blocking(entry: Mapping[str, Any]) -> Blocking:
    until = entry.get("until")
    return Blocking(**{**entry, "until": until and datetime.fromisoformat(until)})
