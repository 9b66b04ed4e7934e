r"""Letters to single people.

    queued --claim--> claimed --settle--> sent | failed | postponed
       \--forgotten--> cancelled             \--orphaned--> unknown
                                                              \--resolve--> sent | failed | queued

As with deliveries, a claim is one UPDATE of one row, and what a dead process had claimed is
unknown until a person says how it ended: nothing is sent twice without a person's will.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, insert, select, update

from store import jobs
from store.database import Transaction
from store.dues import UNFINISHED, WAITING
from store.errors import ConflictError, NotFoundError
from store.records import DeliveryState, Letter
from store.tables import letters
from store.values import among

_FIELDS = [letters.c[name] for name in Letter.__dataclass_fields__]


def queue(
    tx: Transaction,
    subscriber_id: int,
    name: str,
    *,
    language: str,
    email: str,
    details: Mapping[str, Any],
    now: datetime,
) -> None:
    """Queue a letter."""
    values = {
        "subscriber_id": subscriber_id,
        "name": name,
        "language": language,
        "email": email,
        "details": dict(details),
        "created": now,
        "state": DeliveryState.QUEUED,
        "code": 0,
        "detail": "",
        "attempts": 0,
        "due": now,
        "changed": now,
    }
    tx.run(insert(letters).values(**values))
    jobs.wake_for_letters(tx)


def written(tx: Transaction, email: str, name: str, *, since: datetime) -> int:
    """Return how many letters of a name an address was written since then."""
    query = select(func.count().label("count")).select_from(letters)
    mine = and_(letters.c.email == email, letters.c.name == name, letters.c.created > since)
    row = tx.row(query.where(mine))
    return row["count"] if row else 0


def claim(tx: Transaction, now: datetime) -> Letter | None:
    """Take the next letter that is due, or None."""
    chosen = (
        select(letters.c.id)
        .where(letters.c.state.in_(WAITING), letters.c.due <= now)
        .order_by(letters.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(letters)
        .where(letters.c.id == chosen.scalar_subquery())
        .values(state=DeliveryState.CLAIMED, attempts=letters.c.attempts + 1, changed=now, code=0)
        .returning(*_FIELDS)
    )
    row = tx.row(taken)
    return _letter(row) if row else None


def settle(
    tx: Transaction,
    letter: Letter,
    state: DeliveryState,
    *,
    code: int,
    detail: str,
    due: datetime,
    now: datetime,
) -> None:
    """Write how a claimed letter ended. Raises ConflictError when it is no longer claimed."""
    mine = and_(letters.c.id == letter.id, letters.c.state == DeliveryState.CLAIMED)
    values = {"state": state, "code": code, "detail": detail, "due": due, "changed": now}
    if tx.run(update(letters).where(mine).values(**values)) != 1:
        raise ConflictError(f"letter {letter.id} is no longer claimed")


def orphaned(tx: Transaction, now: datetime) -> int:
    """Mark as unknown what a dead process had claimed; return how many.

    Right only while no other process sends: the caller holds the lock ``letters``.
    """
    where = letters.c.state == DeliveryState.CLAIMED
    detail = "the process died while the relay may have had the message"
    values = {"state": DeliveryState.UNKNOWN, "detail": detail, "changed": now}
    return tx.run(update(letters).where(where).values(**values))


def resolve(tx: Transaction, letter_id: int, state: DeliveryState, *, now: datetime) -> None:
    """Give an unknown letter a state.

    Raises NotFoundError when there is none, ConflictError when it is not unknown, or to be sent
    again to somebody who is erased.
    """
    if find(tx, letter_id) is None:
        raise NotFoundError("letter", letter_id)
    unknown = and_(letters.c.id == letter_id, letters.c.state == DeliveryState.UNKNOWN)
    # Whose address is forgotten can only be sent nothing.
    mine = and_(unknown, letters.c.email != "") if state in WAITING else unknown
    values = {"state": state, "detail": "resolved by hand", "due": now, "changed": now}
    if tx.run(update(letters).where(mine).values(**values)) != 1:
        raise ConflictError(
            f"letter {letter_id} is not unknown, or its reader is erased: nothing to resolve"
        )


def next_due(tx: Transaction) -> datetime | None:
    """Return when the next letter is due that has not ended, None when all have.

    Also one that is claimed: if whoever has it is dead, somebody has to find out.
    """
    query = select(func.min(letters.c.due).label("due"))
    row = tx.row(query.where(letters.c.state.in_(UNFINISHED)))
    return row["due"] if row else None


def listing(tx: Transaction, *, state: DeliveryState | None = None) -> list[Letter]:
    """Return the letters that there are, oldest first: all or those in a state."""
    query = select(*_FIELDS).order_by(letters.c.id)
    if state:
        query = query.where(letters.c.state == state)
    return [_letter(row) for row in tx.rows(query)]


def find(tx: Transaction, letter_id: int) -> Letter | None:
    """Return a letter, None where there is none any more."""
    row = tx.row(select(*_FIELDS).where(letters.c.id == letter_id))
    return _letter(row) if row else None


def cancel(tx: Transaction, email: str, now: datetime) -> None:
    """Cancel what waits for an address that is written to no more."""
    waiting = and_(letters.c.email == email, letters.c.state.in_(WAITING))
    tx.run(update(letters).where(waiting).values(state=DeliveryState.CANCELLED, changed=now))


def of(tx: Transaction, subscriber_id: int) -> list[Letter]:
    """Return the letters to a person, oldest first."""
    query = select(*_FIELDS).where(letters.c.subscriber_id == subscriber_id)
    return [_letter(row) for row in tx.rows(query.order_by(letters.c.id))]


def old(tx: Transaction, before: datetime, *, limit: int) -> dict[int, int]:
    """Return the oldest finished letters from before then: by id, to whom they were."""
    query = select(letters.c.id, letters.c.subscriber_id)
    finished = and_(letters.c.created < before, letters.c.state.not_in(UNFINISHED))
    rows = tx.rows(query.where(finished).order_by(letters.c.created).limit(limit))
    return {row["id"]: row["subscriber_id"] for row in rows}


def drop(tx: Transaction, ids: Collection[int]) -> None:
    """Remove letters."""
    tx.run(delete(letters).where(among(letters.c.id, ids)))


def forget(tx: Transaction, subscriber_id: int, now: datetime) -> None:
    """Take everything personal out of the letters to somebody; what waits is not sent."""
    mine = letters.c.subscriber_id == subscriber_id
    waiting = and_(mine, letters.c.state.in_(WAITING))
    tx.run(update(letters).where(waiting).values(state=DeliveryState.CANCELLED, changed=now))
    tx.run(update(letters).where(mine).values(email="", details={}, detail=""))


def _letter(row: Mapping[Any, Any]) -> Letter:
    return Letter(**{**row, "state": DeliveryState(row["state"])})
