"""Why an address cannot be read, as a person needs to hear it.

httpx2 has a home here for its errors alone; :mod:`publisher.ingest.fetch` asks it.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import httpx2

from publisher.errors import InputError
from publisher.ingest import robots
from publisher.ingest.response import OK, SERVER_FAULT, Response

#: What httpx2's errors mean to a person, the narrower before the wider.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (httpx2.InvalidURL, "is no web address such as https://example.org/news"),
    (httpx2.DecodingError, "is packed in a way that cannot be unpacked: a fault of the server"),
    (httpx2.UnsupportedProtocol, "must begin with https:// or http://"),
    (httpx2.TimeoutException, "did not answer in time: try again later"),
    (httpx2.HTTPError, "cannot be read: try again later"),
    (httpx2.StreamError, "broke off: try again"),
    (httpx2.CookieConflict, "cannot be read: the server's cookies contradict each other"),
)


@contextmanager
def named(url: str) -> Iterator[None]:
    """Let every failure inside be an InputError that names an address."""
    try:
        yield
    except InputError as error:
        if "://" in error.source:
            raise
        raise InputError(url, error.reason) from error
    except Exception as error:
        reason = reason_of(error)
        if reason is None:
            raise
        raise InputError(url, reason) from error


def reason_of(error: Exception) -> str | None:
    """Return what an error of httpx2 means to a person; None for any other error."""
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), None)


def accepted(answer: Response, allowed: Collection[int]) -> Response:
    """Return an answer that there is something in. Raises InputError for any other status."""
    if answer.status not in {OK, *allowed}:
        raise InputError(answer.url, _refusal(answer))
    return answer


def _refusal(answer: Response) -> str:
    status = answer.status
    if status in {401, 403, 407}:
        return f"is not for everybody ({status}): ask its keepers to let {robots.NAME} in"
    if status in {404, 410}:
        return f"is not there ({status}): check the address"
    if status in {429, 503}:
        return f"is overloaded ({status}): try again later"
    if status >= SERVER_FAULT:
        return f"its server has a fault ({status}): try again later"
    return f"its server answered {status}, which gives nothing to read"
