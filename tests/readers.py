"""Readers of feeds: what three libraries, one of them in Rust, make of the same document.

Each has its defects. What a library does not tell, or tells wrongly, is left out of what it is
asked, and named in :data:`UNTOLD`; all the rest is compared.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from typing import Any

import fastfeedparser
import feedparser
import feedparser_rs

#: What is asked of an entry.
FIELDS = {"id", "title", "link", "published", "updated", "language", "summary", "content", "others"}
#: What is asked of a feed.
FEED_FIELDS = {"title", "link", "language", "updated"}

#: An entry or a feed, by field.
Told = dict[str, Any]
Read = tuple[Told, list[Told]]

UNTOLD: Mapping[tuple[str, str], set[str]] = {
    # fastfeedparser 0.6.5 knows the language of an entry only from the content of Atom, and
    # that of a feed not from RSS. Of links it keeps no language: cut() says so.
    ("fastfeedparser", "rss"): {"language", "feed language"},
    ("fastfeedparser", "json"): {"language", "others", "feed updated"},
    # feedparser_rs 0.7.1 drops links of Atom within the items of RSS, takes the date of
    # publication for that of the update there, and does not read dc:language. It leaves
    # references in the attributes of Atom as they stand.
    ("feedparser_rs", "rss"): {"updated", "others", "language"},
    # JSON Feed has no date of the whole: that is no defect.
    ("feedparser_rs", "json"): {"feed updated"},
}


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = parsedate_to_datetime(text)
    return found.astimezone(UTC)


def _told(source: Any, names: Mapping[str, str]) -> Told:
    told = {field: source.get(name) for field, name in names.items()}
    for field in ("published", "updated"):
        if told.get(field):
            told[field] = _instant(told[field])
    return told


_NAMES = {name: name for name in ("id", "title", "link", "published", "updated", "language")}
_FEED_NAMES = {name: name for name in FEED_FIELDS}


#: Links to other pages than that of the entry: translations, and where it was published first.
Others = set[tuple[str, str | None, str]]


def _others(links: Iterable[Any]) -> Others:
    return {
        (link["rel"], link.get("hreflang"), link["href"])
        for link in links
        if link["rel"] in {"related", "via"}
    }


def _by_feedparser(body: bytes, suffix: str) -> Read:
    """Read by feedparser 6, in Python, as most programs do."""
    parsed = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    assert parsed.bozo == 0, parsed.get("bozo_exception")
    entries = []
    for entry in parsed.entries:
        (content,) = entry.content
        told = _told(entry, {**_NAMES, "summary": "summary"})
        told |= {"content": content.value, "others": _others(entry.links)}
        if suffix == "atom":
            assert {entry.title_detail.language, content.language} == {entry.language}
        entries.append(told)
    return _told(parsed.feed, _FEED_NAMES), entries


def _by_fastfeedparser(body: bytes, _: str) -> Read:
    """Read by fastfeedparser, in Python over lxml and Rust."""
    parsed = fastfeedparser.parse(body)
    entries = []
    for entry in parsed.entries:
        (content,) = entry.content
        told = _told(entry, {**_NAMES, "summary": "description"})
        told |= {"content": content["value"], "language": content.get("language")}
        told["others"] = _others(entry.links)
        entries.append(told)
    return _told(parsed.feed, _FEED_NAMES), entries


def _by_feedparser_rs(body: bytes, suffix: str) -> Read:
    """Read by feedparser_rs, in Rust."""
    if suffix == "json" and body[_SEEN : _SEEN + 1] >= b"\x80":
        # What is JSON it tells by the first megabyte, which must not end within a letter.
        body = json.dumps(json.loads(body)).encode("ascii")
    parsed = feedparser_rs.parse(body, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo, parsed.bozo_exception
    entries = []
    for entry in parsed.entries:
        (content,) = entry.content
        told = _told(entry, {**_NAMES, "summary": "summary"})
        told |= {"content": content.value, "others": _others_of_rust(entry, suffix)}
        if suffix == "atom":
            told["language"] = content.language
        entries.append(told)
    return _told(parsed.feed, _FEED_NAMES), entries


#: Bytes by which feedparser_rs 0.7.1 tells what is JSON.
_SEEN = 2**20


def _others_of_rust(entry: Any, suffix: str) -> Others:
    if suffix != "json":
        return {(rel, tag, unescape(href)) for rel, tag, href in _others(entry.links)}
    stated = entry.json_extensions.get("_tidings", {})
    found: Others = {
        ("related", each["language"], each["url"]) for each in stated.get("translations", [])
    }
    return found | ({("via", None, stated["via"])} if "via" in stated else set())


READERS: Mapping[str, Callable[[bytes, str], Read]] = {
    "feedparser": _by_feedparser,
    "fastfeedparser": _by_fastfeedparser,
    "feedparser_rs": _by_feedparser_rs,
}


def names(suffix: str) -> list[str]:
    """Return the libraries that read a format: feedparser knows no JSON Feed."""
    return [name for name in READERS if (name, suffix) != ("feedparser", "json")]


def cut(told: Told, name: str, suffix: str) -> Told:
    """Return of an entry what a library tells of it in a format."""
    kept = {field: told[field] for field in FIELDS - UNTOLD.get((name, suffix), set())}
    if name == "fastfeedparser" and "others" in kept:
        # It keeps the address of a link, and not its language.
        kept["others"] = {(rel, None, address) for rel, _, address in kept["others"]}
    return kept


def read(name: str, body: bytes, suffix: str) -> Read:
    """Return what a library tells of a feed: of the whole, and of its entries in their order."""
    feed, entries = READERS[name](body, suffix)
    untold = UNTOLD.get((name, suffix), set())
    told = {field: feed[field] for field in FEED_FIELDS if f"feed {field}" not in untold}
    return told, [cut(entry, name, suffix) for entry in entries]
