"""Who mail comes from, and who answers to it go to, in each language. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from publisher import addresses, characters
from publisher.config import Config
from publisher.errors import InputError
from publisher.mail.wire import Sender
from store.records import Newsletter

#: In a newsletter's senders: all languages that have none of their own.
OTHERS = "*"

#: The longest address, and the longest part before its @ (RFC 5321, 4.5.3.1).
_MAX_ADDRESS = 254
_MAX_LOCAL = 64

#: ``Name <address>`` or an address by itself; a name may stand in quotes (RFC 5322, 3.4).
_WRITTEN = re.compile(r'\s*(?:"?(?P<name>[^<>"]*?)"?\s*<(?P<within>[^<>\s]+)>|(?P<bare>\S+))\s*')
#: What may stand before the @ without quotes (RFC 5322, 3.2.3).
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """A name, which may be empty, and an address in ASCII."""

    name: str
    address: str


def mailbox(text: str) -> Mailbox:
    """Return a mailbox as people write it: ``Name <address>`` or an address. Raises InputError."""
    found = _WRITTEN.fullmatch(text)
    if not found or characters.clean_line(text) != text.strip():
        raise InputError(
            "mailbox", f"{text!r} is no mailbox such as 'Actualités <infos@example.org>'"
        )
    address = found["within"] or found["bare"]
    local, _, host = address.rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local) > _MAX_LOCAL or not host:
        raise InputError("mailbox", f"{address!r} is no e-mail address such as infos@example.org")
    whole = f"{local}@{addresses.ascii_host(host)}"
    if len(whole) > _MAX_ADDRESS or not re.fullmatch(r"[A-Za-z0-9.-]+", whole.rpartition("@")[2]):
        raise InputError("mailbox", f"{address!r} is no e-mail address such as infos@example.org")
    return Mailbox(name=(found["name"] or "").strip(), address=whole)


def sender(newsletter: Newsletter, language: str, config: Config) -> Sender:
    """Return who a newsletter's edition in a language comes from.

    As the newsletter says for the language, or for all others; else the site by its name in the
    language, from ``mail.sender``. Raises InputError for what is no mailbox.
    """
    stated = _stated(newsletter.senders, language)
    reply = _stated(newsletter.replies, language)
    archive = addresses.newsletter(language, newsletter.key)
    return Sender(
        name=(stated and stated.name) or config.name(language),
        address=stated.address if stated else config.sender,
        newsletter=newsletter.key,
        host=config.host,
        # Mails to it are read with what comes back.
        leave=config.mail.bounces or config.sender,
        reply_name=reply.name if reply else "",
        reply_address=reply.address if reply else "",
        archive=addresses.link(config.site.url, archive),
    )


def _stated(boxes: Mapping[str, str], language: str) -> Mailbox | None:
    text = boxes.get(language) or boxes.get(OTHERS)
    return mailbox(text) if text else None
