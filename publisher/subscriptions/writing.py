"""Letters to single people, queued in the transaction of what they are about.

Nobody can say of one that is unknown whether it was sent; a person who has found out may.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from publisher.config import Config
from publisher.subscriptions import choices
from store import letters, newsletters
from store.database import Database, Transaction
from store.records import DeliveryState

#: Letters to addresses that their owner has not confirmed yet.
_UNASKED = ("confirm", "address")
_DAY = timedelta(days=1)

_NOTHING: Mapping[str, str] = {}


def may_write(tx: Transaction, config: Config, email: str, now: datetime) -> bool:
    """Say whether an address may be sent another letter that its owner may not have asked for.

    A form must not bury a stranger's mailbox, whoever fills it in.
    """
    since = now - _DAY
    written = sum(letters.written(tx, email, name, since=since) for name in _UNASKED)
    return written < config.signup.letters_a_day


def write(
    tx: Transaction,
    config: Config,
    subscriber_id: int,
    name: str,
    *,
    language: str,
    email: str,
    now: datetime,
    keys: Collection[str] = (),
    often: Mapping[str, str] = _NOTHING,
    **details: object,
) -> None:
    """Queue a letter about these newsletters; ``details`` are what its links need.

    ``often`` says how often each comes where that was chosen.
    """
    titles = choices.names(newsletters.listing(tx), keys, config, language, often)
    told = {"names": titles, **details}
    letters.queue(tx, subscriber_id, name, language=language, email=email, details=told, now=now)


def resolve(database: Database, letter_id: int, ending: str, *, now: datetime) -> DeliveryState:
    """Write what a person found out about an unknown letter: ``sent``, ``failed`` or ``retry``.

    Returns its new state. Raises ConflictError for a letter that is not unknown, and for a retry
    where the reader has been erased.
    """
    state = DeliveryState.QUEUED if ending == "retry" else DeliveryState(ending)
    with database.write() as tx:
        letters.resolve(tx, letter_id, state, now=now)
    return state
