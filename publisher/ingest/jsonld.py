"""What a page says of its article in JSON-LD (schema.org), read without trust. Pure."""

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from publisher.errors import InputError
from publisher.ingest.response import read_json

#: Things looked at in one page; more are no help.
MAX_THINGS = 1_000

#: The kinds of article whose names do not end so.
_KINDS = frozenset({"BlogPosting", "LiveBlogPosting", "Report", "SocialMediaPosting"})
#: Where things stand within others.
_INNER = ("@graph", "mainEntity", "itemListElement", "item")


@dataclass(frozen=True, kw_only=True)
class Article:
    """An article; what is not said of it is empty."""

    #: Its addresses, as they were written.
    urls: frozenset[str] = frozenset()
    headline: str = ""
    description: str = ""
    published: str = ""
    image: str = ""
    language: str = ""
    section: str = ""


def article(scripts: Iterable[str], urls: Iterable[str]) -> Article:
    """Return the article that a page is about: the one at ``urls``, else the first of all.

    Scripts that are no JSON say nothing.
    """
    found = [_article(thing) for thing in _things(scripts) if _is_article(thing)]
    wanted = set(urls)
    at_home = (one for one in found if one.urls & wanted)
    return next(at_home, None) or next(iter(found), Article())


def _things(scripts: Iterable[str]) -> Iterator[dict[str, Any]]:
    waiting: list[Any] = []
    for script in scripts:
        try:
            waiting.append(read_json("JSON-LD", script.encode("utf-8", "replace")))
        except InputError:
            continue
    waiting.reverse()
    for _ in range(MAX_THINGS):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, list):
            waiting += reversed(value[:MAX_THINGS])
        elif isinstance(value, dict):
            yield value
            waiting += [value[name] for name in reversed(_INNER) if name in value]


def _is_article(thing: dict[str, Any]) -> bool:
    kinds = thing.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(
        isinstance(name, str) and (name.endswith("Article") or name in _KINDS) for name in names
    )


def _article(thing: dict[str, Any]) -> Article:
    urls = [thing.get("url"), thing.get("@id"), thing.get("mainEntityOfPage")]
    return Article(
        urls=frozenset(filter(None, (_text(url, "@id", "url") for url in urls))),
        headline=html.unescape(_text(thing.get("headline") or thing.get("name"))),
        description=html.unescape(_text(thing.get("description"))),
        published=_text(thing.get("datePublished")),
        image=_text(thing.get("image"), "url", "contentUrl", "@id"),
        language=_text(thing.get("inLanguage"), "alternateName", "@id", "name"),
        section=html.unescape(_text(thing.get("articleSection"))),
    )


def _text(value: Any, *names: str) -> str:  # noqa: ANN401
    """Return a value's text: its own, its first part's, or that of one of its fields."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = next((value[name] for name in names if isinstance(value.get(name), str)), "")
    return value.strip() if isinstance(value, str) else ""
