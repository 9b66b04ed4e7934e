"""Public files over HTTP: conditional, safe, and with the right headers."""

import asyncio
import gzip
import hashlib
import resource
import unicodedata
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.web import versions
from publisher.web.disk import LARGE
from publisher.web.files import PublicFiles
from publisher.web.found import File
from tests import served
from tests.publisher.web.conftest import FEED
from tests.served import ask

GIVEN_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def files(public: Path) -> PublicFiles:
    return served.files(public)


def test_a_feed_says_all_that_a_reader_and_a_cache_want_to_know(files: PublicFiles) -> None:
    reply = ask(files, "/fr/feed.atom")
    assert (reply.status, reply.body) == (200, FEED)
    changed = reply.headers["last-modified"]
    assert parsedate_to_datetime(changed).tzinfo is not None
    assert reply.headers == {
        "content-type": "application/atom+xml; charset=utf-8",
        "content-length": str(len(FEED)),
        "etag": f'"{hashlib.sha256(FEED).hexdigest()[:32]}"',
        "last-modified": changed,
        "cache-control": "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400",
        "vary": "Accept-Encoding",
        "accept-ranges": "none",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "ETag, Link",
        "link": '<https://hub.example.org/>; rel="hub", '
        '<https://news.example.org/fr/feed.atom>; rel="self"',
        "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self' https:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }


@pytest.mark.parametrize(
    ("path", "tells"),
    [
        ("/fr/archive/12/feed.atom", False),
        ("/fr/topics/archive/archive/1/feed.json", False),
        ("/fr/topics/archive/feed.rss", True),
        ("/fr/topics/12/feed.atom", True),
    ],
)
def test_no_hub_tells_of_archive_documents_in_which_nothing_is_new(path: str, tells: bool) -> None:
    said = versions.links(served.SITE, path)
    assert ('<https://hub.example.org/>; rel="hub"' in said) == tells
    assert f'<https://news.example.org{path}>; rel="self"' in said


def test_a_page_is_for_its_readers_only(files: PublicFiles) -> None:
    reply = ask(files, "/fr/")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "link" not in reply.headers
    assert "access-control-allow-origin" not in reply.headers


def test_gzip_is_another_representation(files: PublicFiles) -> None:
    plain = ask(files, "/fr/feed.atom")
    packed = ask(files, "/fr/feed.atom", accept_encoding="gzip, deflate")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == FEED
    assert packed.headers["etag"] == f'"{hashlib.sha256(packed.body).hexdigest()[:32]}"'
    assert packed.headers["etag"] != plain.headers["etag"]
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    # Who has the one has not the other.
    mixed = ask(files, "/fr/feed.atom", if_none_match=packed.headers["etag"])
    assert mixed.status == 200


def test_a_reader_who_has_it_gets_304(files: PublicFiles) -> None:
    first = ask(files, "/fr/feed.atom")
    tag, changed = first.headers["etag"], first.headers["last-modified"]
    for headers in (
        {"if_none_match": tag},
        {"if_none_match": f'"other", W/{tag}'},
        {"if_none_match": "*"},
        {"if_modified_since": changed},
        {"if_none_match": tag, "if_modified_since": "Sun, 06 Nov 1994 08:49:37 GMT"},
    ):
        reply = ask(files, "/fr/feed.atom", **headers)
        assert (reply.status, reply.body) == (304, b"")
        # RFC 9110, 15.4.5; and scripts of other sites get to see a 304 only with the last one.
        assert reply.headers == {
            name: first.headers[name]
            for name in (
                "etag",
                "cache-control",
                "last-modified",
                "vary",
                "access-control-allow-origin",
            )
        }
    stale = ask(files, "/fr/feed.atom", if_none_match='"other"', if_modified_since=changed)
    assert stale.status == 200
    assert ask(files, "/fr/feed.atom", if_match='"other"').status == 412


def test_a_part_is_never_sent(files: PublicFiles) -> None:
    # RFC 9110, 14.2: who does not do ranges ignores them.
    reply = ask(files, "/fr/feed.atom", range="bytes=0-9", if_range='"x"')
    assert (reply.status, reply.body) == (200, FEED)
    assert reply.headers["accept-ranges"] == "none"


def test_a_feed_is_whole_even_for_those_who_ask_for_what_is_new(files: PublicFiles) -> None:
    reply = ask(files, "/fr/feed.atom", a_im="feed, gzip", if_none_match='"old"')
    assert (reply.status, reply.body) == (200, FEED)
    assert "im" not in reply.headers


@pytest.mark.parametrize("language", ["fr", "ar", "*", "en;q=0.1", ""])
@pytest.mark.parametrize("accept", ["text/html", "application/rss+xml", "*/*", "image/png"])
def test_an_address_has_one_language_and_one_format(
    files: PublicFiles, language: str, accept: str
) -> None:
    reply = ask(files, "/fr/feed.atom", accept=accept, accept_language=language)
    assert (reply.status, reply.body) == (200, FEED)
    assert "accept," not in reply.headers["vary"].lower() + ","
    assert "language" not in reply.headers["vary"].lower()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/fr/feed.atom", 200),
        ("/fr/items/8-old/", 301),
        ("/fr", 301),
        ("/fr/items/9-gone/", 410),
        ("/none", 404),
        ("/fr/%zz", 400),
        ("/healthz", 200),
        ("/readyz", 200),
    ],
)
def test_head_says_what_get_says(files: PublicFiles, path: str, status: int) -> None:
    head, get = ask(files, path, "HEAD"), ask(files, path)
    assert head.status == get.status == status
    assert head.headers == get.headers
    assert head.body == b""
    assert get.headers["content-length"] == str(len(get.body))


def test_a_page_that_is_gone_says_so(files: PublicFiles) -> None:
    reply = ask(files, "/fr/items/9-gone/")
    assert (reply.status, reply.body) == (410, b"<p>gone</p>")
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["cache-control"] == "public, max-age=60"


def test_a_page_with_another_address_leads_there(files: PublicFiles) -> None:
    reply = ask(files, "/fr/items/8-old/")
    assert (reply.status, reply.headers["location"]) == (301, "/fr/items/8-new/")


@pytest.mark.parametrize("path", ["/fr/items/9-gone/", "/fr/items/8-old/", "/none"])
def test_no_condition_makes_another_answer_of_what_is_no_file(
    files: PublicFiles, path: str
) -> None:
    # RFC 9110, 13.2.1: preconditions are for what would be 200 without them.
    plain = ask(files, path)
    asked = ask(files, path, if_none_match="*", if_modified_since=plain.headers.get("date", "x"))
    assert asked == plain
    assert "etag" not in plain.headers
    assert ask(files, path, if_match='"x"') == plain


def test_a_folder_without_its_slash_leads_to_the_folder(files: PublicFiles) -> None:
    reply = ask(files, "/fr")
    assert (reply.status, reply.headers["location"]) == (301, "./fr/")
    name = quote("7-كرامة")
    assert ask(files, f"/ar/items/{name}").headers["location"] == f"./{name}/"


def test_a_name_is_found_in_either_form_of_its_letters(files: PublicFiles, public: Path) -> None:
    composed = unicodedata.normalize("NFC", "élan")
    (public / f"{composed}.html").write_bytes(b"<p>one</p>")
    decomposed = quote(unicodedata.normalize("NFD", composed))
    assert decomposed != quote(composed)
    assert ask(files, f"/{quote(composed)}.html").status == 200
    reply = ask(files, f"/{decomposed}.html")
    # One page has one address: whoever links to it links to that.
    assert (reply.status, reply.headers["location"]) == (301, f"/{quote(composed)}.html")


def test_arabic_is_found_however_it_is_escaped(files: PublicFiles) -> None:
    path = quote("/ar/items/7-كرامة/")
    assert ask(files, path).status == ask(files, path.lower()).status == 200


@pytest.mark.parametrize(
    "path",
    ["/../secret", "/fr/../../secret", "/.hidden", "/fr/.feed.atom.new", "//etc/passwd", "/none"],
)
def test_what_is_not_public_is_not_found(files: PublicFiles, path: str) -> None:
    reply = ask(files, path)
    assert (reply.status, reply.body) == (404, b"Not Found\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_only_reading_is_allowed(files: PublicFiles, method: str) -> None:
    for path in ("/fr/", "/none"):
        reply = ask(files, path, method)
        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_scripts_of_other_sites_may_ask_before_they_read(files: PublicFiles) -> None:
    reply = ask(files, "/fr/feed.atom", "OPTIONS", access_control_request_headers="if-none-match")
    assert reply.status == 204
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "If-None-Match" in reply.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in ask(files, "/fr/", "OPTIONS").headers


def test_a_request_names_one_host(files: PublicFiles) -> None:
    for host in ({}, {"host": "a, b"}):
        scope: dict[str, Any] = {"headers": [(k.encode(), v.encode()) for k, v in host.items()]}
        assert _status(files, scope) == 400
    assert _status(files, {"headers": [], "http_version": "1.0"}) == 200


def _status(files: PublicFiles, about: dict[str, Any]) -> int:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "http_version": "1.1", "method": "GET", "raw_path": b"/fr/"}
    asyncio.run(files({**scope, **about}, _nothing, send))
    status: int = sent[0]["status"]
    return status


async def _nothing() -> Any:
    raise AssertionError("nobody reads here")


def test_a_large_file_is_sent_piece_by_piece(files: PublicFiles, public: Path) -> None:
    body = b"%PDF" * (LARGE // 4 + 1)
    (public / "report.pdf").write_bytes(body)
    reply = ask(files, "/report.pdf")
    assert (reply.status, reply.body) == (200, body)
    assert reply.headers["content-length"] == str(len(body))
    assert ask(files, "/report.pdf", if_none_match=reply.headers["etag"]).status == 304
    assert ask(files, "/report.pdf", "HEAD").headers == reply.headers


def test_a_large_file_whose_place_another_takes_meanwhile_is_sent_as_it_is_by_then(
    files: PublicFiles, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, beside, opened = public / "report.pdf", public / ".new", files._shelf.open
    place.write_bytes(b"1" * (LARGE + 1))
    beside.write_bytes(b"2" * (LARGE + 1))

    def late(file: File) -> BinaryIO | None:
        if beside.exists():
            beside.replace(place)
        return opened(file)

    monkeypatch.setattr(files._shelf, "open", late)
    assert ask(files, "/report.pdf").body == b"2" * (LARGE + 1)


def test_a_disk_in_trouble_is_no_404(files: PublicFiles) -> None:
    async def troubled() -> int:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        # Let the loop and its threads have what they need first.
        await asyncio.to_thread(int)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            await files(_scope("/fr/feed.atom"), _nothing, send)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        status: int = sent[0]["status"]
        return status

    assert asyncio.run(troubled()) == 503


def _scope(path: str) -> dict[str, Any]:
    about = {"type": "http", "http_version": "1.1", "method": "GET", "raw_path": path.encode()}
    return {**about, "headers": [(b"host", b"x")]}


def test_health_is_told_without_the_database_and_readiness_with_it(public: Path) -> None:
    for answer, status in ((True, 200), (False, 503)):
        files = served.files(public, ready=lambda answer=answer: answer)
        assert ask(files, "/readyz").status == status
        assert ask(files, "/readyz").headers["cache-control"] == "no-store"
        assert ask(files, "/healthz").body == b"ok\n"


def test_what_is_no_public_file_is_for_the_application_behind(public: Path) -> None:
    asked: list[str] = []

    async def rest(scope: Any, _receive: Any, send: Any) -> None:
        asked.append(scope["type"])
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 299, "headers": []})
            await send({"type": "http.response.body", "body": b"rest"})

    files = served.files(public, rest=rest)
    for method, path in (
        ("GET", "/desk/"),
        ("POST", "/subscribe"),
        ("GET", "/leave/.t-" + "x" * 300),
    ):
        assert ask(files, path, method).status == 299
    assert ask(files, "/fr/").status == 200
    assert ask(files, "/fr/", "POST").status == 405
    assert ask(files, "/fr/items/9-gone/").status == 410
    assert ask(files, "/fr/%zz").status == 400
    asyncio.run(files({"type": "lifespan"}, _nothing, _ignore))
    assert asked == ["http", "http", "http", "lifespan"]


async def _ignore(_message: Any) -> None:
    return


TAGS = st.sampled_from(['"x"', "*", "W/", ",", '"', "TAG", " "])


@GIVEN_FOLDER
@given(
    path=st.sampled_from(["/fr/feed.atom", "/fr/feed.rss", "/fr/", "/fr/?x", "/none", "/fr"]),
    tags=st.none() | st.lists(TAGS, max_size=5).map("".join),
    encoding=st.none()
    | st.sampled_from(["gzip", "gzip;q=0", "*", "identity", "br;q=1, gzip;q=.5"]),
    since=st.none() | st.sampled_from(["Sun, 06 Nov 1994 08:49:37 GMT", "now", "CHANGED"]),
)
def test_the_short_way_says_what_the_long_way_says(
    public: Path, path: str, tags: str | None, encoding: str | None, since: str | None
) -> None:
    files = served.files(public)
    plain = path.partition("?")[0]
    known = ask(files, plain, **({"accept_encoding": encoding} if encoding else {})).headers
    asked = {
        "if_none_match": tags and tags.replace("TAG", known.get("etag", "")),
        "accept_encoding": encoding,
        "if_modified_since": since and since.replace("CHANGED", known.get("last-modified", "")),
    }
    headers = {name: value for name, value in asked.items() if value is not None}
    long = ask(files, plain, **headers)

    async def shortly() -> Any:
        pairs = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        return files.quick(path.encode(), [(b"host", b"x"), *pairs])

    short = asyncio.run(shortly())
    if long.status not in {200, 304}:
        assert short is None
        return
    status, head, body = short
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
    assert (status, fields, body) == (long.status, dict(long.headers), long.body)


def test_in_one_turn_of_the_loop_the_disk_is_asked_once_and_in_the_next_again(
    files: PublicFiles, public: Path
) -> None:
    async def turns() -> list[bytes | None]:
        found = [body_of(files)]
        beside = public / "fr" / ".feed.atom.new"
        beside.write_bytes(FEED.swapcase())
        beside.replace(public / "fr" / "feed.atom")
        found.append(body_of(files))
        await asyncio.sleep(0)
        found.append(body_of(files))
        return found

    ask(files, "/fr/feed.atom")
    assert asyncio.run(turns()) == [FEED, FEED, None]
    assert ask(files, "/fr/feed.atom").body == FEED.swapcase()


def body_of(files: PublicFiles) -> bytes | None:
    ready = files.quick(b"/fr/feed.atom", [(b"host", b"x")])
    return ready[2] if ready else None
