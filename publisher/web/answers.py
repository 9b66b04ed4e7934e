"""Answers, and what all of them say. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from publisher import addresses
from publisher.web import media

#: Names in small letters, and values, as they go over the wire.
Fields = tuple[tuple[bytes, bytes], ...]

_POLICY = (
    "default-src 'none'; style-src {styles}; img-src 'self' https:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: Pages use our own styles, pictures from anywhere, and no scripts.
POLICY = _POLICY.format(styles="'self'")
#: Editions are shown as they were mailed, and mail carries its styles with it.
MAILED_POLICY = _POLICY.format(styles="'unsafe-inline'")

SECURITY = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

READING = "GET, HEAD, OPTIONS"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response."""

    status: int
    fields: Fields
    body: bytes = b""


def security(path: str) -> Mapping[str, str]:
    """Return what is said for the safety of whoever reads a file."""
    if addresses.is_edition(path):
        return {**SECURITY, "content-security-policy": MAILED_POLICY}
    return SECURITY


def fields(values: Mapping[str, str]) -> Fields:
    """Return headers as bytes."""
    return tuple((name.encode("ascii"), value.encode("latin-1")) for name, value in values.items())


def text(status: int, sentence: str = "", **headers: str) -> Answer:
    """Return a short answer in plain text: by default what the status is called."""
    body = f"{sentence or HTTPStatus(status).phrase}\n".encode()
    about = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(
        status=status,
        fields=fields({**SECURITY, **about, "content-type": "text/plain; charset=utf-8"}),
        body=body,
    )


def not_found() -> Answer:
    """Return the answer for what is not there."""
    return text(404, cache_control=media.ABSENT)


def page(status: int, body: bytes) -> Answer:
    """Return a page in the place of the one that was asked for."""
    about = {
        **SECURITY,
        "content-type": media.MEDIA["html"].content_type,
        "cache-control": media.ABSENT,
    }
    return Answer(status=status, fields=fields(about), body=body)


def elsewhere(location: str) -> Answer:
    """Return the way to another address, a URI reference (RFC 9110, 15.4.2)."""
    return text(301, location=location, cache_control=media.ABSENT)


def reference(path: str) -> str:
    """Return a path, or a part of one, as a URI reference (RFC 3986)."""
    return quote(path)


def methods(*, is_open: bool) -> Answer:
    """Return what may be done with a public file; scripts of other sites ask before they do."""
    about = {**SECURITY, "allow": READING}
    if is_open:
        about |= {
            "access-control-allow-origin": "*",
            "access-control-allow-methods": READING,
            "access-control-allow-headers": "If-None-Match, If-Modified-Since",
            "access-control-max-age": "86400",
        }
    return Answer(status=204, fields=fields(about))
