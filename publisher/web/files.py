"""The public files over HTTP: a bare ASGI application, in front of whatever else there is.

    request --> targets --> shelf --> preconditions --> answer
                path        file      200, 304, 412

Each file has a strong ETag over its bytes, so that a reader who has them gets 304 (RFC 9110,
13). One address has one language and one format: nothing is negotiated but the packing.
"""

import asyncio
import time
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from publisher import addresses
from publisher.web import answers, media, preconditions, targets
from publisher.web.answers import Answer
from publisher.web.disk import Disk
from publisher.web.found import File, Folder, Found, Gone, Moved
from publisher.web.probe import Probe
from publisher.web.shelf import Shelf
from publisher.web.versions import Site, Version

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_BLOCK = 64 * 1024

#: How often a large file is looked for anew because another took its place meanwhile.
_TRIES = 5

_SAME, _FAILED = 304, 412
_BODILESS = {204, 304}

#: What only the long way can answer: requests with a body, or for another protocol.
_LONG_WAY = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})


class PublicFiles:
    """The application. What is none of its files is for ``rest``, if there is such."""

    def __init__(
        self,
        public: Path,
        site: Site,
        *,
        ready: Callable[[], bool],
        rest: Application | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        address = urlsplit(site.url)
        #: The host of the site, with its port if that is told.
        self.authority = address.netloc.lower().encode("ascii")
        self._base = address.path
        self._shelf = Shelf(Disk(public, site, clock=clock))
        #: What the disk was asked for in this turn of the loop, by target.
        self._sure: dict[bytes, File] = {}
        self._probe = Probe(ready)
        self._rest = rest
        self._clock = clock

    def quick(
        self, target: bytes, headers: preconditions.Headers
    ) -> tuple[int, bytes, bytes] | None:
        """Return status, headers and body for a GET, if they lie ready; the server asks first.

        None sends the request the long way, through :meth:`__call__`.
        """
        file = self._sure.get(target) or self._look(target)
        wanted = preconditions.wanted(headers)
        if file is None or not _has_host(wanted) or not wanted.keys().isdisjoint(_LONG_WAY):
            return None
        seen = _version(file, wanted)
        status = self._outcome(file, seen, wanted)
        if status == _SAME:
            return status, seen.same_head, b""
        # A large file has no body here, and is sent piece by piece.
        return None if status == _FAILED or seen.body is None else (status, seen.head, seen.body)

    def _look(self, target: bytes) -> File | None:
        """Return the file of a target, if it is held and the disk has no other.

        In one turn of the loop the disk is asked once: whoever is served in it had asked
        before it began, so none of them gets what was replaced before they asked.
        """
        path = targets.read(target)
        file = None if isinstance(path, targets.Refused) else self._shelf.peek(path)
        if file is not None:
            if not self._sure:
                asyncio.get_running_loop().call_soon(self._sure.clear)
            self._sure[target] = file
        return file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if self._rest is not None:
                await self._rest(scope, receive, send)
            return
        wanted = preconditions.wanted(scope["headers"])
        for _ in range(_TRIES):
            found = await self._answer(scope, wanted)
            if found is None and self._rest is not None and _is_answered(scope):
                await self._rest(scope, receive, send)
                return
            if not isinstance(found, File):
                await _send(send, scope["method"], found or await self._missing(scope))
                return
            if await self._send_file(send, scope["method"], found, wanted):
                return
        await _send(send, scope["method"], _unavailable())

    def _outcome(self, file: File, seen: Version, wanted: Mapping[bytes, bytes]) -> int:
        now = self._clock() / 1e9
        return preconditions.outcome(wanted, etag=seen.etag, modified=file.modified, now=now)

    async def _answer(self, scope: Scope, wanted: Mapping[bytes, bytes]) -> Answer | File | None:
        """Return an answer, a file to answer with, or None for what is no business of ours."""
        if scope["http_version"] == "1.1" and not _has_host(wanted):
            return answers.text(400, "One Host, please")
        path = targets.read(scope["raw_path"])
        if isinstance(path, targets.Refused):
            return None if path == targets.UNKNOWN else answers.text(path.status)
        if path in {"/healthz", "/readyz"}:
            return await self._state(path)
        try:
            return await self._at(path, scope["method"])
        except OSError:
            return _unavailable()

    async def _state(self, path: str) -> Answer:
        if path == "/readyz" and not await self._probe.holds():
            return answers.text(503, "not ready", cache_control="no-store")
        return answers.text(200, "ok", cache_control="no-store")

    async def _at(self, path: str, method: str) -> Answer | File | None:
        found = await self._find(path)
        composed = unicodedata.normalize("NFC", path)
        if found is None and composed != path and await self._find(composed) is not None:
            # One page has one address: the one that we link to.
            return answers.elsewhere(addresses.link(self._base, composed))
        if method in {"GET", "HEAD"}:
            return _as_answer(found)
        if found is None and self._rest is not None:
            return None
        if found is not None and method == "OPTIONS":
            return answers.methods(is_open=media.medium(path).is_open)
        return answers.text(405, allow=answers.READING)

    async def _find(self, path: str) -> Found:
        # What lies ready needs no thread.
        return self._shelf.peek(path) or await asyncio.to_thread(self._shelf.find, path)

    async def _missing(self, scope: Scope) -> Answer:
        """Return that nothing is there, in the language below whose front page it is not."""
        path = targets.read(scope["raw_path"])
        if scope["method"] in {"GET", "HEAD"} and not isinstance(path, targets.Refused):
            with suppress(OSError):
                found = await self._find(addresses.missing(path.split("/")[1]))
                if isinstance(found, File) and found.plain.body is not None:
                    return answers.page(404, found.plain.body)
        return answers.not_found()

    async def _send_file(
        self, send: Send, method: str, file: File, wanted: Mapping[bytes, bytes]
    ) -> bool:
        """Send a file, or what its preconditions say; return False if it is not there any more."""
        seen = _version(file, wanted)
        status = self._outcome(file, seen, wanted)
        if status == _FAILED:
            await _send(send, method, answers.text(_FAILED))
        elif status == _SAME:
            await _send(send, method, Answer(status=_SAME, fields=seen.same_fields))
        elif seen.body is not None:
            await _send(send, method, Answer(status=status, fields=seen.fields, body=seen.body))
        else:
            return await self._stream(send, method, file)
        return True

    async def _stream(self, send: Send, method: str, file: File) -> bool:
        try:
            opened = self._shelf.open(file)
        except OSError:
            return False
        if opened is None:
            return False
        with opened:
            length = (b"content-length", b"%d" % file.plain.size)
            await send(_start(200, (*file.plain.fields, length)))
            while method != "HEAD" and (block := opened.read(_BLOCK)):
                await send({"type": "http.response.body", "body": block, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        return True


def _is_answered(scope: Scope) -> bool:
    target = scope["raw_path"].partition(b"?")[0].decode("latin-1")
    return addresses.is_answered(target)


def _version(file: File, wanted: Mapping[bytes, bytes]) -> Version:
    if file.zipped is not None and preconditions.takes_gzip(wanted.get(b"accept-encoding")):
        return file.zipped
    return file.plain


def _has_host(wanted: Mapping[bytes, bytes]) -> bool:
    # Two of them were made a list, and a host has no comma (RFC 9112, 3.2).
    return b"," not in wanted.get(b"host", b",")


def _as_answer(found: Found) -> Answer | File | None:
    if isinstance(found, Moved):
        return answers.elsewhere(found.location)
    if isinstance(found, Gone):
        return answers.page(410, found.notice)
    if isinstance(found, Folder):
        # Relative, for nobody knows here below which path the site stands.
        return answers.elsewhere(f"./{answers.reference(found.name)}/")
    return found


def _unavailable() -> Answer:
    return answers.text(503, retry_after="5")


async def _send(send: Send, method: str, answer: Answer) -> None:
    fields = answer.fields
    if answer.status not in _BODILESS:
        fields = (*fields, (b"content-length", b"%d" % len(answer.body)))
    await send(_start(answer.status, fields))
    body = b"" if method == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})


def _start(status: int, fields: answers.Fields) -> MutableMapping[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(fields)}
