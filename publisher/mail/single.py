"""A mail that is written for one person, by a folder of templates: a letter, a reminder.

email/letters/NAME/{subject.txt,body.txt,body.html} --> head and two parts --> signed
"""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from publisher import addresses, characters
from publisher.config import Config
from publisher.mail import signing, wire
from publisher.mail.edition import inlined
from publisher.mail.keys import Key
from publisher.rendering import render

_PARTS = ("subject.txt", "body.txt", "body.html")


def message(
    name: str,
    language: str,
    *,
    to: str,
    message_id: str,
    at: datetime,
    zone: str,
    config: Config,
    keys: Sequence[Key],
    **values: object,
) -> bytes:
    """Return the mail to an address that a folder of templates makes of some values.

    ``at`` is its date, whose day is told in ``zone``; ``keys`` sign it. Raises RenderError, and
    UnwritableError.
    """
    subject, text, html = (
        render(
            f"email/letters/{name}/{part}",
            config.chain(language),
            zone=zone,
            overrides=config.templates,
            site_name=config.name(language),
            site_url=addresses.link(config.site.url, addresses.front(language)),
            **values,
        )
        for part in _PARTS
    )
    head = {
        "From": wire.mailbox("From", config.name(language), config.sender),
        "To": wire.mailbox("To", "", to),
        "Subject": wire.words("Subject", characters.clean_line(subject)),
        "Date": format_datetime(at),
        "Message-ID": message_id,
        # Nobody's out-of-office note shall answer (RFC 3834, 5).
        "Auto-Submitted": "auto-generated",
    }
    html = inlined(f"letters/{name}", html)
    unsigned = wire.compose(head, language=language, text=text.strip() + "\n", html=html)
    return signing.signed(unsigned, keys, at=at)
