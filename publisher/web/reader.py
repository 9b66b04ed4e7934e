"""What readers do with a link from a mail: change their preferences, leave, see their data."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from publisher import addresses, wallclock
from publisher.errors import FormError
from publisher.subscriptions import address_change, choices, erasure, leaving, preferences
from publisher.subscriptions.preferences import Preferences
from publisher.web.forms import Crowd, Filled, Form, is_own
from publisher.web.pages import HEADERS, Pages
from store.database import Database

_WRONG = 422


@dataclass(frozen=True, kw_only=True)
class Reader:
    """The pages of who has a link."""

    database: Database
    pages: Pages
    clock: Callable[[], datetime]
    crowd: Crowd

    def show(self, token: str, saved: str = "") -> Response:
        """Show what a reader has chosen, and what else they can do."""
        found = self._read(token)
        return self._page(token, found, _filled(found), (), notice="saved" if saved else "")

    def _read(self, token: str) -> Preferences:
        return preferences.read(self.database, self.pages.config, token, now=self.clock())

    def _page(
        self,
        token: str,
        found: Preferences,
        form: Filled,
        wrong: tuple[str, ...],
        *,
        notice: str = "",
    ) -> Response:
        return self.pages.page(
            self.pages.language(found.subscriber.language),
            "preferences",
            status=_WRONG if wrong else 200,
            email=found.subscriber.email,
            offers=found.offers,
            tongues=found.languages,
            zones=choices.zones(),
            values={name: form.one(name) for name in _FIELDS},
            chosen=form.wanted,
            often=form.often,
            wrong=wrong,
            notice=notice,
            export_path=f"{addresses.preferences(token)}/export",
        )

    def change(self, request: Request, token: str, form: Form) -> Response:
        """Do what one of the page's forms asks for."""
        if not is_own(request):
            return self.pages.refused(request)
        acts = {"address": self._ask_address, "erase": self._erase}
        try:
            return acts.get(form.one("act"), self._save)(request, token, form)
        except FormError as error:
            found = self._read(token)
            # A form of the page that was not sent shows what is known.
            shown = form if form.one("act") == "save" else _filled(found, email=form.one("email"))
            return self._page(token, found, shown, error.fields)

    def _save(self, _request: Request, token: str, form: Filled) -> Response:
        preferences.save(
            self.database,
            self.pages.config,
            token,
            name=form.one("name"),
            language=form.one("language"),
            timezone=form.one("timezone"),
            wanted=form.wanted,
            often=form.often,
            pause=form.one("pause"),
            now=self.clock(),
        )
        return self.pages.elsewhere(addresses.preferences(token), "saved=1")

    def _ask_address(self, request: Request, token: str, form: Filled) -> Response:
        found = self._read(token)
        language = self.pages.language(found.subscriber.language)
        if not self.crowd.lets_in(request):
            return self.pages.notice(language, "too-many", status=429)
        now = self.clock()
        address_change.ask_address(
            self.database, self.pages.config, token, form.one("email"), now=now
        )
        return self.pages.notice(language, "asked")

    def _erase(self, _request: Request, token: str, form: Filled) -> Response:
        if not form.one("sure"):
            raise FormError(["erase"])
        person = erasure.erase_own(self.database, token, now=self.clock())
        return self.pages.notice(self.pages.language(person.language), "erased")

    def export(self, token: str) -> Response:
        """Give all that is known of a reader, as a file."""
        known = erasure.export_own(self.database, token, now=self.clock())
        body = json.dumps(known, ensure_ascii=False, indent=2, default=_plain).encode()
        about = {"content-disposition": 'attachment; filename="tidings-data.json"'}
        headers = {**HEADERS, **about, "content-type": "application/json"}
        return Response(body, headers=headers)

    def show_leave(self, token: str) -> Response:
        """Show what a link leaves, with the button that does."""
        found = leaving.reader(self.database, self.pages.config, token, now=self.clock())
        return self._leave_page(found)

    def leave(self, request: Request, token: str, form: Form) -> Response:
        """Leave, by a person or a mail program; or, from our own page, leave all or come back."""
        config, now, act = self.pages.config, self.clock(), form.one("act")
        if act and not is_own(request):
            return self.pages.refused(request)
        if act == "undo":
            undone = leaving.undo(self.database, config, token, now=now)
            language = self.pages.language(undone.reader.subscriber.language)
            ending = "undone" if undone.names else "undo-late"
            return self.pages.notice(language, ending, names=undone.names)
        found = leaving.leave(self.database, config, token, everything=act == "all", now=now)
        return self._leave_page(found)

    def _leave_page(self, found: leaving.Reader) -> Response:
        language = self.pages.language(found.subscriber.language)
        return self.pages.page(language, "leave", reader=found, email=found.subscriber.email)


_FIELDS = ("name", "language", "timezone", "pause", "email")


def _filled(found: Preferences, email: str = "") -> Filled:
    """Return the form as it stands before a reader changes it."""
    person = found.subscriber
    topics = {
        offer.key: found.chosen[offer.key] for offer in found.offers if offer.key in found.chosen
    }
    return Filled(
        fields={
            "name": (person.name,),
            "language": (person.language,),
            "timezone": (person.timezone,),
            "pause": (found.paused_until.isoformat() if found.paused_until else "",),
            "email": (email,),
            "newsletters": tuple(topics),
            **{f"topics.{key}": chosen for key, chosen in topics.items()},
            **{f"frequency.{key}": (name,) for key, name in found.often.items()},
        }
    )


def _plain(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, datetime):
        return wallclock.in_utc(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
