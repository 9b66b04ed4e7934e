"""Letters to single people, queued in the transaction of what they are about."""

from collections.abc import Collection
from datetime import datetime, timedelta

from publisher.config import Config
from publisher.subscriptions import choices
from store import letters, newsletters
from store.database import Transaction

#: Letters to addresses that their owner has not confirmed yet.
_UNASKED = ("confirm", "address")
#: So many of them an address is written in a day, whoever asks for them: a form must not bury
#: a stranger's mailbox.
_MOST = 3
_DAY = timedelta(days=1)


def may_write(tx: Transaction, email: str, now: datetime) -> bool:
    """Say whether an address may be sent another letter that its owner may not have asked for."""
    since = now - _DAY
    return sum(letters.written(tx, email, name, since=since) for name in _UNASKED) < _MOST


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
    **details: object,
) -> None:
    """Queue a letter about these newsletters; ``details`` are what its links need."""
    titles = choices.names(newsletters.listing(tx), keys, config, language)
    told = {"names": titles, **details}
    letters.queue(tx, subscriber_id, name, language=language, email=email, details=told, now=now)
