"""Issues of newsletters: each of a slot, or made by hand, or the correction of an item."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, false, func, select, update

from store.database import Transaction
from store.errors import ConflictError, NotFoundError
from store.records import Blocking, Issue, IssueState, Newsletter, Words
from store.tables import issues


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


def _issue(row: Mapping[Any, Any]) -> Issue:
    read = {
        "state": IssueState(row["state"]),
        "blocking": tuple(_blocking(entry) for entry in row["blocking"]),
        "items": None if row["items"] is None else tuple(row["items"]),
        "words": {language: _words(**entry) for language, entry in (row["words"] or {}).items()},
    }
    return Issue(**{**row, **read})


def _words(*, author: str = "", **entry: Any) -> Words:  # noqa: ANN401
    """Return words as they are kept; before 0.1.0 one author stood for all parts."""
    return Words(**entry) if "authors" in entry else Words(**entry, authors=_all_by(author, entry))


def _all_by(author: str, parts: Mapping[str, str]) -> Mapping[str, str]:
    return {part: author for part, text in parts.items() if text and author}


def _blocking(entry: Mapping[str, Any]) -> Blocking:
    until = entry.get("until")
    return Blocking(**{**entry, "until": until and datetime.fromisoformat(until)})
