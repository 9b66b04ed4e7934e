"""E-mail addresses, checked, in the form that is kept. Pure."""

import re

from publisher import addresses, characters
from publisher.errors import InputError, LettersError

#: RFC 5321, 4.5.3.1: the longest address and the longest part before its @.
MAX_EMAIL, MAX_LOCAL = 254, 64

#: Nearly all addresses in lower case, told at a glance; no longer than the part before the @ may
#: be, so that nothing else of them can be too long (RFC 1034, 3.1: 63 between dots).
PLAIN = r"[a-z0-9_+-]++(?:\.[a-z0-9_+-]++)*+@(?:[a-z0-9]++(?:-++[a-z0-9]++)*+\.)+[a-z0-9]++"
_PLAIN = re.compile(PLAIN, re.IGNORECASE | re.ASCII)

#: What an address that was copied out of a text may have at its ends: marks and controls of
#: direction, which nobody sees (Unicode Standard Annex 9, 2). Our own sentences have them, too.
_UNSEEN = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def email_address(text: str) -> str:
    """Return an address in the form that it is kept in. Raises InputError.

    LettersError for one that mail could be sent to if SMTPUTF8 were spoken here (RFC 6531).
    The host in lower case and in ASCII (RFC 5891). The part before the @ is left as it is,
    but for case: no mail system of today tells Zoe from zoe, and one person must not get two.
    """
    if len(text) <= MAX_LOCAL and _PLAIN.fullmatch(text):
        return text.lower()
    address = text.strip().strip(_UNSEEN).strip()
    local, at, host = address.rpartition("@")
    try:
        ascii_host = addresses.ascii_host(host)
    except InputError:
        ascii_host = ""
    printable = local.isprintable() and not set(local) & set(' "(),:;<>@[\\]')
    dots_right = not (local.startswith(".") or local.endswith(".") or ".." in local)
    if not (at and local and printable and dots_right and _is_host(ascii_host)):
        raise InputError("email", f"{characters.clean_line(text)[:100]!r} is not an e-mail address")
    if not local.isascii():
        reason = (
            "the part before the @ has letters that mail cannot be sent to from here yet "
            "(RFC 6531); give an address in ASCII"
        )
        raise LettersError("email", f"{address[:100]!r}: {reason}")
    if len(local) > MAX_LOCAL or len(local) + len(ascii_host) >= MAX_EMAIL:
        raise InputError("email", "is longer than an e-mail address can be")
    return f"{local.lower()}@{ascii_host}"


def _is_host(host: str) -> bool:
    labels = host.split(".")
    return len(labels) > 1 and all(
        label.replace("-", "").isalnum() and not label.startswith("-") and not label.endswith("-")
        for label in labels
    )
