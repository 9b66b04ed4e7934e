"""Where things stand on the public site: paths below its address. Pure.

A path begins with a slash and is as it stands on disk; :func:`link` makes it fit for links.
"""

import re
from functools import lru_cache
from urllib.parse import quote

import idna

from publisher.errors import InputError

#: Characters of a host name, and of a part of it (RFC 1035, 2.3.4); in ASCII they only get more.
_MAX_HOST = 253
_MAX_LABEL = 63

#: Signs that mean something in a URI (RFC 3986, 2.2), or begin an escaped one.
_OF_URIS = ":/?#[]@!$&'()*+,;=%"

_ARCHIVE = re.compile(r"/archive/[0-9]+/[^/]+\Z")

#: The formats of feeds with their media types, in the order in which pages offer them.
FEED_FORMATS = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
}

#: What people call them.
FEED_NAMES = {"atom": "Atom", "rss": "RSS", "json": "JSON Feed"}

#: The ends of the names of pictures, with their media types.
PICTURES = {"jpg": "image/jpeg", "png": "image/png"}
#: The folder of pictures.
MEDIA = "/media/"
_SITEMAPS = "/sitemaps/"

#: All feeds of the site (opml.org), and what robots may read (RFC 9309).
OPML = "/feeds.opml"
ROBOTS = "/robots.txt"


#: The first part of the paths that an application answers for.
_ANSWERED = frozenset(
    {"subscribe", "confirm", "preferences", "leave", "hooks", "desk", "api", "metrics"}
)

_MISSING = "404.html"
_ITEM = re.compile(r"/[^/]+/items/([0-9]{1,18})(?:-[^/]*)?/")
_EDITION = re.compile(r"/[^/]+/newsletters/[^/]+/[0-9]+/(?:index\.html)?")

#: The pages of a language that lead to others.
INDEXES = ("topics", "feeds", "newsletters")


def front(language: str) -> str:
    """Return the path of a language's front page."""
    return f"/{language}/"


def listing(language: str, topic: str = "", archive: int | None = None) -> str:
    """Return the path of a list of news: of a language, or of a topic in it; "" means all.

    Without ``archive`` that of the newest; else of an archive document (RFC 5005, 4), which
    are numbered from 1, the oldest.
    """
    folder = f"/{language}/topics/{topic}/" if topic else front(language)
    return folder if archive is None else f"{folder}archive/{archive}/"


def feed(language: str, suffix: str, topic: str = "", archive: int | None = None) -> str:
    """Return the path of a feed: it stands beside the page that lists the same news."""
    return f"{listing(language, topic, archive)}feed.{suffix}"


def index(language: str, name: str) -> str:
    """Return the path of one of :data:`INDEXES` in a language."""
    return f"{front(language)}{name}/"


def newsletter(language: str, key: str, year: int | None = None) -> str:
    """Return the path of the list of a newsletter's issues: the newest, or those of a year."""
    folder = f"{index(language, 'newsletters')}{key}/"
    return folder if year is None else f"{folder}archive/{year}/"


def edition(language: str, key: str, issue_id: int) -> str:
    """Return the path of an issue's edition in a language."""
    return f"{newsletter(language, key)}{issue_id}/"


def language(path: str) -> str:
    """Return the language whose readers a path is for; empty for what is for all alike."""
    first, slash, _ = path.removeprefix("/").partition("/")
    return "" if not slash or f"/{first}/" in {MEDIA, _SITEMAPS} else first


def subscribe(language: str = "") -> str:
    """Return the path of the page to sign up at, in a language or in the reader's."""
    return f"/subscribe/{language}" if language else "/subscribe"


def confirm(token: str) -> str:
    """Return the path of the page that confirms an address."""
    return f"/confirm/{token}"


def preferences(token: str) -> str:
    """Return the path of a reader's own preferences."""
    return f"/preferences/{token}"


def leave(token: str) -> str:
    """Return the path at which a reader leaves a newsletter."""
    return f"/leave/{token}"


def is_answered(path: str) -> bool:
    """Say whether what stands at a path is made for each request, and no file."""
    return path.split("/")[1] in _ANSWERED


def sitemap(part: str = "") -> str:
    """Return the path of the site map, or of a part of it (sitemaps.org)."""
    return f"{_SITEMAPS}{part}.xml" if part else "/sitemap.xml"


def missing(language: str) -> str:
    """Return where it stands, for readers of a language, that a page is not there.

    It is served with 404 for what is not there below the language's front page.
    """
    return f"{front(language)}{_MISSING}"


def item(language: str, item_id: int, slug: str) -> str:
    """Return the path of an item's page for readers of a language.

    The number makes it unique, whatever the titles; the words are for people.
    """
    return f"/{language}/items/{item_id}-{slug}/" if slug else f"/{language}/items/{item_id}/"


def media(sha256: str, suffix: str) -> str:
    """Return the path of a picture: one that has other bytes stands at another."""
    return f"{MEDIA}{sha256}.{suffix}"


def gone(path: str) -> str:
    """Return where the notice stands that the page at a path is gone: it is served with 410."""
    return f"{path}gone.html"


def moved(path: str) -> str:
    """Return where it stands which address the page at a path has now: it is served with 301."""
    return f"{path}moved.txt"


def link(base: str, path: str) -> str:
    """Return a path below an address (or below the path of one) as a URI reference (RFC 3986)."""
    return base + _quoted(path)


@lru_cache(maxsize=4096)
def _quoted(path: str) -> str:
    # Every page leads to the same few dozen others.
    return quote(path)


def uri(address: str) -> str:
    """Return an address as people write it as a URI (RFC 3986): the rest of its signs with %."""
    return quote(address, safe=_OF_URIS)


def is_derived(path: str) -> bool:
    """Say whether a file is what other addresses are answered with, never served at its own."""
    return path.rpartition("/")[2] in {gone(""), moved(""), _MISSING}


def is_edition(path: str) -> bool:
    """Say whether a page is an edition as it was mailed, with its styles in it."""
    return bool(_EDITION.fullmatch(path))


def item_at(path: str) -> int | None:
    """Return the id of the item that a page is of, by its path; None for another page."""
    found = _ITEM.fullmatch(path)
    return int(found[1]) if found else None


def is_picture(path: str) -> bool:
    """Say whether a path is that of a picture: it is packed in itself, and never changes."""
    return path.startswith(MEDIA)


def is_feed(path: str) -> bool:
    """Say whether a path is that of a feed."""
    return path.rpartition("/")[2] in {f"feed.{suffix}" for suffix in FEED_FORMATS}


def is_archive(path: str) -> bool:
    """Say whether a feed's path is that of an archive document (RFC 5005, 4)."""
    return _ARCHIVE.search(path) is not None


def ascii_host(host: str) -> str:
    """Return a host name as the DNS has it: ``xn--`` labels for other letters (RFC 5891).

    Letters are taken as people type them (RFC 5895: case, width). Raises InputError for what
    is no host name.
    """
    if len(host) > _MAX_HOST or (host.isascii() and max(map(len, host.split("."))) > _MAX_LABEL):
        longest = f"{_MAX_HOST} characters, {_MAX_LABEL} between its dots"
        raise InputError(repr(host[:100]), f"a host name has at most {longest}")
    if host.isascii():
        return host.lower()
    try:
        # The codec "idna" of Python is of 2003: it takes straße for strasse, which may be
        # somebody else's.
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise InputError(repr(host), f"no host name (RFC 5891): {error}") from error
