"""Letters to single people: to confirm, to welcome, to say goodbye.

A letter's name is that of its folder of templates. All of it is made from its row, links
included, so a second attempt is the same message. No letter says a reader's name: whoever
fills in a form would choose what a stranger reads in a mail of ours.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

from publisher import addresses
from publisher.config import Config
from publisher.mail import single
from publisher.mail.keys import Key
from publisher.tokens import Purpose, Tokens
from store.records import Letter

#: The letters that there are.
NAMES = ("confirm", "welcome", "goodbye", "address", "changed")

#: How long a link is good that waits for somebody to confirm.
GOOD_FOR = timedelta(days=7)


def message(letter: Letter, tokens: Tokens, config: Config, *, keys: Sequence[Key] = ()) -> bytes:
    """Return the message of a letter, which these keys sign.

    Raises RenderError, and UnwritableError.
    """
    return single.message(
        letter.name,
        letter.language,
        to=letter.email,
        message_id=message_id(letter, config.host),
        at=letter.created,
        zone=config.site.timezone,
        config=config,
        keys=keys,
        sender=config.sender,
        good_until=letter.created + GOOD_FOR,
        names=letter.details.get("names", []),
        **_links(letter, tokens, config),
    )


def message_id(letter: Letter, host: str) -> str:
    """Return a letter's Message-ID (RFC 5322, 3.6.4): the same for every attempt."""
    told = f"{letter.created.isoformat()} {letter.email}"
    unique = hashlib.sha256(told.encode()).hexdigest()[:16]
    return f"<letter.{letter.id}.{unique}@{host}>"


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
