"""The configuration: one TOML file, each setting also as ``TIDINGS_SECTION__KEY``.

The environment wins over the file. Relative paths are meant from the file's folder.
:mod:`publisher.config_file` reads it.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

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

    def password(self, relay: RelaySettings) -> str | None:
        """Return the password of a relay. Raises ConfigError when its file cannot be read."""
        return self._secret(f"{relay.place}.password_file", relay.password_file)

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
