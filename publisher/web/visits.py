"""Every page of readers, as one of each language meets them in turn: to try its templates.

    form --> asked --> confirmed --> preferences, another address --> left, back --> erased

What each page is told comes from those who tell it otherwise, so there is no list of that.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from fastapi import Request

from publisher import trialled
from publisher.config import Config
from publisher.errors import TokenError
from publisher.subscriptions import address_change, embedding, joining, keyring
from publisher.tokens import Purpose
from publisher.web.forms import Crowd, Filled
from publisher.web.pages import Pages
from publisher.web.reader import Reader
from publisher.web.signup import SignUp
from store.database import Database

Step = Callable[[], object]

#: As many visitors as there may be.
_CROWD = 1_000_000
#: Nobody is called so, lives there, or is reached there.
_WRONG = dict.fromkeys(("email", "name", "timezone", "language", "pause"), trialled.HOSTILE)
_NAME = "<b>\"&' {{ x }}"


def visits(database: Database, config: Config, *, now: datetime) -> Iterator[Step]:
    """Yield what shows the pages, one after another: each step follows from those before it.

    Where there are no newsletters, only what strangers see.
    """
    pages, crowd = Pages(config=config), Crowd(_CROWD)
    signup = SignUp(database=database, pages=pages, clock=lambda: now, crowd=crowd)
    reader = Reader(database=database, pages=pages, clock=lambda: now, crowd=crowd)
    visit = _Visit(database=database, config=config, signup=signup, reader=reader, now=now)
    for language in config.site.languages:
        yield from visit.by_stranger(language)
        if joining.offers(database, config, language):
            yield from visit.by_reader(language)


@dataclass(frozen=True, kw_only=True)
class _Visit:
    database: Database
    config: Config
    signup: SignUp
    reader: Reader
    now: datetime

    def by_stranger(self, language: str) -> Iterator[Step]:
        request, pages = _request(language), self.signup.pages
        yield partial(self.signup.show, request, language)
        yield partial(self.signup.join_in, request, language, _form(**_WRONG))
        yield partial(pages.bad_link, request, TokenError("old", expired=True))
        yield partial(pages.nothing, request)
        yield partial(pages.refused, request)
        for ending in ("too-many", "undo-late"):
            yield partial(pages.notice, language, ending)

    def by_reader(self, language: str) -> Iterator[Step]:
        request, email = _request(language), f"{language.lower()}@example.org"
        offers = joining.offers(self.database, self.config, language)
        keys = [offer.key for offer in offers]
        for key in keys:
            yield partial(embedding.snippet, self.database, self.config, key, language)
        form = _form(*keys, email=email, name=_NAME, language=language)
        yield partial(self.signup.join_in, request, language, form)
        person, consent = trialled.asked(self.database, email)
        tokens = keyring.tokens(self.database, now=self.now)
        confirm = tokens.make(Purpose.CONFIRM, consent)
        yield partial(self.signup.show_confirm, confirm)
        yield partial(self.signup.confirm, request, confirm)
        new = address_change.fingerprint(email)
        moved = tokens.make(Purpose.ADDRESS, person, f"new-{email}", new)
        own = tokens.make(Purpose.PREFERENCES, person)
        yield from self._preferences(request, own, email)
        yield partial(self.signup.show_confirm, moved)
        yield partial(self.signup.confirm, request, moved)
        yield from self._leaving(request, tokens.make(Purpose.LEAVE, person, keys[0]))
        for sure in ("", "yes"):
            yield partial(self.reader.change, request, own, _form(act="erase", sure=sure))

    def _preferences(self, request: Request, token: str, email: str) -> Iterator[Step]:
        for saved in ("", "1"):
            yield partial(self.reader.show, token, saved)
        yield partial(self.reader.change, request, token, _form(act="save", **_WRONG))
        for wanted in (trialled.HOSTILE, f"other-{email}"):
            yield partial(self.reader.change, request, token, _form(act="address", email=wanted))

    def _leaving(self, request: Request, token: str) -> Iterator[Step]:
        yield partial(self.reader.show_leave, token)
        for act in ("", "undo", "all"):
            yield partial(self.reader.leave, request, token, _form(act=act))


def _request(language: str) -> Request:
    """Return a request of nobody in particular, who reads a language."""
    headers = [(b"accept-language", language.encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers})


def _form(*newsletters: str, **fields: str) -> Filled:
    filled = {name: (value,) for name, value in fields.items()}
    return Filled(fields={**filled, "newsletters": newsletters})
