"""The reader's pages over HTTP: what they say, to whom, and what they never tell."""

import asyncio
import http.client
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from publisher import languages
from publisher.config import Config
from publisher.errors import InputError
from publisher.subscriptions import embedding
from publisher.web import public
from publisher.web.pages import Pages
from store import consents, subscribers, tables
from store.database import Database, open_database
from store.records import Status
from tests import make, people, served
from tests.people import ZOE
from tests.served import Reply

DAY = timedelta(days=1)
_PART = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--b--\r\n'


@dataclass
class Site:
    """A site that is served, at an hour that the test says."""

    database: Database
    config: Config
    port: int = 0
    now: datetime = make.NOW

    def ask(self, method: str, path: str, body: str | bytes = b"", **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body or None, headers=asked)
        reply = connection.getresponse()
        names = {name.lower(): value for name, value in reply.getheaders()}
        found = Reply(status=reply.status, headers=names, body=reply.read())
        connection.close()
        return found

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, **headers)

    def post(self, path: str, form: Mapping[str, object] | None = None, **headers: str) -> Reply:
        body = urlencode(form or {}, doseq=True)
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", path, body, content_type=kind, **headers)

    def sign_up(self, email: str = ZOE, language: str = "en", **fields: object) -> Reply:
        form = {"email": email, "newsletters": "digest", **fields}
        return self.post(f"/subscribe/{language}", form)

    def token(self, name: str) -> str:
        return people.token(self.database, self.config, name)


@pytest.fixture
def site(migrated: bytes, config: Config) -> Iterator[Site]:
    path = config.folder / "tidings.db"
    path.write_bytes(migrated)
    database = open_database(f"sqlite:///{path}")
    people.site(database, config)
    made = Site(database=database, config=config)
    behind = public.application(database, config, clock=lambda: made.now)
    with served.server(config, rest=behind) as server:
        made.port = server.port
        yield made
    database.close()


def text(reply: Reply) -> str:
    return reply.body.decode()


def heading(reply: Reply) -> str:
    (found,) = re.findall(r"<h1>(.*?)</h1>", text(reply))
    return str(found)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("de, ar;q=0.5, es;q=0.4", "ar"),
        ("es;q=0.1, ar;q=0.2", "ar"),
        ("de", "en"),
        ("", "en"),
        ("*", "en"),
        ("fr;q=0, es", "es"),
        ("x" * 9000, "en"),
        (",;,q=,\u00e9;q=x,ar-EG", "ar"),
    ],
)
def test_a_reader_is_led_to_the_form_in_their_language(
    site: Site, accepted: str, language: str
) -> None:
    reply = site.get("/subscribe", accept_language=accepted)
    assert (reply.status, reply.headers["location"]) == (303, f"/subscribe/{language}")
    assert reply.headers["vary"] == "Accept-Language"
    stated = site.get("/subscribe?lang=es", accept_language=accepted)
    assert stated.headers["location"] == "/subscribe/es"


@given(st.text(max_size=80) | st.lists(st.sampled_from(["fr", "ar-EG", ";q=0.5", ",", "*", "-",
                                                        "q=", "=", ";"])).map("".join))  # fmt: skip
def test_whatever_a_browser_accepts_it_is_shown_a_language_of_the_site(accepted: str) -> None:
    pages = Pages(config=make.config(Path()))
    assert pages.asked("", accepted) in make.LANGUAGES


def test_how_often_a_newsletter_comes_begins_a_field_in_capitals_and_ends_a_line_in_none(
    site: Site,
) -> None:
    often = {"weekly": "mon 07:00"}
    make.start(site.database, site.config, key="brief", names={"fr": "Brève"}, frequencies=often)
    assert ">Chaque semaine</option>" in text(site.get("/subscribe/fr"))
    chosen = {"newsletters": "brief", "frequency.brief": "weekly"}
    assert site.sign_up(language="fr", **chosen).status == 200
    assert "<li>Brève (chaque semaine)</li>" in text(site.get(f"/confirm/{site.token('confirm')}"))


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_the_form_is_in_its_language_and_safe(site: Site, language: str) -> None:
    reply = site.get(f"/subscribe/{language}")
    strings = languages.strings(language)
    assert reply.status == 200
    assert heading(reply) == strings.text("subscribe")
    assert strings.text("consent", site=site.config.name(language)) in text(reply)
    assert f'<html lang="{language}" dir="{languages.direction(language)}">' in text(reply)
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["referrer-policy"] == "no-referrer"
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "script" not in policy
    assert site.ask("HEAD", f"/subscribe/{language}").status == 200


def test_only_the_form_is_for_search_engines(site: Site) -> None:
    people.join(site.database, site.config)
    assert "x-robots-tag" not in site.get("/subscribe/en").headers
    for path in (
        f"/confirm/{site.token('confirm')}",
        f"/preferences/{site.token('welcome')}",
        f"/leave/{people.leave_token(site.database, people.person(site.database))}",
    ):
        reply = site.get(path)
        assert reply.status == 200
        assert reply.headers["x-robots-tag"] == "noindex"
        assert reply.headers["cache-control"] == "no-store"
        assert '<meta name="robots" content="noindex">' in text(reply)
        assert "set-cookie" not in reply.headers


def test_the_answer_is_the_same_whoever_is_signed_up(site: Site) -> None:
    known = people.join(site.database, site.config, "joe@example.org")
    assert known.status is Status.ACTIVE
    answers = {
        (reply.status, reply.body, tuple(sorted(set(reply.headers) - {"date"})))
        for reply in (
            *(site.sign_up(email) for email in (ZOE, "joe@example.org", "ann@example.org")),
            # Too often for one address, too.
            *(site.sign_up(ZOE) for _ in range(5)),
        )
    }
    assert len(answers) == 1


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_what_is_wrong_is_said_beside_its_field_in_the_readers_language(
    site: Site, language: str
) -> None:
    reply = site.sign_up('"><script>alert(1)</script>', language, newsletters=[])
    t, page = languages.strings(language).text, text(reply)
    assert reply.status == 422
    assert t("form-wrong") in page
    for field in ("email", "newsletters"):
        assert f'aria-describedby="{field}-error"' in page
        assert f'id="{field}-error">{t(f"error-{field}")}' in page
    assert "<script>alert" not in page
    assert 'value="&#34;&gt;&lt;script&gt;' in page
    assert people.written(site.database) == []


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_an_address_with_letters_that_no_mail_goes_to_yet_has_a_sentence_of_its_own(
    site: Site, language: str
) -> None:
    reply = site.sign_up("zoé@example.org", language)
    t, page = languages.strings(language).text, text(reply)
    assert reply.status == 422
    assert f'id="email-error">{t("error-email-letters")}' in page
    assert t("error-email") not in page
    assert t("error-email-letters") != "error-email-letters"


def test_what_was_filled_in_right_is_still_there_beside_what_is_wrong(site: Site) -> None:
    page = text(site.sign_up("zoe", name="Zoë", timezone="Africa/Tunis"))
    assert 'name="name" value="Zoë"' in page
    assert "<option selected>Africa/Tunis" in page
    assert re.search(r'value="digest" checked', page)


def test_a_network_can_ask_for_so_many_letters_an_hour(site: Site) -> None:
    replies = [site.sign_up(f"p{n}@example.org").status for n in range(32)]
    assert replies == [200] * 30 + [429] * 2
    reply = site.sign_up("late@example.org", "ar")
    assert heading(reply) == languages.strings("ar").text("too-many-title")
    assert reply.headers["retry-after"] == "3600"
    assert len(people.written(site.database)) == 30


def test_looking_at_a_link_confirms_nothing_and_pressing_its_button_does(site: Site) -> None:
    site.sign_up(language="fr")
    path = f"/confirm/{site.token('confirm')}"
    for method in ("GET", "HEAD", "GET"):
        assert site.ask(method, path).status == 200
    assert ZOE in text(site.get(path))
    assert people.person(site.database).status is Status.PENDING
    for _ in range(2):
        reply = site.post(path)
        assert reply.status == 200
        assert heading(reply) == languages.strings("fr").text("confirmed-title")
    assert people.person(site.database).status is Status.ACTIVE
    assert f'href="/preferences/{site.token("welcome")}"' in text(reply)


@pytest.mark.parametrize("kind", ["confirm", "preferences", "leave"])
@pytest.mark.parametrize("token", ["x", "c1.WzFd.AAAA", "c1..", "%00", "%ff", "a" * 3000, "%C3%A9"])
def test_a_link_that_is_none_of_ours_is_said_so_in_the_browsers_language(
    site: Site, kind: str, token: str
) -> None:
    for method in ("GET", "POST"):
        reply = site.ask(method, f"/{kind}/{token}", accept_language="es")
        assert reply.status in {400, 404}
        if reply.status == 404 and reply.headers["content-type"].startswith("text/html"):
            assert heading(reply) == languages.strings("es").text("link-wrong-title")


def test_a_link_that_is_too_old_says_so(site: Site) -> None:
    site.sign_up()
    site.now += 8 * DAY
    reply = site.get(f"/confirm/{site.token('confirm')}", accept_language="ar")
    assert reply.status == 410
    assert heading(reply) == languages.strings("ar").text("link-old-title")


def test_a_mail_program_leaves_by_one_post_in_either_form(site: Site) -> None:
    person = people.join(site.database, site.config, wanted={"digest": (), "alerts": ()})
    urlencoded = site.post(
        f"/leave/{people.leave_token(site.database, person)}",
        {"List-Unsubscribe": "One-Click"},
        sec_fetch_site="cross-site",
    )
    assert urlencoded.status == 200
    assert people.wants(site.database, person) == {"alerts": ()}
    # RFC 8058, 3.2: "multipart/form-data" or "application/x-www-form-urlencoded".
    part = '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n'
    multipart = site.ask(
        "POST",
        f"/leave/{people.leave_token(site.database, person, 'alerts')}",
        f"{part}--b--\r\n",
        content_type="multipart/form-data; boundary=b",
        sec_fetch_site="cross-site",
    )
    assert multipart.status == 200
    assert "set-cookie" not in multipart.headers
    assert people.person(site.database).status is Status.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", "broken"),
        ("multipart/form-data; boundary=b; charset=undefined", _PART),
        ("application/json", "{"),
        ("text/plain", ""),
        ("", ""),
    ],
)
def test_whoever_asks_to_leave_has_left_however_broken_the_form(
    site: Site, kind: str, body: str
) -> None:
    person = people.join(site.database, site.config)
    headers = {"content_type": kind} if kind else {}
    path = f"/leave/{people.leave_token(site.database, person)}"
    assert site.ask("POST", path, body, **headers).status == 200
    assert people.wants(site.database, person) == {}


def test_a_form_that_is_broken_is_no_news(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.ask("POST", "/subscribe", "email=a", content_type="multipart/form-data; boundary=b")
    assert caplog.records == []


def test_looking_at_the_page_to_leave_leaves_nothing_and_leaving_can_be_undone(site: Site) -> None:
    person = people.join(site.database, site.config)
    path = f"/leave/{people.leave_token(site.database, person)}"
    assert site.get(path).status == site.ask("HEAD", path).status == 200
    assert people.wants(site.database, person) == {"digest": ()}
    left = site.post(path)
    assert heading(left) == languages.strings("en").text("left-title")
    assert 'name="act" value="undo"' in text(left)
    undone = site.post(path, {"act": "undo"})
    assert heading(undone) == languages.strings("en").text("undone-title")
    assert people.wants(site.database, person) == {"digest": ()}


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_an_undo_names_all_that_came_back_or_says_that_it_is_too_late(
    site: Site, language: str
) -> None:
    wanted: dict[str, tuple[str, ...]] = {"digest": (), "alerts": ()}
    person = people.join(site.database, site.config, language=language, wanted=wanted)
    path = f"/leave/{people.leave_token(site.database, person)}"
    strings = languages.strings(language)
    site.post(path, {"act": "all"})
    site.now += 2 * DAY
    late = site.post(path, {"act": "undo"})
    assert heading(late) == strings.text("undo-late-title")
    assert strings.text("undo-late") in text(late)
    assert f'href="/subscribe/{language}"' in text(late)
    site.now -= 2 * DAY
    undone = site.post(path, {"act": "undo"})
    assert heading(undone) == strings.text("undone-title")
    digest = make.newsletter().names[language]
    assert f"<li>Alerts</li>\n<li>{digest}</li>" in text(undone)
    # A second click finds them there.
    twice = site.post(path, {"act": "undo"})
    assert heading(twice) == strings.text("undone-title")


def test_the_only_newsletter_is_ticked_for_who_signs_up_and_not_for_who_left_it(
    site: Site,
) -> None:
    person = people.join(site.database, site.config)
    with site.database.write() as tx:
        tx.run(delete(tables.newsletters).where(tables.newsletters.c.key == "alerts"))
    box = r'<input type="checkbox" name="newsletters" value="(\w+)"( checked)?>'
    assert re.findall(box, text(site.get("/subscribe/en"))) == [("digest", " checked")]
    path = f"/preferences/{people.own_token(site.database, person)}"
    assert re.findall(box, text(site.get(path))) == [("digest", " checked")]
    site.post(f"/leave/{people.leave_token(site.database, person)}")
    assert re.findall(box, text(site.get(path))) == [("digest", "")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "none"}, 200),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": "https://news.example.org"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "https://news.example.org", "host": "news.example.org"}, 200),
        ({"origin": "null"}, 200),
        ({}, 200),
    ],
)
def test_forms_of_other_sites_are_not_taken(
    site: Site, headers: dict[str, str], status: int
) -> None:
    person = people.join(site.database, site.config)
    own = f"/preferences/{people.own_token(site.database, person)}"
    leave = f"/leave/{people.leave_token(site.database, person)}"
    site.sign_up("joe@example.org")
    confirm = f"/confirm/{site.token('confirm')}"
    expected = {200: [422, 200, 200], 403: [403, 403, 403]}[status]
    replies = [
        site.post(own, {"act": "erase"}, **headers),
        site.post(leave, {"act": "undo"}, **headers),
        site.post(confirm, {}, **headers),
    ]
    assert [reply.status for reply in replies] == expected


def test_a_form_on_a_page_of_anybody_signs_up(site: Site) -> None:
    html = embedding.snippet(site.database, site.config, "digest", "ar")
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', html))
    assert 'action="https://news.example.org/subscribe"' in html
    assert "<script" not in html
    reply = site.post("/subscribe", {**fields, "email": ZOE}, sec_fetch_site="cross-site")
    assert heading(reply) == languages.strings("ar").text("asked-title")
    person = people.person(site.database)
    with site.database.read() as tx:
        (asked,) = consents.of(tx, person.id)
    assert asked.wording in html
    assert (person.language, asked.choice["newsletters"]) == ("ar", {"digest": []})


def test_no_form_is_made_for_readers_to_whom_the_newsletter_is_not_offered(site: Site) -> None:
    make.start(site.database, site.config, key="brief", languages=("en", "fr"))
    with pytest.raises(InputError, match=r"brief is not offered in ar; it is in: en, fr$"):
        embedding.snippet(site.database, site.config, "brief", "ar")
    for language in ("en", "fr"):
        html = embedding.snippet(site.database, site.config, "brief", language)
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', html))
        assert site.post("/subscribe", {**fields, "email": ZOE}).status == 200


def test_preferences_are_shown_changed_and_shown_again(site: Site) -> None:
    person = people.join(site.database, site.config, name="Zoë")
    path = f"/preferences/{people.own_token(site.database, person)}"
    page = text(site.get(path))
    assert 'value="Zoë"' in page
    assert re.search(r'value="digest" checked', page)
    assert not re.search(r'value="alerts" checked', page)
    form = {
        "act": "save",
        "name": "Zoë H.",
        "language": "fr",
        "timezone": "Europe/Paris",
        "newsletters": ["alerts"],
        "pause": "2026-12-24",
    }
    saved = site.post(path, form)
    assert (saved.status, saved.headers["location"]) == (303, f"{path}?saved=1")
    page = text(site.get(saved.headers["location"]))
    assert languages.strings("fr").text("saved") in page
    assert 'value="2026-12-24"' in page
    assert re.search(r'value="alerts" checked', page)
    assert people.person(site.database).timezone == "Europe/Paris"
    for pause in ("soon", "2025-12-24"):
        wrong = site.post(path, {**form, "pause": pause, "name": "Nobody"})
        assert wrong.status == 422
        assert 'aria-describedby="pause-error pause-hint"' in text(wrong)
        assert languages.strings("fr").text("error-pause") in text(wrong)
    assert people.person(site.database).name == "Zoë H."


def test_a_form_that_is_sent_as_it_was_shown_changes_no_language(site: Site) -> None:
    person = people.join(site.database, site.config, language="fr")
    with site.database.write() as tx:
        subscribers.change(tx, person.id, language="fr-CA")
    path = f"/preferences/{people.own_token(site.database, person)}"
    page = text(site.get(path))
    assert '<html lang="fr"' in page
    (shown,) = re.findall(r'<option value="([^"]+)" lang="[^"]+" selected>', page)
    form = {"act": "save", "language": shown, "newsletters": ["digest"], "name": "Zoë"}
    assert site.post(path, form).status == 303
    assert (people.person(site.database).name, people.person(site.database).language) == (
        *("Zoë", "fr-CA"),
    )


def test_a_new_address_is_asked_for_and_confirmed(site: Site) -> None:
    person = people.join(site.database, site.config)
    path = f"/preferences/{people.own_token(site.database, person)}"
    assert site.post(path, {"act": "address", "email": "zoe"}).status == 422
    asked = site.post(path, {"act": "address", "email": "zoe@new.example"})
    assert heading(asked) == languages.strings("en").text("asked-title")
    confirm = f"/confirm/{site.token('address')}"
    assert "zoe@new.example" in text(site.get(confirm))
    assert people.person(site.database).email == ZOE
    for _ in range(2):
        assert site.post(confirm).status == 200
    assert people.person(site.database, "zoe@new.example").id == person.id


def test_a_reader_downloads_and_erases_what_is_known(site: Site) -> None:
    person = people.join(site.database, site.config, name="Zoë")
    path = f"/preferences/{people.own_token(site.database, person)}"
    export = site.get(f"{path}/export")
    assert export.headers["content-disposition"].startswith("attachment")
    assert export.headers["cache-control"] == "no-store"
    assert json.loads(export.body)["name"] == "Zoë"
    assert site.post(path, {"act": "erase"}).status == 422
    erased = site.post(path, {"act": "erase", "sure": "yes"})
    assert heading(erased) == languages.strings("en").text("erased-title")
    for gone in (path, f"{path}/export"):
        assert site.get(gone).status == 410


def test_a_form_that_is_too_long_is_not_read(site: Site) -> None:
    for _ in range(3):
        assert site.sign_up(name="x" * 50_000).status == 422
        assert site.sign_up(name="x" * 70_000).status == 413
    assert people.written(site.database) == []


def test_what_is_no_page_is_not_found_in_the_readers_language(site: Site) -> None:
    for path in ("/subscribe/de", "/subscribe/en/", "/leave/", "/confirm/a/b"):
        reply = site.get(path, accept_language="fr")
        assert reply.status == 404
        assert heading(reply) == languages.strings("fr").text("link-wrong-title")
    assert site.get("/nothing-here").status == 404
    assert site.ask("DELETE", "/subscribe/en").status == 405


@pytest.mark.parametrize("path", ["/subscribe/en", "/leave/x"])
def test_who_goes_before_a_form_has_come_is_no_news(site: Site, path: str) -> None:
    behind = public.application(site.database, site.config, clock=lambda: site.now)
    form = (b"content-type", b"application/x-www-form-urlencoded")
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [form, (b"content-length", b"10")],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_message: object) -> None:
        pass

    # An error would come out here, and into the log.
    asyncio.run(behind(scope, receive, send))


def test_a_template_at_fault_is_told_to_the_operator_and_no_token_with_it(
    config: Config, migrated: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = config.folder / "own" / "web" / "reader" / "notice.html"
    path.parent.mkdir(parents=True)
    path.write_text("\n{{ gossip }}", encoding="utf-8")
    site_ = config.site.model_copy(update={"templates": Path("own")})
    changed = config.model_copy(update={"site": site_})
    (config.folder / "tidings.db").write_bytes(migrated)
    database = open_database(f"sqlite:///{config.folder / 'tidings.db'}")
    behind = public.application(database, changed, clock=lambda: make.NOW)
    with served.server(changed, rest=behind) as server:
        answer = Site(database=database, config=changed, port=server.port).get("/confirm/SECRET")
    assert answer.status == 500
    assert b"gossip" not in answer.body
    assert f"{path}:2: 'gossip' is undefined" in caplog.text
    assert "SECRET" not in caplog.text
