"""Where programs hand in what came back: ``POST /hooks/bounce``, a message as it is.

Who asks must know the secret (RFC 6750: ``Authorization: Bearer SECRET``). There is no such place
where the operator gives none.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from publisher import bounces
from publisher.config import Config
from store.database import Database

#: The longest message, in bytes: a report with the whole mail in it.
LONGEST = 5_000_000

#: What a message is sent as (RFC 2046, 5.2.1; RFC 6532, 3.7).
_TYPES = {"message/rfc822", "message/global"}

_HEADERS = {"cache-control": "no-store"}


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What programs ask."""

    database: Database
    config: Config
    clock: Callable[[], datetime]
    secret: str

    async def bounce(self, request: Request) -> Response:
        """Take in a message that came back, and say what it was taken for."""
        if not self._knows(request.headers.get("authorization", "")):
            return _no(401, "www-authenticate", "Bearer")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _TYPES:
            return _no(415, "accept", ", ".join(sorted(_TYPES)))
        taken = await run_in_threadpool(self._take, await request.body())
        told = {"kind": taken.kind, "reason": taken.reason, "again": taken.again}
        return JSONResponse(told, headers=_HEADERS)

    def _take(self, raw: bytes) -> bounces.Taken:
        return bounces.take(self.database, self.config, raw, source="hook", now=self.clock())

    def _knows(self, stated: str) -> bool:
        """Say whether a header holds the secret, in a time that does not tell how nearly."""
        scheme, _, given = stated.partition(" ")
        # Starlette gives each byte of a header as a letter (ISO 8859-1), also those of UTF-8.
        said = given.strip(" \t").encode("latin-1")
        same = hmac.compare_digest(said, self.secret.encode())
        return same and scheme.lower() == "bearer"


def _no(status: int, name: str, value: str) -> Response:
    return Response(status_code=status, headers={**_HEADERS, name: value})
