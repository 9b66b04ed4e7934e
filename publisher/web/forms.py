"""What readers send: forms, read without trust, and whether they came from our own pages."""

import ipaddress
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from limits import RateLimitItemPerHour
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.exceptions import HTTPException

#: The longest form, in bytes: ours have a few hundred.
LONGEST = 64 * 1024

_BROKEN = 400

# What strangers send wrongly is answered, and is no news: the parser has a line for each.
logging.getLogger("python_multipart").setLevel(logging.ERROR)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A form as it was filled in: all values of each field, in their order."""

    fields: Mapping[str, tuple[str, ...]]

    def one(self, name: str) -> str:
        """Return the value of a field, empty where there is none."""
        return self.fields.get(name, ("",))[0]

    def many(self, name: str) -> tuple[str, ...]:
        """Return all values of a field."""
        return self.fields.get(name, ())

    @property
    def wanted(self) -> Mapping[str, tuple[str, ...]]:
        """The newsletters that are ticked, with their topics that are."""
        return {key: self.many(f"topics.{key}") for key in self.many("newsletters")}

    @property
    def often(self) -> Mapping[str, str]:
        """How often each of them shall come, where the form asks."""
        asked = {key: f"frequency.{key}" for key in self.many("newsletters")}
        return {key: self.one(name) for key, name in asked.items() if name in self.fields}


async def _filled(request: Request) -> Filled:
    """Read a form; what is none is an empty one."""
    try:
        form = await request.form(max_files=0, max_fields=500, max_part_size=LONGEST)
    except HTTPException as error:
        if error.status_code != _BROKEN:
            raise
        # Whoever asks to leave has left, in whatever form; other pages say what is missing.
        return Filled(fields={})
    except UnicodeError:
        # The parser takes any codec of Python for a character set, also those that only fail.
        return Filled(fields={})
    found: dict[str, tuple[str, ...]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            found[name] = (*found.get(name, ()), value)
    return Filled(fields=found)


Form = Annotated[Filled, Depends(_filled)]


def is_own(request: Request) -> bool:
    """Say whether a request comes from a page of ours, or from no page.

    Browsers say so by themselves: Sec-Fetch-Site, else Origin (Fetch standard). Our pages tell
    nobody where a reader comes from, so an older browser sends the origin ``null`` from them; no
    cookie goes with any of these requests, so there is nothing that another site could ride on.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None or origin == "null":
        return True
    return origin.partition("://")[2].lower() == request.headers.get("host", "").lower()


class Crowd:
    """How often each network has asked, counted in this process."""

    def __init__(self, in_an_hour: int) -> None:
        self._allowed = RateLimitItemPerHour(in_an_hour)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def lets_in(self, request: Request) -> bool:
        """Count a request; say whether its network has asked no more often than is allowed."""
        return bool(self._limiter.hit(self._allowed, _network(request)))


def _network(request: Request) -> str:
    """Return who asks: an IPv4 address, or the network of an IPv6 one (RFC 6177: /64 at least)."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:  # noqa: PLR2004
        return host
    return str(ipaddress.ip_network((address, 64), strict=False))
