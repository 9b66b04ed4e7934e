"""The configuration: one TOML file, each setting also as ``TIDINGS_SECTION__KEY``.

The environment wins over the file. Relative paths are meant from the file's folder. All
mistakes are told at once, each with the key and, for a mistyped one, the nearest right one.
"""

import difflib
import json
import os
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import SplitResult, quote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from publisher import addresses, languages, rules
from publisher.errors import ConfigError, InputError

PREFIX = "TIDINGS_"

#: What the relay of ``[mail]`` is called.
OWN_RELAY = "mail"

#: The priority of the relay of ``[mail]``, and of those that give none.
PRIORITY = 10
#: Characters before the @ of the address that bounces come to.
_LONGEST_LOCAL = 20


def _split(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _comma_separated(value: object) -> object:
    return _split(value) if isinstance(value, str) else value


def _tag(value: str) -> str:
    try:
        return languages.tag(value)
    except InputError as error:
        raise ValueError(str(error)) from error


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"no IANA time zone {value!r}; one is Europe/Brussels")
    return value


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("not an address such as https://news.example.org")
    if not parts.hostname.isascii():
        raise ValueError(f"must be ASCII (RFC 3986): write the host as {_host_of(parts)}")
    if not value.isascii():
        raise ValueError(f"must be ASCII (RFC 3986): write the path as {quote(parts.path)}")
    return value.rstrip("/")


def _host_of(parts: SplitResult) -> str:
    try:
        return addresses.ascii_host(parts.hostname or "")
    except InputError as error:
        raise ValueError(str(error)) from error


def _line(value: str) -> str:
    # Mail headers and XML cannot hold them.
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in value):
        raise ValueError("must be one line without control characters")
    return value


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


def _hub(value: str) -> str:
    parts = urlsplit(value)
    # To ask for a port that is none raises a ValueError that says so.
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise ValueError("not an address such as https://hub.example.org/")
    if parts.fragment:
        raise ValueError("must not have a fragment (#): it would never reach the hub")
    # It goes out in a header, between angle brackets (RFC 8288).
    if not value.isascii() or re.search(r'[\s<>"\x00-\x1f\x7f]', value):
        raise ValueError("must be ASCII without spaces and brackets (RFC 3986)")
    return value


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


def _rule(value: str) -> str:
    try:
        rules.parse(value, zone="UTC")
    except InputError as error:
        raise ValueError(error.reason) from error
    return value


def _distinct(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))


def _domain(value: str) -> str:
    try:
        return addresses.ascii_host(value.strip().lower())
    except InputError as error:
        raise ValueError(str(error)) from error


def _listed(value: object) -> object:
    if isinstance(value, Mapping):
        hint = "is a list: [[relays]] in two brackets, or all of it as JSON in TIDINGS_RELAYS"
        raise ValueError(hint)  # noqa: TRY004  (only this kind is told with its key)
    return value


Tag = Annotated[str, AfterValidator(_tag)]
Line = Annotated[str, AfterValidator(_line)]
Languages = Annotated[
    tuple[Tag, ...], NoDecode, BeforeValidator(_comma_separated), AfterValidator(_distinct)
]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SiteSection(_Section):
    """``[site]``: what is published, and where."""

    #: The public address of the site, without a slash at its end.
    url: Annotated[str, AfterValidator(_address)]
    #: The languages, in the order in which readers see them. Where a text has to come from
    #: another language, they are tried in this order.
    languages: Annotated[Languages, Field(min_length=1)]
    #: What ids in feeds begin with (RFC 4151), minted once by ``tidings init``: readers take
    #: an entry with another id for another entry, so it stays when the address changes.
    id: Annotated[str, Field(pattern=r"^$|^tag:[^\s,:]+,\d{4}(-\d\d(-\d\d)?)?$")] = ""
    #: The site's name in each language.
    name: dict[Tag, Line] = {}
    #: Whose the texts are and what may be done with them, in each language.
    rights: dict[Tag, Line] = {}
    #: Who mails, and from where: a postal address, in each language.
    imprint: dict[Tag, Line] = {}
    #: The folder of the public files.
    public: Path = Path("public")
    #: A folder of templates that take the place of ours of the same names.
    templates: Path | None = None
    #: The time zone of the dates that pages and digests show.
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    #: Where to look for a text that is missing in a language, nearest first.
    chains: dict[Tag, Languages] = {}

    @field_validator("name", "rights", "imprint")
    @classmethod
    def _words_are_of_site_languages(
        cls, value: dict[str, str], info: ValidationInfo
    ) -> dict[str, str]:
        known = info.data.get("languages", value)
        strangers = [language for language in value if language not in known]
        if strangers:
            raise ValueError(f"not in site.languages: {', '.join(strangers)}")
        return value


class DatabaseSection(_Section):
    """``[database]``: where the store is kept."""

    #: A SQLAlchemy URL, ``sqlite:///FILE`` or ``postgresql://USER@HOST/NAME``.
    url: str = "sqlite:///tidings.db"


class FeedsSection(_Section):
    """``[feeds]``: feeds and public pages."""

    #: What happens in a language where an item is not ready: a rule, such as ``skip``,
    #: ``fallback`` or ``hold until thu 17:00 Europe/Brussels, then fallback``.
    missing: Annotated[str, AfterValidator(_rule)] = "skip"
    #: The languages where another rule holds.
    missing_in: dict[Tag, Annotated[str, AfterValidator(_rule)]] = {}
    #: How many entries a feed holds.
    entries: Annotated[int, Field(ge=1, le=1000)] = 25
    #: Minutes that a reader of RSS may keep a feed before it asks again.
    ttl: Annotated[int, Field(ge=1, le=10_080)] = 60
    #: The WebSub hubs that tell readers when a feed has changed.
    hubs: Annotated[
        tuple[Annotated[str, AfterValidator(_hub)], ...],
        NoDecode,
        BeforeValidator(_comma_separated),
        AfterValidator(_distinct),
    ] = ()


class RelaySettings(_Section):
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
    #: Mails that one connection is used for; 0 for any number.
    messages: Annotated[int, Field(ge=0)] = 0
    #: Mails a second at the most, over all connections; 0 for any number.
    rate: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    #: Mails of one connection without an answer at once, where the relay offers BDAT (RFC 3030).
    window: Annotated[int, Field(ge=1, le=100)] = 1
    #: Mails to recipients of one domain that are under way at once; 0 for any number.
    per_domain: Annotated[int, Field(ge=0)] = 0
    #: The relay's log, by which a Postfix is asked for mails that are unknown.
    ask: Path | None = None


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
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40)]
    host: str
    #: The domains of the senders that it is for; for all that no relay names, unless given.
    domains: Annotated[
        tuple[Annotated[str, AfterValidator(_domain)], ...],
        BeforeValidator(_comma_separated),
        AfterValidator(_distinct),
    ] = ()
    #: Of several the one with the smallest number is taken, the next when nobody answers there.
    priority: Annotated[int, Field(ge=0, le=100)] = PRIORITY


class SignupSection(_Section):
    """``[signup]``: how much strangers may ask for by the forms."""

    #: Sign-ups and letters that one network may ask for in an hour: a class room, not a robot.
    asked_an_hour: Annotated[int, Field(ge=1, le=100_000)] = 30
    #: Letters in 24 hours to an address that its owner has not confirmed.
    letters_a_day: Annotated[int, Field(ge=1, le=100)] = 3


class DeliverySection(_Section):
    """``[delivery]``: how it is written down what was sent."""

    #: The folder of the journals; beside the SQLite file, or ``journal``, unless given. It must
    #: be on a disk of this host.
    journal: Path | None = None
    #: Whether a mail is sent only once the disk has its line in the journal: then also the death
    #: of the machine leaves no more unknown than that of a process. It is slower.
    sync: bool = False
    #: Seconds that a worker holds a batch for without saying that it is alive.
    lease: Annotated[float, Field(ge=1)] = 60.0
    #: Seconds after that until other hosts take the batch.
    grace: Annotated[float, Field(ge=0)] = 600.0
    #: Whether only ``tidings worker`` delivers: ``serve`` and ``tick`` leave it to that. It needs
    #: PostgreSQL.
    workers: bool = False
    #: Seconds without a sign of life after which a worker ends itself, to be begun anew.
    watchdog: Annotated[float, Field(ge=1)] = 120.0


class DkimSection(_Section):
    """``[dkim]``: the keys that mail is signed with."""

    #: Which of them sign, by selector; none: the relay signs.
    selectors: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")], ...],
        NoDecode,
        BeforeValidator(_comma_separated),
        AfterValidator(_distinct),
    ] = ()
    #: Their folder; nobody else may read it.
    folder: Path = Path("dkim")


class DnsSection(_Section):
    """``[dns]``: who is asked what the world knows of the domains that mail comes from."""

    #: Name servers by their addresses, with ``:port`` where that is not 53; none: the system's.
    servers: Annotated[
        tuple[Annotated[str, AfterValidator(_server)], ...],
        NoDecode,
        BeforeValidator(_comma_separated),
        AfterValidator(_distinct),
    ] = ()
    #: Seconds that one question may take.
    timeout: Annotated[float, Field(gt=0, le=60)] = 5.0


class IngestSection(_Section):
    """``[ingest]``: reading news from the web."""

    #: Hosts, or ``host:port``, that may have private addresses. All others must be public.
    private_hosts: Annotated[
        tuple[Line, ...], NoDecode, BeforeValidator(_comma_separated), AfterValidator(_distinct)
    ] = ()
    #: Seconds that one address may take, with all its redirects.
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30.0
    #: The most bytes of one answer, unpacked.
    max_bytes: Annotated[int, Field(ge=1_000)] = 10_000_000
    #: Whether to keep to what sites ask of programs in their robots.txt (RFC 9309).
    robots: bool = True


class BouncesSection(_Section):
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
    imap_interval: Annotated[float, Field(ge=1)] = 300.0
    #: The file that holds the secret of the hook at ``/hooks/bounce``; no hook without it.
    hook_secret_file: Path | None = None
    #: So many mails in a row must have failed for now until an address counts as dead,
    soft_limit: Annotated[int, Field(ge=1)] = 5
    #: over so many days at least.
    soft_days: Annotated[float, Field(ge=0)] = 14.0


class StaffSection(_Section):
    """``[staff]``: who works on the news."""

    #: By language, the addresses that are reminded of texts that an issue waits for.
    reminders: dict[
        Tag,
        Annotated[
            tuple[Annotated[str, Field(min_length=1), AfterValidator(_mailbox)], ...],
            BeforeValidator(_comma_separated),
            AfterValidator(_distinct),
        ],
    ] = {}


class SchedulerSection(_Section):
    """``[scheduler]``: the scheduled job of ``tidings serve``."""

    #: Seconds between two looks.
    interval: Annotated[float, Field(ge=0.1)] = 5.0


class Config(BaseSettings):
    """The whole configuration, frozen."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__"
    )

    site: SiteSection
    database: DatabaseSection = DatabaseSection()
    feeds: FeedsSection = FeedsSection()
    mail: MailSection = MailSection()
    signup: SignupSection = SignupSection()
    relays: Annotated[tuple[RelaySection, ...], BeforeValidator(_listed)] = ()
    delivery: DeliverySection = DeliverySection()
    dkim: DkimSection = DkimSection()
    dns: DnsSection = DnsSection()
    bounces: BouncesSection = BouncesSection()
    ingest: IngestSection = IngestSection()
    staff: StaffSection = StaffSection()
    scheduler: SchedulerSection = SchedulerSection()

    #: The folder that relative paths are meant from.
    folder: Path = Field(default=Path(), exclude=True)

    @field_validator("relays")
    @classmethod
    def _names_differ(cls, value: tuple[RelaySection, ...]) -> tuple[RelaySection, ...]:
        names = [OWN_RELAY, *(relay.name for relay in value)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"names that are taken twice: {', '.join(twice)}")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, which comes as arguments."""
        return env_settings, init_settings

    @property
    def public(self) -> Path:
        """The folder of the public files, absolute."""
        return self.folder / self.site.public

    @property
    def templates(self) -> Path | None:
        """The folder of the operator's own templates, absolute."""
        return self.site.templates and self.folder / self.site.templates

    @property
    def dkim_folder(self) -> Path:
        """The folder of the keys that mail is signed with, absolute."""
        return self.folder / self.dkim.folder

    @property
    def database_url(self) -> str:
        """The database's URL, its file absolute."""
        scheme, found, path = self.database.url.partition("sqlite:///")
        if scheme or not found or path in {"", ":memory:"}:
            return self.database.url
        return f"sqlite:///{self.folder / path}"

    @property
    def journal(self) -> Path:
        """The folder of the journals, absolute: no two SQLite files share one."""
        if self.delivery.journal:
            return self.folder / self.delivery.journal
        scheme, _, path = self.database_url.partition("sqlite:///")
        beside = not scheme and path not in {"", ":memory:"}
        return Path(f"{path}.journal") if beside else self.folder / "journal"

    @property
    def give_up(self) -> timedelta:
        """For how long a mail is tried again that is refused for now."""
        return timedelta(days=self.mail.give_up_days)

    @property
    def host(self) -> str:
        """The host of the site's address."""
        return urlsplit(self.site.url).hostname or ""

    @property
    def tag(self) -> str:
        """What ids in feeds begin with."""
        return self.site.id or f"tag:{self.host},2026"

    @property
    def base_path(self) -> str:
        """The path of the site's address: empty, or ``/news`` for a site below another."""
        return urlsplit(self.site.url).path

    @property
    def sender(self) -> str:
        """The address that mail comes from."""
        return self.mail.sender or f"news@{self.host}"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of dates without one."""
        return ZoneInfo(self.site.timezone)

    def rule(self, language: str) -> rules.Rule:
        """Return what happens in the feeds of a language where an item is not ready."""
        sentence = self.feeds.missing_in.get(language, self.feeds.missing)
        return rules.parse(sentence, zone=self.site.timezone)

    def name(self, language: str) -> str:
        """Return the site's name in a language, or the nearest name there is."""
        return self._nearest(self.site.name, language) or self.host

    def rights(self, language: str) -> str:
        """Return whose the texts are, in a language or the nearest; empty where nobody said."""
        return self._nearest(self.site.rights, language)

    def imprint(self, language: str) -> str:
        """Return who mails and from where, in a language or the nearest; empty if nobody said."""
        return self._nearest(self.site.imprint, language)

    def _nearest(self, words: Mapping[str, str], language: str) -> str:
        found = (words[candidate] for candidate in self.chain(language) if candidate in words)
        return next(found, "")

    def chain(self, language: str) -> tuple[str, ...]:
        """Return where to look for a text for readers of a language, nearest first."""
        stated = self.site.chains.get(language)
        if stated is None:
            return languages.chain(language, self.site.languages)
        # The reader's own language is always the nearest, stated or not.
        return tuple(dict.fromkeys([language, *stated]))

    def password(self, relay: RelaySettings | None = None) -> str | None:
        """Return the password of a relay, that of ``[mail]`` unless given.

        Raises ConfigError when its file cannot be read.
        """
        relay = relay or self.mail
        place = f"relays {relay.name}" if isinstance(relay, RelaySection) else OWN_RELAY
        return self._secret(f"{place}.password_file", relay.password_file)

    def imap_password(self) -> str | None:
        """Return the password of the mailbox of bounces. Raises ConfigError likewise."""
        return self._secret("bounces.imap_password_file", self.bounces.imap_password_file)

    def hook_secret(self) -> str | None:
        """Return what programs that hand in bounces must know; None where none may.

        Raises ConfigError when its file cannot be read, or is empty.
        """
        secret = self._secret("bounces.hook_secret_file", self.bounces.hook_secret_file)
        if secret == "":
            raise ConfigError("bounces.hook_secret_file", ["is empty: anybody would know it"])
        return secret

    def _secret(self, name: str, path: Path | None) -> str | None:
        if path is None:
            return None
        try:
            return (self.folder / path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(name, [str(error)]) from error


class _FileOnly(Config):
    """The configuration as its file says, whatever the environment."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        *others: PydanticBaseSettingsSource,  # noqa: ARG003
        **more: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what comes from the file."""
        return (init_settings,)


def load(path: Path, *, environment: bool = True) -> Config:
    """Read the configuration; without ``environment`` only from its file.

    Raises ConfigError with all that is wrong with it.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        hint = "no such file; 'tidings init DIR' makes one, '--config FILE' names another"
        raise ConfigError(str(path), [hint]) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(str(path), [str(error)]) from error
    mistakes = [*_unknown_sections(data), *_unknown_variables(os.environ if environment else {})]
    try:
        config = (Config if environment else _FileOnly)(**{**data, "folder": path.resolve().parent})
        mistakes += _impossible(config)
    except ValidationError as error:
        mistakes += [_sentence(dict(detail)) for detail in error.errors() if not _known(detail)]
    except SettingsError as error:
        mistakes.append(str(error))
    if mistakes:
        raise ConfigError(str(path), mistakes)
    return config


def sections() -> Mapping[str, type[BaseModel]]:
    """Return the sections of the configuration, by name."""
    found = {name: _section(field.annotation) for name, field in Config.model_fields.items()}
    return {name: section for name, section in found.items() if section}


def _section(annotation: object) -> type[BaseModel] | None:
    """Return the model that an annotation names: by itself, or that of the entries of a list."""
    (first, *_) = [*get_args(annotation), annotation]
    return first if isinstance(first, type) and issubclass(first, BaseModel) else None


def _impossible(config: Config) -> Iterator[str]:
    """Yield what cannot be together."""
    if config.delivery.workers and not config.database.url.startswith("postgresql"):
        yield "delivery.workers: needs PostgreSQL in database.url, which their hosts share"
    strangers = [tag for tag in config.staff.reminders if tag not in config.site.languages]
    if strangers:
        yield f"staff.reminders: not in site.languages: {', '.join(strangers)}"


def _unknown_sections(data: Mapping[str, Any]) -> Iterator[str]:
    for section in data.keys() - sections().keys():
        yield f"[{section}]: no such section{_nearest(section, sections())}"


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    if f"{PREFIX}FOLDER" in environment:
        # Where the file stands is no setting; the settings library would take it for one.
        yield f"{PREFIX}FOLDER in the environment: no such setting"
    for variable in environment:
        section, delimiter, _ = variable.removeprefix(PREFIX).lower().partition("__")
        if variable.startswith(PREFIX) and delimiter and section not in sections():
            yield f"{variable} in the environment: no such section{_nearest(section, sections())}"


def _known(detail: Mapping[str, Any]) -> bool:
    """Say whether _unknown_sections has told this mistake already."""
    return detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1


def _sentence(detail: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in detail["loc"]) or "configuration"
    names = [str(part).upper() for part in detail["loc"][:2]]
    # A list stands in one variable, what is in a section in one of its own.
    variables = {PREFIX + "__".join(names), *(PREFIX + name for name in names[:1])}
    named = sorted(variables & os.environ.keys())
    where = f"{place} ({named[0]} in the environment)" if named else place
    if detail["type"] == "extra_forbidden":
        section = sections().get(str(detail["loc"][0]))
        keys = section.model_fields if section else {}
        return f"{where}: no such setting{_nearest(str(detail['loc'][-1]), keys)}"
    if detail["type"] == "missing":
        return f"{where}: is missing"
    return f"{where}: {detail['msg'].removeprefix('Value error, ')}"


def _nearest(word: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f'; did you mean "{near[0]}"?' if near else f"; there are: {', '.join(known)}"


def compose(url: str, languages: str, *, year: int, names: Mapping[str, str] | None = None) -> str:
    """Return the text of a new site's configuration file; :func:`load` says whether it is right."""
    lines = [
        "# The configuration of a Tidings site; docs/operators.md tells of every setting.",
        "[site]",
        f"url = {_quoted(url)}",
        f"languages = [{', '.join(_quoted(tag) for tag in _split(languages))}]",
        "# What ids in feeds begin with. Never change it: readers would see all news again.",
        f"id = {_quoted(f'tag:{_host(url)},{year}')}",
    ]
    if names:
        lines += ["", "[site.name]"]
        lines += [f"{_quoted(tag)} = {_quoted(name)}" for tag, name in names.items()]
    return "\n".join(lines) + "\n"


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        # An unclosed bracket; load() tells of it.
        return None


def _quoted(text: str) -> str:
    # What JSON escapes in a string, TOML reads; it wants DEL escaped as well.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
