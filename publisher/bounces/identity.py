"""Which of our mails a message is about: nobody is suppressed on a stranger's word.

Anybody can write a bounce. What counts, best first, is what only those have who had the mail:

1. its return path, which we signed: in the address that the message came to, or in its copy;
2. its Message-ID, whose mark nobody but us can make, and which must be exactly that of the mail
   that it names, but for the host: the site may have moved since;
3. the link to leave in its copy, which we signed for one reader and one newsletter.

Two and three go wherever a reader forwards the mail. So for a bounce the message must name the
address that the mail went to as well; complaints often hide it, and do without. A message that
names several of our mails names none. The address by itself, or ours, proves nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from publisher.config import Config
from publisher.mail import letters as written
from publisher.mail.returned import Returned
from publisher.mail.wire import message_id
from publisher.subscriptions import keyring
from publisher.tokens import Mail
from store import bounces, deliveries, editions, issues, letters, subscribers
from store.database import Transaction
from store.errors import NotFoundError
from store.records import Letter, Status, Subscriber

#: Message-IDs of a message that are looked up.
_MOST = 20


@dataclass(frozen=True, kw_only=True)
class About:
    """Whom a message is about."""

    person: Subscriber
    #: Whom the mail went to.
    address: str
    #: The newsletter, empty for a letter.
    newsletter: str = ""
    mail: Mail | None = None
    #: The delivery's or the letter's number, 0 where only the reader is known.
    number: int = 0
    #: When the relay had it.
    sent: datetime | None = None
    #: What its Message-ID is.
    message_id: str = ""
    #: Whether the return path says so: enough for a bounce without its address.
    certain: bool = False

    @property
    def delivery_id(self) -> int | None:
        """The number of a delivery."""
        return self.number if self.mail is Mail.DELIVERY else None

    @property
    def letter_id(self) -> int | None:
        """The number of a letter."""
        return self.number if self.mail is Mail.LETTER else None


@dataclass(frozen=True, kw_only=True)
class Nobody:
    """That a message is about nobody, and why."""

    reason: str


def find(tx: Transaction, config: Config, said: Returned) -> About | Nobody:
    """Return whom a message is about, if there is one whom it may be believed about."""
    found = _by_return_path(tx, config, said) or _by_message_id(tx, config, said)
    about = found or _by_link(tx, said)
    if isinstance(about, Nobody):
        return about
    if about.person.status is Status.ERASED:
        return Nobody(reason="the reader has been erased since")
    if _has_moved(tx, about):
        return Nobody(reason="the reader has another address since")
    return about


def _by_return_path(tx: Transaction, config: Config, said: Returned) -> About | Nobody | None:
    if len(said.signed) > 1:
        return Nobody(reason="names several mails of ours")
    for mail, number in said.signed:
        return _mail(tx, config, mail, number, certain=True) or Nobody(reason="its mail is gone")
    return None


def _by_message_id(tx: Transaction, config: Config, said: Returned) -> About | Nobody | None:
    found = {}
    for mail, number, stated in sorted(said.message_ids)[:_MOST]:
        about = _mail(tx, config, mail, number, certain=False)
        if about and _mark(about.message_id) == _mark(stated):
            found[mail, number] = about
    if len(found) > 1:
        return Nobody(reason="names several mails of ours")
    return next(iter(found.values()), None)


def _mark(identity: str) -> str:
    """Return what a Message-ID is believed by: not its host, which may have been another."""
    return identity.partition("@")[0]


def _by_link(tx: Transaction, said: Returned) -> About | Nobody:
    if said.reader is None:
        return Nobody(reason="names no mail of ours by what we signed, nor by its Message-ID")
    try:
        person = subscribers.get(tx, said.reader.subscriber_id)
    except NotFoundError:
        return Nobody(reason="the reader is gone")
    return About(person=person, address=person.email, newsletter=said.reader.newsletter)


def _mail(
    tx: Transaction, config: Config, mail: Mail, number: int, *, certain: bool
) -> About | None:
    if mail is Mail.LETTER:
        letter = letters.find(tx, number)
        return _letter(tx, config, letter, certain=certain) if letter else None
    delivery = deliveries.find(tx, number)
    if delivery is None:
        return None
    edition = editions.get(tx, delivery.edition_id)
    return About(
        person=subscribers.get(tx, delivery.subscriber_id),
        address=delivery.email,
        newsletter=issues.get(tx, delivery.issue_id).newsletter,
        mail=mail,
        number=number,
        sent=bounces.sent_at(tx, number),
        message_id=message_id(delivery, edition, config.host, keyring.known(tx)),
        certain=certain,
    )


def _letter(tx: Transaction, config: Config, letter: Letter, *, certain: bool) -> About:
    return About(
        person=subscribers.get(tx, letter.subscriber_id),
        address=letter.email,
        mail=Mail.LETTER,
        number=letter.id,
        sent=letter.created,
        message_id=written.message_id(letter, config.host),
        certain=certain,
    )


def _has_moved(tx: Transaction, about: About) -> bool:
    """Say whether a mail of an issue went to an address that its reader has left behind."""
    if about.mail is not Mail.DELIVERY or about.sent is None:
        return False
    return has_moved(tx, about.person.id, since=about.sent)


def has_moved(tx: Transaction, subscriber_id: int, *, since: datetime) -> bool:
    """Say whether somebody has changed their address since then: they were written a letter."""
    known = letters.of(tx, subscriber_id)
    return any(letter.name == "changed" and letter.created >= since for letter in known)
