"""A public file as it goes over the wire, plain or gzipped, with all that is said of it. Pure.

Everything that one request does not change is made once: an answer is a join of bytes.
"""

import hashlib
from dataclasses import dataclass
from email.utils import formatdate
from functools import cached_property

from publisher import addresses
from publisher.web import answers, media
from publisher.web.answers import Fields


@dataclass(frozen=True, kw_only=True)
class Site:
    """What feeds say of themselves in headers (WebSub, 4)."""

    #: The site's address without a slash at its end.
    url: str
    hubs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Version:
    """One representation of a file; another one has another ETag (RFC 9110, 8.8.3.3)."""

    etag: bytes
    #: Bytes.
    size: int
    #: None while it stays on the disk, for its size.
    body: bytes | None
    #: What a 200 says, and what a 304 says.
    fields: Fields
    same_fields: Fields

    @cached_property
    def head(self) -> bytes:
        """The headers of a 200 as they are on the wire, with the line that ends them."""
        return wire((*self.fields, (b"content-length", b"%d" % self.size)))

    @cached_property
    def same_head(self) -> bytes:
        """The headers of a 304 as they are on the wire."""
        return wire(self.same_fields)


def version(
    site: Site,
    path: str,
    *,
    etag: bytes,
    size: int,
    body: bytes | None,
    modified: int | None,
    gzipped: bool = False,
) -> Version:
    """Return a representation of the file at a path; ``modified`` is its Last-Modified."""
    kind = media.medium(path)
    same = {"etag": etag.decode("ascii"), "cache-control": media.caching(path)}
    if modified is not None:
        same["last-modified"] = formatdate(modified, usegmt=True)
    if kind.compressible:
        same["vary"] = "Accept-Encoding"
    if kind.is_open:
        same["access-control-allow-origin"] = "*"
    about = {
        **same,
        **answers.security(path),
        "content-type": kind.content_type,
        "accept-ranges": "none",
    }
    if gzipped:
        about["content-encoding"] = "gzip"
    if kind.is_open:
        about["access-control-expose-headers"] = "ETag, Link"
    if addresses.is_feed(path):
        about["link"] = links(site, path)
    return Version(
        etag=etag,
        size=size,
        body=body,
        fields=answers.fields(about),
        same_fields=answers.fields(same),
    )


def links(site: Site, path: str) -> str:
    """Return where a feed is and which hubs tell of it, as Link (RFC 8288).

    No hub tells of archive documents: nothing new ever comes into one.
    """
    hubs = () if addresses.is_archive(path) else site.hubs
    targets = [(hub, "hub") for hub in hubs] + [(addresses.link(site.url, path), "self")]
    return ", ".join(f'<{target}>; rel="{relation}"' for target, relation in targets)


def strong_tag(body: bytes) -> bytes:
    """Return the ETag of bytes: no other bytes have it."""
    return tag_of(hashlib.sha256(body).hexdigest())


def tag_of(digest: str) -> bytes:
    """Return the ETag for a SHA-256 in hexadecimal; half of it is enough, and is sent often."""
    return f'"{digest[:32]}"'.encode("ascii")


def wire(values: Fields) -> bytes:
    """Return headers as bytes, with the line that ends them (RFC 9112, 2.1)."""
    return b"".join(b"%s: %s\r\n" % value for value in values) + b"\r\n"
