"""By what mails went out: who is asked for one must be who had it.

    HOST DOMAIN BEGAN RELAY...     such as  mx1 news.example.org 2026-11-27T06:00:00Z localhost:25

A batch keeps it from the moment it is claimed, before any of its mails begins, and so do mails
that become unknown. Each host may have a Postfix of its own, which all of them call ``localhost``,
and relays and the site's address are changed in the configuration: that a log does not know a
mail means nothing unless the mail would stand in it.
"""

import socket
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from publisher.config import Config
from publisher.delivery import relays
from publisher.delivery.relays import Route
from publisher.settings.mail import RelaySettings


@dataclass(frozen=True, kw_only=True)
class Way:
    """By what the mails of a batch went out."""

    #: What the machine is called that sent them.
    host: str
    #: The right-hand side of their Message-IDs.
    domain: str
    #: Before that instant none of them was with a relay.
    began: datetime
    #: Where the relays are that any of them may be with.
    relays: tuple[str, ...]

    def written(self) -> str:
        """Return it as the store keeps it."""
        return " ".join((self.host, self.domain, self.began.isoformat(), *self.relays))


@lru_cache
def read(written: str) -> Way | None:
    """Return what the store has kept, None where it has kept nothing."""
    if not written:
        return None
    host, domain, began, *places = written.split(" ")
    began_at = datetime.fromisoformat(began)
    return Way(host=host, domain=domain, began=began_at, relays=tuple(places))


def of(config: Config, route: Route, *, now: datetime) -> Way:
    """Return by what mails go out that this machine claims now."""
    return Way(
        host=here(),
        domain=config.host,
        began=now,
        relays=tuple(
            place(each) for each in relays.everyone(config) if relays.name_of(each) in route
        ),
    )


def here() -> str:
    """Return what this machine is called."""
    return socket.gethostname()


def place(settings: RelaySettings) -> str:
    """Return where a relay is."""
    return f"{settings.host}:{settings.port}"


def known(config: Config) -> dict[str, RelaySettings]:
    """Return the relays by where they are; of several at one place one that can be asked."""
    found = sorted(relays.everyone(config), key=lambda each: each.ask is not None)
    return {place(each): each for each in found}


def domain_of(config: Config, written: str) -> str:
    """Return the right-hand side of a mail's Message-ID: the site may have moved since."""
    way = read(written)
    return way.domain if way else config.host


def is_told_here(config: Config, written: str, relay: str) -> bool:
    """Return whether a mail would stand in the log named here, if the relay at a place has it."""
    way, settings = read(written), known(config).get(relay)
    if way is None or relay not in way.relays or settings is None or settings.ask is None:
        return False
    return settings.ask_shared or way.host == here()


def can_say(config: Config, written: str) -> bool:
    """Return whether the relays of a mail can be asked from here for all that they know."""
    way = read(written)
    places = way.relays if way else ()
    return bool(places) and all(is_told_here(config, written, each) for each in places)


def is_elsewhere(config: Config, written: str) -> bool:
    """Return whether another host has to ask for a mail."""
    way = read(written)
    return way is not None and way.host != here() and not _is_shared(config, way)


def is_of_this_host(config: Config, written: str) -> bool:
    """Return whether no other host can ask for a mail."""
    way = read(written)
    return way is not None and way.host == here() and not _is_shared(config, way)


def _is_shared(config: Config, way: Way) -> bool:
    settings = known(config)
    return all(each in settings and settings[each].ask_shared for each in way.relays)


def hint(config: Config, written: str) -> str:
    """Return why nobody can say here that a mail was not accepted; empty where somebody can.

    Also where relays are never asked at all.
    """
    way, settings = read(written), known(config)
    if way is None or not any(each.ask for each in settings.values()):
        return ""
    if is_elsewhere(config, written):
        return f"some went out from the host {way.host}: only there its relay can be asked for all"
    if gone := [each for each in way.relays if each not in settings]:
        return (
            f"some went out by the relay {', '.join(gone)}, which the configuration does not name"
        )
    return ""
