"""The configuration file of a new site."""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from publisher.settings.values import split


def compose(url: str, languages: str, *, year: int, names: Mapping[str, str] | None = None) -> str:
    """Return the text of a new site's configuration file.

    :func:`publisher.config_file.load` says whether it is right.
    """
    lines = [
        "# The configuration of a Tidings site; docs/operators.md tells of every setting.",
        "[site]",
        f"url = {_quoted(url)}",
        f"languages = [{', '.join(_quoted(tag) for tag in split(languages))}]",
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
