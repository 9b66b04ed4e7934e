"""Drupal: whose text is in which language, and what its fallbacks and faults cost."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import characters
from publisher.config import Config
from publisher.errors import InputError
from publisher.ingest import intake, readings
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.drupal import Drupal, root_of
from publisher.ingest.fetch import Fetcher
from publisher.ingest.jsonapi import Listing, Page
from publisher.ingest.node import Node, relationships
from store import items, translations
from store.database import Database
from store.records import Workflow
from tests import make
from tests.fakes import Answer, Web

DATA = Path(__file__).parents[2] / "data" / "drupal"
#: The nodes of the recorded answers.
WELL, TALKS = (f"0b6d4f0e-53c8-4f6c-8a9e-2b9f4f0c7d0{number}" for number in (1, 2))
EMPTY: dict[str, Any] = {"data": [], "links": {}}


def path(language: str = "", bundle: str = "article", limit: int = 50, **query: Any) -> str:
    prefix = f"/{language}" if language else ""
    pages = {f"page[{name}]": value for name, value in query.items() if name != "include"}
    include = {"include": query["include"]} if "include" in query else {}
    words = urlencode({"page[limit]": limit, **pages, **include})
    return f"{prefix}/jsonapi/node/{bundle}?{words}"


def answer(content: Any) -> Answer:
    return Answer(
        headers={"Content-Type": "application/vnd.api+json"}, body=json.dumps(content).encode()
    )


def recorded(web: Web, name: str) -> Any:
    written = (DATA / f"{name}.json").read_text(encoding="utf-8")
    return json.loads(written.replace("HOST", web.url("")))


def play(web: Web) -> None:
    """Answer as the recorded site did."""
    web.pages["/jsonapi"] = answer(recorded(web, "index"))
    for language, name, include in (
        ("", "article_en", "field_image,field_tags"),
        ("fr", "article_fr", ""),
        ("ar", "article_ar", "field_media.field_media_image,field_tags"),
    ):
        content = recorded(web, name)
        if include:
            web.pages[path(language, include=include)] = answer(content)
            content.pop("included")
        web.pages[path(language)] = answer(content)
    web.pages[path(bundle="slide")] = answer(recorded(web, "slide"))
    for language in ("fr", "ar"):
        web.pages[path(language, bundle="slide")] = answer(EMPTY)


def fetcher(web: Web, **ingest: Any) -> Fetcher:
    return Fetcher(make.config(Path(), ingest={"private_hosts": (web.host,), **ingest}))


def source(web: Web, opened: Fetcher, bundle: str = "article") -> Drupal:
    root = web.url("/jsonapi")
    return Drupal(root=root, fetcher=opened, languages=make.LANGUAGES, bundle=bundle)


def read(web: Web, bundle: str = "article", **ingest: Any) -> list[Draft | Rejected]:
    with fetcher(web, **ingest) as opened:
        return list(source(web, opened, bundle).drafts())


def taken(found: Sequence[Draft | Rejected]) -> list[Draft]:
    return [entry for entry in found if isinstance(entry, Draft)]


def refusals(found: Sequence[Draft | Rejected]) -> list[Rejected]:
    return [entry for entry in found if isinstance(entry, Rejected)]


def numbers(found: Sequence[Draft | Rejected]) -> list[int]:
    return [int(entry.key[-12:]) for entry in taken(found)]


def uuid(number: int) -> str:
    return f"0b6d4f0e-53c8-4f6c-8a9e-{number:012d}"


def node(number: int, **changes: Any) -> dict[str, Any]:
    values = {
        "langcode": "en",
        "status": True,
        "title": f"Node {number}",
        "created": "2026-11-03T10:00:00+01:00",
        "default_langcode": True,
        "drupal_internal__nid": number,
        "path": {"alias": None},
        "body": {"processed": "<p>Text.</p>", "value": "", "format": "basic_html", "summary": ""},
    }
    return {
        "type": "node--article",
        "id": uuid(number),
        "attributes": {**values, **changes},
        "relationships": {},
    }


def listing(rows: Sequence[Any], next_: Any = None) -> Answer:
    return answer({"data": rows, "links": {"next": {"href": next_}} if next_ else {}})


def test_the_texts_of_a_node_are_one_item_in_each_language_that_it_is_in(web: Web) -> None:
    play(web)
    found = taken(read(web))
    assert [(entry.key, entry.language) for entry in found] == [
        (WELL, "en"),
        (TALKS, "es"),
        (WELL, "fr"),
        (WELL, "ar"),
    ]
    assert {entry.origin for entry in found if entry.key == WELL} == {
        web.url(f"/jsonapi/node/article/{WELL}")
    }


def test_drupals_fallback_is_no_translation(web: Web) -> None:
    """The French list shows the Spanish talks, for want of French ones."""
    play(web)
    talks = [entry for entry in taken(read(web)) if entry.key == TALKS]
    assert [(entry.language, entry.words.title) for entry in talks] == [
        ("es", "Diálogo sobre la migración laboral")
    ]


def test_all_that_drupal_says_of_a_node_is_read(web: Web) -> None:
    play(web)
    english, spanish, french, arabic = taken(read(web))
    assert english == make.draft(
        source=web.url("/news/a-new-well-in-kassala"),
        key=WELL,
        origin=web.url(f"/jsonapi/node/article/{WELL}"),
        words=make.text(
            # Titles are plain text here.
            title="Water & dignity <3: a new well in Kassala",
            summary="Four villages in Kassala have clean water & hope again.",
            body=(
                "The new well gives **12,000 litres** a day.\n\n"
                f"See [who we are]({web.url('/about')})."
            ),
            slug="a-new-well-in-kassala",
            image_alt="Two women fill a bucket at a hand pump.",
        ),
        dated=datetime(2026, 11, 3, 9, tzinfo=UTC),
        kind="news",
        topics={"water-health": "Water & health", "sudan": "Sudan"},
        url=web.url("/news/a-new-well-in-kassala"),
        image=web.url("/sites/default/files/2026-11/well.jpg"),
        workflow=None,
        source_language="en",
        change=None,
    )
    # A picture of the media library.
    assert arabic.image == english.image
    assert arabic.words.image_alt == "امرأتان تملآن دلوًا."
    assert arabic.topics == {"مياه": "مياه"}
    assert arabic.words.slug == "بئر-جديدة"
    assert (arabic.made_from, french.made_from) == ("en", "ar")
    assert french.url == web.url("/fr/actualites/un-nouveau-puits")
    # Without an alias, and in a format that is no HTML.
    assert spanish.url == web.url("/node/18")
    assert spanish.words.body == "El diálogo empieza el lunes.\n\n1 < 2"


def test_what_a_text_was_made_from_counts_only_where_it_is_public(web: Web) -> None:
    made = node(1, langcode="fr", default_langcode=False, content_translation_source="ar")
    web.pages[path("fr")] = listing([made])
    web.pages[path()] = listing([node(1)])
    found = taken(read(web))
    assert [(entry.language, entry.made_from) for entry in found] == [("en", None), ("fr", None)]


def test_kinds_of_nodes_are_found_and_those_without_a_text_told_of_once(web: Web) -> None:
    play(web)
    found = read(web, bundle="")
    assert len(taken(found)) == 4
    assert [(entry.origin, entry.reason) for entry in refusals(found)] == [
        (web.url("/jsonapi/node/slide"), "body: nodes of the kind slide have none; passed over: 1")
    ]
    assert {"/jsonapi", path(bundle="slide"), path("es", bundle="slide")} <= set(web.paths)


def test_the_scope_is_the_api_or_the_one_kind_that_is_read(web: Web) -> None:
    with fetcher(web) as opened:
        one = source(web, opened)
        assert one.scope == web.url("/jsonapi/node/article/")
        assert replace(one, bundle="").scope == web.url("/jsonapi/")


def test_texts_in_other_languages_are_told_of_once(web: Web) -> None:
    web.pages[path()] = listing([node(1), node(2, langcode="de"), node(3, langcode="de")])
    found = read(web)
    assert numbers(found) == [1]
    (told,) = refusals(found)
    assert told.reason == (
        "lang: de is not a language of this site (en, fr, es, ar); passed over: 2"
    )
    assert told.origin == web.url("/jsonapi?lang=de")


def test_each_language_has_its_own_list_by_its_own_code(web: Web) -> None:
    web.pages[path("pt-br")] = listing([node(1, langcode="pt-br", default_langcode=False)])
    web.pages[path()] = listing([node(1)])
    with fetcher(web) as opened:
        both = replace(source(web, opened), languages=("en", "pt-BR"))
        assert [entry.language for entry in taken(list(both.drafts()))] == ["pt-BR", "en"]


def test_a_list_is_followed_to_its_end_and_never_off_its_address(web: Web) -> None:
    web.pages[path()] = listing(
        [node(1)], "http://elsewhere.example/x?page%5Boffset%5D=50&page%5Blimit%5D=50&filter=x"
    )
    # Older versions give the address without an object around it.
    web.pages[path(offset=50)] = answer(
        {"data": [node(2)], "links": {"next": web.url(path(offset=100))}}
    )
    web.pages[path(offset=100)] = listing([node(3)])
    assert numbers(read(web)) == [1, 2, 3]
    assert web.paths[-3:] == [path(), path(offset=50), path(offset=100)]


def test_what_a_later_page_relates_to_is_included_from_there_on(web: Web) -> None:
    tagged = node(2)
    link = {"type": "taxonomy_term--tags", "id": "t"}
    tagged["relationships"]["field_tags"] = {"data": [link]}
    term = {**link, "attributes": {"name": "Eau"}}
    web.pages[path()] = listing([node(1)], path(offset=50))
    web.pages[path(offset=50)] = listing([tagged], path(offset=100))
    for offset, row in ((50, tagged), (100, node(3))):
        links = {"next": {"href": path(offset=100)}} if offset == 50 else {}
        web.pages[path(offset=offset, include="field_tags")] = answer(
            {"data": [row], "included": [term], "links": links}
        )
    found = taken(read(web))
    assert [entry.topics for entry in found] == [{}, {"eau": "Eau"}, {}]


@pytest.mark.parametrize(
    ("next_", "reason"),
    [
        (path(), "leads back to itself (page%5Blimit%5D=50)"),
        ("/x?page[limit]=50", "leads back to itself"),
        ("/x", "its link to the next page does not say which page"),
        ("http://[", "its link to the next page is no address"),
        ("/x?" + "a=1&" * 99, "its link to the next page is no address"),
    ],
)
def test_a_link_that_leads_nowhere_ends_the_list_and_says_so(
    web: Web, next_: str, reason: str
) -> None:
    web.pages[path()] = listing([node(1)], next_)
    found = read(web)
    assert numbers(found) == [1]
    (refused,) = refusals(found)
    assert refused.reason.startswith(reason)
    assert refused.source == refused.origin == web.url("/jsonapi/node/article")


def test_a_list_without_end_is_left_at_some_point(web: Web) -> None:
    for offset in range(9):
        there = path(offset=offset) if offset else path()
        web.pages[there] = listing([node(offset + 1)], path(offset=offset + 1))
    address = web.url("/jsonapi/node/article")
    with fetcher(web) as opened:
        long = Listing(fetcher=opened, url=address, size=50, wanted=relationships, most=3)
        with pytest.raises(InputError, match="is longer than what is read"):
            list(long.pages(optional=False))
    assert len(web.paths) == 3


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (Answer(status=500), "its server has a fault (500): try again later"),
        (Answer(status=404), "is not there (404): check the address"),
        (Answer(body=b"{"), "is not JSON"),
        (answer({"errors": []}), "is no list of a JSON:API: is this its address?"),
        (answer([]), "is no list of a JSON:API"),
    ],
)
def test_a_list_that_breaks_off_keeps_the_good_ones_and_the_other_lists(
    web: Web, broken: Answer, reason: str
) -> None:
    web.pages[path("fr")] = listing([node(1, langcode="fr")], path(offset=50))
    web.pages[path("fr", offset=50)] = broken
    web.pages[path()] = listing([node(2)])
    found = read(web)
    assert [(entry.language, entry.key) for entry in taken(found)] == [
        ("fr", uuid(1)),
        ("en", uuid(2)),
    ]
    (refused,) = refusals(found)
    assert reason in refused.reason
    assert refused.origin == web.url("/jsonapi/node/article")


@pytest.mark.parametrize(
    "index", [Answer(status=404), answer({"links": {"self": {}}}), answer([]), Answer(body=b"x")]
)
def test_an_api_that_is_none_is_told_in_one_line(web: Web, index: Answer) -> None:
    web.pages["/jsonapi"] = index
    (refused,) = read(web, bundle="")
    assert isinstance(refused, Rejected)
    assert refused.source == refused.origin == web.url("/jsonapi")


def test_a_page_that_is_too_large_is_read_in_parts_and_costs_only_the_node_that_is(
    web: Web,
) -> None:
    rows = [node(n) for n in range(1, 12)]
    rows[6]["attributes"]["body"]["processed"] = "x" * 50_000
    for limit in (50, 5, 1):
        for offset in range(12):
            shown = rows[offset : offset + limit]
            behind = path(offset=offset + limit, limit=limit)
            there = path(offset=offset, limit=limit) if offset else path(limit=limit)
            web.pages[there] = listing(shown, behind if offset + limit < 11 else None)
    found = read(web, max_bytes=20_000)
    assert numbers(found) == [n for n in range(1, 12) if n != 7]
    (refused,) = refusals(found)
    assert refused.reason == "is larger than 20000 bytes (ingest.max_bytes)"
    assert refused.origin == web.url("/jsonapi/node/article")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": None}, "title: is missing: give the text a title where it was written"),
        ({"title": ["x"]}, "title: is missing"),
        ({"title": "\u202e\x07"}, "title: is missing"),
        ({"title": "x" * 501}, "title: has 501 characters, 500 at the most"),
        ({"body": None}, "body: is empty: the API gives no text"),
        ({"body": "x"}, "body: is empty"),
        ({"body": {"value": 7}}, "body: is empty"),
        ({"body": {"processed": "x" * 4_000_000}}, "body: has 4000000 characters"),
        ({"body": {"processed": "caf\ufffd"}}, "body: holds characters that cannot be read"),
        ({"created": "soon"}, "date: 'soon' is no date such as"),
    ],
)
def test_a_node_that_cannot_be_taken_names_the_field_and_never_stops_the_others(
    web: Web, changes: dict[str, Any], reason: str
) -> None:
    web.pages[path()] = listing([node(1), node(2, **changes), node(3)])
    found = read(web)
    assert numbers(found) == [1, 3]
    (refused,) = refusals(found)
    assert refused.reason.startswith(reason)
    assert refused.origin == web.url(f"/jsonapi/node/article/{uuid(2)}")
    assert len(refused.reason) < 300


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, {"id": 7}, {"id": "x"}, {"id": "\ud800"}])
def test_what_is_no_node_is_passed_by(web: Web, odd: Any) -> None:
    web.pages[path()] = listing([odd, node(1)])
    found = read(web)
    assert numbers(found) == [1]
    assert [entry.reason for entry in refusals(found)] == ["a node has no id: it is passed by"]


@pytest.mark.parametrize(
    ("changes", "workflow"),
    [({}, Workflow.APPROVED), ({"status": False}, Workflow.DRAFT), ({"status": 7}, "approved")],
)
def test_the_status_is_the_workflow(changes: dict[str, Any], workflow: str) -> None:
    found = Node(row=node(1, **changes), page=Page(), base="https://example.org")
    assert found.fields(("en",), Workflow.APPROVED)["workflow"] == workflow


@pytest.mark.parametrize(
    "changes",
    [
        {"path": {"alias": "javascript:x"}, "drupal_internal__nid": None},
        {"path": {"alias": "/a b"}},
        {"body": {"value": "x", "summary": "x" * 2001}},
        {"status": "x", "default_langcode": 7, "content_translation_source": ["x"]},
    ],
)
def test_wrong_types_beside_the_text_say_nothing(web: Web, changes: dict[str, Any]) -> None:
    web.pages[path()] = listing([node(1, **changes)])
    (found,) = taken(read(web))
    assert found.words.summary == ""
    assert found.made_from is None
    assert found.url in {None, web.url("/node/1")}


@pytest.mark.parametrize("langcode", ["und", "", "english", "\ud800\n"])
def test_what_is_in_no_language_is_told_of_too(web: Web, langcode: str) -> None:
    web.pages[path()] = listing([node(1), node(2, langcode=langcode)])
    _, refused = read(web)
    assert isinstance(refused, Rejected)
    shown = characters.clean_line(langcode) or "none"
    assert refused.reason.startswith(f"lang: {shown} is not a language of this site")


@pytest.mark.parametrize(
    ("written", "date"),
    [
        (1_762_160_400, datetime(2025, 11, 3, 9, tzinfo=UTC)),
        ("2026-11-03T10:00:00+01:00", datetime(2026, 11, 3, 9, tzinfo=UTC)),
        (None, None),
        (10**30, None),
        (True, None),
    ],
)
def test_dates_are_read_as_text_and_as_seconds(
    web: Web, written: Any, date: datetime | None
) -> None:
    web.pages[path()] = listing([node(1, created=written)])
    (found,) = taken(read(web))
    assert found.dated == date


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ({}, set()),
        ([], set()),
        ({"uid": {"data": {"type": "user--user", "id": "1"}}}, set()),
        ({"a": {"data": {"type": "file--file", "id": "1", "meta": {"alt": ""}}}}, {"a"}),
        ({"a": {"data": {"type": "file--file", "id": "1", "meta": []}}}, set()),
        ({"a": {"data": [{"type": "media--image"}]}}, {"a.field_media_image"}),
        ({"a,b": {"data": {"type": "taxonomy_term--tags"}}}, set()),
        ({"a": {"data": "x"}, "b": None, "c": {"data": [None, 7]}}, set()),
    ],
)
def test_only_pictures_and_topics_are_asked_for(given_: Any, wanted: set[str]) -> None:
    assert relationships({"relationships": given_}) == wanted


def test_a_thousand_relationships_make_no_endless_question() -> None:
    link = {"data": {"type": "taxonomy_term--tags", "id": "1"}}
    row = {"relationships": {f"field_{number}": link for number in range(1000)}}
    assert len(relationships(row)) == 20


@pytest.mark.parametrize(
    ("place", "root"),
    [
        ("https://example.org/jsonapi", ("https://example.org/jsonapi", "")),
        ("https://example.org/jsonapi/", ("https://example.org/jsonapi", "")),
        ("https://example.org/fr/jsonapi/", ("https://example.org/fr/jsonapi", "")),
        ("https://a.example/jsonapi/node/news?x=y", ("https://a.example/jsonapi", "news")),
        ("https://example.org/jsonapis", None),
        ("https://example.org/?x=/jsonapi/", None),
    ],
)
def test_the_address_of_an_api_is_known_by_its_path(
    place: str, root: tuple[str, str] | None
) -> None:
    assert root_of(place) == root


def test_the_address_of_an_api_leads_to_its_nodes(
    web: Web, database: Database, config: Config
) -> None:
    play(web)
    ours = make.config(config.folder, ingest={"private_hosts": (web.host,)})
    with readings.opened(database, ours, [web.url("/jsonapi/node/article")]) as ways:
        outcome = intake.take_from(database, ours, ways, now=make.NOW)
    assert (outcome.new, outcome.rejected) == (4, [])


def test_importing_twice_changes_nothing(web: Web, database: Database, config: Config) -> None:
    play(web)
    outcomes = [intake.take(database, config, read(web), now=make.NOW) for _ in range(2)]
    assert [(o.new, o.changed, o.same, o.rejected) for o in outcomes] == [
        (4, 0, 0, []),
        (0, 0, 4, []),
    ]
    with database.read() as tx:
        found = items.listing(tx)
        texts = translations.of(tx, [entry.id for entry in found])
    assert {entry.source_language for entry in found} == {"en", "es"}
    (well,) = (entry for entry in found if entry.source_language == "en")
    assert texts[well.id]["fr"].made_from == "ar"


def test_texts_that_have_gone_are_told_of_but_not_those_that_nobody_could_see(
    web: Web, database: Database, config: Config
) -> None:
    rows = [node(1), node(2)]
    french = [node(1, langcode="fr", default_langcode=False), rows[1]]
    gone = []
    for english, second in (
        (listing(rows), listing(french)),
        # The French text is taken back: Drupal shows the English one in its place.
        (listing(rows), listing(rows)),
        (listing(rows[:1]), Answer(status=500)),
        (listing([rows[0], node(2, title=None)]), listing([])),
        (listing(rows[:1]), listing(french[:1])),
    ):
        web.pages |= {path(): english, path("fr"): second}
        with fetcher(web) as opened:
            outcome = intake.take_from(database, config, [source(web, opened)], now=make.NOW)
        gone.append([(int(place.origin[-12:]), place.language) for place in outcome.gone])
    assert gone == [[], [(1, "fr")], [], [(1, "fr")], [(2, "en")]]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just("<p>x</p>"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.just("data"), inner, max_size=3)
    ),
    max_leaves=6,
)
ROWS = st.fixed_dictionaries(
    {"id": st.integers(1, 5).map(uuid)},
    optional={
        "attributes": st.fixed_dictionaries(
            {},
            optional={
                "langcode": st.sampled_from(["en", "fr", "zz", "", "\ud800"]) | JSON,
                "title": st.text(max_size=9) | JSON,
                "body": st.fixed_dictionaries({"processed": st.text(max_size=30) | JSON}) | JSON,
                "path": JSON,
                "created": JSON,
                "default_langcode": JSON,
                "content_translation_source": st.sampled_from(["en", "ar", "und"]) | JSON,
            },
        )
        | JSON,
        "relationships": st.dictionaries(st.sampled_from(["field_image", "field_x"]), JSON) | JSON,
    },
)
#: Nodes of which many can be read.
WHOLE = st.builds(
    lambda node, title, body: {
        "id": f"0000000{node}-0000-4000-8000-000000000000",
        "type": "node--article",
        "attributes": {"langcode": "en", "title": title, "body": {"processed": body}},
    },
    st.integers(1, 9),
    st.text(min_size=1, max_size=9),
    st.text(min_size=1, max_size=30),
)


@pytest.fixture(scope="module")
def opened(server: Web) -> Iterator[Fetcher]:
    with fetcher(server) as opened:
        yield opened


@settings(max_examples=100)
@given(rows=st.lists(ROWS | WHOLE | JSON, max_size=4), links=JSON, included=JSON)
def test_whatever_an_api_answers_there_are_clean_drafts_or_refusals(
    server: Web, opened: Fetcher, rows: list[Any], links: Any, included: Any
) -> None:
    server.pages.clear()
    content = answer({"data": rows, "included": included, "links": links})
    server.pages |= {path(): content, path("fr"): content}
    for entry in source(server, opened).drafts():
        if isinstance(entry, Rejected):
            assert entry.reason
            assert "\n" not in entry.reason
        else:
            assert entry.words.title == characters.clean_line(entry.words.title) != ""
            assert entry.words.body == characters.clean_text(entry.words.body) != ""
            assert entry.language in make.LANGUAGES
            assert entry.origin.isprintable()
