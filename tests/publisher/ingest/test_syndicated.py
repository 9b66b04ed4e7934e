"""Feeds: what an entry gives, which entries are one item, and what a broken feed costs."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import characters
from publisher.config import Config
from publisher.errors import InputError
from publisher.ingest import intake, readings, sources, syndicated
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.response import Response
from publisher.ingest.syndicated import MAX_ENTRIES, MAX_PARTS, Syndicated
from store import fetches, items, translations
from store.database import Database
from store.records import Workflow
from tests import make
from tests.fakes import Answer, Web

DATA = Path(__file__).parents[2] / "data" / "feeds"
BRUSSELS = ZoneInfo("Europe/Brussels")
FEED = "https://wells.example/feed"


def response(content: bytes, **changes: Any) -> Response:
    values: dict[str, Any] = {
        "url": FEED,
        "status": 200,
        "media_type": "",
        "charset": "",
        "content": content,
        "headers": {},
        "links": (),
    }
    return Response(**{**values, **changes})


def read(content: bytes | str, language: str = "", **changes: Any) -> list[Draft | Rejected]:
    body = content.encode() if isinstance(content, str) else content
    feed = Syndicated(
        place="feed",
        response=response(body, **changes),
        languages=make.LANGUAGES,
        zone=BRUSSELS,
        language=language,
    )
    return list(feed.drafts())


def taken(content: bytes | str, language: str = "", **changes: Any) -> list[Draft]:
    found = read(content, language, **changes)
    assert [one for one in found if isinstance(one, Rejected)] == []
    return [one for one in found if isinstance(one, Draft)]


def refused(content: bytes | str, language: str = "", **changes: Any) -> str:
    (found,) = read(content, language, **changes)
    assert isinstance(found, Rejected)
    assert "\n" not in found.reason
    return found.reason


def rss(*parts: str, head: str = "<language>en</language>", root: str = "") -> str:
    inner = "".join(f"<item>{part}</item>" for part in parts)
    return f'<rss version="2.0" {root}><channel><title>T</title>{head}{inner}</channel></rss>'


ITEM = "<title>News</title><guid>https://wells.example/1</guid><description>Text.</description>"


def test_an_entry_of_rss_is_read_whole() -> None:
    first, second = taken((DATA / "en.rss").read_bytes())
    assert first.words.title == "A new well in Kassala – “water at last”"
    assert first.words.summary == "Three hundred families drink clean water. […]"
    assert first.words.body == (
        "Since Monday **300 families** have had *clean water*.\n\n"
        "## How it was built\n\n"
        "- two years of work\n"
        "- one [team of engineers](https://wells.example/en/engineers/?a=1&b=2)\n\n"
        "![The well](https://wells.example/files/well.jpg)\n\n"
        "| Year | Wells |\n| --- | --- |\n| 2025 | 3 |"
    )
    assert (first.language, first.url) == ("en", "https://wells.example/en/kassala/")
    assert first.dated == datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
    assert first.topics == {"water": "Water", "east-africa": "East Africa"}
    assert first.image == "https://wells.example/files/well.jpg"
    assert first.origin == "wells.example/?p=7"
    # Who imports from elsewhere has it reviewed.
    assert first.workflow is None
    assert (second.words.title, second.words.summary) == ("Statement on R&D", "")
    # Noon in Brussels: the feed names no zone.
    assert second.dated == datetime(2026, 11, 19, 11, 0, tzinfo=UTC)


def test_an_entry_of_atom_is_read_whole() -> None:
    (found,) = taken((DATA / "fr.atom").read_bytes())
    assert found.words.title == "Un nouveau puits à Kassala : enfin"
    assert found.words.body == (
        "Depuis lundi, **300 familles** ont de l’eau & des [puits](https://wells.example/fr/puits)."
    )
    assert (found.language, found.topics) == ("fr", {"eau": "Eau"})
    assert found.dated == datetime(2026, 11, 20, 7, 30, tzinfo=UTC)


def test_an_entry_of_json_feed_is_read_whole() -> None:
    first, second = taken((DATA / "ar.json").read_bytes())
    assert first.words.body == "منذ يوم الاثنين تشرب **300 أسرة** ماءً صالحًا."
    assert (first.language, first.topics) == ("ar", {"مياه": "مياه"})
    assert first.image == "https://wells.example/files/nine.jpg"
    assert (second.language, second.origin) == ("es", "wells.example:10")
    assert second.words.body == "Primera línea\\\nsegunda línea\n\nOtro párrafo: 2 \\* 3 < 7"
    assert second.image == "https://wells.example/files/ten.png"


@pytest.mark.parametrize("home", ["https://[x/", "https://ex℀mple.org/"])
def test_a_home_that_is_no_address_is_as_one_that_nobody_states(home: str) -> None:
    item = "<title>A</title><guid isPermaLink='false'>7</guid><description>B</description>"
    xml = f"<rss version='2.0'><channel><link>{home}</link><item>{item}</item></channel></rss>"
    told = {"home_page_url": home, "items": [{"id": "7", "title": "A", "content_text": "B"}]}
    for content in (xml, json.dumps(told)):
        (found,) = taken(content, "en")
        assert found.origin == "wells.example:7"


def test_translations_in_feeds_of_their_own_are_one_item() -> None:
    english, _ = taken((DATA / "en.rss").read_bytes())
    (french,) = taken((DATA / "fr.atom").read_bytes())
    assert english.key == french.key == "wells.example/en/kassala"
    assert english.origin != french.origin


def test_the_same_id_in_feeds_of_two_languages_is_one_item() -> None:
    english = taken(rss(ITEM))
    french = taken(rss(ITEM, head="<language>fr</language>"))
    assert english[0].key == french[0].key
    assert english[0].language != french[0].language


def test_ids_that_are_numbers_belong_to_their_site() -> None:
    part = "<title>News</title><guid isPermaLink='false'>7</guid><description>Text.</description>"
    (one,) = taken(rss(part, head="<language>en</language><link>https://a.example/</link>"))
    (two,) = taken(rss(part, head="<language>en</language><link>https://b.example/</link>"))
    assert (one.key, two.key) == ("a.example:7", "b.example:7")


def test_a_front_page_in_place_of_translations_joins_nothing() -> None:
    link = '<atom:link rel="alternate" hreflang="en" href="https://wells.example/en/"/>'
    parts = [
        f"<title>{n}</title><guid>https://wells.example/{n}</guid>"
        f"<description>Texte.</description>{link}"
        for n in range(2)
    ]
    root = 'xmlns:atom="http://www.w3.org/2005/Atom"'
    found = taken(rss(*parts, head="<language>fr</language>", root=root))
    assert [one.key for one in found] == ["wells.example/0", "wells.example/1"]


DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'


@pytest.mark.parametrize(
    ("content", "fallback", "language"),
    [
        (rss(f"{ITEM}<dc:language>fr</dc:language>", root=DC), "", "fr"),
        (rss(ITEM.replace("<title>", '<title xml:lang="es">')), "", "es"),
        (rss(ITEM, head="<language>fr-CA</language>"), "", "fr"),
        (rss(ITEM, head="<language>en_GB</language>"), "ar", "en"),
        (rss(ITEM, head="<dc:language>ar</dc:language>", root=DC), "", "ar"),
        (rss(ITEM, head=""), "es", "es"),
    ],
)
def test_the_nearest_word_says_the_language(content: str, fallback: str, language: str) -> None:
    assert [one.language for one in taken(content, fallback)] == [language]


def test_the_server_says_the_language_where_the_feed_does_not() -> None:
    (found,) = taken(rss(ITEM, head=""), "en", headers={"content-language": "fr"})
    assert found.language == "fr"


MANY = " ".join(f"a{n}='1'" for n in range(300))


def part(**changes: str) -> str:
    values = {"title": "News", "guid": "https://wells.example/1", "description": "Text.", **changes}
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items() if value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (rss(ITEM, head=""), "lang: is missing: the feed does not say its language; say it with"),
        (
            rss(ITEM, head="<language>de</language>"),
            "lang: de is not a language of this site (en, fr, es, ar)",
        ),
        (rss(ITEM, head="<language>klingon</language>"), "lang: klingon is not a language of"),
        (rss(part(title="")), "title: is missing: the feed gives this entry none"),
        (rss(part(title="&lt;b&gt;&lt;/b&gt;")), "title: is missing"),
        (rss(part(title="x" * 501)), "title: has 501 characters, 500 at the most"),
        (rss(part(description="")), "body: is empty: the feed gives no text; import the page"),
        (rss(part(description="&lt;script&gt;x&lt;/script&gt;")), "body: is empty"),
        (rss(part(guid="")), "id: is missing, and so is the link"),
        (rss(part(guid="tag:" + "x" * 500)), "id: has 504 characters, 500 at the most"),
        (rss(part(pubDate="soon")), "date: 'soon' is no date such as"),
        (rss(part(description="Dignit\ufffd")), "body: holds characters that cannot be read"),
        ("<rss><channel>", "XML: is not well-formed: "),
        ("", "XML: is not well-formed: "),
        ("Hello.", "XML: is not well-formed: "),
        ("<html><body/></html>", "feed: is no RSS, Atom or JSON Feed, but XML that begins with"),
        ("{}", "feed: is no JSON Feed: it has no list 'items'"),
        ('{"items": 1}', "feed: is no JSON Feed: it has no list 'items'"),
        ('{"items": [1]}', "lang: is missing"),
        ('{"items": [', "JSON: is not JSON: "),
        (
            '<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + rss(part(title="&b;")),
            "XML: declares entities of its own (<!ENTITY), which are never read",
        ),
        (
            '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + rss(part(title="&x;")),
            "XML: declares entities of its own",
        ),
        (rss("<a>" * 5_000 + "</a>" * 5_000), "XML: is not well-formed: Excessive depth"),
        (
            rss(f"<title {MANY}>x</title>"),
            "XML: an element has more than 200 attributes",
        ),
        (
            rss("<category>a</category>" * (MAX_PARTS + 1)),
            f"feed: has an entry with {MAX_PARTS + 1} parts, {MAX_PARTS} at the most",
        ),
        (
            rss(*["<title/>"] * (MAX_ENTRIES + 1)),
            f"feed: has {MAX_ENTRIES + 1} entries, {MAX_ENTRIES} at the most",
        ),
        (rss(part(title="\n" * (syndicated.MAX_PIECES + 1))), "feed: has "),
    ],
    ids=range(27),
)
def test_what_cannot_be_taken_says_why(content: str, told: str) -> None:
    assert refused(content).startswith(told)


def test_entries_that_cannot_be_taken_never_stop_the_others() -> None:
    found = read(rss(part(title=""), part(guid="tag:2"), part(guid="tag:2"), part(guid="tag:3")))
    told = {one.source: getattr(one, "reason", None) for one in found}
    assert told == {
        "feed, entry 1 (https://wells.example/1)": (
            "title: is missing: the feed gives this entry none"
        ),
        "feed, entry 2 (tag:2)": None,
        "feed, entry 3 (tag:2)": "id: is that of an entry above, in the same language",
        "feed, entry 4 (tag:3)": None,
    }


def test_usual_faults_of_xml_are_mended() -> None:
    body = "caf&eacute; &amp; th&#233; & R&D \x0b &#11; <![CDATA[a && b]]>"
    (found,) = taken("\n\n<?xml version='1.0'?>" + rss(part(description=body, title="A & B")))
    assert found.words.title == "A & B"
    assert found.words.body == "café & thé & R&D a && b"


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("charset", ["", "utf-8", "iso-8859-1"])
def test_the_encoding_is_found_whatever_the_server_says(encoding: str, charset: str) -> None:
    text = f"<?xml version='1.0' encoding='{encoding}'?>" + rss(part(title="Dignité"))
    (found,) = taken(text.encode(encoding), charset=charset)
    assert found.words.title == "Dignité"


def test_a_document_type_elsewhere_is_not_fetched() -> None:
    head = '<!DOCTYPE rss PUBLIC "-//N//DTD RSS 0.91//EN" "http://127.0.0.1:1/rss-0.91.dtd">'
    (found,) = taken(head + rss(part(title="caf&eacute;")))
    assert found.words.title == "café"


def test_scripts_and_addresses_that_run_are_left_behind() -> None:
    body = (
        "&lt;p onclick='x()'&gt;Good &lt;a href='javascript:x()'&gt;link&lt;/a&gt;"
        "&lt;script&gt;bad()&lt;/script&gt;&lt;iframe src='https://bad.example'&gt;&lt;/iframe&gt;"
        "&lt;img src='data:text/html,x' alt='pic'&gt;&lt;/p&gt;"
    )
    (found,) = taken(rss(part(description=body)))
    assert found.words.body == "Good linkpic"


def test_a_body_of_two_megabytes_is_one_text() -> None:
    body = "word " * 400_000
    (found,) = taken(rss(part(description=body)))
    assert len(found.words.body) == len(body) - 1


JUNK = st.text(alphabet='<>&;"{}[]:, /!?-=aé\n\x00\ud800', max_size=60)


@settings(max_examples=150)
@given(
    JUNK
    | st.builds(
        lambda *parts: rss(
            part(**dict(zip(("title", "description", "pubDate"), parts, strict=True)))
        ),
        JUNK,
        JUNK,
        JUNK,
    )
)
def test_whatever_a_feed_holds_its_drafts_are_clean(content: str) -> None:
    for found in read(content.encode("utf-8", "surrogatepass"), "en"):
        if isinstance(found, Draft):
            assert found.words.title == characters.clean_line(found.words.title) != ""
            assert found.words.body == characters.clean_text(found.words.body) != ""
            assert found.dated is None or found.dated.tzinfo is UTC
        else:
            assert found.reason


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
NAMES = ["id", "url", "title", "content_html", "content_text", "tags", "date_published"]
NAMES += ["language", "summary", "image", "attachments"]


@settings(max_examples=150)
@given(st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES) | VALUES, max_size=3))
def test_any_value_may_stand_anywhere_in_json(entries: list[Any]) -> None:
    found = read(json.dumps({"items": entries}), "en")
    assert len(found) == len(entries)


def take(database: Database, site: Config, *places: str, language: str = "") -> intake.Outcome:
    with readings.opened(database, site, places, language) as ways:
        outcome = intake.take_from(database, site, ways, now=make.NOW)
        readings.remember(database, ways, outcome.rejected, now=make.NOW)
    return outcome


def counts(outcome: intake.Outcome) -> tuple[int, int, int, int]:
    return outcome.new, outcome.changed, outcome.same, len(outcome.rejected)


def served(content: bytes, etag: str = '"1"', kind: str = "application/rss+xml") -> Answer:
    return Answer(headers={"ETag": etag, "Content-Type": kind}, body=content)


def test_a_feed_is_read_once_and_asked_for_changes_after(
    database: Database, site: Config, web: Web
) -> None:
    web.pages["/feed"] = served((DATA / "en.rss").read_bytes())
    assert counts(take(database, site, web.url("/feed"))) == (2, 0, 0, 0)
    assert counts(take(database, site, web.url("/feed"))) == (0, 0, 2, 0)
    assert web.asked[-1].headers["if-none-match"] == '"1"'
    with database.read() as tx:
        texts = translations.of(tx, [1, 2])
    assert texts[1]["en"].workflow is Workflow.IN_REVIEW


def test_a_feed_whose_texts_were_not_all_taken_is_read_in_full_again(
    database: Database, site: Config, web: Web
) -> None:
    web.pages["/feed"] = served(rss(part(), part(title="", guid="tag:2")).encode())
    assert counts(take(database, site, web.url("/feed"))) == (1, 0, 0, 1)
    assert counts(take(database, site, web.url("/feed"))) == (0, 0, 1, 1)
    assert "if-none-match" not in web.asked[-1].headers


def test_what_was_known_of_an_address_is_forgotten_with_its_bytes(
    database: Database, site: Config, web: Web
) -> None:
    first = served(rss(part(title="One")).encode())
    web.pages["/feed"] = first
    take(database, site, web.url("/feed"))
    # Half of the second version is taken; then the first is back.
    web.pages["/feed"] = served(
        rss(part(title="Two"), part(title="", guid="tag:2")).encode(), '"2"'
    )
    assert counts(take(database, site, web.url("/feed"))) == (0, 1, 0, 1)
    web.pages["/feed"] = first
    assert counts(take(database, site, web.url("/feed"))) == (0, 1, 0, 0)


def test_a_crash_before_the_end_forgets_nothing(database: Database, site: Config, web: Web) -> None:
    web.pages["/feed"] = served((DATA / "en.rss").read_bytes())
    with readings.opened(database, site, [web.url("/feed")]) as ways:
        next(iter(ways[0].drafts()))
        readings.remember(database, ways, [], now=make.NOW)
    assert counts(take(database, site, web.url("/feed"))) == (2, 0, 0, 0)


def test_who_says_the_language_has_the_feed_read_in_full(
    database: Database, site: Config, web: Web
) -> None:
    web.pages["/feed"] = served(rss(ITEM, head="").encode())
    assert counts(take(database, site, web.url("/feed"))) == (0, 0, 0, 1)
    assert counts(take(database, site, web.url("/feed"), language="fr")) == (1, 0, 0, 0)
    assert counts(take(database, site, web.url("/feed"), language="fr")) == (0, 0, 1, 0)
    assert "if-none-match" not in web.asked[-1].headers
    with pytest.raises(InputError, match="--language: de is not a language of this site"):
        take(database, site, web.url("/feed"), language="de")


def test_an_address_that_fails_stops_no_other(database: Database, site: Config, web: Web) -> None:
    web.pages["/feed"] = served((DATA / "fr.atom").read_bytes(), kind="text/plain")
    web.pages["/pdf"] = Answer(headers={"Content-Type": "application/pdf"})
    places = [web.url("/none"), "http://10.0.0.1/", web.url("/feed"), web.url("/pdf")]
    outcome = take(database, site, *places)
    assert counts(outcome) == (1, 0, 0, 3)
    told = {one.source: one.reason for one in outcome.rejected}
    assert told[web.url("/none")] == "is not there (404): check the address"
    assert told["http://10.0.0.1/"].startswith("10.0.0.1 is a private address")
    assert told[web.url("/pdf")].startswith("is application/pdf; what can be read is")


def test_feeds_are_read_from_files_and_are_one_item_with_those_of_the_web(
    database: Database, site: Config, web: Web, tmp_path: Path
) -> None:
    for name in ("en.rss", "fr.atom", "ar.json"):
        (tmp_path / name).write_bytes((DATA / name).read_bytes())
    assert counts(take(database, site, str(tmp_path / "en.rss"), str(tmp_path / "ar.json"))) == (
        4,
        0,
        0,
        0,
    )
    web.pages["/fr"] = served((DATA / "fr.atom").read_bytes())
    assert counts(take(database, site, web.url("/fr"))) == (1, 0, 0, 0)
    with database.read() as tx:
        item = items.by_key(tx, "wells.example/en/kassala")
        assert item is not None
        assert set(translations.of(tx, [item.id])[item.id]) == {"en", "fr"}
        assert fetches.get(tx, web.url("/fr")) is not None


def test_a_file_that_is_too_large_or_no_file_is_refused(config: Config, tmp_path: Path) -> None:
    small = config.ingest.model_copy(update={"max_bytes": 1_000})
    site = config.model_copy(update={"ingest": small})
    (tmp_path / "a.xml").write_bytes(b"x" * 1_001)
    with pytest.raises(InputError, match=r"is larger than 1000 bytes \(ingest.max_bytes\)"):
        sources.source_of(str(tmp_path / "a.xml"), site)
    (tmp_path / "a.pdf").write_bytes(b"")
    with pytest.raises(InputError, match="what can be read is a Markdown file"):
        sources.source_of(str(tmp_path / "a.pdf"), site)


@pytest.mark.parametrize(
    ("kind", "content", "feed"),
    [
        ("application/rss+xml", b"", True),
        ("text/xml", b"", True),
        ("application/json", b"", True),
        ("text/html", b"<!doctype html><html>", False),
        ("text/html", b"<?xml version='1.0'?>\n<!-- x -->\n<rss version='2.0'>", True),
        ("text/plain", b'\xef\xbb\xbf{ "version": 1}', True),
        ("", b"<feed xmlns='x'>", True),
        ("text/html", b"<html>" + b" " * 2_000 + b"<rss >", False),
    ],
)
def test_a_feed_is_known_by_its_type_or_its_beginning(
    kind: str,
    content: bytes,
    feed: bool,
) -> None:
    assert sources.is_feed(replace(response(content), media_type=kind)) is feed


def test_the_command_takes_a_feed_once(web: Web, tmp_path: Path) -> None:
    def run(*arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "publisher", *arguments],
            cwd=DATA.parents[2],
            env={
                **os.environ,
                "TIDINGS_CONFIG": str(tmp_path / "site" / "tidings.toml"),
                "TIDINGS_INGEST__PRIVATE_HOSTS": web.host,
            },
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    feed = (DATA / "ar.json").read_text(encoding="utf-8")
    feed = feed.replace("https://wells.example/files", web.url("/files"))
    web.pages["/feed"] = served(feed.encode(), kind="application/feed+json")
    web.pages["/files/nine.jpg"] = web.pages["/files/ten.png"] = Answer(body=make.picture())
    run(
        "init",
        str(tmp_path / "site"),
        "--url",
        "https://news.example.org",
        "--languages",
        "ar,es",
        "--json",
    )
    first = run("item", "import", web.url("/feed"), "--json")
    again = run("item", "import", web.url("/feed"), "--json")
    assert (first["new"], first["same"], first["rejected"]) == (2, 0, [])
    assert (again["new"], again["same"], again["rejected"]) == (0, 2, [])
    assert [path for path in web.paths if path != "/feed"] == ["/files/nine.jpg", "/files/ten.png"]
    assert web.asked[-1].headers["if-none-match"] == '"1"'
