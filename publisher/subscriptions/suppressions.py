"""Addresses that must not be written to, also when the person behind them is erased.

    erased       the person asked for it: only they can come back, by signing up and confirming
    complained   the person called our mail spam: nobody can call them back
    bounced      no such mailbox: nobody can call it back

What is kept is a keyed hash, so an erased address is known when it comes again, and cannot be
read from the table.
"""

from collections.abc import Collection
from datetime import datetime

from publisher.subscriptions import keyring
from publisher.tokens import Tokens
from store import suppressions
from store.database import Transaction
from store.records import Status

#: The reasons that there are, the gravest last: it takes the place of the others.
REASONS = (Status.ERASED, Status.BOUNCED, Status.COMPLAINED)


def is_suppressed(tx: Transaction, email: str) -> str | None:
    """Return why an address, in the form that it is kept in, must not be written to; else None."""
    return among(tx, [email]).get(email)


def is_any(tx: Transaction) -> bool:
    """Say whether there is any address that must not be written to."""
    return suppressions.is_any(tx)


def among(tx: Transaction, emails: Collection[str]) -> dict[str, str]:
    """Return which of some hundred addresses are suppressed, and why."""
    tokens = keyring.known(tx)
    digests = {digest: email for email in emails for digest in tokens.digests(email)}
    found = suppressions.reasons(tx, digests) if digests else {}
    # Each key may have kept one; the last that is put here stays.
    ordered = sorted(found.items(), key=lambda row: REASONS.index(Status(row[1])))
    return {digests[digest]: reason for digest, reason in ordered}


def suppress(tx: Transaction, tokens: Tokens, email: str, reason: Status, *, now: datetime) -> None:
    """Keep an address from ever being written to again, for this reason or a graver one."""
    lighter = REASONS[: REASONS.index(reason)]
    suppressions.put(tx, tokens.digests(email)[-1], reason, at=now, over=lighter)


def lift(tx: Transaction, tokens: Tokens, email: str) -> None:
    """Let an address be written to again."""
    suppressions.lift(tx, tokens.digests(email))
