"""Issues of newsletters and their frozen editions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, false, func, insert, null, select, update

from store import stale
from store.database import Transaction
from store.errors import ConflictError, NotFoundError
from store.publications import standing
from store.records import (
    Blocking,
    Edition,
    Group,
    Headline,
    Issue,
    IssueState,
    Newsletter,
    Words,
    newsletter_channel,
    topic_key,
)
from store.tables import audiences, edition_items, editions, issues, item_topics, items, newsletters
from store.values import among

#: States in which an issue may have no editions yet; once it is paused, it may have some.
_UNFROZEN = (
    IssueState.PLANNED,
    IssueState.AWAITING_TRANSLATIONS,
    IssueState.AWAITING_APPROVAL,
    IssueState.PAUSED,
)

#: The edition that holds all of its language: the one that the archive shows.
_WHOLE = editions.c.variant == 0


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


def plan_by_hand(
    tx: Transaction,
    newsletter: str,
    slot: datetime,
    *,
    frequency: str = "",
    chosen: Sequence[int] | None,
) -> Issue:
    """Make an issue that somebody wants, of the items ``chosen`` or of all that is new.

    Raises ConflictError when the newsletter has one in this slot at this frequency.
    """
    row = {
        "newsletter": newsletter,
        "frequency": frequency,
        "slot": slot,
        "state": IssueState.PLANNED,
        "blocking": [],
        "by_hand": True,
        "items": chosen and list(chosen),
    }
    made = tx.insert_new(issues, [row], returning="id")
    if not made:
        moment = slot.isoformat()
        raise ConflictError(f"{newsletter} has an issue at {moment} already; give another --slot")
    return get(tx, made[0])


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
    """Return the newest slot that has an issue, else when the newsletter began.

    Of those that answer to the schedule of the frequency: one that somebody plans ahead takes
    no slot before it.
    """
    query = select(func.max(issues.c.slot).label("slot"))
    regular = and_(
        issues.c.newsletter == newsletter.key,
        issues.c.frequency == frequency,
        issues.c.corrects.is_(None),
        issues.c.by_hand == false(),
    )
    row = tx.row(query.where(regular))
    return row["slot"] if row and row["slot"] else newsletter.since


def get(tx: Transaction, issue_id: int) -> Issue:
    """Return an issue. Raises NotFoundError."""
    row = tx.row(select(issues).where(issues.c.id == issue_id))
    if row is None:
        raise NotFoundError("issue", issue_id)
    return _issue(row)


def lock(tx: Transaction, issue_id: int) -> Issue:
    """Return an issue that nobody else moves until the transaction ends. Raises NotFoundError.

    Whoever then looks at its deliveries sees all that was done before it was last moved.
    """
    # Others may go on to name it in rows of their own.
    query = select(issues).where(issues.c.id == issue_id).with_for_update(key_share=True)
    row = tx.row(query)
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
    _change(tx, issue, state=state, blocking=rows, frozen=frozen or issue.frozen)


def _change(tx: Transaction, issue: Issue, **values: Any) -> None:  # noqa: ANN401
    old = and_(issues.c.id == issue.id, issues.c.state == issue.state)
    if tx.run(update(issues).where(old).values(**values)) != 1:
        raise ConflictError(f"issue {issue.id} is no longer {issue.state}")


def write(tx: Transaction, issue: Issue, words: Mapping[str, Words]) -> None:
    """Give an issue these words, by language. Raises ConflictError as :func:`move` does."""
    _change(tx, issue, words={language: vars(entry) for language, entry in words.items()})


def schedule(tx: Transaction, issue: Issue, at: datetime) -> None:
    """Have an issue be sent not before an instant. Raises ConflictError as :func:`move` does."""
    _change(tx, issue, send_at=at)


def untold(
    tx: Transaction, newsletter: Newsletter, chosen: Sequence[int], *, frequency: str = ""
) -> dict[str, list[int]]:
    """Return by language which of these items its audience has not had, in their order."""
    told = standing(tx, chosen, newsletter_channel(newsletter.key, frequency))
    return {
        language: [item_id for item_id in chosen if (item_id, language) not in told]
        for language in newsletter.languages
    }


def reserved(tx: Transaction, newsletter: str, frequency: str = "") -> set[int]:
    """Return the items that somebody chose for an issue that is not frozen yet, nor over."""
    chosen = issues.c["items"]
    query = select(chosen).where(
        issues.c.newsletter == newsletter,
        issues.c.frequency == frequency,
        issues.c.state.in_(_UNFROZEN),
        issues.c.frozen.is_(None),
        chosen.is_not(null()),
    )
    return {item_id for row in tx.rows(query) for item_id in row["items"]}


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
    return untold(tx, newsletter, ids, frequency=frequency)


def add_edition(
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


def edition(tx: Transaction, edition_id: int) -> Edition:
    """Return an edition. Raises NotFoundError."""
    row = tx.row(select(editions).where(editions.c.id == edition_id))
    if row is None:
        raise NotFoundError("edition", edition_id)
    return Edition(**row)


def editions_of(tx: Transaction, issue_id: int) -> list[Edition]:
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


def _issue(row: Mapping[Any, Any]) -> Issue:
    read = {
        "state": IssueState(row["state"]),
        "blocking": tuple(_blocking(entry) for entry in row["blocking"]),
        "items": None if row["items"] is None else tuple(row["items"]),
        "words": {language: Words(**entry) for language, entry in (row["words"] or {}).items()},
    }
    return Issue(**{**row, **read})


def _blocking(entry: Mapping[str, Any]) -> Blocking:
    until = entry.get("until")
    return Blocking(**{**entry, "until": until and datetime.fromisoformat(until)})
