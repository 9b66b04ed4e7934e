"""What a site asks of programs in its robots.txt (RFC 9309): protego's home. Pure."""

import re
from collections.abc import Callable

from protego import Protego

from publisher.errors import InputError
from publisher.ingest.response import OK, SERVER_FAULT, Response

#: The name that a robots.txt knows us by.
NAME = "Tidings"

#: What is read of a robots.txt: as much as every program must read (RFC 9309, 2.5).
MAX_BYTES = 500 * 1024

#: Says whether an address may be fetched.
Rules = Callable[[str], bool]

_AGENT = re.compile(r"(?im)^([ \t]*user[- ]?agent[ \t]*:?[ \t]*)([^\r\n#]*)")


def rules(content: bytes) -> Rules:
    """Return what a robots.txt allows us; one that cannot be read allows all."""
    text = content[:MAX_BYTES].decode("utf-8", "replace")
    try:
        parsed = Protego.parse(_AGENT.sub(_ours, text))
    except ValueError:
        return lambda _url: True
    return lambda url: parsed.can_fetch(url, NAME)


def _ours(line: re.Match[str]) -> str:
    # Every rule is kept once for each program of its group: with thousands of either that is
    # more than memory holds. Who is not us is one program here.
    known = line[2].strip().lower()
    return line[1] + (known if known in {"*", NAME.lower()} else "another")


def answered(answer: Response) -> Rules | InputError:
    """Return the rules that a site answered with, or why nobody can say what they are."""
    if answer.status >= SERVER_FAULT:
        reason = f"its robots.txt has a fault ({answer.status}), so nothing may be read: try later"
        return InputError(answer.url, reason)
    return rules(answer.content if answer.status == OK else b"")
