r"""Which way in a path or an address takes.

    path ----suffix--------------------> Folder, Table, Syndicated, Page
    address --/wp-json, /jsonapi-------> WordPress, Drupal
          \--fetched once, looked at--> Syndicated, Page; a front page of such a system: its API
          \--304---------------------> nothing to read: it is as it was

What is slow to import is imported where it is needed: most imports are of folders.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from publisher.config import Config
from publisher.errors import InputError
from publisher.ingest import stated
from publisher.ingest.drafts import Rejected, Source, Unchanged
from publisher.ingest.folder import Folder
from publisher.ingest.response import NotModified, Response
from publisher.ingest.table import SUFFIXES, Table

if TYPE_CHECKING:
    from publisher.ingest.fetch import Fetcher

_MARKDOWN = frozenset({".md", ".markdown"})
_FEEDS = frozenset({".xml", ".rss", ".atom", ".json"})
_PAGES = frozenset({".html", ".htm", ".xhtml"})
_FEED_TYPES = frozenset(
    {"application/atom+xml", "application/feed+json", "application/json", "application/rdf+xml"}
    | {"application/rss+xml", "application/xml", "text/xml"}
)
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain", ""})
#: What a feed begins with, whatever the server calls it.
_FEED_START = re.compile(rb"\A[^<{]*(?:<[?!][^>]*>\s*)*(?:<(?:rss|feed|rdf:RDF)[\s>]|\{\s*\")")
_START = 1_000
#: Characters of a path that are told.
_SHOWN = 200
#: The relation of a page to its API (REST API Handbook, "Discovery").
_WORDPRESS = "https://api.w.org/"
_READABLE = (
    "what can be read is a Markdown file or folder (.md), a table (.csv, .tsv), a feed (RSS, Atom, "
    "JSON Feed: .xml, .rss, .atom, .json), a web page (.html), or the API of WordPress (/wp-json) "
    "or Drupal (/jsonapi)"
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """A place of which all is known without reading it."""

    told: Rejected | Unchanged

    @property
    def scope(self) -> str:
        """It says nothing of any text."""
        return ""

    def drafts(self) -> Iterator[Rejected | Unchanged]:
        """Yield what is known."""
        yield self.told


def source_of(
    place: str, config: Config, fetcher: "Fetcher | None" = None, language: str = ""
) -> Source:
    """Return the source at a path, or at an address, which is fetched.

    Raises InputError where none of ours can read it.
    """
    if "://" in place:
        if fetcher is None:
            raise InputError(place, "addresses are not read here: save what is there as a file")
        return _web(place, config, fetcher, language)
    path = _there(place)
    if path.is_dir() or path.suffix in _MARKDOWN:
        return Folder(path=path, languages=config.site.languages, zone=config.zone)
    if path.suffix.lower() in SUFFIXES:
        return Table(path=path, languages=config.site.languages, zone=config.zone)
    if path.suffix.lower() in _FEEDS:
        return _syndicated(place, _saved(path, config), config, language)
    if path.suffix.lower() in _PAGES:
        return _page(place, _saved(path, config), config, None, language)
    raise InputError(place, _READABLE)


def _there(place: str) -> Path:
    """Return a path that leads to something. Raises InputError."""
    path = Path(place)
    try:
        if path.exists():
            return path
    except OSError as error:
        # Who may not look into the folder around it cannot say that nothing is there.
        raise InputError(place[:_SHOWN], error.strerror or str(error)) from error
    raise InputError(place, "no such file or folder")


def _web(place: str, config: Config, fetcher: "Fetcher", language: str) -> Source:
    system = _system(place, config, fetcher, language)
    if system:
        return system
    # Who says a language may mean to mend what was read without it.
    answer = fetcher.get(place) if language else fetcher.get_if_changed(place)
    if isinstance(answer, NotModified):
        return Told(told=Unchanged(source=place, texts=answer.texts))
    if is_feed(answer):
        return _syndicated(place, answer, config, language)
    if answer.media_type in _PAGE_TYPES:
        announced = _announced(answer, config)
        system = _system(announced, config, fetcher, language) if announced else None
        return system or _page(place, answer, config, fetcher, language)
    raise InputError(place, f"is {answer.media_type}; {_READABLE}")


def _system(place: str, config: Config, fetcher: "Fetcher", language: str) -> Source | None:
    """Return the content management system whose API has an address, None where none has."""
    from publisher.ingest import drupal, wordpress  # noqa: PLC0415

    site = config.site.languages
    if posts := wordpress.root_of(place):
        root, route = posts
        return wordpress.WordPress(
            root=root, route=route, fetcher=fetcher, languages=site, language=language
        )
    if nodes := drupal.root_of(place):
        root, bundle = nodes
        return drupal.Drupal(root=root, bundle=bundle, fetcher=fetcher, languages=site)
    return None


def _announced(answer: Response, config: Config) -> str:
    """Return the API that the front page of a site announces, empty for any other page.

    All pages of WordPress name its API; but who asks for an article wants that article.
    """
    from publisher.ingest import head  # noqa: PLC0415
    from publisher.ingest.links import absolute  # noqa: PLC0415

    path = urlsplit(answer.url).path.strip("/")
    if path and stated.site_language(path, config.site.languages) is None:
        return ""
    found = head.read(head.tree(answer), answer)
    named = (link.target for link in found.links if _WORDPRESS in link.relations)
    apis = filter(None, (absolute(target, found.base) for target in named))
    generator = answer.headers.get("x-generator", "") or found.generator
    drupal = urljoin(answer.url, "/jsonapi") if generator.startswith("Drupal") else ""
    return next(apis, drupal)


def is_feed(answer: Response) -> bool:
    """Say whether an answer is a feed, by what it is called or what it begins with. Pure."""
    return answer.media_type in _FEED_TYPES or bool(_FEED_START.match(answer.content[:_START]))


def _syndicated(place: str, answer: Response, config: Config, language: str) -> Source:
    from publisher.ingest.syndicated import Syndicated  # noqa: PLC0415

    return Syndicated(
        place=place,
        response=answer,
        languages=config.site.languages,
        zone=config.zone,
        language=language,
    )


def _page(
    place: str, answer: Response, config: Config, fetcher: "Fetcher | None", language: str
) -> Source:
    from publisher.ingest.page import Page  # noqa: PLC0415

    return Page(
        place=place,
        response=answer,
        fetcher=fetcher,
        languages=config.site.languages,
        zone=config.zone,
        language=language,
    )


def _saved(path: Path, config: Config) -> Response:
    """Return a file as if a server had given it. Raises InputError."""
    limit = config.ingest.max_bytes
    if not path.is_file():
        # Opening a named pipe waits for somebody to write.
        raise InputError(str(path), "is no file")
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error)) from error
    if len(content) > limit:
        raise InputError(str(path), f"is larger than {limit} bytes (ingest.max_bytes)")
    return Response(
        url="", status=200, media_type="", charset="", content=content, headers={}, links=()
    )
