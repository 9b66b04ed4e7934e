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

#: Reasons that the person themself can lift.
LIFTED = frozenset({Status.ERASED, Status.UNSUBSCRIBED})


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
    return {digests[digest]: reason for digest, reason in found.items()}


def suppress(tx: Transaction, tokens: Tokens, email: str, reason: str, *, now: datetime) -> None:
    """Keep an address from ever being written to again."""
    suppressions.put(tx, tokens.digests(email)[-1], reason, at=now)


def lift(tx: Transaction, tokens: Tokens, email: str) -> None:
    """Let an address be written to again."""
    suppressions.lift(tx, tokens.digests(email))
