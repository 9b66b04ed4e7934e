"""Read the configuration from its file and the environment.

All mistakes are told at once, each with the key and, for a mistyped one, the nearest right one.
"""

import difflib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsError

from publisher.config import PREFIX, Config
from publisher.errors import ConfigError

#: A larger file is none of ours; one that never ends would fill the memory.
_MAX_BYTES = 1_000_000

#: How the address of a database begins; a driver may be named.
_DATABASES = re.compile(r"(sqlite|postgresql)(\+\w+)?://")


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
    data = _parsed(path)
    mistakes = [*_unknown_sections(data), *_unknown_variables(os.environ if environment else {})]
    try:
        config = (Config if environment else _FileOnly)(**{**data, "folder": path.resolve().parent})
        mistakes += _impossible(config)
    except ValidationError as error:
        mistakes += [_sentence(dict(detail)) for detail in error.errors() if not _known(detail)]
    except SettingsError as error:
        mistakes += [*_no_json(os.environ)] or [str(error)]
    if mistakes:
        raise ConfigError(str(path), mistakes)
    return config


def _parsed(path: Path) -> Mapping[str, Any]:
    """Return what a file says. Raises ConfigError."""
    try:
        return tomllib.loads(_read(path))
    except FileNotFoundError as error:
        hint = "no such file; 'tidings init DIR' makes one, '--config FILE' names another"
        raise ConfigError(str(path), [hint]) from error
    except OSError as error:
        raise ConfigError(str(path), [error.strerror or str(error)]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), ["is not UTF-8: save the file as UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), [str(error)]) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(str(path), ["a number is too large, or lists too deep"]) from error


def _read(path: Path) -> str:
    """Return a configuration as text. Raises OSError, UnicodeDecodeError and ConfigError."""
    with path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ConfigError(str(path), [f"is larger than {_MAX_BYTES} bytes: no configuration is"])
    # Editors on Windows put a mark of the encoding first, and end lines in their own way.
    return data.decode("utf-8-sig").replace("\r\n", "\n")


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
    if not _DATABASES.match(config.database.url):
        # Not what it says: that may hold a password.
        yield "database.url: must be sqlite:///PATH or postgresql://USER@HOST/NAME"
    for relay in (config.mail, *config.relays):
        if relay.username and relay.tls != "required" and not relay.is_here:
            yield (
                f"{relay.place}.tls: {relay.tls!r} may send the password of {relay.place}.username "
                'in clear text; set tls = "required", or take the username out if it is not needed'
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


def _no_json(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield which variables look like JSON and are none: the settings library names only fields."""
    for variable, value in environment.items():
        if variable.startswith(PREFIX) and value.lstrip()[:1] in {"{", "["}:
            try:
                json.loads(value)
            except ValueError as error:
                yield f"{variable} in the environment: is not JSON: {error}"


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
