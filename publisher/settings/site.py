"""What is published, where, and how much strangers may ask of it."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, quote, urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from publisher import addresses, rules
from publisher.errors import InputError
from publisher.settings.values import (
    Languages,
    Line,
    Section,
    Tag,
    comma_separated,
    distinct,
    shaped,
)


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


def _rule(value: str) -> str:
    try:
        rules.parse(value, zone="UTC")
    except InputError as error:
        raise ValueError(error.reason) from error
    return value


class SiteSection(Section):
    """``[site]``: what is published, and where."""

    #: The public address of the site, without a slash at its end.
    url: Annotated[str, AfterValidator(_address)]
    #: The languages, in the order in which readers see them. Where a text has to come from
    #: another language, they are tried in this order.
    languages: Annotated[Languages, Field(min_length=1)]
    #: What ids in feeds begin with (RFC 4151), minted once by ``tidings init``: readers take
    #: an entry with another id for another entry, so it stays when the address changes.
    id: Annotated[
        str,
        shaped(
            r"|tag:[^\s,:]+,\d{4}(-\d\d(-\d\d)?)?",
            "not a tag URI (RFC 4151) such as tag:news.example.org,2026",
        ),
    ] = ""
    #: The site's name in each language.
    name: dict[Tag, Line] = Field(default_factory=dict)
    #: Whose the texts are and what may be done with them, in each language.
    rights: dict[Tag, Line] = Field(default_factory=dict)
    #: Who mails, and from where: a postal address, in each language.
    imprint: dict[Tag, Line] = Field(default_factory=dict)
    #: The folder of the public files.
    public: Path = Path("public")
    #: A folder of templates that take the place of ours of the same names.
    templates: Path | None = None
    #: The time zone of the dates that pages and digests show.
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    #: Where to look for a text that is missing in a language, nearest first.
    chains: dict[Tag, Languages] = Field(default_factory=dict)

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


class FeedsSection(Section):
    """``[feeds]``: feeds and public pages."""

    #: What happens in a language where an item is not ready: a rule, such as ``skip``,
    #: ``fallback`` or ``hold until thu 17:00 Europe/Brussels, then fallback``.
    missing: Annotated[str, AfterValidator(_rule)] = "skip"
    #: The languages where another rule holds.
    missing_in: dict[Tag, Annotated[str, AfterValidator(_rule)]] = Field(default_factory=dict)
    #: How many entries a feed holds.
    entries: Annotated[int, Field(ge=1, le=1000)] = 25
    #: Minutes that a reader of RSS may keep a feed before it asks again.
    ttl: Annotated[int, Field(ge=1, le=10_080)] = 60
    #: The WebSub hubs that tell readers when a feed has changed.
    hubs: Annotated[
        tuple[Annotated[str, AfterValidator(_hub)], ...],
        NoDecode,
        BeforeValidator(comma_separated),
        AfterValidator(distinct),
    ] = ()


class SignupSection(Section):
    """``[signup]``: how much strangers may ask for by the forms."""

    #: Sign-ups and letters that one network may ask for in an hour: a class room, not a robot.
    asked_an_hour: Annotated[int, Field(ge=1, le=100_000)] = 30
    #: Letters in 24 hours to an address that its owner has not confirmed.
    letters_a_day: Annotated[int, Field(ge=1, le=100)] = 3
