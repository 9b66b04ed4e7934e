"""Mail: who sends it, the relays that take it, what signs it, what comes back; staff who get it."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from publisher import addresses
from publisher.errors import InputError
from publisher.settings.values import YEAR, Section, Tag, comma_separated, distinct, shaped

#: What the relay of ``[mail]`` is called.
OWN_RELAY = "mail"

#: The priority of the relay of ``[mail]``, and of those that give none.
PRIORITY = 10
#: Characters before the @ of the address that bounces come to.
_LONGEST_LOCAL = 20
_NO_SELECTOR = "no selector such as 202611 (RFC 6376, 3.1)"


def _mailbox(value: str) -> str:
    if value and not re.fullmatch(r"[!-;=?A-~]+@[!-;=?A-~]+", value):
        raise ValueError("not an address in ASCII such as news@example.org")
    return value


def _bounces(value: str) -> str:
    # A local part has at most 64 octets (RFC 5321, 4.5.3.1.1), and what is signed takes 44.
    local = value.rpartition("@")[0]
    if len(local) > _LONGEST_LOCAL or "+" in local:
        raise ValueError(f"must have at most {_LONGEST_LOCAL} characters before the @, and no +")
    return _mailbox(value)


def _domain(value: str) -> str:
    try:
        return addresses.ascii_host(value.strip().lower())
    except InputError as error:
        raise ValueError(str(error)) from error


def _server(value: str) -> str:
    parts = urlsplit(f"//{value}")
    try:
        ip_address(parts.hostname or "")
        # To ask for a port that is none raises a ValueError, too.
        well = parts.port != 0 and parts.netloc == value
    except ValueError:
        well = False
    if not well:
        raise ValueError("not an address such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53")
    return value


def _listed(value: object) -> object:
    if isinstance(value, Mapping):
        hint = "is a list: [[relays]] in two brackets, or all of it as JSON in TIDINGS_RELAYS"
        raise ValueError(hint)  # noqa: TRY004  (only this kind is told with its key)
    return value


class RelaySettings(Section):
    """What every relay has: where it is, and how much it may be handed."""

    #: The relay's host name or address.
    host: str = "localhost"
    #: The relay's port.
    port: Annotated[int, Field(ge=1, le=65535)] = 25
    #: Whether the dialogue must be, may be, or is not encrypted by STARTTLS.
    tls: Literal["required", "opportunistic", "none"] = "opportunistic"
    #: The name to log in with, if the relay wants one.
    username: str = ""
    #: The file that holds the password.
    password_file: Path | None = None
    #: How many connections are held at once.
    connections: Annotated[int, Field(ge=1, le=100)] = 4
    #: Seconds that the relay may take for one answer.
    timeout: Annotated[float, Field(gt=0)] = 60.0
    #: The same for its answer to the end of a message, which it may look through first. Whoever
    #: gives up before does not know whether it was taken (RFC 5321, 4.5.3.2.6: ten minutes).
    end_timeout: Annotated[float, Field(gt=0)] = 600.0
    #: Mails that one connection is used for; 0 for any number.
    messages: Annotated[int, Field(ge=0)] = 0
    #: Mails a second at the most, over all connections; 0 for any number.
    rate: Annotated[float, Field(ge=0)] = 0.0
    #: Mails of one connection without an answer at once, where the relay offers BDAT (RFC 3030).
    window: Annotated[int, Field(ge=1, le=10)] = 1
    #: Mails to recipients of one domain that are under way at once; 0 for any number.
    per_domain: Annotated[int, Field(ge=0)] = 0
    #: The relay's log, by which a Postfix is asked for mails that are unknown.
    ask: Path | None = None
    #: Whether all hosts hand their mail to this one relay, so that any may ask for it by this log.
    ask_shared: bool = False

    @property
    def place(self) -> str:
        """What its section is called in messages."""
        return OWN_RELAY

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine: what goes there goes over no wire (RFC 6761, 6.3)."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"


class MailSection(RelaySettings):
    """``[mail]``: the sender, and the relay that mail is handed to."""

    #: The address that mail comes from; ``news@`` the site's host unless given.
    sender: Annotated[str, AfterValidator(_mailbox)] = ""
    #: The address that bounces come to, each at one of its own: ``bounces+TOKEN@example.org``.
    #: Where none is given they go to the sender.
    bounces: Annotated[str, AfterValidator(_bounces)] = ""
    #: For so many days a mail is tried again that is refused for now.
    give_up_days: Annotated[float, Field(ge=0, le=30)] = 2.0


class RelaySection(RelaySettings):
    """One of ``[[relays]]``: another relay, for some senders or beside that of ``[mail]``."""

    #: What it is called in messages.
    name: Annotated[
        str,
        shaped("[a-z0-9][a-z0-9-]*", "must be lower-case letters, digits, hyphens, such as spare"),
        Field(max_length=40),
    ]
    host: str
    #: The domains of the senders that it is for; for all that no relay names, unless given.
    domains: Annotated[
        tuple[Annotated[str, AfterValidator(_domain)], ...],
        BeforeValidator(comma_separated),
        AfterValidator(distinct),
    ] = ()
    #: Of several the one with the smallest number is taken, the next when nobody answers there.
    priority: Annotated[int, Field(ge=0, le=100)] = PRIORITY

    @property
    def place(self) -> str:
        """What its section is called in messages."""
        return f"relays {self.name}"


Relays = Annotated[tuple[RelaySection, ...], BeforeValidator(_listed)]


class BouncesSection(Section):
    """``[bounces]``: how mails that come back are read, and what they mean."""

    #: The IMAP server (TLS from the first byte) whose folder is read; empty for none.
    imap_host: str = ""
    #: Its port.
    imap_port: Annotated[int, Field(ge=1, le=65535)] = 993
    #: The name to log in with.
    imap_user: str = ""
    #: The file that holds the password.
    imap_password_file: Path | None = None
    #: The folder that is read.
    imap_folder: str = "INBOX"
    #: Where messages go once they are read; they stay, flagged as seen, unless it is given.
    imap_done: str = ""
    #: Seconds between two looks of the tick.
    imap_interval: Annotated[float, Field(ge=1, le=YEAR)] = 300.0
    #: The file that holds the secret of the hook at ``/hooks/bounce``; no hook without it.
    hook_secret_file: Path | None = None
    #: So many mails in a row must have failed for now until an address counts as dead,
    soft_limit: Annotated[int, Field(ge=1)] = 5
    #: over so many days at least.
    soft_days: Annotated[float, Field(ge=0, le=365)] = 14.0


class DkimSection(Section):
    """``[dkim]``: the keys that mail is signed with."""

    #: Which of them sign, by selector; none: the relay signs.
    selectors: Annotated[
        tuple[Annotated[str, shaped("[a-z0-9]([a-z0-9.-]*[a-z0-9])?", _NO_SELECTOR)], ...],
        NoDecode,
        BeforeValidator(comma_separated),
        AfterValidator(distinct),
    ] = ()
    #: Their folder; nobody else may read it.
    folder: Path = Path("dkim")


class DnsSection(Section):
    """``[dns]``: who is asked what the world knows of the domains that mail comes from."""

    #: Name servers by their addresses, with ``:port`` where that is not 53; none: the system's.
    servers: Annotated[
        tuple[Annotated[str, AfterValidator(_server)], ...],
        NoDecode,
        BeforeValidator(comma_separated),
        AfterValidator(distinct),
    ] = ()
    #: Seconds that one question may take.
    timeout: Annotated[float, Field(gt=0, le=60)] = 5.0


class StaffSection(Section):
    """``[staff]``: who works on the news."""

    #: By language, the addresses that are reminded of texts that an issue waits for.
    reminders: dict[
        Tag,
        Annotated[
            tuple[Annotated[str, Field(min_length=1), AfterValidator(_mailbox)], ...],
            BeforeValidator(comma_separated),
            AfterValidator(distinct),
        ],
    ] = Field(default_factory=dict)
