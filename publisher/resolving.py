"""Ask the DNS for texts: dnspython's one home."""

from urllib.parse import urlsplit

import dns.exception
import dns.nameserver
import dns.resolver

from publisher.config import Config
from publisher.errors import DnsError

_PORT = 53


class Resolver:
    """Asks the name servers of the configuration, or those of the system."""

    def __init__(self, config: Config) -> None:
        self._config = config.dns
        self._resolver: dns.resolver.Resolver | None = None

    def texts(self, name: str) -> list[str]:
        """Return the TXT records at a name, each whole (RFC 1035, 3.3.14); none is no error.

        Raises DnsError when nobody answers.
        """
        try:
            answer = self._opened().resolve(
                f"{name.rstrip('.')}.", "TXT", lifetime=self._config.timeout
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise DnsError(f"{name}: no name server answers: {type(error).__name__}") from error
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]

    def _opened(self) -> dns.resolver.Resolver:
        if self._resolver is None:
            self._resolver = dns.resolver.Resolver(configure=not self._config.servers)
            if self._config.servers:
                self._resolver.nameservers = [_server(text) for text in self._config.servers]
        return self._resolver


def _server(text: str) -> dns.nameserver.Do53Nameserver:
    parts = urlsplit(f"//{text}")
    return dns.nameserver.Do53Nameserver(parts.hostname or "", parts.port or _PORT)
