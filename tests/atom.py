"""Atom (RFC 4287) as tests see it: what is wrong with a feed, by its rules."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"


@cache
def _schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(Path(__file__).parent / "data" / "atom.rng"))


def mistakes(document: bytes) -> list[str]:
    """Return what is wrong with a feed; empty where nothing is."""
    feed = etree.fromstring(document, etree.XMLParser(huge_tree=True))
    schema = _schema()
    if not schema.validate(feed):
        # One is enough: with one, the library names many that follow from it.
        return [str(schema.error_log[0])]
    return list(_beyond(feed))


def _beyond(feed: etree._Element) -> Iterator[str]:
    """Yield what RELAX NG cannot see (4.1.1, 4.1.2, 4.2.7)."""
    entries = feed.findall(f"{ATOM}entry")
    for container in (feed, *entries):
        name = container.findtext(f"{ATOM}id")
        links = container.findall(f"{ATOM}link")
        kinds = Counter(
            (link.get("type"), link.get("hreflang"))
            for link in links
            if link.get("rel", "alternate") == "alternate"
        )
        yield from (f"{name}: two alternates {kind}" for kind, n in kinds.items() if n > 1)
    for entry in entries:
        name = entry.findtext(f"{ATOM}id")
        if entry.find(f"{ATOM}author") is None and feed.find(f"{ATOM}author") is None:
            yield f"{name}: no author"
        if entry.find(f"{ATOM}content") is None and not any(
            link.get("rel", "alternate") == "alternate" for link in entry.findall(f"{ATOM}link")
        ):
            yield f"{name}: neither content nor alternate"
    if sum(link.get("rel") == "self" for link in feed.findall(f"{ATOM}link")) != 1:
        yield "not one link to itself"
    times = Counter((e.findtext(f"{ATOM}id"), e.findtext(f"{ATOM}updated")) for e in entries)
    yield from (f"{name}: twice at {when}" for (name, when), n in times.items() if n > 1)
