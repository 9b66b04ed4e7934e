"""Fetching: what is refused, what is bounded, what a server's faults cost, and what is asked."""

import gzip
import ssl
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpcore2
import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.config import Config
from publisher.errors import InputError
from publisher.ingest import connect, public, refusals, robots
from publisher.ingest.fetch import MAX_REDIRECTS, Fetcher
from publisher.ingest.links import header_links
from publisher.ingest.public import is_public
from publisher.ingest.response import NotModified, Response, decoded, read_json
from store.records import Fetch
from tests import make
from tests.fakes import Answer, Web

DATA = Path(__file__).parents[2] / "data"
PUBLIC = "93.184.216.34"


def settings(folder: Path, **changes: Any) -> Config:
    return make.config(folder, ingest={"private_hosts": ["127.0.0.1"], "timeout": 10, **changes})


@pytest.fixture
def fetcher(tmp_path: Path) -> Iterator[Fetcher]:
    with Fetcher(settings(tmp_path, timeout=60, max_bytes=20_000)) as fetcher:
        yield fetcher


class Wired(httpcore2.NetworkBackend):
    """Sockets that lead to one server, whatever address they are told, and remember it."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.told: list[str] = []

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        self.told.append(host)
        return httpcore2.SyncBackend().connect_tcp("127.0.0.1", self.web.port, timeout)


class Names:
    """A name service that answers each question with the next of its answers."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0)


def reason(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(InputError) as refused:
        fetcher.get(url)
    assert "\n" not in str(refused.value)
    return refused.value.reason


def test_what_a_server_gives_is_read_with_what_it_says_of_it(web: Web, fetcher: Fetcher) -> None:
    headers = {
        "Content-Type": "text/HTML; charset=iso-8859-1",
        "Link": '</fr>; rel="alternate"; hreflang=fr, <https://api.example/>; rel="https://api.w.org/"',
    }
    web.pages["/a"] = Answer(headers=headers, body="né".encode("latin-1"))
    found = fetcher.get(web.url("/a#part"))
    assert (found.url, found.status, found.media_type) == (web.url("/a"), 200, "text/html")
    assert found.text == "né"
    assert [(link.target, link.language) for link in found.links] == [
        ("/fr", "fr"),
        ("https://api.example/", ""),
    ]


def test_we_say_who_we_are_and_keep_no_cookies(web: Web, fetcher: Fetcher) -> None:
    web.pages["/a"] = Answer(headers={"Set-Cookie": "lang=fr; Path=/"})
    fetcher.get(web.url("/a"))
    fetcher.get(web.url("/a"))
    asked = web.asked[-1].headers
    assert asked["user-agent"] == "Tidings (+https://news.example.org)"
    assert asked["accept-encoding"] == "gzip, deflate"
    assert "cookie" not in asked
    assert "accept-language" not in asked


def test_a_proxy_in_the_environment_is_not_asked(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1/")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1/")
    web.pages["/a"] = Answer(body=b"here")
    with Fetcher(settings(tmp_path)) as fetcher:
        assert fetcher.get(web.url("/a")).content == b"here"


@pytest.mark.parametrize(
    ("coding", "body"),
    [("gzip", gzip.compress(b"text", mtime=0)), ("deflate", zlib.compress(b"text"))],
)
def test_packed_answers_are_unpacked(web: Web, fetcher: Fetcher, coding: str, body: bytes) -> None:
    web.pages["/a"] = Answer(headers={"Content-Encoding": coding}, body=body)
    assert fetcher.get(web.url("/a")).content == b"text"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(status=404), "is not there (404): check the address"),
        (Answer(status=410), "is not there (410)"),
        (Answer(status=401), "is not for everybody (401)"),
        (Answer(status=403), "is not for everybody (403)"),
        (Answer(status=429), "is overloaded (429): try again later"),
        (Answer(status=503), "is overloaded (503): try again later"),
        (Answer(status=500), "its server has a fault (500): try again later"),
        (Answer(status=204), "its server answered 204, which gives nothing to read"),
        (Answer(status=304), "its server answered 304, which gives nothing to read"),
        (Answer(status=302), "its server answered 302, which gives nothing to read"),
        (Answer(body=b"x" * 20_001), "is larger than 20000 bytes (ingest.max_bytes)"),
        (
            Answer(
                headers={"Content-Encoding": "gzip"}, body=gzip.compress(b"0" * 50_000_000, mtime=0)
            ),
            "is larger than 20000 bytes",
        ),
        (
            Answer(
                headers={"Content-Encoding": "gzip, gzip"},
                body=gzip.compress(gzip.compress(b"0" * 50_000_000, mtime=0)),
            ),
            "is larger than 20000 bytes",
        ),
        (Answer(headers={"Content-Encoding": "gzip"}, body=b"no gzip"), "is packed in a way"),
        (
            Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"),
            "does not speak HTTP as it should, or broke off",
        ),
        (
            Answer(raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000),
            "does not speak HTTP as it should",
        ),
        (Answer(raw=b"SSH-2.0 hello\r\n"), "does not speak HTTP as it should"),
        (Answer(raw=b""), "does not speak HTTP as it should"),
        (
            Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            "does not speak HTTP as it should",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_fault_of_a_server_is_told_with_what_to_do(
    web: Web, fetcher: Fetcher, answer: Answer, told: str
) -> None:
    web.pages["/a"] = answer
    assert reason(fetcher, web.url("/a")).startswith(told)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"x" * 500, drips=True),
        Answer(raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500, drips=True),
    ],
    ids=["body", "head"],
)
def test_a_server_that_drips_is_left_when_time_is_over(
    web: Web, tmp_path: Path, answer: Answer
) -> None:
    web.pages["/a"] = answer
    with Fetcher(settings(tmp_path, timeout=0.6)) as impatient:
        assert reason(impatient, web.url("/a")).startswith("took longer than 0.6 seconds")


def test_a_server_that_falls_silent_is_left_before_time_is_over(
    web: Web, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "PATIENCE", 0.5)
    web.pages["/a"] = Answer(waits=60)
    assert reason(fetcher, web.url("/a")).startswith("has fallen silent in the middle")


def test_statuses_that_a_caller_knows_are_no_faults(web: Web, fetcher: Fetcher) -> None:
    web.pages["/a"] = Answer(status=400, body=b"{}")
    assert fetcher.get(web.url("/a"), allowed={400}).json() == {}


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://example.org/", "must begin with https:// or http://"),
        ("file:///etc/passwd", "must begin with https:// or http://"),
        ("http://", "must begin with https:// or http://"),
        ("news", "must begin with https:// or http://"),
        ("http://example.org:99999999/", "its port must be between 1 and 65535"),
        ("http://a\x00b/", "is no web address such as"),
        ("http://user:secret@example.org/", "take the password out of the address"),
        ("http://127.0.0.1:1/", "cannot be connected to"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(fetcher: Fetcher, url: str, told: str) -> None:
    found = reason(fetcher, url)
    assert found.startswith(told)
    assert "secret" not in found


REFUSED = [
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
    *("169.254.169.254", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
    *("192.88.99.1", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "fe80::1"),
    *("fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "::127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001::1"),
    *("no address", "", "4000::1"),
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_of_the_internet_is_none(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_of_the_internet_is_one(address: str) -> None:
    assert is_public(address)


def through(web: Web, names: Names, folder: Path, **changes: Any) -> tuple[Fetcher, Wired]:
    """Return a fetcher for which all of the Internet is one server."""
    sockets = Wired(web)
    network = connect.Network(private=(), resolve=names, sockets=sockets)
    return Fetcher(settings(folder, robots=False, **changes), network=network), sockets


@pytest.mark.parametrize("address", [one for one in REFUSED if ":" in one or "." in one])
def test_a_name_that_leads_to_a_private_machine_is_refused(
    web: Web, tmp_path: Path, address: str
) -> None:
    fetcher, sockets = through(web, Names([PUBLIC, address]), tmp_path)
    with fetcher:
        told = reason(fetcher, "http://news.example/")
    assert told.startswith("news.example is a private address, or leads to one")
    assert "ingest.private_hosts" in told
    assert sockets.told == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:7f00:1]", "localhost"]
)
def test_a_private_address_is_refused_however_it_is_written(tmp_path: Path, host: str) -> None:
    with Fetcher(make.config(tmp_path)) as fetcher:
        told = reason(fetcher, f"http://{host}/")
    assert "is a private address" in told or "no such host" in told


def test_a_name_that_changes_its_mind_gains_nothing(web: Web, tmp_path: Path) -> None:
    names = Names([PUBLIC], ["127.0.0.1"])
    fetcher, sockets = through(web, names, tmp_path)
    web.pages["/a"] = Answer(headers={"Connection": "close"}, body=b"here")
    with fetcher:
        assert fetcher.get("http://news.example/a").content == b"here"
        # One look, and the connection goes to the very address that was looked at.
        assert (names.asked, sockets.told) == (["news.example"], [PUBLIC])
        assert web.asked[-1].headers["host"] == "news.example"
        assert "is a private address" in reason(fetcher, "http://news.example/a")
    assert sockets.told == [PUBLIC]


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1/", "http://169.254.169.254/latest", "http://[::1]/", "http://2130706433/"],
)
def test_a_redirect_to_a_private_machine_is_refused(web: Web, tmp_path: Path, target: str) -> None:
    answers = [[PUBLIC], public.resolve(target.split("/")[2].strip("[]"), 80)]
    fetcher, sockets = through(web, Names(*answers), tmp_path)
    web.pages["/a"] = Answer(status=302, headers={"Location": target})
    with fetcher:
        assert "is a private address" in reason(fetcher, "http://news.example/a")
    assert sockets.told == [PUBLIC]


def test_private_hosts_are_let_in_by_name_and_port_and_no_others(web: Web, tmp_path: Path) -> None:
    web.pages["/a"] = Answer(body=b"here")
    with Fetcher(settings(tmp_path, private_hosts=[web.host])) as fetcher:
        assert fetcher.get(web.url("/a")).content == b"here"
    with Fetcher(settings(tmp_path, private_hosts=[f"127.0.0.1:{web.port + 1}"])) as fetcher:
        assert "is a private address" in reason(fetcher, web.url("/a"))


def test_the_certificate_must_be_that_of_the_name_and_not_of_the_address(tmp_path: Path) -> None:
    pem = DATA / "tls" / "news.example.pem"
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    trust = ssl.create_default_context(cafile=str(pem))
    web = Web()
    web.socket = server.wrap_socket(web.socket, server_side=True)
    web.pages["/a"] = Answer(headers={"Connection": "close"}, body=b"safe")
    with web.open():
        names, sockets = Names([PUBLIC], [PUBLIC]), Wired(web)
        network = connect.Network(private=(), resolve=names, sockets=sockets, tls=trust)
        with Fetcher(settings(tmp_path, robots=False), network=network) as fetcher:
            assert fetcher.get("https://news.example/a").content == b"safe"
            told = reason(fetcher, "https://other.example/a")
    assert told.startswith("cannot be connected to")
    assert "other.example" in told
    assert sockets.told == [PUBLIC, PUBLIC]


def test_redirects_are_followed_a_few_times(web: Web, fetcher: Fetcher) -> None:
    for step in range(MAX_REDIRECTS):
        web.pages[f"/{step}"] = Answer(status=301, headers={"Location": f"./{step + 1}#top"})
    web.pages[f"/{MAX_REDIRECTS}"] = Answer(body=b"end")
    assert fetcher.get(web.url("/0")).content == b"end"
    web.pages["/loop"] = Answer(status=307, headers={"Location": "/loop"})
    told = f"leads from address to address more than {MAX_REDIRECTS} times"
    assert reason(fetcher, web.url("/loop")) == told
    assert web.paths.count("/loop") == MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("ftp://example.org/", "must begin with"),
        ("file:///etc/passwd", "must begin with"),
        ("//user:x@127.0.0.1/", "take the password out"),
        ("http://127.0.0.1:99999999/", "its port must be"),
    ],
)
def test_a_redirect_is_looked_at_like_the_first_address(
    web: Web, fetcher: Fetcher, target: str, told: str
) -> None:
    web.pages["/a"] = Answer(status=302, headers={"Location": target})
    assert reason(fetcher, web.url("/a")).startswith(told)


ROBOTS = b"User-agent: *\nDisallow: /secret\n\nUser-agent: Tidings\nDisallow: /no\nAllow: /no/yes\n"


def test_robots_txt_is_asked_once_and_heeded(web: Web, fetcher: Fetcher) -> None:
    web.pages |= {path: Answer() for path in ("/no/a", "/no/yes", "/secret")}
    web.pages["/robots.txt"] = Answer(body=ROBOTS)
    told = reason(fetcher, web.url("/no/a"))
    assert told.startswith("the site asks programs to stay away")
    assert "ingest.robots" in told
    assert fetcher.get(web.url("/no/yes")).status == 200
    # Our own group stands in place of the one for all.
    assert fetcher.get(web.url("/secret")).status == 200
    assert [asked.path for asked in web.asked].count("/robots.txt") == 1
    assert "/no/a" not in web.paths


def test_the_target_of_a_redirect_is_asked_of_its_own_robots_txt(
    web: Web, fetcher: Fetcher
) -> None:
    web.pages["/robots.txt"] = Answer(body=ROBOTS)
    web.pages["/a"] = Answer(status=302, headers={"Location": "/no/a"})
    assert reason(fetcher, web.url("/a")).startswith("the site asks programs to stay away")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(status=404), None),
        (Answer(status=403), None),
        (Answer(body=b"\xff\xfe<html>" * 99), None),
        # As much as every program must read is read, and no more.
        (Answer(body=b"#" * robots.MAX_BYTES + b"\n" + ROBOTS), None),
        (Answer(status=500), "its robots.txt has a fault (500), so nothing may be read"),
        (Answer(raw=b""), "does not speak HTTP as it should"),
        (Answer(status=302, headers={"Location": "http://10.0.0.1/"}), "10.0.0.1 is a private"),
        (Answer(status=302, headers={"Location": "/robots.txt"}), None),
    ],
)
def test_a_robots_txt_that_says_nothing_allows_and_one_that_nobody_can_read_refuses(
    web: Web, fetcher: Fetcher, answer: Answer, told: str | None
) -> None:
    web.pages |= {"/robots.txt": answer, "/no/a": Answer(body=b"here")}
    if told:
        assert reason(fetcher, web.url("/no/a")).startswith(told)
    else:
        assert fetcher.get(web.url("/no/a")).content == b"here"


def test_robots_txt_is_not_asked_where_the_operator_says_so(web: Web, tmp_path: Path) -> None:
    web.pages |= {"/robots.txt": Answer(body=ROBOTS), "/no/a": Answer()}
    with Fetcher(settings(tmp_path, robots=False)) as fetcher:
        assert fetcher.get(web.url("/no/a")).status == 200
    assert [asked.path for asked in web.asked] == ["/no/a"]


def test_a_robots_txt_with_thousands_of_programs_and_rules_costs_little() -> None:
    programs = "".join(f"User-agent: {n}\n" for n in range(15_000))
    lines = "".join(f"Disallow: /{n}\n" for n in range(10_000))
    rules = robots.rules((programs + lines + "User-agent: tidings\nDisallow: /x\n").encode())
    assert rules("http://example.org/1")
    assert not rules("http://example.org/x")


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode()))
@example(b"User-agent: *\nDisallow: //[\n")
def test_any_robots_txt_gives_rules(content: bytes) -> None:
    assert robots.rules(content)("http://example.org/a") in {True, False}


def known(url: str, **changes: Any) -> Fetch:
    values = {"etag": "", "last_modified": "", "texts": 3, "fetched": make.NOW}
    return Fetch(url=url, **{**values, **changes})


def test_what_has_not_changed_is_not_read_again(web: Web, tmp_path: Path) -> None:
    web.pages["/a"] = Answer(headers={"ETag": '"1"'}, body=b"new")
    rows = {web.url("/a"): known(web.url("/a"), etag='"1"', last_modified="Mon, 23 Nov 2026")}
    with Fetcher(settings(tmp_path), known=rows.get) as fetcher:
        found = fetcher.get_if_changed(web.url("/a"))
        assert found == NotModified(url=web.url("/a"), texts=3)
        assert web.asked[-1].headers["if-modified-since"] == "Mon, 23 Nov 2026"
        web.pages["/a"] = replace(web.pages["/a"], headers={"ETag": '"2"'})
        again = fetcher.get_if_changed(web.url("/a"))
        assert isinstance(again, Response)
        assert again.content == b"new"
        # Asked without conditions it comes in any case.
        assert fetcher.get(web.url("/a")).content == b"new"
        assert "if-none-match" not in web.asked[-1].headers


def test_validators_belong_to_the_address_in_the_end(web: Web, tmp_path: Path) -> None:
    web.pages["/old"] = Answer(status=301, headers={"Location": "/new"})
    web.pages["/new"] = Answer(headers={"ETag": '"1"'})
    rows = {web.url("/new"): known(web.url("/new"), etag='"1"')}
    with Fetcher(settings(tmp_path), known=rows.get) as fetcher:
        found = fetcher.get_if_changed(web.url("/old"))
    assert found == NotModified(url=web.url("/new"), texts=3)


def errors_of(module: Any) -> list[type[Exception]]:
    found = [getattr(module, name) for name in dir(module)]
    return [
        one
        for one in found
        if isinstance(one, type) and issubclass(one, Exception) and not issubclass(one, Warning)
    ]


@pytest.mark.parametrize("kind", errors_of(httpx2), ids=lambda kind: kind.__name__)
def test_no_error_of_httpx2_is_left_to_itself(kind: type[Exception]) -> None:
    assert refusals.reason_of(kind.__new__(kind))


@pytest.mark.parametrize("kind", errors_of(httpcore2), ids=lambda kind: kind.__name__)
def test_no_error_of_httpcore2_is_left_to_itself(kind: type[Exception]) -> None:
    assert connect.reason_of(kind("why"))


def test_the_libraries_have_errors_at_all() -> None:
    assert len(errors_of(httpx2)) > 20
    assert len(errors_of(httpcore2)) > 10
    assert refusals.reason_of(ValueError()) is None
    assert connect.reason_of(ValueError()) is None


@pytest.mark.parametrize(
    ("content", "stated", "text"),
    [
        (b"\xef\xbb\xbfn\xc3\xa9", "latin-1", "né"),
        ("né".encode("utf-16"), "", "né"),
        # Called by another name out of old habit.
        ("né".encode(), "iso-8859-1", "né"),
        ("né".encode("latin-1"), "iso-8859-1", "né"),
        ("né".encode("latin-1"), "", "n\ufffd"),
        ("كرامة".encode("windows-1256"), "windows-1256", "كرامة"),
        ("日本".encode("iso-2022-jp"), "iso-2022-jp", "日本"),
        (b"n\xe9", "no-such-charset", "n\ufffd"),
        (b"n\xe9", "idna", "n\ufffd"),
        (b"n\xe9", "hex", "n\ufffd"),
    ],
)
def test_bytes_are_read_as_what_they_are(content: bytes, stated: str, text: str) -> None:
    assert decoded(content, stated) == text


@given(st.binary(max_size=50), st.text(max_size=10))
@example(b"\x80", "\x00")
def test_any_bytes_are_some_text(content: bytes, stated: str) -> None:
    assert isinstance(decoded(content, stated), str)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b"1" * 10_000, b"\xff", b'{"a": }', b"nope"]
)
def test_what_is_no_json_is_told(content: bytes) -> None:
    with pytest.raises(InputError, match="is not JSON"):
        read_json("feed.json", content)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("<a>; rel=next", [("a", {"next"}, "")]),
        ('<a>; REL="Next prev"; rel=up', [("a", {"next", "prev"}, "")]),
        (
            '<a,b>; rel="alternate"; hreflang="fr" , <c>',
            [("a,b", {"alternate"}, "fr"), ("c", set(), "")],
        ),
        ("nothing", []),
        ("<a", []),
    ],
)
def test_links_in_headers_are_read(value: str, found: list[Any]) -> None:
    links = header_links([value])
    assert [(one.target, set(one.relations), one.language) for one in links] == found


@given(st.lists(st.text(alphabet='<>;,="\\ arel', max_size=60), max_size=3))
def test_any_header_of_links_is_read(values: list[str]) -> None:
    for link in header_links(values):
        assert any(link.target in value for value in values)
