"""What stands in the public folder from before, and nobody would write or take back any more.

It was published under other settings: archive documents behind the last one, since a document
holds more by now, and what a language has that is no longer one of the site. Of what is withdrawn
later it would go on telling. What else stands in the folder was put there by hand, and stays.
"""

import os
import re
from collections.abc import Iterator
from itertools import count, takewhile
from pathlib import Path

from publisher import addresses
from publisher.site import maps, missing
from publisher.site.touched import Listing
from publisher.site.view import Document, View
from store import entries

#: What we write below a language's front page, beside its archives. But no editions: they stay
#: as they were mailed, for who has the mail, whatever becomes of what it tells of.
_OURS = re.compile(
    r"(?:topics/[^/]+/)?(?:feed\.(?:atom|rss|json))?"
    r"|404\.html|topics/|feeds/"
    r"|newsletters/(?:[^/]+/(?:archive/[0-9]+/)?)?"
    r"|items/[0-9]+(?:-[^/]*)?/(?:gone\.html|moved\.txt)?"
)


def documents(view: View) -> Iterator[Document]:
    """Yield, as gone, what is left in the public folder."""
    no_more = sorted(entries.languages(view.tx) - {*view.config.site.languages})
    for language, topic in (*view.ends, *entries.ends(view.tx, no_more)):
        yield from _archives(view, Listing(language=language, topic=topic))
    for language in no_more:
        yield from _language(view, language)


def _archives(view: View, newest: Listing) -> Iterator[Document]:
    """Yield the archive documents of a feed behind its last one."""
    behind = (_archive(newest, number) for number in count(view.archives(newest) + 1))
    left = list(takewhile(lambda paths: _is_any_there(view, paths), behind))
    # From the end: whoever is killed half-way leaves no gap that would pass for the end.
    yield from ((path, None) for paths in reversed(left) for path in paths)


def _archive(newest: Listing, number: int) -> list[str]:
    """Return the paths of an archive document: its page, and the feeds beside it."""
    feeds = (
        addresses.feed(newest.language, suffix, newest.topic, number)
        for suffix in addresses.FEED_FORMATS
    )
    return [addresses.listing(*newest.feed, number), *feeds]


def _is_any_there(view: View, paths: list[str]) -> bool:
    return any(missing.are_there(view.config, [path]) for path in paths)


def _language(view: View, language: str) -> Iterator[Document]:
    """Yield what is left of a language that the site no longer has."""
    front = addresses.front(language)
    for name in _names(missing.place(view.config.public, front).parent):
        if _OURS.fullmatch(name):
            yield f"{front}{name}", None
    yield maps.news_path(language), None


def _names(folder: Path) -> Iterator[str]:
    """Yield what stands below a folder as paths have it: pages by their folders, none packed."""
    for place, _, files in os.walk(folder):
        below = Path(place).relative_to(folder).as_posix()
        within = "" if below == "." else f"{below}/"
        for name in sorted({name.removesuffix(".gz") for name in files}):
            yield f"{within}{'' if name == 'index.html' else name}"
