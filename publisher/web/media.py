"""What public files are: media types, how long they may be kept, who may read them. Pure.

``docs/nginx.conf`` says the same to nginx; a test compares the two.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Medium:
    """A kind of file."""

    #: The media type, as in Content-Type.
    type: str
    #: Whether gzip makes it smaller.
    compressible: bool = False
    #: Whether scripts of other sites may read it (CORS): feeds and other data.
    is_open: bool = False

    @property
    def content_type(self) -> str:
        """The type with the encoding of its letters, where that is not said by the type."""
        told = self.type.startswith("text/") or self.type.endswith(("+xml", "/xml"))
        return f"{self.type}; charset=utf-8" if told else self.type


_JSON_FEED = Medium(type="application/feed+json", compressible=True, is_open=True)

#: By the end of the name.
MEDIA = {
    "html": Medium(type="text/html", compressible=True),
    "css": Medium(type="text/css", compressible=True),
    "js": Medium(type="text/javascript", compressible=True),
    "txt": Medium(type="text/plain", compressible=True),
    "atom": Medium(type="application/atom+xml", compressible=True, is_open=True),
    "rss": Medium(type="application/rss+xml", compressible=True, is_open=True),
    "opml": Medium(type="text/x-opml", compressible=True, is_open=True),
    "xml": Medium(type="application/xml", compressible=True, is_open=True),
    "json": Medium(type="application/json", compressible=True, is_open=True),
    "svg": Medium(type="image/svg+xml", compressible=True),
    "ico": Medium(type="image/x-icon"),
    "png": Medium(type="image/png"),
    "jpg": Medium(type="image/jpeg"),
    "jpeg": Medium(type="image/jpeg"),
    "gif": Medium(type="image/gif"),
    "webp": Medium(type="image/webp"),
    "avif": Medium(type="image/avif"),
    "pdf": Medium(type="application/pdf"),
}

_UNKNOWN = Medium(type="application/octet-stream")

#: Feeds and pages: asked for again after a minute; a cache may give out the copy that it has
#: while it asks (RFC 5861), and longer while the server is not there.
CHANGING = "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400"
#: Pictures and documents keep their bytes unless somebody replaces them by hand.
LASTING = "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=86400"
#: A name with the digest of its bytes in it never gets other bytes (RFC 8246).
IMMUTABLE = "public, max-age=31536000, immutable"
#: What is not there may be there soon.
ABSENT = "public, max-age=60"

# Long enough that no date and no number in a name is taken for a digest.
_FINGERPRINT = re.compile(r"(?:\.[0-9a-f]{16,64}|/media/[0-9a-f]{64})\.[a-z0-9]+$")


def medium(path: str) -> Medium:
    """Return what kind of file stands at a path."""
    name = path.rpartition("/")[2]
    if name == "feed.json":
        return _JSON_FEED
    return MEDIA.get(name.rpartition(".")[2], _UNKNOWN)


def caching(path: str) -> str:
    """Return how long a file may be kept, as Cache-Control (RFC 9111, 5.2)."""
    if _FINGERPRINT.search(path):
        return IMMUTABLE
    lasts = medium(path).type.startswith(("image/", "application/pdf"))
    return LASTING if lasts else CHANGING
