"""WordPress: which posts are one item, in which language, and what a broken site costs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import characters
from publisher.config import Config
from publisher.ingest import intake, readings
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.fetch import Fetcher
from publisher.ingest.post import fields
from publisher.ingest.wordpress import WordPress, root_of
from store import items, translations
from store.database import Database
from store.records import Workflow
from tests import make
from tests.fakes import Answer, Web

DATA = Path(__file__).parents[2] / "data" / "wordpress"
LISTED = "/wp-json/wp/v2/posts"
KNOWN_END = {
    "code": "rest_post_invalid_page_number",
    "message": "The page number requested is larger than the number of pages available.",
    "data": {"status": 400},
}


def path(page: int = 1, size: int = 100, lang: str = "") -> str:
    query = f"per_page={size}&page={page}&orderby=id&order=asc&_embed=wp:term,wp:featuredmedia"
    return f"{LISTED}?{query}{f'&lang={lang}' if lang else ''}"


def answer(content: Any, total: int | str = 1, **changes: Any) -> Answer:
    headers = {"Content-Type": "application/json; charset=UTF-8", "X-WP-TotalPages": str(total)}
    return Answer(headers=headers, body=json.dumps(content).encode(), **changes)


def serve(web: Web, *pages: Sequence[Any], lang: str = "") -> None:
    """Give each page of a list, and after the last one what WordPress says there."""
    for number, posts in enumerate(pages, start=1):
        web.pages[path(number, lang=lang)] = answer(posts, len(pages))
    web.pages[path(len(pages) + 1, lang=lang)] = answer(KNOWN_END, status=400)


def page(language: str = "", **alternates: str) -> Answer:
    """Return a page with its language, and the addresses of its translations."""
    links = "".join(
        f'<link rel="alternate" hreflang="{tag.replace("_", "-")}" href="{url}">'
        for tag, url in alternates.items()
    )
    lang = f' lang="{language}"' if language else ""
    return Answer(body=f"<!doctype html><html{lang}><head>{links}</head><body>x".encode())


def fetcher(web: Web, **ingest: Any) -> Fetcher:
    return Fetcher(make.config(Path(), ingest={"private_hosts": (web.host,), **ingest}))


def read(web: Web, **ingest: Any) -> list[Draft | Rejected]:
    with fetcher(web, **ingest) as opened:
        return list(source(web, opened).drafts())


def source(web: Web, opened: Fetcher) -> WordPress:
    return WordPress(root=web.url("/wp-json"), fetcher=opened, languages=make.LANGUAGES)


def drafts(web: Web) -> list[Draft]:
    found = read(web)
    assert [entry for entry in found if isinstance(entry, Rejected)] == []
    return [entry for entry in found if isinstance(entry, Draft)]


def refusals(found: Sequence[Draft | Rejected]) -> list[Rejected]:
    return [entry for entry in found if isinstance(entry, Rejected)]


def ids(found: Sequence[Draft | Rejected]) -> list[int]:
    return [int(entry.origin.rpartition("/")[2]) for entry in found if isinstance(entry, Draft)]


def post(ident: int, **changes: Any) -> dict[str, Any]:
    values = {
        "id": ident,
        "date_gmt": "2026-11-03T09:00:00",
        "slug": f"post-{ident}",
        "status": "publish",
        "link": f"https://news.example.org/post-{ident}/",
        "title": {"rendered": f"Post {ident}"},
        "content": {"rendered": "<p>Text.</p>", "protected": False},
        "excerpt": {"rendered": ""},
        "lang": "en",
        "translations": {},
    }
    return {**values, **changes}


def recorded(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def test_posts_that_polylang_joins_are_one_item(web: Web) -> None:
    serve(web, recorded("polylang"))
    found = drafts(web)
    assert [entry.language for entry in found] == ["en", "fr", "es", "ar"]
    assert {entry.key for entry in found} == {f"{web.host}{LISTED}/101"}
    assert [entry.origin for entry in found] == [
        web.url(f"{LISTED}/{number}") for number in (101, 104, 107, 110)
    ]
    assert len(web.paths) == 1


def test_all_that_wordpress_says_of_a_post_is_read(web: Web) -> None:
    serve(web, recorded("polylang"))
    english, french, spanish, arabic = drafts(web)
    link = "https://news.example.org/2026/11/a-new-well-in-kassala/"
    assert english == make.draft(
        source=link,
        key=f"{web.host}{LISTED}/101",
        origin=web.url(f"{LISTED}/101"),
        words=make.text(
            title="Water & dignity – a new well in Kassala",
            summary="Four villages in Kassala have clean water again — for good.",
            body=(
                "The new well gives **12,000 litres** a day.\\\n"
                "Villagers keep it in order [themselves](https://news.example.org/about/).\n\n"
                "## What comes next\n\n"
                "- A second pump\n"
                "- Lessons for *ten* mechanics"
            ),
            slug="a-new-well-in-kassala",
            image_alt="Two women fill a bucket at a hand pump.",
        ),
        dated=datetime(2026, 11, 3, 9, tzinfo=UTC),
        kind="news",
        topics={"projects": "Projects", "water-health": "Water & health", "sudan": "Sudan"},
        url=link,
        image="https://news.example.org/wp-content/uploads/2026/11/well.jpg",
        workflow=None,
        change=None,
    )
    assert french.words.title == "L’eau et la dignité\u00a0: un nouveau puits à Kassala"
    # What WordPress cut from the text is no summary, in whatever language it says so.
    assert (french.words.summary, spanish.words.summary) == ("", "")
    assert (spanish.image, spanish.words.image_alt) == (None, "")
    assert spanish.words.title == "Un nuevo pozo en Kassala: «agua y dignidad»"
    assert arabic.words.slug == "بئر-جديدة"
    assert arabic.words.summary == "عادت المياه النظيفة إلى أربع قرى في كسلا."


def test_a_language_that_wpml_keeps_apart_is_asked_for(web: Web) -> None:
    serve(web, recorded("wpml"))
    serve(web, recorded("wpml_fr"), lang="fr")
    english, french = drafts(web)
    assert (english.language, french.language) == ("en", "fr")
    assert english.key == french.key
    # German, which is not ours, is not asked for.
    assert web.paths == [path(), path(lang="fr")]


def test_a_translation_that_is_not_public_is_asked_for_once_and_missed_by_nobody(web: Web) -> None:
    serve(web, [post(1, translations={"en": 1, "fr": 2})])
    serve(web, [], lang="fr")
    assert ids(drafts(web)) == [1]


def test_pages_that_name_each_other_are_one_item(web: Web) -> None:
    urls = {tag: web.url(f"/{tag}/x/") for tag in make.LANGUAGES}
    # The last page is named without its slash.
    serve(web, [post(n, lang=None, link=url) for n, url in enumerate(urls.values(), start=1)])
    for tag in make.LANGUAGES:
        named = {**urls, "x_default": urls["en"], "ar": urls["ar"].rstrip("/")}
        web.pages[f"/{tag}/x/"] = page("", **named)
    found = drafts(web)
    assert [entry.language for entry in found] == list(make.LANGUAGES)
    assert {entry.key for entry in found} == {f"{web.host}/en/x"}


def test_pages_are_joined_where_none_is_for_all_others(web: Web) -> None:
    urls = {tag: web.url(f"/{tag}/x/") for tag in ("ar", "fr")}
    serve(web, [post(n, lang=None, link=url) for n, url in enumerate(urls.values(), start=1)])
    web.pages |= {f"/{tag}/x/": page(tag, **urls) for tag in urls}
    found = drafts(web)
    assert [(entry.language, entry.key) for entry in found] == [
        ("ar", f"{web.host}/fr/x"),
        ("fr", f"{web.host}/fr/x"),
    ]


def test_a_switch_that_leads_to_front_pages_joins_nobody(web: Web) -> None:
    """The English front page stands first: it would be the key of both French posts."""
    front = {"en": web.url("/"), "fr": web.url("/fr/")}
    web.pages["/"] = page("en-US", **front)
    links = [web.url(f"/fr/{name}/") for name in ("one", "two")]
    for link in links:
        web.pages[link.removeprefix(web.url(""))] = page("fr-FR", en=front["en"], fr=link)
    serve(web, [post(n, lang=False, link=link) for n, link in enumerate(links, start=1)])
    first, second = drafts(web)
    assert (first.language, second.language) == ("fr", "fr")
    assert first.key != second.key


@pytest.mark.parametrize(
    ("own", "front", "language"),
    [
        # The page says so.
        (page("fr-FR"), page("es"), "fr"),
        (page("ar", en="https://news.example.org/x"), page("es"), "ar"),
        # Nobody says so on the page: the language of the site.
        (page(), page("es-ES"), "es"),
        (Answer(status=404), page("es"), "es"),
        (Answer(status=410), page("xx", fr="/"), "fr"),
        # Nobody says so at all: what is said of all.
        (page(), page(), "ar"),
        (Answer(status=410), Answer(status=500), "ar"),
    ],
)
def test_a_post_without_a_plugin_has_the_language_of_its_page(
    web: Web, own: Answer, front: Answer, language: str
) -> None:
    web.pages |= {"/x/": own, "/": front}
    serve(web, [post(1, lang=None, link=web.url("/x/"))])
    with fetcher(web) as opened:
        (found,) = replace(source(web, opened), language="ar").drafts()
    assert isinstance(found, Draft)
    assert (found.language, found.key) == (language, f"{web.host}{LISTED}/1")


def test_a_language_that_nobody_says_is_asked_for(web: Web) -> None:
    serve(web, [post(1, lang=None, link="")])
    (refused,) = refusals(read(web))
    assert refused.reason == (
        "lang: is missing: neither a plugin nor the post's page says it; say it with --language"
    )


def test_a_page_that_cannot_be_read_now_costs_its_post_and_is_no_reason_to_guess(web: Web) -> None:
    web.pages |= {"/x/": Answer(status=500), "/y/": page("fr"), "/": page("en")}
    one, two = web.url("/x/"), web.url("/y/")
    serve(web, [post(1, lang=None, link=one), post(2, lang=None, link=two)])
    refused, taken = read(web)
    assert isinstance(refused, Rejected)
    assert (refused.source, refused.origin) == (one, web.url(f"{LISTED}/1"))
    assert "(500)" in refused.reason
    assert isinstance(taken, Draft)
    assert taken.language == "fr"


def test_texts_in_other_languages_are_told_of_once_and_nothing_is_said_to_be_gone(web: Web) -> None:
    serve(web, [post(1), post(2, lang="de"), post(3, lang="de"), post(4, lang="it")])
    taken, *told = read(web)
    assert isinstance(taken, Draft)
    assert [(entry.origin, entry.reason) for entry in refusals(told)] == [
        (
            web.url(f"{LISTED}?lang={tag}"),
            f"lang: {tag} is not a language of this site (en, fr, es, ar); {passed}",
        )
        for tag, passed in (("de", "passed over: 2"), ("it", "passed over: 1"))
    ]


@pytest.mark.parametrize("total", ["2", "1", "0", "9", "", "-1", "9" * 30, "two"])
def test_the_number_of_pages_is_not_believed(web: Web, total: str) -> None:
    first, second = [post(n) for n in range(1, 101)], [post(n) for n in range(101, 131)]
    web.pages[path(1)] = answer(first, total)
    web.pages[path(2)] = answer(second, total)
    web.pages[path(3)] = answer(KNOWN_END, status=400)
    assert ids(drafts(web)) == list(range(1, 131))


def test_a_server_that_gives_fewer_at_once_is_asked_for_the_rest(web: Web) -> None:
    serve(web, [post(1), post(2)], [post(3), post(4)], [post(5)])
    assert ids(drafts(web)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (Answer(status=500), "its server has a fault (500): try again later"),
        (answer({"code": "rest_other"}, status=400), "its server answered 400"),
        (Answer(body=b"<html>Service"), "is not JSON: Expecting value"),
        (answer({"posts": []}), "is no list of posts: is this the address of the API?"),
        (
            Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{"),
            "does not speak HTTP as it should, or",
        ),
    ],
)
def test_a_list_that_breaks_off_keeps_the_good_ones_and_says_that_some_are_unseen(
    web: Web, broken: Answer, reason: str
) -> None:
    pages = [[post(n) for n in range(start, start + 100)] for start in (1, 101)]
    # The third page would show a translation; nobody asks for it elsewhere now.
    pages[0][0]["translations"] = {"en": 1, "fr": 299}
    serve(web, *pages)
    web.pages[path(3)] = broken
    found = read(web)
    assert ids(found) == list(range(1, 201))
    (refused,) = refusals(found)
    assert refused.reason.startswith(reason)
    assert (refused.source, refused.origin) == (web.url(path(3)), web.url(LISTED))
    assert web.paths[-1] == path(3)


def test_a_list_in_circles_comes_to_an_end(web: Web) -> None:
    posts = [post(n) for n in range(1, 101)]
    for number in range(1, 4):
        web.pages[path(number)] = answer(posts, 9)
    found = read(web)
    assert ids(found) == list(range(1, 101))
    assert [entry.reason for entry in refusals(found)] == [
        "shows nothing that earlier pages did not: a list in circles"
    ]
    assert len(web.paths) == 2


def test_a_page_that_is_too_large_is_read_in_parts_and_costs_only_the_post_that_is(
    web: Web,
) -> None:
    posts = [post(n) for n in range(1, 31)]
    posts[11]["content"]["rendered"] = "<p>" + "x" * 50_000
    serve(web, posts)
    for size in (10, 1):
        for number in range(1, 30 // size + 1):
            part = posts[(number - 1) * size : number * size]
            web.pages[path(number, size)] = answer(part, 30 // size)
        web.pages[path(30 // size + 1, size)] = answer(KNOWN_END, status=400)
    found = read(web, max_bytes=20_000)
    assert ids(found) == [n for n in range(1, 31) if n != 12]
    (refused,) = refusals(found)
    assert refused.source == web.url(path(12, 1))
    assert refused.reason == "is larger than 20000 bytes (ingest.max_bytes)"
    assert refused.origin == web.url(LISTED)


def test_an_api_that_is_not_there_is_told_in_one_line(web: Web) -> None:
    (refused,) = read(web)
    assert isinstance(refused, Rejected)
    assert refused.reason == "is not there (404): check the address"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": "News"}, "title: is missing: give the text a title where it was written"),
        ({"title": {"rendered": ["News"]}}, "title: is missing"),
        ({"title": {"rendered": "<b></b>&#x202e;\x07"}}, "title: is missing"),
        ({"title": {"rendered": "<script>News</script>"}}, "title: is missing"),
        ({"title": {"rendered": "x" * 501}}, "title: has 501 characters, 500 at the most"),
        ({"title": {"rendered": "<i>" * 4_000_000}}, "title: has 12000000 characters"),
        ({"content": None}, "body: is empty: the API gives no text"),
        ({"content": {"rendered": 7}}, "body: is empty"),
        ({"content": {"rendered": "<p>\x00</p><!-- x -->"}}, "body: is empty"),
        ({"content": {"rendered": "<p>" + "x" * 4_000_000}}, "body: has 4000003 characters"),
        ({"content": {"rendered": "x", "protected": True}}, "body: is protected by a password"),
        ({"content": {"rendered": "<p>caf\ufffd"}}, "body: holds characters that cannot be read"),
        ({"title": {"rendered": "caf\ufffd"}}, "title: holds characters that cannot be read"),
        ({"date_gmt": "yesterday"}, "date: 'yesterday' is no date such as"),
    ],
)
def test_a_post_that_cannot_be_taken_names_the_field_and_never_stops_the_others(
    web: Web, changes: dict[str, Any], reason: str
) -> None:
    serve(web, [post(1), post(2, **changes), post(3)])
    found = read(web, max_bytes=20_000_000)
    assert ids(found) == [1, 3]
    (refused,) = refusals(found)
    assert refused.reason.startswith(reason)
    assert refused.origin == web.url(f"{LISTED}/2")
    assert len(refused.reason) < 300


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, {"id": None}, {"id": True}, {"id": -1}])
def test_what_is_no_post_is_passed_by(web: Web, odd: Any) -> None:
    serve(web, [odd, post(1)])
    found = read(web)
    assert ids(found) == [1]
    assert [entry.reason for entry in refusals(found)] == ["a post has no id: it is passed by"]


@pytest.mark.parametrize(
    "changes",
    [
        {"translations": [], "_embedded": [], "featured_media": "x"},
        {"translations": {"fr": None, "es": "x", "a/b": 7, "": 3, "de": 9, "en": 2**70}},
        {"wpml_translations": {"locale": 7}, "polylang_translations": "x"},
        {"_embedded": {"wp:term": {"name": "x"}, "wp:featuredmedia": "x"}},
        {"_embedded": {"wp:term": [None, [None, {"name": 7, "taxonomy": "category"}]]}},
        {"_embedded": {"wp:featuredmedia": [{"source_url": "javascript:x", "alt_text": "y"}]}},
        {"excerpt": {"rendered": "<p>" + "x" * 2001}},
        {"link": "javascript:alert(1)"},
        {"slug": 7, "date_gmt": None, "excerpt": "x", "status": None},
        {"slug": "%ff%00\n", "date_gmt": "0000-00-00T00:00:00", "modified_gmt": 7},
    ],
)
def test_wrong_types_beside_the_text_say_nothing(web: Web, changes: dict[str, Any]) -> None:
    serve(web, [post(1, **changes)])
    (found,) = drafts(web)
    assert (found.key, found.topics, found.image) == (f"{web.host}{LISTED}/1", {}, None)
    assert (found.words.image_alt, found.words.summary) == ("", "")
    assert found.url in {None, "https://news.example.org/post-1/"}


@pytest.mark.parametrize(
    ("status", "workflow", "kept_back"),
    [
        ("publish", None, False),
        (None, None, False),
        ("future", None, True),
        ("pending", Workflow.IN_REVIEW, False),
        ("draft", Workflow.DRAFT, False),
        ("private", Workflow.WITHDRAWN, False),
        ("trash", Workflow.WITHDRAWN, False),
    ],
)
def test_the_status_is_the_workflow(
    status: str | None, workflow: Workflow | None, *, kept_back: bool
) -> None:
    found = fields(post(1, status=status), None)
    assert found["workflow"] is workflow
    public = fields(post(1, status=status), Workflow.APPROVED)
    assert public["workflow"] is (workflow or Workflow.APPROVED)
    assert bool(found["embargo"]) is kept_back


@pytest.mark.parametrize(
    ("place", "root"),
    [
        ("https://example.org/wp-json", ("https://example.org/wp-json", "posts")),
        ("https://example.org/wp-json/", ("https://example.org/wp-json", "posts")),
        ("https://example.org/fr/wp-json/wp/v2/", ("https://example.org/fr/wp-json", "posts")),
        ("https://example.org/wp-json/wp/v2/news?x=1", ("https://example.org/wp-json", "news")),
        ("https://example.org/?rest_route=/", ("https://example.org/?rest_route=", "posts")),
        ("https://example.org/?rest_route=/wp/v2/a", ("https://example.org/?rest_route=", "a")),
        ("https://example.org/wp-jsonp", None),
        ("https://example.org/?x=/wp-json/", None),
        ("https://example.org/", None),
    ],
)
def test_the_address_of_an_api_is_known_by_its_path(
    place: str, root: tuple[str, str] | None
) -> None:
    assert root_of(place) == root


def test_a_site_without_nice_addresses_is_read_too(web: Web) -> None:
    query = path().partition("?")[2]
    web.pages[f"/?rest_route=/wp/v2/posts&{query}"] = answer([post(1)])
    with fetcher(web) as opened:
        other = replace(source(web, opened), root=web.url("/?rest_route="))
        (found,) = other.drafts()
    assert isinstance(found, Draft)
    assert found.origin == f"{other.scope}1"


def test_the_address_of_an_api_leads_to_its_posts(
    web: Web, database: Database, config: Config
) -> None:
    serve(web, recorded("polylang"))
    ours = make.config(config.folder, ingest={"private_hosts": (web.host,)})
    with readings.opened(database, ours, [web.url("/wp-json/")]) as ways:
        outcome = intake.take_from(database, ours, ways, now=make.NOW)
    assert (outcome.new, outcome.rejected) == (4, [])
    with database.read() as tx:
        (item,) = items.listing(tx)
        texts = translations.of(tx, [item.id])[item.id]
    # Somebody here looks at them before readers do.
    assert {text.workflow for text in texts.values()} == {Workflow.IN_REVIEW}


def test_importing_twice_changes_nothing_and_a_translation_finds_its_item(
    web: Web, database: Database, config: Config
) -> None:
    posts = recorded("polylang")
    outcomes = []
    for shown in (posts[:1], posts, posts):
        serve(web, shown)
        for lang in ("fr", "es", "ar"):
            serve(web, [], lang=lang)
        found = read(web)
        outcomes.append(intake.take(database, config, found, now=make.NOW))
    assert [(o.new, o.changed, o.same, o.rejected) for o in outcomes] == [
        (1, 0, 0, []),
        (3, 0, 1, []),
        (0, 0, 4, []),
    ]
    with database.read() as tx:
        assert len(items.listing(tx)) == 1


def test_posts_that_have_gone_are_told_of_but_not_those_that_nobody_could_see(
    web: Web, database: Database, config: Config
) -> None:
    posts = [post(n) for n in range(1, 121)]
    gone = []
    for pages in (
        [posts[:100], posts[100:]],
        # One is not public any more, one cannot be taken, one is in a language that nobody reads.
        [[*posts[:97], post(98, title=None), post(99, lang="de")], posts[100:]],
        [posts[:100]],
    ):
        serve(web, *pages)
        if len(pages) == 1:
            web.pages[path(2)] = Answer(status=503)
        with fetcher(web) as opened:
            outcome = intake.take_from(database, config, [source(web, opened)], now=make.NOW)
        gone.append(sorted(int(place.origin.rpartition("/")[2]) for place in outcome.gone))
    assert gone == [[], [99, 100], []]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just("<p>x</p>"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
RENDERED = st.builds(lambda value: {"rendered": value}, st.text(max_size=30) | JSON)
POSTS = st.fixed_dictionaries(
    {"id": st.integers(1, 9)},
    optional={
        "lang": st.sampled_from(["en", "fr", "zz", "", "\ud800"]) | JSON,
        "translations": st.dictionaries(st.sampled_from(["en", "fr_FR", "ar", "?"]), JSON),
        "title": RENDERED | JSON,
        "content": RENDERED | JSON,
        "excerpt": RENDERED | JSON,
        "link": st.sampled_from(["https://a.example/", "https://a.example/\ud800", "x"]) | JSON,
        "slug": st.text(max_size=9) | JSON,
        "date_gmt": JSON,
        "status": JSON,
        "_embedded": JSON,
    },
)
#: Posts of which many can be read.
WHOLE = st.fixed_dictionaries(
    {
        "id": st.integers(1, 9),
        "lang": st.sampled_from(["en", "fr"]),
        "title": RENDERED,
        "content": RENDERED,
        "link": st.just("https://a.example/a/"),
    }
)


@pytest.fixture(scope="module")
def opened(server: Web) -> Iterator[Fetcher]:
    with fetcher(server) as opened:
        yield opened


@settings(max_examples=100)
@given(posts=st.lists(POSTS | WHOLE | JSON, max_size=4))
def test_whatever_an_api_answers_there_are_clean_drafts_or_refusals(
    server: Web, opened: Fetcher, posts: list[Any]
) -> None:
    server.pages.clear()
    serve(server, posts)
    for entry in source(server, opened).drafts():
        if isinstance(entry, Rejected):
            assert entry.reason
            assert "\n" not in entry.reason
        else:
            assert entry.words.title == characters.clean_line(entry.words.title) != ""
            assert entry.words.body == characters.clean_text(entry.words.body) != ""
            assert entry.language in make.LANGUAGES
            assert entry.origin.isprintable()
