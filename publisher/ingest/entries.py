"""Entries of feeds, whatever their format, and the drafts that they make. Pure."""

import html
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from publisher import characters
from publisher.errors import InputError
from publisher.ingest import stated
from publisher.ingest.commonmark import from_html
from publisher.ingest.drafts import Draft
from publisher.ingest.fields import words
from publisher.ingest.limits import MAX_SUMMARY
from publisher.ingest.links import Link
from store.records import Kind, Workflow

_ADVICE = {
    "title": "is missing: the feed gives this entry none",
    "body": "is empty: the feed gives no text; import the page itself by its address",
}
_UNSAID = "is missing: the feed does not say its language; say it with --language"
#: An id that is one everywhere, and not only within its feed (RFC 3986, 3.1).
_GLOBAL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry as a feed gives it; what it does not give is empty."""

    id: str
    #: Its own page.
    url: str
    #: Plain text.
    title: str
    #: Plain text; the feed's own words, not the beginning of the body.
    summary: str
    #: HTML.
    body: str
    #: The address that relative ones in the body are meant from.
    base: str
    #: What is said of its language, nearest first.
    languages: tuple[str, ...]
    #: Its translations: links with a language.
    translations: tuple[Link, ...]
    #: As it was written.
    date: str
    #: The same as a library understands it.
    dated: datetime | None
    topics: tuple[str, ...]
    image: str


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A feed: its entries, and what is said of all of them."""

    #: The address of the site that it is the feed of.
    home: str
    entries: Sequence[Entry]


def draft(
    entry: Entry,
    *,
    source: str,
    key: str,
    origin: str,
    language: str,
    zone: ZoneInfo,
    workflow: Workflow | None,
) -> Draft:
    """Return the draft that an entry makes. Raises InputError, which names the field."""
    body = stated.whole("body", from_html(entry.body, entry.base))
    title = stated.whole("title", characters.clean_line(entry.title))
    summary = characters.clean_line(entry.summary)
    return Draft(
        source=source,
        key=key,
        origin=origin,
        slug="",
        language=language,
        # Feeds give whole texts as summaries, too.
        words=words(
            title=title,
            summary=summary if len(summary) <= MAX_SUMMARY and summary != body else "",
            body=body,
            advice=_ADVICE,
        ),
        dated=_dated(entry, zone),
        kind=Kind.NEWS,
        topics=stated.topics(entry.topics),
        embargo=None,
        url=stated.address(entry.url),
        image=stated.address(entry.image),
        workflow=workflow,
        source_language=None,
        source_digest=None,
        made_from=None,
        change=None,
        note="",
    )


def language(entry: Entry, site: Sequence[str], fallback: str) -> str:
    """Return the language of an entry. Raises InputError."""
    return stated.language([*entry.languages, fallback], site, _UNSAID)


def home(stated: str, base: str) -> str:
    """Return the address of the site that a feed is of; one that is none counts as not stated."""
    try:
        urlsplit(stated)
    except ValueError:
        return base
    return stated or base


def origin(entry: Entry, home: str) -> str:
    """Return what names an entry everywhere. Raises InputError for one without id and page."""
    given = entry.id.strip() or entry.url.strip()
    if not given:
        raise InputError("id", "is missing, and so is the link: nobody could know it again")
    if not _GLOBAL.match(given):
        given = f"{urlsplit(home).hostname or ''}:{given}"
    return stated.key(stated.bare(given))


def families(entries: Sequence[tuple[Entry, str]], site: Sequence[str]) -> list[str]:
    """Return the key that each entry shares with its translations, empty where it names none.

    ``entries`` are given with their languages. Every text of a family finds the same key, also
    when it is read alone: the page in the family's first language, in the order of the site.
    """
    found = [(_family(entry, language, site), language) for entry, language in entries]
    # Where a translation is missing some sites link to their front page: that joins nothing.
    counts = Counter(found)
    return [family if counts[family, language] == 1 else "" for family, language in found]


def _family(entry: Entry, mine: str, site: Sequence[str]) -> str:
    pages = {mine: entry.url}
    for link in entry.translations:
        other = stated.site_language(link.language, site)
        if link.language.lower() == "x-default":
            return stated.bare(link.target)
        if other and link.target:
            pages.setdefault(other, link.target)
    if len(pages) == 1:
        return ""
    return next((stated.bare(pages[one]) for one in site if pages.get(one)), "")


def _dated(entry: Entry, zone: ZoneInfo) -> datetime | None:
    try:
        return stated.instant(entry.date, zone)
    except InputError:
        if entry.dated is None:
            raise
        return entry.dated


def paragraphs(text: str) -> str:
    """Return plain text as HTML: empty lines part paragraphs, line ends stay."""
    blocks = re.split(r"\n[ \t]*\n", characters.clean_text(text))
    return "".join(f"<p>{html.escape(block)}</p>".replace("\n", "<br>") for block in blocks)
