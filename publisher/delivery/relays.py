"""Which relays a sender's mail is handed to, and what happens when nobody answers at one.

A sender's domain decides, since a relay signs for some domains and is allowed by their SPF: mail
of a domain that any relay names goes by these alone, down or not, and never by one that would
spoil it. All other mail goes by the relay of ``[mail]`` and those that name no domains.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from publisher.config import Config
from publisher.delivery.outgoing import Relay
from publisher.delivery.pace import Pace, domain_of
from publisher.settings.mail import OWN_RELAY, PRIORITY, RelaySection, RelaySettings

#: The names of relays that stand in for each other, in the order in which they are tried.
Route = tuple[str, ...]

#: Seconds for which a relay is left that nobody answered at; twice as long each time.
_LEFT = 15.0
_LEFT_LONGEST = 300.0


def for_sender(config: Config, address: str) -> Sequence[Relay]:
    """Return the relays for mail from an address, in the order in which they are tried.

    Raises ConfigError when the password of one cannot be read.
    """
    return [relay_of(config, settings) for settings in settings_for(config, address)]


def settings_for(config: Config, address: str) -> Sequence[RelaySettings]:
    """Return the settings of the same."""
    return _chosen(config, domain_of(address))


def route_of(config: Config, address: str) -> Route:
    """Return by which relays mail from an address goes."""
    return tuple(name_of(settings) for settings in settings_for(config, address))


def of_route(config: Config, route: Route) -> Sequence[Relay]:
    """Return the relays of a route. Raises ConfigError when the password of one cannot be read."""
    named = {name_of(settings): settings for settings in everyone(config)}
    return [relay_of(config, named[name]) for name in route]


def several_routes(config: Config) -> bool:
    """Return whether there is more than one route."""
    return any(relay.domains for relay in config.relays)


def everyone(config: Config) -> Sequence[RelaySettings]:
    """Return the settings of all relays that any mail may go by."""
    return [*_for_all(config), *(relay for relay in config.relays if relay.domains)]


def _chosen(config: Config, domain: str) -> Sequence[RelaySettings]:
    named = [relay for relay in config.relays if domain in relay.domains]
    # Those of the same priority stay in their order.
    return sorted(named or _for_all(config), key=_priority)


def _for_all(config: Config) -> Sequence[RelaySettings]:
    """Return the relays that name no domains.

    That of ``[mail]`` is none of them where others stand in for it and nobody said where it is.
    """
    others = [relay for relay in config.relays if not relay.domains]
    is_meant = not others or "host" in config.mail.model_fields_set
    return [config.mail, *others] if is_meant else others


def _priority(settings: RelaySettings) -> int:
    return settings.priority if isinstance(settings, RelaySection) else PRIORITY


def name_of(settings: RelaySettings) -> str:
    """Return what a relay is called in messages."""
    return settings.name if isinstance(settings, RelaySection) else OWN_RELAY


def relay_of(config: Config, settings: RelaySettings) -> Relay:
    """Return the relay that settings tell of. Raises ConfigError."""
    return Relay(
        name=name_of(settings),
        host=settings.host,
        port=settings.port,
        tls=settings.tls,
        username=settings.username,
        password=config.password(settings) or "",
        hello=config.host,
        timeout=settings.timeout,
        connections=settings.connections,
        messages=settings.messages,
        rate=settings.rate,
        window=settings.window,
        per_domain=settings.per_domain,
        ask=settings.ask and config.folder / settings.ask,
    )


def pace_of(*relays: Relay) -> Pace:
    """Return the pace of relays that stand in for each other, at which nothing is under way.

    That of the most careful of them, whichever is in use.
    """
    rates = [relay.rate for relay in relays if relay.rate]
    domains = [relay.per_domain for relay in relays if relay.per_domain]
    return Pace(rate=min(rates, default=0.0), per_domain=min(domains, default=0))


@dataclass(frozen=True, kw_only=True)
class Left:
    """A relay that is left for a while."""

    #: How often in a row nobody answered there.
    times: int
    #: The instant from which it is tried again, in seconds of a monotonic clock.
    until: float


@dataclass(frozen=True, kw_only=True)
class Failover:
    """Which relays are left, and until when. Pure: each change is another value."""

    left: Mapping[str, Left] = field(default_factory=dict)

    def usable(self, relays: Sequence[Relay], at: float) -> Relay | None:
        """Return the first relay that is not left; None when all are."""
        return next((relay for relay in relays if self._until(relay) <= at), None)

    def unreachable(self, relay: Relay, at: float) -> "Failover":
        """Leave a relay that nobody answers at."""
        before = self.left.get(relay.name)
        if before and at < before.until:
            # Several connections found the same.
            return self
        times = before.times + 1 if before else 1
        pause = min(_LEFT * 2.0 ** (times - 1), _LEFT_LONGEST)
        return replace(self, left={**self.left, relay.name: Left(times=times, until=at + pause)})

    def reached(self, relay: Relay) -> "Failover":
        """Take a relay that answers as one that always did."""
        if relay.name not in self.left:
            return self
        return replace(
            self, left={name: left for name, left in self.left.items() if name != relay.name}
        )

    def _until(self, relay: Relay) -> float:
        left = self.left.get(relay.name)
        return left.until if left else 0.0
