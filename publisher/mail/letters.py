"""Letters to single people: to confirm, to welcome, to say goodbye.

A letter's name is that of its folder of templates. All of it is made from its row, links
included, so a second attempt is the same message. No letter says a reader's name: whoever
fills in a form would choose what a stranger reads in a mail of ours.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

from publisher import addresses, characters
from publisher.config import Config
from publisher.mail import signing, wire
from publisher.mail.edition import inlined
from publisher.mail.keys import Key
from publisher.rendering import render
from publisher.tokens import Purpose, Tokens
from store.records import Letter

#: The letters that there are.
NAMES = ("confirm", "welcome", "goodbye", "address", "changed")

#: How long a link is good that waits for somebody to confirm.
GOOD_FOR = timedelta(days=7)


def message(letter: Letter, tokens: Tokens, config: Config, *, keys: Sequence[Key] = ()) -> bytes:
    """Return the message of a letter, which these keys sign. Raises RenderError."""
    values = {**_links(letter, tokens, config), "names": letter.details.get("names", [])}
    subject, text, html = (_page(letter, part, config, values) for part in _PARTS)
    subject = characters.clean_line(subject)
    head = {
        "From": wire.mailbox("From", config.name(letter.language), config.sender),
        "To": wire.mailbox("To", "", letter.email),
        "Subject": wire.words("Subject", subject),
        "Date": format_datetime(letter.created),
        "Message-ID": message_id(letter, config.host),
        # Nobody's out-of-office note shall answer (RFC 3834, 5).
        "Auto-Submitted": "auto-generated",
    }
    unsigned = wire.compose(
        head, language=letter.language, text=text.strip() + "\n", html=inlined(letter.name, html)
    )
    return signing.signed(unsigned, keys, at=letter.created)


_PARTS = ("subject.txt", "body.txt", "body.html")


def message_id(letter: Letter, host: str) -> str:
    """Return a letter's Message-ID (RFC 5322, 3.6.4): the same for every attempt."""
    told = f"{letter.created.isoformat()} {letter.email}"
    unique = hashlib.sha256(told.encode()).hexdigest()[:16]
    return f"<letter.{letter.id}.{unique}@{host}>"


def _page(letter: Letter, part: str, config: Config, values: Mapping[str, Any]) -> str:
    return render(
        f"email/letters/{letter.name}/{part}",
        config.chain(letter.language),
        zone=config.site.timezone,
        overrides=config.templates,
        site_name=config.name(letter.language),
        site_url=addresses.link(config.site.url, addresses.front(letter.language)),
        sender=config.sender,
        good_until=letter.created + GOOD_FOR,
        **values,
    )


def _links(letter: Letter, tokens: Tokens, config: Config) -> Mapping[str, str]:
    """Return the addresses that a letter leads to."""
    absolute = partial(addresses.link, config.site.url)
    until = letter.created + GOOD_FOR
    if letter.name == "confirm":
        token = tokens.make(Purpose.CONFIRM, letter.details["consent"], until=until)
        return {"confirm_link": absolute(addresses.confirm(token))}
    if letter.name == "address":
        subject = (letter.subscriber_id, letter.email, letter.details["old"])
        token = tokens.make(Purpose.ADDRESS, *subject, until=until)
        return {"confirm_link": absolute(addresses.confirm(token))}
    token = tokens.make(Purpose.PREFERENCES, letter.subscriber_id)
    return {
        "preferences_link": absolute(addresses.preferences(token)),
        "subscribe_link": absolute(addresses.subscribe(letter.language)),
    }
