r"""Feeds: RSS, Atom and JSON Feed, from the web or from a file; feedparser's home.

    bytes --trees.xml_tree--> bounded, well-formed XML --feedparser--> entries --> drafts
      \--JSON--------------------------------------------jsonfeed------^

feedparser reads what is well-formed only: its second parser, for all else, can be kept busy for
hours by a feed of a megabyte. Its sanitiser is off; ours is :mod:`publisher.markup`.
"""

import calendar
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import feedparser

from publisher import characters
from publisher.errors import InputError
from publisher.ingest import entries, jsonfeed, stated
from publisher.ingest.commonmark import plain
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.entries import Entry, Feed, paragraphs
from publisher.ingest.links import Link, link
from publisher.ingest.response import Response
from publisher.ingest.trees import Element, xml_bytes, xml_tree
from store.records import Workflow

#: What tells a feed from other XML: the roots of RSS, RSS 1.0 and Atom.
ROOTS = frozenset({"rss", "RDF", "feed"})

#: A feed with more entries is none, nor is one with an entry of more parts.
MAX_ENTRIES, MAX_PARTS = 10_000, 500

#: How much of an address names an entry to people.
MAX_SHOWN = 200

#: The most lines and references (``&lt;``); each takes feedparser some microseconds.
MAX_PIECES = 500_000

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, kw_only=True)
class Syndicated:
    """A feed as it was read."""

    #: For people: its address or its path.
    place: str
    #: Without an address for a file.
    response: Response
    #: The languages of the site.
    languages: tuple[str, ...]
    #: The zone of dates without one.
    zone: ZoneInfo
    #: What the language is where neither the feed nor its server says it.
    language: str = ""
    #: None: what is new waits for review.
    workflow: Workflow | None = None

    @property
    def scope(self) -> str:
        """A feed shows the newest only."""
        return ""

    def is_complete(self) -> bool:
        """Say that all its texts are in the feed itself."""
        return True

    def drafts(self) -> Iterator[Draft | Rejected]:
        """Yield the drafts of all entries, in their order."""
        try:
            feed = read(self.response)
        except InputError as error:
            yield Rejected(source=self.place, reason=str(error))
            return
        known: list[tuple[int, Entry, str]] = []
        for place, entry in enumerate(feed.entries, start=1):
            try:
                fallback = self.response.headers.get("content-language", "") or self.language
                language = entries.language(entry, self.languages, fallback)
            except InputError as error:
                yield self._rejected(entry, place, error)
            else:
                known.append((place, entry, language))
        yield from self._told(feed, known)

    def _told(self, feed: Feed, known: list[tuple[int, Entry, str]]) -> Iterator[Draft | Rejected]:
        taken: set[tuple[str, str]] = set()
        families = entries.families([(entry, mine) for _, entry, mine in known], self.languages)
        for (place, entry, language), family in zip(known, families, strict=True):
            origin = ""
            try:
                origin = entries.origin(entry, feed.home)
                if (origin, language) in taken:
                    raise InputError("id", "is that of an entry above, in the same language")
                taken.add((origin, language))
                yield entries.draft(
                    entry,
                    source=self._source(entry, place),
                    key=stated.key(family) or origin,
                    origin=origin,
                    language=language,
                    zone=self.zone,
                    workflow=self.workflow,
                )
            except InputError as error:
                yield self._rejected(entry, place, error, origin)

    def _source(self, entry: Entry, place: int) -> str:
        shown = characters.clean_line(entry.url or entry.id)[:MAX_SHOWN]
        return f"{self.place}, entry {place}{shown and f' ({shown})'}"

    def _rejected(self, entry: Entry, place: int, error: InputError, origin: str = "") -> Rejected:
        return Rejected(source=self._source(entry, place), reason=str(error), origin=origin)


def read(response: Response) -> Feed:
    """Return the feed in a response. Raises InputError for what is none."""
    content, base = response.content, response.url
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        feed = jsonfeed.read(content, base)
        _bound(len(feed.entries), 0)
        return feed
    root = xml_tree(content, response.charset)
    name = _name(root)
    if name not in ROOTS:
        raise InputError("feed", f"is no RSS, Atom or JSON Feed, but XML that begins with <{name}>")
    parts = [len(element) for element in root.iter("*") if _name(element) in {"entry", "item"}]
    _bound(len(parts), max(parts, default=0))
    written = xml_bytes(root)
    pieces = written.count(b"&") + written.count(b"\n")
    if pieces > MAX_PIECES:
        raise InputError("feed", f"has {pieces} lines and references, {MAX_PIECES} at the most")
    found = feedparser.parse(
        io.BytesIO(written),
        sanitize_html=False,
        resolve_relative_uris=False,
        response_headers={
            "content-type": "application/xml; charset=utf-8",
            "content-location": base,
        },
    )
    # As plain dicts: feedparser's own answers for what it has not with what is like it.
    about = dict(found.feed)
    said = about.get("language") or ""
    return Feed(
        home=entries.home(about.get("link") or "", base),
        entries=[_entry(dict(entry), said, base) for entry in found.entries],
    )


def _bound(count: int, parts: int) -> None:
    if count > MAX_ENTRIES:
        raise InputError("feed", f"has {count} entries, {MAX_ENTRIES} at the most")
    if parts > MAX_PARTS:
        raise InputError("feed", f"has an entry with {parts} parts, {MAX_PARTS} at the most")


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _entry(found: Mapping[str, Any], said: str, base: str) -> Entry:
    title, summary = found.get("title_detail") or {}, found.get("summary_detail") or {}
    contents = [content for content in found.get("content") or [] if content.get("value")]
    html = next((one for one in contents if one.get("type") in _HTML_TYPES), None)
    content = html or next(iter(contents), None)
    body, short = content or summary, found.get("summary") or ""
    links = found.get("links") or []
    page = _page(links) or (found.get("link") or "" if found.get("guidislink") else "")
    inner = (part.get("language") or "" for part in (body, summary, title))
    return Entry(
        id=found.get("id") or "",
        url=page,
        title=_line(found.get("title") or "", title),
        # Where there is none, feedparser repeats the content.
        summary="" if not content or short == content["value"] else _line(short, summary),
        body=_html(content["value"] if content else short, body),
        base=body.get("base") or page or base,
        languages=(found.get("language") or "", *inner, said),
        translations=_translations(links),
        date=found.get("published") or found.get("updated") or found.get("created") or "",
        dated=_instant(found),
        topics=tuple(tag.get("label") or tag.get("term") or "" for tag in found.get("tags") or []),
        image=_image(found, links),
    )


def _page(links: list[Mapping[str, str]]) -> str:
    """Return the entry's own page; feedparser's ``link`` is the last one, whatever it is."""
    found = [one for one in links if one.get("rel") == "alternate" and one.get("href")]
    plain_links = [one for one in found if not one.get("hreflang")]
    return next((one["href"] for one in [*plain_links, *found]), "")


def _translations(links: list[Mapping[str, str]]) -> tuple[Link, ...]:
    return tuple(
        link(one.get("href") or "", one.get("rel") or "", one["hreflang"])
        for one in links
        if one.get("hreflang") and one.get("rel") in {"alternate", "related"}
    )


def _line(text: str, detail: Mapping[str, str]) -> str:
    return plain(text) if detail.get("type") in _HTML_TYPES else text


def _html(text: str, detail: Mapping[str, str]) -> str:
    # Plain text in descriptions of RSS, which are HTML by their letter.
    typed = detail.get("type") in _HTML_TYPES and ("<" in text or "\n" not in text.strip())
    return text if typed else paragraphs(text)


def _image(found: Mapping[str, Any], links: list[Mapping[str, str]]) -> str:
    enclosures = [one for one in links if one.get("rel") == "enclosure"]
    media = found.get("media_content") or []
    typed = [
        one
        for one in [*enclosures, *media]
        if (one.get("type") or "").startswith("image/") or one.get("medium") == "image"
    ]
    shown = [*typed, *(found.get("media_thumbnail") or [])]
    return next((url for one in shown if (url := one.get("href") or one.get("url") or "")), "")


def _instant(found: Mapping[str, Any]) -> datetime | None:
    parsed = found.get("published_parsed") or found.get("updated_parsed")
    if parsed is None:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None
