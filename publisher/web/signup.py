"""Signing up, and confirming that an address is one's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from fastapi.responses import Response

from publisher import addresses
from publisher.errors import FormError
from publisher.subscriptions import address_change, choices, confirming, joining
from publisher.web.forms import Crowd, Filled, Form, is_own
from publisher.web.pages import Pages
from store.database import Database

_WRONG, _TOO_MANY = 422, 429
_HOUR = "3600"

_EMPTY = Filled(fields={})


@dataclass(frozen=True, kw_only=True)
class SignUp:
    """The pages of who is not known yet."""

    database: Database
    pages: Pages
    clock: Callable[[], datetime]
    crowd: Crowd

    def find(self, request: Request, lang: str = "") -> Response:
        """Lead to the form in the reader's language: what the link says, or the browser."""
        language = self.pages.asked(lang, request.headers.get("accept-language", ""))
        answer = self.pages.elsewhere(addresses.subscribe(language))
        answer.headers["vary"] = "Accept-Language"
        return answer

    def show(self, request: Request, language: str) -> Response:
        """Show the form."""
        if language not in self.pages.config.site.languages:
            return self.pages.nothing(request)
        return self._form(language, _EMPTY, ())

    def join(self, request: Request, form: Form) -> Response:
        """Take the form of a page that may be anybody's: its language is one of its fields."""
        accepted = request.headers.get("accept-language", "")
        return self._join(request, self.pages.asked(form.one("language"), accepted), form)

    def join_in(self, request: Request, language: str, form: Form) -> Response:
        """Take our own form, or the same in another language."""
        if language not in self.pages.config.site.languages:
            return self.pages.nothing(request)
        return self._join(request, self.pages.asked(form.one("language"), language), form)

    def _join(self, request: Request, language: str, form: Filled) -> Response:
        """Take a form; the answer is the same whoever's the address is.

        Anybody's page may hold the form, so it is asked nothing about where it came from.
        """
        config = self.pages.config
        try:
            wish = joining.wish(
                joining.offers(self.database, config, language),
                email=form.one("email"),
                name=form.one("name"),
                language=language,
                timezone=form.one("timezone"),
                wanted=form.wanted,
                often=form.often,
            )
        except FormError as error:
            return self._form(language, form, error.fields)
        if not self.crowd.lets_in(request):
            answer = self.pages.notice(language, "too-many", status=_TOO_MANY)
            answer.headers["retry-after"] = _HOUR
            return answer
        joining.join(self.database, config, wish, how="form", now=self.clock())
        return self.pages.notice(language, "asked")

    def _form(self, language: str, form: Filled, wrong: tuple[str, ...]) -> Response:
        config = self.pages.config
        return self.pages.page(
            language,
            "subscribe",
            status=_WRONG if wrong else 200,
            listed=True,
            offers=joining.offers(self.database, config, language),
            wording=joining.wording(config, language).text,
            zones=choices.zones(),
            values=_values(form),
            chosen=form.wanted,
            often=form.often,
            wrong=wrong,
        )

    def show_confirm(self, token: str) -> Response:
        """Show what a link confirms, with the button that does."""
        now = self.clock()
        if address_change.is_address_token(self.database, token, now=now):
            found = address_change.asked_address(self.database, token, now=now)
            return self._confirm(found.language, found.email, (), is_change=True)
        asked = confirming.asked(self.database, self.pages.config, token, now=now)
        return self._confirm(asked.language, asked.subscriber.email, asked.names, is_change=False)

    def _confirm(
        self, known: str, email: str, names: "list[str] | tuple[()]", *, is_change: bool
    ) -> Response:
        language = self.pages.language(known)
        return self.pages.page(language, "confirm", email=email, names=names, is_change=is_change)

    def confirm(self, request: Request, token: str) -> Response:
        """Confirm: the second time as the first."""
        now, config = self.clock(), self.pages.config
        if not is_own(request):
            return self.pages.refused(request)
        if address_change.is_address_token(self.database, token, now=now):
            person = address_change.confirm_address(self.database, config, token, now=now)
            return self.pages.notice(
                self.pages.language(person.language), "address-changed", title="preferences"
            )
        asked = confirming.confirm(self.database, config, token, now=now)
        language = self.pages.language(asked.language)
        link = confirming.preferences_path(self.database, asked.subscriber.id, now=now)
        return self.pages.notice(language, "confirmed", names=asked.names, preferences=link)


def _values(form: Filled) -> Mapping[str, str]:
    return {name: form.one(name) for name in ("email", "name", "timezone")}
