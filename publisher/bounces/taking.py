"""Take in a message that came back: what it means for its reader, done at once.

    hard        the reader is ``bounced``: suppressed, and what waits for them is cancelled
    soft        counted; so many mails in a row over so many days are as good as a hard one
    policy      kept and shown: nobody at the address is to blame
    complaint   the reader is ``complained``: suppressed, and off all newsletters
    leave       off the newsletter, as by its link
                (of a letter to an address that is not the reader's: only that is suppressed)
    unknown     kept and shown, and nothing more

The same message counts once, whichever way and however often it comes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from publisher.bounces import identity
from publisher.bounces.identity import About, Nobody
from publisher.bounces.stopping import stop
from publisher.config import Config
from publisher.errors import TidingsError
from publisher.mail import received, returned
from publisher.mail.returned import Kind, Returned
from publisher.subscriptions import keyring, leaving, suppressions
from publisher.tokens import Mail
from store import bounces, letters, subscribers
from store.database import Database, Transaction
from store.records import Status

#: What nobody needs any more is kept for so long, for people to look at.
_SHOWN = timedelta(days=90)

#: Those that may only be believed where the address is known, too.
_OF_ADDRESS = {Kind.HARD, Kind.SOFT, Kind.POLICY}

#: Those in which whoever got the mail speaks, with what becomes of an address that is not the
#: reader's.
_OF_MAIL = {Kind.COMPLAINT: Status.COMPLAINED, Kind.LEAVE: Status.UNSUBSCRIBED}


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of a message."""

    kind: Kind
    #: What was said, or why nothing followed.
    reason: str
    #: The status of the reader if it changed.
    became: Status | None = None
    #: Whether it had been read before.
    again: bool = False


def take(
    database: Database, config: Config, raw: bytes, *, source: str = "", now: datetime
) -> Taken:
    """Take in a message, whatever it is; ``source`` is where it was found. Raises StoreError."""
    tokens = keyring.tokens(database, now=now)
    said = returned.read(raw, tokens, now=now)
    if said.kind is Kind.IGNORED:
        return Taken(kind=said.kind, reason=said.detail)
    try:
        return _take(database, config, said, source=source, now=now)
    except TidingsError:
        raise
    except Exception as error:  # noqa: BLE001  (a fault of ours, told by its row)
        # Else it would be handed to us for ever, and keep all behind it from being read.
        shown = _unknown(said, f"cannot be taken in: {type(error).__name__}")
        return _take(database, config, shown, source=source, now=now)


def _take(
    database: Database, config: Config, said: Returned, *, source: str, now: datetime
) -> Taken:
    with database.write() as tx:
        bounces.take(tx)
        if bounces.is_known(tx, said.digest):
            return Taken(kind=said.kind, reason="was read before", again=True)
        found = identity.find(tx, config, said) if said.kind is not Kind.UNKNOWN else None
        verdict, about = judge(said, found)
        _keep(tx, verdict, about, source=source, now=now)
        became = _act(tx, config, verdict, about, now=now) if about else None
        return Taken(kind=verdict.kind, reason=verdict.detail, became=became)


def judge(said: Returned, found: About | Nobody | None) -> tuple[Returned, About | None]:
    """Return what a message is taken for, and whom it is about if that can be believed. Pure."""
    if found is None:
        return said, None
    if isinstance(found, Nobody):
        return _unknown(said, found.reason), None
    named = found.address.lower() in said.addresses
    if said.kind not in _OF_ADDRESS or named:
        return said, found
    if not found.certain:
        return _unknown(said, "names a mail of ours, but not the address that it went to"), None
    if said.kind is Kind.HARD and said.addresses:
        # Behind the address stands a list or a forwarding, of which one end is dead.
        return replace(said, kind=Kind.SOFT), found
    return said, found


def _unknown(said: Returned, reason: str) -> Returned:
    return replace(said, kind=Kind.UNKNOWN, detail=f"{reason} ({said.kind}: {said.detail})")


def _keep(
    tx: Transaction, said: Returned, about: About | None, *, source: str, now: datetime
) -> None:
    bounces.add(
        tx,
        digest=said.digest,
        at=now,
        kind=said.kind,
        subscriber_id=about and about.person.id,
        delivery_id=about and about.delivery_id,
        letter_id=about and about.letter_id,
        address=min(said.addresses, default=""),
        status=said.status,
        detail=said.detail,
        subject=said.subject,
        # A file's name may hold what is no text.
        source=received.line(source),
    )
    if about and about.number:
        note = f"{said.kind}: {said.status} {said.detail}".replace(":  ", ": ")
        write = bounces.note_letter if about.mail is Mail.LETTER else bounces.note_delivery
        write(tx, about.number, f"came back, {note}")


def _act(
    tx: Transaction, config: Config, said: Returned, about: About, *, now: datetime
) -> Status | None:
    """Do what follows; return the reader's status if it is another now."""
    # Whoever was about them at the same moment is done now.
    subscribers.take(tx, about.person.id)
    person = subscribers.get(tx, about.person.id)
    if said.kind in _OF_MAIL and about.address != person.email:
        _leave_alone(tx, about.address, _OF_MAIL[said.kind], now=now)
        return None
    if said.kind is Kind.COMPLAINT:
        return stop(tx, person, Status.COMPLAINED, how="complaint", now=now)
    if said.kind is Kind.LEAVE:
        # A letter is of no newsletter: who wants none of those wants nothing.
        which = about.newsletter or None
        leaving.take_off(tx, config, person, which, how="mail", now=now)
        return None
    dead = said.kind is Kind.HARD or (said.kind is Kind.SOFT and _is_dead(tx, config, about))
    # A letter may have gone to an address that its reader only wanted to have, or had before.
    if dead and about.address == person.email:
        return stop(tx, person, Status.BOUNCED, how="bounce", now=now)
    return None


def _leave_alone(tx: Transaction, address: str, reason: Status, *, now: datetime) -> None:
    """Write no more to the address that a letter went to, which its reader does not have.

    Whoever got it has said so, and is not the reader, who may have mistyped an address.
    """
    suppressions.suppress(tx, keyring.known(tx), address, reason, now=now)
    letters.cancel(tx, address, now)


def _is_dead(tx: Transaction, config: Config, about: About) -> bool:
    """Say whether the last mails to somebody have all failed for now, for long enough."""
    failed = bounces.mails_of(tx, about.person.id, kind=Kind.SOFT)
    if not failed:
        return False
    sent = bounces.sent_between(tx, about.person.id, min(failed), max(failed))
    limits = config.bounces
    return in_a_row(sent, failed, limit=limits.soft_limit, days=limits.soft_days)


def in_a_row(sent: list[int], failed: Mapping[int, datetime], *, limit: int, days: float) -> bool:
    """Say whether so many of the last mails came back, over so many days at least. Pure.

    ``sent`` are the mails newest first, the newest being one that came back; ``failed`` says when
    it was heard of each that did. One in between that did not come back ends the row.
    """
    row = [failed[number] for number in takewhile(failed.__contains__, sent)]
    return len(row) >= limit and max(row) - min(row) >= timedelta(days=days)


def tidy(database: Database, *, now: datetime) -> int:
    """Drop what nobody knew what to make of, once people have had time to look; return how much."""
    before = now - _SHOWN
    with database.read() as tx:
        if not bounces.is_any_before(tx, before, kind=Kind.UNKNOWN):
            return 0
    with database.write() as tx:
        return bounces.drop_before(tx, before, kind=Kind.UNKNOWN)
