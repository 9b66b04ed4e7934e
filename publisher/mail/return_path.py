"""The address that a mail comes back to: each has one of its own (VERP).

    bounces+d3-1204-k5f2...@example.org

Whoever returns a mail to it tells us which one, in whatever words and language. It is signed, so
nobody can return a mail that they have never seen. What stands between ``+`` and ``@`` is a
subaddress (RFC 5233): the mail system files all of them into one mailbox.
"""

import re

from publisher.config import Config
from publisher.errors import TokenError
from publisher.tokens import Mail, Tokens

#: Long enough for any token, in any case.
_ADDRESS = re.compile(r"(?<=[^\s<>\"@+,;:])\+([dl][0-9a-z-]{10,60})@", re.ASCII | re.IGNORECASE)


def return_path(
    tokens: Tokens, config: Config, delivery_id: int, mail: Mail = Mail.DELIVERY
) -> str:
    """Return the envelope sender of a mail (RFC 5321, 3.3), a delivery unless said otherwise.

    It is the sender of the site where ``mail.bounces`` is not given.
    """
    local, _, domain = config.mail.bounces.rpartition("@")
    if not domain:
        return config.sender
    return f"{local}+{tokens.make_return(mail, delivery_id)}@{domain}"


def named(tokens: Tokens, text: str) -> set[tuple[Mail, int]]:
    """Return the mails whose return paths stand in a text; what we did not sign names none.

    Whatever the address was when they were sent: the signature says that they are ours.
    """
    found = set()
    for token in dict.fromkeys(_ADDRESS.findall(text)):
        try:
            found.add(tokens.read_return(token))
        except TokenError:
            continue
    return found
