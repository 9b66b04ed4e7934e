"""Look at what Tidings stands on: store, clock, relay, the DNS, other packages of our names.

Each check says what it found, in words that a person can act on. None changes anything, and none
keeps the others from being made.
"""

import asyncio
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import packages_distributions
from pathlib import Path

from publisher import sealing
from publisher.config import Config
from publisher.delivery import relays, smtp
from publisher.delivery.pace import domain_of
from publisher.errors import DnsError, TidingsError
from publisher.mail import keys, senders
from publisher.mail.keys import Key, Signing
from publisher.resolving import Resolver
from publisher.settings.mail import OWN_RELAY, RelaySettings
from store import newsletters
from store.database import Database, open_database
from store.records import Newsletter
from store.schema import SCHEMA

#: The clocks of two machines may differ by so much.
_APART = timedelta(seconds=30)
#: Our modules, and the distribution that they come from.
_OURS = ("publisher", "scheduler", "store")
_DISTRIBUTION = "tidings"
#: Whoever may read a key of ours beside its owner.
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, kw_only=True)
class Check:
    """What one look found."""

    name: str
    ok: bool
    detail: str


def examine(config: Config, *, now: datetime) -> list[Check]:
    """Return what was found, in the order in which to mend it."""
    checks, found = _store(config, now)
    checks += [
        _made(_called(settings), partial(_relay, config, settings))
        for settings in relays.everyone(config)
    ]
    checks += [sender for sender in found if not sender.ok]
    checks += _mail(config, [config.sender, *(sender.detail for sender in found if sender.ok)])
    checks.append(names(packages_distributions()))
    return checks


def _made(name: str, look: Callable[[], str]) -> Check:
    """Return a check: what it says, or the error that it ends with."""
    try:
        return Check(name=name, ok=True, detail=look())
    except Exception as error:  # noqa: BLE001  (whatever is wrong with one, the others are made)
        return Check(name=name, ok=False, detail=str(error) or type(error).__name__)


def _store(config: Config, now: datetime) -> tuple[list[Check], list[Check]]:
    """Return what was found of the store, and of the senders that it knows."""
    opened: list[Database] = []
    try:
        checks = [_made("database", partial(_database, config, opened))]
        if not checks[0].ok:
            return checks, []
        (database,) = opened
        checks += [
            _made("migrations", partial(_migrations, database)),
            _made("clock", partial(_clock, database, now)),
        ]
        return checks, _senders(database, config) if checks[1].ok else []
    finally:
        for each in opened:
            each.close()


def _database(config: Config, opened: list[Database]) -> str:
    database = open_database(config.database_url)
    opened.append(database)
    scheme, _, path = config.database_url.partition(":///")
    if scheme == "sqlite" and not Path(path).exists():
        # To look inside would make it.
        raise TidingsError(f"no {path}; 'tidings migrate' makes it")
    database.version()
    return database.name


def _migrations(database: Database) -> str:
    database.check_version()
    return SCHEMA


def _clock(database: Database, now: datetime) -> str:
    apart = abs(database.clock() - now)
    if apart > _APART:
        raise TidingsError(f"{apart.total_seconds():.0f} seconds from that of the database")
    return f"within {_APART.total_seconds():.0f} seconds of that of the database"


def _called(settings: RelaySettings) -> str:
    name = relays.name_of(settings)
    return "relay" if name == OWN_RELAY else f"relay {name}"


def _relay(config: Config, settings: RelaySettings) -> str:
    relay = relays.relay_of(config, settings)
    sender = config.mail.bounces or config.sender
    found = asyncio.run(smtp.rehearse(relay, sender))
    if relay.ask:
        with relay.ask.open("rb"):
            # Whoever may not read it, or finds none, hears it here and not after a crash.
            pass
    told = [
        *([f", {found.fault}"] if found.fault else []),
        *([", encrypted"] if found.encrypted else []),
        *([", can be asked"] if relay.ask else []),
    ]
    return f"{relay.host}:{relay.port}{''.join(told)}"


def _senders(database: Database, config: Config) -> list[Check]:
    """Return for each newsletter and language the address that mail comes from, or a fault."""
    try:
        with database.read() as tx:
            found = newsletters.listing(tx)
    except TidingsError as error:
        return [Check(name="senders", ok=False, detail=str(error))]
    return [
        _made(f"sender {each.key} {language}", partial(_address, each, language, config))
        for each in found
        for language in each.languages
    ]


def _address(newsletter: Newsletter, language: str, config: Config) -> str:
    return senders.sender(newsletter, language, config).address


def _mail(config: Config, addresses: Iterable[str]) -> Iterator[Check]:
    resolver, distinct = Resolver(config), list(dict.fromkeys(addresses))
    domains = list(dict.fromkeys(map(domain_of, distinct)))
    # The envelope's sender is what SPF is about (RFC 7208, 2.4).
    envelope = domain_of(config.mail.bounces or config.sender)
    yield _made(f"spf {envelope}", partial(_spf, resolver, envelope))
    yield from _dkim(config, sealing.known(config), distinct)
    for domain in domains:
        yield _made(f"dmarc {domain}", partial(_dmarc, resolver, domain))


def _spf(resolver: Resolver, domain: str) -> str:
    """Return the one record that says who may send for a domain (RFC 7208, 4.5)."""
    found = [text for text in resolver.texts(domain) if text.lower().split(" ")[0] == "v=spf1"]
    if len(found) != 1:
        raise DnsError(f"{len(found)} records v=spf1 at {domain}, where there must be one")
    return found[0]


def _dmarc(resolver: Resolver, domain: str) -> str:
    """Return the record that says what becomes of mail in a domain's name (RFC 7489, 6.6.3).

    Of the nearest domain above that has one: without a list of public suffixes.
    """
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        texts = resolver.texts(f"_dmarc.{'.'.join(labels[start:])}")
        found = [text for text in texts if text.replace(" ", "").startswith("v=DMARC1;")]
        if found:
            return found[0]
    raise DnsError(f"no record v=DMARC1 at _dmarc.{domain}, nor above")


def _dkim(config: Config, signing: Signing, addresses: Sequence[str]) -> Iterator[Check]:
    if signing.fault or not signing.keys.keys:
        detail = signing.fault or "no key in dkim.selectors: the relay signs"
        yield Check(name="dkim", ok=not signing.fault, detail=detail)
        return
    for address in addresses:
        if fault := signing.keys.fault(address):
            yield Check(name=f"dkim {address}", ok=False, detail=fault)
    for key in signing.keys.keys:
        yield _made(f"dkim {key.name}", partial(_key, config, signing, key))


def _key(config: Config, signing: Signing, key: Key) -> str:
    texts = signing.records.get(key.name)
    is_open = keys.file_of(config, key).stat().st_mode & _OTHERS
    faults = {
        "no name server answers": texts is None,
        "the DNS has nothing there": texts == [],
        "the DNS has another key there": bool(texts) and not key.is_in(texts or []),
        "its file can be read by others": bool(is_open),
    }
    said = "; ".join(fault for fault, is_there in faults.items() if is_there)
    if said:
        raise TidingsError(said)
    return key.algorithm


def names(distributions: Mapping[str, Sequence[str]]) -> Check:
    """Look whether another package brings modules that are called as ours are."""
    claims = {
        f"{module} of {name}"
        for module in _OURS
        for name in distributions.get(module, [])
        if name != _DISTRIBUTION
    }
    detail = "installed beside " + ", ".join(sorted(claims)) if claims else "no other package"
    return Check(name="names", ok=not claims, detail=detail)
