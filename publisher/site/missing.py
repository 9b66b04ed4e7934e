"""What should stand in the public folder and does not, whatever has changed in the store."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from publisher import addresses
from publisher.config import Config
from publisher.site.touched import Listing
from publisher.site.view import View
from publisher.site.view import fronts as all_fronts


def fronts(config: Config) -> Iterator[Listing]:
    """Yield the lists that stand there before there is any news, where they do not."""
    for listing in all_fronts(config):
        feeds = [addresses.feed(listing.language, suffix) for suffix in addresses.FEED_FORMATS]
        if not are_there(config, [addresses.front(listing.language), *feeds]):
            yield listing


def archives(seen: View, found: Iterable[Listing]) -> Iterator[Listing]:
    """Yield the archive documents that the newest of these feeds lead to, where there are none.

    The archive may have been cut elsewhere, by other settings or another release.
    """
    for listing in found:
        number = seen.archives(listing)
        path = addresses.listing(*listing.feed, number or None)
        if number and not are_there(seen.config, [path]):
            yield replace(listing, archive=number)


def are_there(config: Config, paths: Iterable[str]) -> bool:
    """Say whether all these paths lead to files."""
    return all(place(config.public, path).exists() for path in paths)


def place(public: Path, path: str) -> Path:
    """Return the file that a path of the site leads to."""
    return public / (path.strip("/") + ("/index.html" if path.endswith("/") else ""))
