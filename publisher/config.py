"""The configuration: one TOML file, each setting also as ``TIDINGS_SECTION__KEY``.

The environment wins over the file. Relative paths are meant from the file's folder. All
mistakes are told at once, each with the key and, for a mistyped one, the nearest right one.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from publisher import languages, rules
from publisher.errors import ConfigError
from publisher.settings.mail import (
    OWN_RELAY,
    BouncesSection,
    DkimSection,
    DnsSection,
    MailSection,
    Relays,
    RelaySection,
    RelaySettings,
    StaffSection,
)
from publisher.settings.running import (
    DatabaseSection,
    DeliverySection,
    IngestSection,
    SchedulerSection,
)
from publisher.settings.site import FeedsSection, SignupSection, SiteSection

PREFIX = "TIDINGS_"


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
    relays: Relays = ()
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
        return self._secret(f"{_place(relay)}.password_file", relay.password_file)

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


def _place(relay: RelaySettings) -> str:
    """Return what the section of a relay is called in messages."""
    return f"relays {relay.name}" if isinstance(relay, RelaySection) else OWN_RELAY


def _impossible(config: Config) -> Iterator[str]:
    """Yield what cannot be together."""
    if config.delivery.workers and not config.database.url.startswith("postgresql"):
        yield "delivery.workers: needs PostgreSQL in database.url, which their hosts share"
    for relay in (config.mail, *config.relays):
        if relay.username and relay.tls != "required" and not relay.is_here:
            place = _place(relay)
            yield (
                f"{place}.tls: {relay.tls!r} may send the password of {place}.username in clear "
                'text; set tls = "required", or take the username out if it is not needed'
            )
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
