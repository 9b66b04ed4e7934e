"""The public files over HTTP: a bare ASGI application, without a framework in its way.

Only what stands below the public folder is answered, with a strong ETag over the bytes, so
that a reader who has them gets 304 (RFC 9110, 13).
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path, PurePosixPath
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".atom": "application/atom+xml; charset=utf-8",
    ".rss": "application/rss+xml; charset=utf-8",
}

_NOT_MODIFIED = 304

#: Stands in the place of a page that is gone (publisher/addresses.py).
_GONE = "gone.html"

#: Sent with every answer: pages use our own styles, pictures from anywhere, and no scripts.
_SECURITY = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self' https:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class PublicFiles:
    """The application."""

    def __init__(self, public: Path) -> None:
        self._public = public

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        wanted = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        answer = self.answer(scope["method"], scope["path"], wanted)
        headers = {**_SECURITY, **answer.headers}
        if answer.status != _NOT_MODIFIED:
            headers["content-length"] = str(len(answer.body))
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    (name.encode(), value.encode("latin-1")) for name, value in headers.items()
                ],
            }
        )
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    def answer(self, method: str, path: str, wanted: Mapping[str, str]) -> Answer:
        """Return the response to a request; ``wanted`` are its headers."""
        if path == "/healthz":
            return _text(200, "ok")
        if method not in {"GET", "HEAD"}:
            return Answer(status=405, headers={"allow": "GET, HEAD"})
        place = _place(self._public, path)
        if place is None or not place.exists():
            return _gone(place) or _text(404, "Not found")
        if place.name == _GONE:
            return _text(404, "Not found")
        if place.is_dir():
            # Relative addresses on the page would be taken from the wrong folder.
            return Answer(status=308, headers={"location": f"./{place.name}/"})
        return _file(place, wanted)


def _gone(place: Path | None) -> Answer | None:
    """Return the notice in place of a page that is gone (RFC 9110, 15.5.11), if there is one."""
    notice = place.with_name(_GONE) if place and place.name == "index.html" else None
    if notice is None or not notice.exists():
        return None
    headers = {"content-type": _TYPES[".html"], "cache-control": "public, max-age=60"}
    return Answer(status=410, headers=headers, body=notice.read_bytes())


def _file(place: Path, wanted: Mapping[str, str]) -> Answer:
    body = place.read_bytes()
    changed = datetime.fromtimestamp(int(place.stat().st_mtime), tz=UTC)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "etag": tag,
        "last-modified": format_datetime(changed, usegmt=True),
        "cache-control": "public, max-age=60",
    }
    if _has_it_already(wanted, tag, changed):
        return Answer(status=_NOT_MODIFIED, headers=headers)
    kind = _TYPES.get(place.suffix, "application/octet-stream")
    return Answer(status=200, headers={**headers, "content-type": kind}, body=body)


def _place(public: Path, path: str) -> Path | None:
    """Return the file at a path, None for what is nobody's business."""
    parts = PurePosixPath(path).parts[1:]
    if any(part.startswith(".") or "\0" in part or "\\" in part for part in parts):
        return None
    place = public.joinpath(*parts)
    return place / "index.html" if path.endswith("/") else place


def _has_it_already(wanted: Mapping[str, str], tag: str, changed: datetime) -> bool:
    if "if-none-match" in wanted:
        return tag in _tags(wanted["if-none-match"]) or wanted["if-none-match"].strip() == "*"
    try:
        return changed <= parsedate_to_datetime(wanted.get("if-modified-since", ""))
    except (ValueError, TypeError):
        return False


def _tags(header: str) -> Iterable[str]:
    """Return the ETags of a header for weak comparison (RFC 9110, 8.8.3.2)."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def _text(status: int, sentence: str) -> Answer:
    return Answer(
        status=status,
        headers={"content-type": "text/plain; charset=utf-8"},
        body=f"{sentence}\n".encode(),
    )
