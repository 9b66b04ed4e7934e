"""The mailbox of what comes back, over IMAP (RFC 9051): imap-tools' home, and its errors' seam.

A message is flagged as seen, or moved, once it has been taken in; so whatever breaks off, none is
lost, and one that is read twice counts once. One that we cannot make anything of, not even by a
fault of ours, is taken in as unknown. One that the server does not hand out stays as it is, and
keeps none behind it from being read.
"""

import imaplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from imap_tools import BaseMailBox, MailBox, MailMessageFlags
from imap_tools.errors import ImapToolsError

from publisher.bounces.taking import Taken, take
from publisher.config import Config
from publisher.errors import ConfigError, MailboxError
from publisher.mail.received import LONGEST, line
from store import bounces
from store.database import Database

#: Seconds that the server may take for one answer.
_TIMEOUT = 20
#: Messages that one look takes in: others have to be done, too.
_AT_ONCE = 500
#: Messages that cannot be fetched and are told one by one.
_TOLD = 3

Heard = Callable[[str, Taken], None]


def fetch_due(database: Database, config: Config, *, now: datetime) -> list[Taken]:
    """Take in what is new in the mailbox, if there is one and it is time to look again.

    Raises MailboxError, and ConfigError.
    """
    if not config.bounces.imap_host:
        return []
    every = timedelta(seconds=config.bounces.imap_interval)
    with database.read() as tx:
        last = bounces.looked(tx, _name(config))
    if last and now - last < every:
        return []
    with database.write() as tx:
        if not bounces.look(tx, _name(config), every=every, now=now):
            return []
    found: list[Taken] = []
    fetch(database, config, lambda _source, taken: found.append(taken), now=now, most=_AT_ONCE)
    return found


def fetch(
    database: Database,
    config: Config,
    heard: Heard,
    *,
    now: datetime,
    most: int | None = None,
) -> None:
    """Take in what is new in the mailbox, and tell of each message.

    Raises as fetch_due, once all others are read also for what the server does not hand out.
    """
    settings = config.bounces
    if not settings.imap_host:
        raise ConfigError("bounces.imap_host", ["is not given: there is no mailbox to look into"])
    kept_back = []
    try:
        with _opened(config) as box:
            for uid in box.uids("ALL" if settings.imap_done else "UNSEEN")[:most]:
                try:
                    body = _body(box, uid)
                except MailboxError as error:
                    kept_back.append(str(error))
                    continue
                if body is None:
                    continue
                source = f"{_name(config)}, message {uid}"
                heard(source, take(database, config, body, source=source, now=now))
                _put_away(box, uid, settings.imap_done)
    except (ImapToolsError, imaplib.IMAP4.error, OSError) as error:
        raise MailboxError(f"{_name(config)}: {error}") from error
    if kept_back:
        raise MailboxError(f"{_name(config)}: {'; '.join(kept_back[:_TOLD])}")


@contextmanager
def _opened(config: Config) -> Iterator[BaseMailBox]:
    """Give the mailbox, its server known by its certificate."""
    settings, password = config.bounces, config.imap_password() or ""
    trust = ssl.create_default_context()
    box = MailBox(settings.imap_host, settings.imap_port, timeout=_TIMEOUT, ssl_context=trust)
    try:
        plain = settings.imap_user.isascii() and password.isascii()
        login = box.login if plain else box.login_utf8
        login(settings.imap_user, password, initial_folder=settings.imap_folder)
        yield box
    finally:
        # Whatever went wrong before is what is to be told.
        with suppress(ImapToolsError, imaplib.IMAP4.error, OSError):
            box.logout()
        with suppress(OSError):
            box.client.shutdown()


def _name(config: Config) -> str:
    return f"imaps://{config.bounces.imap_host}/{config.bounces.imap_folder}"


def _body(box: BaseMailBox, uid: str) -> bytes | None:
    """Return as much of a message as is read; it stays unseen (RFC 9051, 6.4.5).

    None where it is gone: others may read the mailbox, too. Raises MailboxError where the server
    does not hand it out; the library raises nothing.
    """
    said, answer = box.client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LONGEST}>)")
    if said != "OK":
        words = b" ".join(part for part in answer if isinstance(part, bytes))
        told = line(f"{said} {words.decode('utf-8', 'replace')}")
        raise MailboxError(f"message {uid} cannot be fetched: {told}")
    bodies = (part[1] for part in answer if isinstance(part, tuple))
    return next(bodies, None)


def _put_away(box: BaseMailBox, uid: str, folder: str) -> None:
    if folder:
        box.move(uid, folder)
    else:
        box.flag(uid, MailMessageFlags.SEEN, value=True)
