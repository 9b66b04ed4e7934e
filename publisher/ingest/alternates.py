"""What a page says of its languages: its own, and its translations (hreflang)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urljoin

from publisher.ingest.fetch import Fetcher
from publisher.ingest.links import Link, link
from publisher.ingest.response import Response
from publisher.ingest.trees import html_tree

#: Not there; gone.
_ABSENT = (404, 410)


@dataclass(frozen=True, kw_only=True)
class Alternates:
    """The languages of a page, as they were written; what it does not say is empty."""

    #: Its address in the end, after all redirects.
    url: str = ""
    #: The language of the page (``<html lang>``).
    language: str = ""
    #: The languages of its translations, and mostly its own, by their addresses.
    addresses: Mapping[str, str] = field(default_factory=dict)


def alternates(fetcher: Fetcher, url: str) -> Alternates:
    """Return the languages that the page at an address names.

    A page that is not there says nothing. Raises InputError where nobody can say whether it is.
    """
    answer = fetcher.get(url, allowed=_ABSENT)
    return Alternates(url=_bare(url)) if answer.status in _ABSENT else read(answer)


def read(answer: Response) -> Alternates:
    """Return the languages that a page names, in its head and its headers. Pure."""
    root = html_tree(answer.text)
    written = [
        link(element.get("href") or "", element.get("rel") or "", element.get("hreflang") or "")
        for element in root.iter("link")
    ]
    return Alternates(
        url=_bare(answer.url),
        language=(root.get("lang") or root.get("xml:lang") or "").strip(),
        addresses=dict(_named(answer.url, [*written, *answer.links])),
    )


def _named(base: str, links: list[Link]) -> list[tuple[str, str]]:
    found = []
    for entry in links:
        if "alternate" in entry.relations and entry.language.lower() not in {"", "x-default"}:
            try:
                found.append((_bare(urljoin(base, entry.target)), entry.language))
            except ValueError:
                continue
    return found


def _bare(url: str) -> str:
    """Return an address as others may write it, too."""
    return urldefrag(url).url.rstrip("/")
