"""Which addresses a host has, and which of them belong to the public Internet."""

import ipaddress
import socket
from collections.abc import Callable, Sequence

#: Addresses that stand for IPv4 ones behind a translator (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
#: All that is given out for use on the Internet (RFC 4291, 2.4).
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
#: Tunnels that carry an IPv4 address within, and have gone out of use: Teredo, 6to4 and its relays.
_TUNNELS = (
    ipaddress.IPv6Network("2001::/32"),
    ipaddress.IPv6Network("2002::/16"),
    ipaddress.IPv4Network("192.88.99.0/24"),
)

#: What gives the addresses of a host and port, as text.
Resolve = Callable[[str, int], Sequence[str]]


def is_public(address: str) -> bool:
    """Say whether an address belongs to the public Internet.

    By the registries of special addresses (RFC 6890) as Python knows them; addresses that
    stand for an IPv4 one are what that one is.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or (_translated(found) if found in _NAT64 else None)
        if inner is not None:
            return is_public(str(inner))
        if found not in _GLOBAL_UNICAST:
            return False
    special = found.is_multicast or found.is_reserved or found.is_unspecified
    return found.is_global and not special and not any(found in net for net in _TUNNELS)


def _translated(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host as the system knows them. Raises OSError, UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
