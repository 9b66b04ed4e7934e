"""Links between addresses, as the header ``Link`` (RFC 8288) and ``<link>`` elements give them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

#: A header with more than this many links is no help to anybody.
MAX_LINKS = 1_000

_NAME = r"[\w!#$%&'*+.^`|~-]+"
_PARAMETER = re.compile(rf'\s*;\s*({_NAME})(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*)))?')
_TARGET = re.compile(r"[\s,]*<([^>]*)>")


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link: where it leads, and what is there for the page that links."""

    #: The target as it was written: absolute, or relative to the page.
    target: str
    #: What the target is to the page, in lower case: ``alternate``, ``canonical`` ...
    relations: frozenset[str]
    #: The language of the target, as it was written; empty where nobody says.
    language: str
    #: The media type of the target, in lower case; empty where nobody says.
    media_type: str


def link(target: str, rel: str, language: str = "", media_type: str = "") -> Link:
    """Return a link from its parts as they are written in HTML, feeds and headers."""
    return Link(
        target=target.strip(),
        relations=frozenset(rel.lower().split()),
        language=language.strip(),
        media_type=media_type.partition(";")[0].strip().lower(),
    )


def header_links(values: Iterable[str]) -> tuple[Link, ...]:
    """Return the links of ``Link`` headers; what is none is passed over."""
    found: list[Link] = []
    for value in values:
        for entry in _links(value):
            found.append(entry)
            if len(found) == MAX_LINKS:
                return tuple(found)
    return tuple(found)


def _links(value: str) -> Iterator[Link]:
    place = 0
    while target := _TARGET.match(value, place):
        place = target.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(value, place):
            place = parameter.end()
            name, quoted, plain = parameter.groups()
            # RFC 8288, 3.3: the first of several counts.
            parameters.setdefault(
                name.lower(), re.sub(r"\\(.)", r"\1", quoted or "") or plain or ""
            )
        yield link(
            target[1],
            parameters.get("rel", ""),
            parameters.get("hreflang", ""),
            parameters.get("type", ""),
        )


_SCHEMES = {"http", "https", "mailto"}


def absolute(written: str, base: str) -> str:
    """Return an address of the web or of mail in full; empty for any other, and for none."""
    try:
        found = _escaped(urljoin(base, written.strip()) if written.strip() else "")
        known = urlsplit(found).scheme.lower() in _SCHEMES
    except ValueError:
        return ""
    return found * known


def _escaped(address: str) -> str:
    # What Markdown or HTML would take for the end of the address; browsers do the same.
    ends = re.compile(r"[\x00-\x20\x7f<>()\"'\\^`{|}\s]")
    return ends.sub(lambda sign: "".join(f"%{b:02X}" for b in sign[0].encode()), address)
