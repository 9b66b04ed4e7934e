"""Web pages: what an article is, in which language, and which pages are its translations."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import characters
from publisher.config import Config
from publisher.ingest import intake, readings, sources
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.fetch import Fetcher
from publisher.ingest.page import Page
from publisher.ingest.response import Response
from store import fetches, items, translations
from store.database import Database
from tests import make
from tests.fakes import Answer, Web

DATA = Path(__file__).parents[2] / "data" / "pages"
BRUSSELS = ZoneInfo("Europe/Brussels")
PLACE = "https://wells.example/en/kassala"


def page(content: str | bytes, *, fetcher: Fetcher | None = None, **changes: Any) -> Page:
    values: dict[str, Any] = {
        "url": PLACE,
        "status": 200,
        "media_type": "text/html",
        "charset": "",
        "content": content.encode() if isinstance(content, str) else content,
        "headers": {},
        "links": (),
    }
    fallback = changes.pop("language", "")
    return Page(
        place=changes.get("url", PLACE),
        response=Response(**{**values, **changes}),
        fetcher=fetcher,
        languages=make.LANGUAGES,
        zone=BRUSSELS,
        language=fallback,
    )


def draft(content: str | bytes, **changes: Any) -> Draft:
    (found,) = page(content, **changes).drafts()
    assert isinstance(found, Draft), found
    return found


def refused(content: str | bytes, **changes: Any) -> str:
    (found,) = page(content, **changes).drafts()
    assert isinstance(found, Rejected)
    return found.reason


def simple(head: str = "", body: str = "<p>A text of some words.</p>", lang: str = "en") -> str:
    return (
        f"<!doctype html><html lang='{lang}'><head><title>A title</title>{head}</head>"
        f"<body><article>{body}</article></body></html>"
    )


def test_a_page_is_read_whole_and_nothing_around_its_article() -> None:
    found = draft((DATA / "kassala.en.html").read_bytes())
    assert found.words.title == "A new well in Kassala"
    assert found.words.summary == "Clean water at last, for 300 families."
    assert found.words.body == (
        "Since Monday **300 families** in Kassala have had *clean water*. The work took two "
        "years, and [a team of engineers](https://wells.example/en/engineers?a=1&copy=2) from "
        "the town did it.\n\n"
        "![The plan](https://wells.example/files/plan.png)\n\n"
        "## What comes next\n\n"
        "1. a school for 200 children\n2. a road to the market\n\n"
        "> We no longer walk to the river.\n\n"
        "| Year | Wells |\n| --- | --- |\n| 2025 | 3 |"
    )
    assert (found.language, found.source_language) == ("en", "en")
    assert found.dated == datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
    assert found.topics == {"water": "Water"}
    assert (found.image, found.words.image_alt) == (
        "https://wells.example/files/well.jpg",
        "Children at the well",
    )
    assert found.url == PLACE
    assert found.key == found.origin == "wells.example/en/kassala"
    assert found.workflow is None


def test_what_json_ld_says_of_the_article_goes_first() -> None:
    found = draft((DATA / "kassala.fr.html").read_bytes(), url="https://wells.example/fr/kassala")
    assert found.words.title == "Un nouveau puits à Kassala"
    assert found.words.summary == "Enfin de l’eau."
    assert found.words.body == "Depuis lundi, **300 familles** ont de l’eau potable."
    # The first moment of that day in Brussels.
    assert found.dated == datetime(2026, 11, 19, 23, 0, tzinfo=UTC)
    assert (found.image, found.topics) == ("https://wells.example/files/puits.jpg", {"eau": "Eau"})


@pytest.mark.parametrize(
    ("content", "changes", "language"),
    [
        (simple(lang="fr-CA"), {}, "fr"),
        (simple(lang=""), {"headers": {"content-language": "es, en"}}, "es"),
        (simple("<meta http-equiv=content-language content=ar>", lang=""), {}, "ar"),
        (
            simple(
                '<script type="application/ld+json">{"@type":"Article","inLanguage":'
                '{"@type":"Language","alternateName":"es"}}</script>',
                lang="",
            ),
            {},
            "es",
        ),
        (simple('<meta property="og:locale" content="fr_FR">', lang=""), {}, "fr"),
        (simple(lang=""), {"language": "ar"}, "ar"),
        # What the page says itself goes before what its reader says.
        (simple(lang="en"), {"language": "ar"}, "en"),
    ],
)
def test_the_most_trustworthy_word_says_the_language(
    content: str, changes: dict[str, Any], language: str
) -> None:
    assert draft(content, **changes).language == language


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (simple(lang=""), "lang: is missing: the page does not say its language (<html lang>)"),
        (simple(lang="de"), "lang: de is not a language of this site (en, fr, es, ar)"),
        (simple(body=""), "body: is empty: no article was found on the page; is it a list"),
        (simple(body="<script>x()</script><style>y</style>"), "body: is empty"),
        ("<html lang=en><body><article><p>A text of words.</p>", "title: is missing: the page has"),
        (
            simple('<meta property="article:published_time" content="yesterday">'),
            "date: 'yesterday' is no date such as",
        ),
        (simple(body="<p>Dignit\ufffd of words.</p>"), "body: holds characters that cannot be"),
        (simple(body="<i>x</i>" * 20_000), "HTML: has 20"),
        ("", "lang: is missing"),
        ("\x00" * 100, "lang: is missing"),
    ],
)
def test_a_page_that_cannot_be_taken_says_why(content: str, told: str) -> None:
    assert refused(content).startswith(told)


@pytest.mark.parametrize(
    ("canonical", "url"),
    [
        ("/en/other", "https://wells.example/en/other"),
        ("https://www.wells.example/en/kassala", "https://www.wells.example/en/kassala"),
        # Mistakes of systems, and of those who copy pages.
        ("https://wells.example/", PLACE),
        ("https://elsewhere.example/en/kassala", PLACE),
        ("javascript:x", PLACE),
        ("http://[fe80::1%a b]/", PLACE),
    ],
)
def test_the_canonical_address_counts_where_it_can_be_believed(canonical: str, url: str) -> None:
    assert draft(simple(f"<link rel=canonical href='{canonical}'>")).url == url


@pytest.mark.parametrize(
    ("written", "charset"),
    [
        ("windows-1256", ""),
        ("utf-8", "iso-8859-1"),
        ("utf-8", ""),
        ("windows-1256", "windows-1256"),
    ],
)
def test_the_encoding_of_a_page_is_found(written: str, charset: str) -> None:
    content = simple(f"<meta charset={written}>", "<p>كرامة عبر الحدود للجميع</p>", lang="ar")
    found = draft(content.encode(written), charset=charset)
    assert found.words.body == "كرامة عبر الحدود للجميع"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@type", "@graph", "url", "headline"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
FIELDS = [
    "@type",
    "@graph",
    "headline",
    "datePublished",
    "image",
    "inLanguage",
    "url",
    "mainEntity",
]


@settings(max_examples=80)
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES | st.just("NewsArticle"), max_size=5))
def test_any_value_may_stand_anywhere_in_json_ld(thing: dict[str, Any]) -> None:
    script = json.dumps(thing).replace("<", "\\u003c")
    head = f'<script type="application/ld+json">{script}</script>'
    (found,) = page(simple(head)).drafts()
    assert isinstance(found, Draft) or found.reason


@settings(max_examples=100)
@given(
    st.text("<>/abpartice=\"' &;#x0\x00\ud800\n-!", max_size=120),
    st.sampled_from(["", "article", "main"]),
)
def test_whatever_a_page_holds_its_draft_is_clean(given: str, tag: str) -> None:
    inner = f"<{tag}>{given}</{tag}>" if tag else given
    content = f"<html lang=en><title>T</title><body>{inner}"
    (found,) = page(content.encode("utf-8", "surrogatepass")).drafts()
    if isinstance(found, Draft):
        assert found.words.title == characters.clean_line(found.words.title) != ""
        assert found.words.body == characters.clean_text(found.words.body) != ""


def hreflang(**pages: str) -> str:
    named = {language.replace("_", "-"): target for language, target in pages.items()}
    return "".join(f"<link rel=alternate hreflang={tag} href={url}>" for tag, url in named.items())


def show(web: Web, path: str, lang: str, head: str = "", etag: str = '"1"') -> None:
    headers = {"ETag": etag, "Content-Type": "text/html"}
    web.pages[path] = Answer(headers=headers, body=simple(head, lang=lang).encode())


def take(database: Database, site: Config, *places: str) -> intake.Outcome:
    with readings.opened(database, site, places) as ways:
        outcome = intake.take_from(database, site, ways, now=make.NOW)
        readings.remember(database, ways, outcome.rejected, now=make.NOW)
    return outcome


def counts(outcome: intake.Outcome) -> tuple[int, int, int, int]:
    return outcome.new, outcome.changed, outcome.same, len(outcome.rejected)


ALL = hreflang(en="/en", fr="/fr", de="/de", x_default="/en")


def test_a_page_and_its_translations_are_one_item_and_each_is_fetched_once(
    database: Database, site: Config, web: Web
) -> None:
    show(web, "/en", "en", ALL)
    show(web, "/fr", "fr", ALL)
    assert counts(take(database, site, web.url("/fr"))) == (2, 0, 0, 0)
    assert web.paths == ["/fr", "/en"]
    with database.read() as tx:
        item = items.get(tx, 1)
        # The page for all who read none of the languages is the source.
        assert item.source_language == "en"
        assert set(translations.of(tx, [1])[1]) == {"en", "fr"}
    # Whichever of them is read, they are the same texts.
    assert counts(take(database, site, web.url("/en"))) == (0, 0, 2, 0)


def test_without_a_default_the_page_that_was_asked_for_is_the_source(
    database: Database, site: Config, web: Web
) -> None:
    links = hreflang(en="/en", fr="/fr")
    show(web, "/en", "en", links)
    show(web, "/fr", "fr", links)
    take(database, site, web.url("/fr"))
    with database.read() as tx:
        assert items.get(tx, 1).source_language == "fr"


@pytest.mark.parametrize(
    ("lang", "head", "told"),
    [
        ("en", ALL, "says that it is in fr, but it is in en: its site has no such translation"),
        ("fr", hreflang(en="/front", fr="/fr"), "hreflang: does not name"),
        ("de", ALL, "lang: de is not a language of this site"),
    ],
)
def test_a_page_that_is_no_translation_joins_nothing(
    database: Database, site: Config, web: Web, lang: str, head: str, told: str
) -> None:
    show(web, "/en", "en", ALL)
    show(web, "/fr", lang, head)
    outcome = take(database, site, web.url("/en"))
    assert counts(outcome) == (1, 0, 0, 1)
    assert outcome.rejected[0].source == web.url("/fr")
    assert told in outcome.rejected[0].reason


def test_a_translation_that_is_not_there_is_told(
    database: Database, site: Config, web: Web
) -> None:
    show(web, "/en", "en", ALL)
    outcome = take(database, site, web.url("/en"))
    assert counts(outcome) == (1, 0, 0, 1)
    assert outcome.rejected[0].reason == "is not there (404): check the address"


def test_translations_on_private_machines_and_behind_robots_are_not_fetched(
    database: Database, site: Config, web: Web
) -> None:
    links = hreflang(en="/en", fr="http://169.254.169.254/fr", es="/no/es")
    show(web, "/en", "en", links)
    web.pages["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /no\n")
    outcome = take(database, site, web.url("/en"))
    assert counts(outcome) == (1, 0, 0, 2)
    told = "".join(one.reason for one in outcome.rejected)
    assert "is a private address" in told
    assert "asks programs to stay away" in told


def test_only_a_page_without_translations_is_asked_for_changes(
    database: Database, site: Config, web: Web
) -> None:
    show(web, "/alone", "en")
    show(web, "/en", "en", ALL)
    show(web, "/fr", "fr", ALL)
    take(database, site, web.url("/alone"), web.url("/en"))
    with database.read() as tx:
        assert fetches.get(tx, web.url("/alone")) is not None
        assert fetches.get(tx, web.url("/en")) is None
    assert counts(take(database, site, web.url("/alone"))) == (0, 0, 1, 0)
    assert web.asked[-1].headers["if-none-match"] == '"1"'
    # The other one's translation could change by itself.
    web.pages["/fr"] = Answer(body=simple(ALL, "<p>Un autre texte.</p>", "fr").encode())
    assert counts(take(database, site, web.url("/en"))) == (0, 1, 1, 0)


def test_saved_pages_are_read_and_nothing_is_fetched_for_them(
    database: Database, site: Config, tmp_path: Path
) -> None:
    for name in ("kassala.en.html", "kassala.fr.html"):
        (tmp_path / name).write_bytes((DATA / name).read_bytes())
    places = [str(tmp_path / name) for name in ("kassala.en.html", "kassala.fr.html")]
    assert counts(take(database, site, *places)) == (2, 0, 0, 0)
    with database.read() as tx:
        assert len(items.listing(tx)) == 1
    assert counts(take(database, site, *places)) == (0, 0, 2, 0)


@pytest.mark.parametrize(
    ("path", "headers", "head", "kind"),
    [
        ("/", {"Link": '<{root}/wp-json/>; rel="https://api.w.org/"'}, "", "WordPress"),
        ("/fr/", {}, "<link rel='https://api.w.org/' href='/wp-json/'>", "WordPress"),
        ("/", {"X-Generator": "Drupal 11 (https://www.drupal.org)"}, "", "Drupal"),
        ("/en", {}, "<meta name=Generator content='Drupal 10 (https://www.drupal.org)'>", "Drupal"),
        ("/", {}, "", "Page"),
        # All pages of WordPress name its API: who asks for an article wants that.
        ("/2026/well", {"Link": '<{root}/wp-json/>; rel="https://api.w.org/"'}, "", "Page"),
    ],
)
def test_the_front_page_of_a_system_leads_to_its_api(
    site: Config, web: Web, path: str, headers: dict[str, str], head: str, kind: str
) -> None:
    given = {name: value.replace("{root}", web.url("")) for name, value in headers.items()}
    web.pages[path] = Answer(
        headers={"Content-Type": "text/html", **given}, body=simple(head).encode()
    )
    with Fetcher(site) as fetcher:
        found = sources.source_of(web.url(path), site, fetcher)
    assert type(found).__name__ == kind
    assert web.paths == [path]
