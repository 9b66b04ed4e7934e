"""Fetch what others publish on the web: httpx2's home.

    address --http(s)? robots?--> ask --redirect?--> ask again, at most 5 times
                                      --304--> NotModified
                                      --200--> Response: bounded in bytes and time
                                      --else-> InputError: what a person can do about it

Each address on the way is looked at like the first; :mod:`publisher.ingest.connect` sees to
it that none leads to private machines.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self

import httpx2

from publisher.config import Config
from publisher.errors import InputError
from publisher.ingest import connect, refusals, robots
from publisher.ingest.links import header_links
from publisher.ingest.response import NotModified, Response
from store.records import Fetch

#: How often an address may lead to another.
MAX_REDIRECTS = 5

_ACCEPT = (
    "text/html, application/xhtml+xml, application/atom+xml, application/rss+xml, "
    "application/feed+json, application/json;q=0.9, */*;q=0.8"
)
_NOT_MODIFIED = 304
_PORTS = 65_535
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

#: What is remembered of an address; None where it has not been read yet.
Known = Callable[[str], Fetch | None]


class Fetcher:
    """Fetches addresses one after the other; close it, or use it as a context.

    ``known`` gives what the store remembers of an address; ``network`` is the system's unless
    given, and is closed with the fetcher.
    """

    def __init__(
        self,
        config: Config,
        *,
        known: Known = lambda _url: None,
        network: connect.Network | None = None,
    ) -> None:
        self._settings = config.ingest
        self._known = known
        self._network = network or connect.Network(private=config.ingest.private_hosts)
        self._client = httpx2.Client(
            transport=_Transport(self._network),
            trust_env=False,
            timeout=None,
            # A site must not know us again, and show us another language because of it.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={
                "User-Agent": f"{robots.NAME} (+{config.site.url})",
                "Accept": _ACCEPT,
                "Accept-Encoding": "gzip, deflate",
            },
        )
        self._rules: dict[str, robots.Rules | InputError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()
        self._network.close()

    def get(self, url: str, *, allowed: Collection[int] = ()) -> Response:
        """Return what is at an address; of other statuses than 200 only those ``allowed``.

        Raises InputError: not http(s), a private address, refused by robots.txt, no answer in
        time, too large, or a status that says there is nothing.
        """
        with self._reading(url) as place:
            return refusals.accepted(self._follow(place, conditional=False), allowed)

    def get_if_changed(self, url: str) -> Response | NotModified:
        """Return what is at an address, or that it has not changed since it was read last.

        Raises InputError as :meth:`get` does.
        """
        with self._reading(url) as place:
            answer = self._follow(place, conditional=True)
            known = self._known(answer.url) if answer.status == _NOT_MODIFIED else None
            if known:
                return NotModified(url=answer.url, texts=known.texts)
            return refusals.accepted(answer, ())

    @contextmanager
    def _reading(self, url: str) -> Iterator[httpx2.URL]:
        with refusals.named(url), self._network.within(self._settings.timeout):
            yield _address(httpx2.URL(url))

    def _follow(self, place: httpx2.URL, *, conditional: bool) -> Response:
        """Return the first answer that leads no further."""
        for _ in range(MAX_REDIRECTS + 1):
            if self._settings.robots:
                self._heed_robots(place)
            known = self._known(str(place)) if conditional else None
            answer = self._ask(place, _conditions(known) if known else {})
            target = _target(place, answer)
            if target is None:
                return answer
            place = target
        raise InputError(
            "redirects", f"leads from address to address more than {MAX_REDIRECTS} times"
        )

    def _ask(self, place: httpx2.URL, headers: dict[str, str]) -> Response:
        limit = self._settings.max_bytes
        with (
            refusals.named(str(place)),
            self._client.stream("GET", place, headers=headers) as answer,
        ):
            content = _read(answer, limit)
            if len(content) > limit:
                raise InputError("size", f"is larger than {limit} bytes (ingest.max_bytes)")
            return _response(place, answer, content)

    def _heed_robots(self, place: httpx2.URL) -> None:
        origin = place.copy_with(raw_path=b"/robots.txt")
        if str(origin) not in self._rules:
            self._rules[str(origin)] = self._read_robots(origin)
        rules = self._rules[str(origin)]
        if isinstance(rules, InputError):
            raise InputError(str(place), rules.reason) from rules
        if not rules(str(place)):
            raise InputError(
                str(place),
                f"the site asks programs to stay away ({origin}): ask its keepers to allow "
                f"{robots.NAME} there; if they have, ingest.robots = false lets it in",
            )

    def _read_robots(self, place: httpx2.URL) -> robots.Rules | InputError:
        """Return a site's rules, or why nobody can say what they are (RFC 9309, 2.3.1)."""
        try:
            for _ in range(MAX_REDIRECTS + 1):
                with self._client.stream("GET", place) as answer, refusals.named(str(place)):
                    head = _response(place, answer, _read(answer, robots.MAX_BYTES))
                target = _target(place, head)
                if target is None:
                    return robots.answered(head)
                place = target
        except InputError as error:
            return error
        return robots.rules(b"")


class _Transport(httpx2.BaseTransport):
    """Hands httpx2's questions to our network."""

    def __init__(self, network: connect.Network) -> None:
        self._network = network

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        reply = self._network.ask(
            url.scheme, url.raw_host, url.port, url.raw_path, request.headers.raw
        )
        return httpx2.Response(
            status_code=reply.status, headers=reply.headers, stream=_Stream(reply)
        )


class _Stream(httpx2.SyncByteStream):
    def __init__(self, reply: connect.Reply) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        return self._reply.body

    def close(self) -> None:
        self._reply.close()


def _address(place: httpx2.URL) -> httpx2.URL:
    if place.scheme not in {"http", "https"} or not place.host:
        raise InputError(str(place), "must begin with https:// or http://")
    if place.port is not None and not 0 < place.port <= _PORTS:
        raise InputError(str(place), f"its port must be between 1 and {_PORTS}")
    if place.userinfo:
        # It would stand in the store, and in pages and feeds.
        raise InputError(str(place.copy_with(userinfo=b"")), "take the password out of the address")
    return place.copy_with(fragment=None)


def _target(place: httpx2.URL, answer: Response) -> httpx2.URL | None:
    """Return the address that an answer leads to, None where it leads nowhere."""
    target = answer.headers.get("location", "")
    return _address(place.join(target)) if answer.status in _REDIRECTS and target else None


def _conditions(known: Fetch) -> dict[str, str]:
    given = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in given.items() if value}


def _read(answer: httpx2.Response, limit: int) -> bytes:
    """Return the unpacked body of an answer; of a longer one a little more than the limit."""
    parts, size = [], 0
    for part in answer.iter_bytes():
        parts.append(part)
        size += len(part)
        if size > limit:
            break
    return b"".join(parts)


def _response(place: httpx2.URL, answer: httpx2.Response, content: bytes) -> Response:
    return Response(
        url=str(place),
        status=answer.status_code,
        media_type=answer.headers.get("content-type", "").partition(";")[0].strip().lower(),
        charset=answer.charset_encoding or "",
        content=content,
        headers={name.lower(): value for name, value in answer.headers.items()},
        links=header_links(answer.headers.get_list("link")),
    )
