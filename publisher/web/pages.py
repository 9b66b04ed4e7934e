"""Pages that are made for one request: what a page is told, and how it is answered.

They are nobody else's: no cache keeps them, no search engine lists those with somebody's link,
and no other site learns where the reader came from.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from publisher import addresses, languages, markup
from publisher.config import Config
from publisher.errors import InputError, TokenError
from publisher.rendering import render
from publisher.web import answers

#: Forms post to where they stand; the rest is as on all pages.
_POLICY = answers.POLICY.replace("form-action 'none'", "form-action 'self'")

#: So much of Accept-Language is read; browsers send about fifty characters.
_LONGEST = 500

#: What is said of all of them.
HEADERS = {
    **answers.SECURITY,
    "content-security-policy": _POLICY,
    "cache-control": "no-store",
}


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The pages of a site."""

    config: Config

    def page(
        self, language: str, name: str, *, status: int = 200, listed: bool = False, **values: object
    ) -> HTMLResponse:
        """Return a page from ``templates/web/reader``; only ``listed`` ones are for all to find."""
        config = self.config
        versions = {tag: addresses.subscribe(tag) for tag in config.site.languages}
        body = render(
            f"web/reader/{name}.html",
            config.chain(language),
            zone=config.site.timezone,
            overrides=config.templates,
            **self._surroundings(),
            versions=versions if listed else {},
            rights=config.rights(language),
            **values,
        )
        about = {} if listed else {"x-robots-tag": "noindex"}
        return HTMLResponse(body, status_code=status, headers={**HEADERS, **about})

    def _surroundings(self) -> Mapping[str, object]:
        """Return what the frame of every page asks for."""
        config = self.config
        return {
            "link": partial(addresses.link, config.base_path),
            "absolute": partial(addresses.link, config.site.url),
            "front": addresses.front,
            "feed_path": addresses.feed,
            "index_path": addresses.index,
            "subscribe_path": addresses.subscribe,
            "formats": addresses.FEED_FORMATS,
            "format_names": addresses.FEED_NAMES,
            "languages": config.site.languages,
            "site_name": config.name,
            "linked": None,
            "framed": markup.framed,
            "home": "/",
        }

    def notice(
        self,
        language: str,
        name: str,
        *,
        status: int = 200,
        title: str = "",
        names: Sequence[str] = (),
        preferences: str = "",
    ) -> HTMLResponse:
        """Return a page that says how something ended: the strings ``NAME`` and ``NAME-title``."""
        return self.page(
            language,
            "notice",
            status=status,
            title_key=title or f"{name}-title",
            key=name,
            names=names,
            preferences_path=preferences,
        )

    def nothing(self, request: Request) -> Response:
        """Return that nothing stands there, in the language of whoever asks."""
        return self.notice(self._browser(request), "link-wrong", status=404)

    def refused(self, request: Request) -> Response:
        """Return that a form came from another site."""
        return self.notice(self._browser(request), "refused", status=403)

    def bad_link(self, request: Request, error: Exception) -> Response:
        """Return that a link is none of ours, or too old; Starlette gives us the error."""
        if isinstance(error, TokenError) and error.expired:
            return self.notice(self._browser(request), "link-old", status=410)
        return self.nothing(request)

    def _browser(self, request: Request) -> str:
        return self.asked("", request.headers.get("accept-language", ""))

    def elsewhere(self, path: str, query: str = "") -> Response:
        """Return the way to another page of the site, which is fetched anew (RFC 9110, 15.4.4)."""
        there = addresses.link(self.config.base_path, path) + (f"?{query}" if query else "")
        return Response(status_code=303, headers={**HEADERS, "location": there})

    def language(self, known: str) -> str:
        """Return the language of the site's that a reader of another is shown pages in."""
        tags = self.config.site.languages
        near = languages.closest(known, tags)
        chain = (tag for tag in self.config.chain(known) if tag in tags)
        return near or next(chain, tags[0])

    def asked(self, stated: str, accepted: str) -> str:
        """Return the language of a reader whom we do not know.

        ``stated`` is what a link says; else ``accepted``, the header Accept-Language.
        """
        tags = self.config.site.languages
        if stated in tags:
            return stated
        found = (languages.closest(tag, tags) for tag in _preferred(accepted))
        return next(filter(None, found), tags[0])


def _preferred(accepted: str) -> Sequence[str]:
    """Return the languages of an Accept-Language header, best first (RFC 9110, 12.5.4)."""
    weighed = []
    for part in accepted[:_LONGEST].split(","):
        tag, _, rest = part.strip().partition(";")
        # An asterisk and worse are no tags: whoever sends them is shown the first language.
        with suppress(InputError):
            weighed.append((_weight(rest), languages.tag(tag)))
    # Of equals the first: the sort is stable.
    wanted = [entry for entry in weighed if entry[0] > 0]
    return [tag for _, tag in sorted(wanted, key=lambda entry: -entry[0])]


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if not text.strip():
        return 1.0
    try:
        return min(float(value), 1.0) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
