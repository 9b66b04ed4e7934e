"""How mail is signed, and what the DNS lets the world know of it: keys made, records asked for."""

from collections.abc import Sequence
from dataclasses import replace

from publisher.config import Config
from publisher.errors import DnsError
from publisher.mail import keys
from publisher.mail.keys import Signing
from publisher.resolving import Resolver


def known(config: Config) -> Signing:
    """Return how mail is signed, with what the DNS has at the names of the keys."""
    signing, resolver = keys.signing(config), Resolver(config)
    records = {key.name: _texts(resolver, key.name) for key in signing.keys.keys}
    return replace(signing, records=records)


def _texts(resolver: Resolver, name: str) -> Sequence[str] | None:
    try:
        return resolver.texts(name)
    except DnsError:
        return None
