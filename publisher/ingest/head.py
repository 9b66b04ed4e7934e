"""What a web page says of itself: languages, translations, article, address. Pure.

html lang, hreflang, canonical          the page
JSON-LD NewsArticle                     its article, best
OpenGraph, meta                         its article, else
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from publisher.ingest import jsonld
from publisher.ingest.links import MAX_LINKS, Link, absolute, link
from publisher.ingest.response import Response, decoded
from publisher.ingest.stated import bare
from publisher.ingest.trees import Element, html_tree

_META_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([\w:.-]{1,40})""", re.IGNORECASE
)
#: Where a page says its encoding (HTML, 4.2.5.4).
_CHARSET_WITHIN = 1024


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a page says of itself; what it does not say is empty."""

    #: Its address: the canonical one, if that can be believed.
    url: str
    #: What relative addresses in it are meant from.
    base: str
    #: What is said of its language, the most trustworthy first.
    languages: tuple[str, ...]
    #: Its translations and often itself: ``alternate`` links with a language, addresses in full.
    translations: tuple[Link, ...]
    #: All links in its head and headers.
    links: tuple[Link, ...]
    #: The program that made it.
    generator: str
    titles: tuple[str, ...]
    descriptions: tuple[str, ...]
    #: When its article was published, as it was written.
    dates: tuple[str, ...]
    image: str
    image_alt: str
    sections: tuple[str, ...]


def tree(response: Response) -> Element:
    """Return the page in a response. Raises InputError for what is too large to be news."""
    start = _META_CHARSET.search(response.content[:_CHARSET_WITHIN])
    said = start[1].decode("ascii") if start else ""
    # What browsers take a page for that does not say it (Encoding Standard, 4.2).
    return html_tree(decoded(response.content, response.charset, said, "windows-1252"))


def read(root: Element, response: Response) -> Head:
    """Return what a page says of itself."""
    metas = _metas(root)
    base = absolute(_first(element.get("href") for element in root.iter("base")), response.url)
    base = base or response.url
    links = (*_links(root), *response.links)[:MAX_LINKS]
    url = _canonical(links, base, response.url)
    scripts = [element for element in root.iter("script") if _is_jsonld(element)]
    article = jsonld.article((script.text or "" for script in scripts), {url, response.url})
    return Head(
        url=url,
        base=base,
        languages=(
            root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
            response.headers.get("content-language", "").partition(",")[0],
            metas.get("content-language", ""),
            article.language,
            metas.get("og:locale", ""),
        ),
        translations=tuple(_translations(links, base)),
        links=links,
        generator=metas.get("generator", ""),
        titles=(article.headline, metas.get("og:title", ""), *_headings(root)),
        descriptions=(
            article.description,
            metas.get("og:description", ""),
            metas.get("description", ""),
        ),
        dates=(article.published, metas.get("article:published_time", "")),
        image=absolute(article.image or metas.get("og:image", ""), base),
        image_alt="" if article.image else metas.get("og:image:alt", ""),
        sections=(article.section or metas.get("article:section", ""),),
    )


def _metas(root: Element) -> dict[str, str]:
    """Return the first content of each name."""
    found: dict[str, str] = {}
    for element in root.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("http-equiv") or ""
        found.setdefault(name.strip().lower(), (element.get("content") or "").strip())
    return found


def _links(root: Element) -> list[Link]:
    return [
        link(
            element.get("href") or "",
            element.get("rel") or "",
            element.get("hreflang") or "",
            element.get("type") or "",
        )
        for element in root.iter("link")
    ]


def _translations(links: Iterable[Link], base: str) -> Iterable[Link]:
    for entry in links:
        target = absolute(entry.target, base)
        if "alternate" in entry.relations and entry.language and target:
            yield link(target, "alternate", entry.language, entry.media_type)


def _canonical(links: Iterable[Link], base: str, url: str) -> str:
    """Return a page's address in its own words, unless these are a mistake.

    Some systems call the front page of the site the canonical address of all its pages.
    """
    stated = (absolute(entry.target, base) for entry in links if "canonical" in entry.relations)
    found = _first(stated)
    if not url or not found:
        return found or url
    one, other = urlsplit(found), urlsplit(url)
    same_site = bare(f"http://{one.netloc}") == bare(f"http://{other.netloc}")
    front = one.path in {"", "/"} and not one.query and other.path not in {"", "/"}
    return found if same_site and not front else url


def _headings(root: Element) -> list[str]:
    """Return the page's only heading of the first level, if it has one, and its title."""
    first = list(root.iter("h1"))
    titles = [element for element in root.iter("title") if element.getparent().tag == "head"]
    elements = [*(first if len(first) == 1 else []), *titles[:1]]
    return ["".join(element.itertext()) for element in elements]


def _is_jsonld(element: Element) -> bool:
    return (element.get("type") or "").partition(";")[0].strip().lower() == "application/ld+json"


def _first(values: Iterable[str | None]) -> str:
    return next(filter(None, values), "")
