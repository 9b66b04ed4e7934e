"""Where things stand on the public site: paths below its address. Pure.

A path begins with a slash and is as it stands on disk; :func:`link` makes it fit for links.
"""

from urllib.parse import quote

#: The formats of feeds with their media types, in the order in which pages offer them.
FEED_FORMATS = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
}


def front(language: str) -> str:
    """Return the path of a language's front page."""
    return f"/{language}/"


def feed(language: str, suffix: str, topic: str | None = None) -> str:
    """Return the path of a feed: of a language, or of a topic in it."""
    folder = f"/{language}/topics/{topic}" if topic else f"/{language}"
    return f"{folder}/feed.{suffix}"


def item(language: str, item_id: int, slug: str) -> str:
    """Return the path of an item's page for readers of a language.

    The number makes it unique, whatever the titles; the words are for people.
    """
    return f"/{language}/items/{item_id}-{slug}/" if slug else f"/{language}/items/{item_id}/"


def gone(path: str) -> str:
    """Return where the notice stands that the page at a path is gone: it is served with 410."""
    return f"{path}gone.html"


def moved(path: str) -> str:
    """Return where it stands which address the page at a path has now: it is served with 301."""
    return f"{path}moved.txt"


def link(base: str, path: str) -> str:
    """Return a path below an address (or below the path of one) as a URI reference (RFC 3986)."""
    return base + quote(path)


def is_feed(path: str) -> bool:
    """Say whether a path is that of a feed."""
    return path.rpartition("/")[2] in {f"feed.{suffix}" for suffix in FEED_FORMATS}
