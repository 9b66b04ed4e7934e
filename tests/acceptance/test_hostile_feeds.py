"""Five hundred hostile texts in every script of Unicode, and the sample: what readers get.

Every feed of both sites, the newest documents and the archives, all topics and languages, in
every format, is read by three libraries that share no code; each must tell what the store says.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import etree

import scheduler
from publisher import addresses, markup
from publisher.config import Config
from publisher.feeds.entries import Frame, Source, content, frame
from publisher.ingest import intake, limits, sources
from publisher.ledger import tell_all
from publisher.story import Story
from store import items, publications, translations
from store.database import Database
from store.records import FEED, Publication, Text
from tests import atom, make, readers
from tests.scripts import samples

ITEMS = 500
SAMPLE = Path(__file__).parent.parent.parent / "examples" / "icmc"
#: Every so many items has a text in each language; the others have one.
ROUND = 3

FAMILY = "👩‍👩‍👧‍👦 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f 👍🏿 1️⃣ 🇧🇪"
#: What stands beside the words of a script: in a title, and in a text.
TITLES = (
    "{}",
    "{} ]]> <![CDATA[ <!--",
    "<b>{}</b> &amp; &lt;i&gt; &copy; &#65;",
    "\u202e{}\u2066\u200f",
    "{} " + FAMILY,
    "\0{}\x0b\ud800\x1b",
    "{}" + "x" * 400,
    "&{};",
    "\u00a0{}\u2028z\u3000",
    "\"{}'\\",
)
BODIES = (
    "{}",
    "{} ]]> &amp; ]]&gt; <b>raw</b> &copy;\n\n- <!-- {} -->",
    "| {} | b |\n|:-:|--:|\n| 1 | [c](/d) |",
    '![{}](../picture.png "{}") [up](..) [down](#a) <https://example.org/?a=1&b=2>',
    "\u202e{}\u202c \u2067{}\u2069 " + FAMILY,
    "{}\x00\x08\x0c\x1f\x7f\x85\ufffe\udfff{}",
    "{}" * 2 + "y" * 5_000,
    "# {}\n\n## {}\n\n> {}\n\n```\n<script>{}</script>\n```",
    "a{}" + "\u0301\u0316" * 40,
    "{}\\\n**{}** *{}* `{}` ~~{}~~ [x](javascript:alert(1))",
)
TOPICS = ("plain", "<b>&amp;", "]]>", "عمل", "👩‍👩‍👧", "\u202eturned", "x" * 90, "ελλάδα")


def texts() -> Iterator[tuple[int, str, dict[str, Any], str]]:
    """Yield for each text the number of its item, its language, its fields and its body."""
    scripts = list(samples().values())
    for number in range(ITEMS):
        letters = scripts[number % len(scripts)]
        own = make.LANGUAGES[number % len(make.LANGUAGES)]
        for language in make.LANGUAGES if number % ROUND == 0 else (own,):
            words = f"{letters} {make.TITLES[language]}"
            fields = {
                "title": TITLES[number % len(TITLES)].replace("{}", f"{number} {words}"),
                "source_language": own,
                "topics": [TOPICS[number % len(TOPICS)]],
                "workflow": "approved",
            }
            if number % 5 == 0:
                fields["url"] = f"https://müller.example/{number}?a=1&amp;b={{2}}|^#ü%20{letters}"
            if number % 2:
                fields["summary"] = TITLES[number % 7].replace("{}", letters)
            yield number, language, fields, _body(number, words)


def _body(number: int, words: str) -> str:
    if number % 167 == 1:
        # Two megabytes, as the letters of most scripts take two bytes.
        return ("كرامة " * limits.MAX_BODY)[: limits.MAX_BODY]
    return BODIES[number // len(TITLES) % len(BODIES)].replace("{}", words)


def write(folder: Path) -> None:
    """Write the texts as authors do: a file for each, with a head of YAML."""
    for number, language, fields, body in texts():
        head = "\n".join(f"{name}: {json.dumps(value)}" for name, value in fields.items())
        path = folder / f"{number:03}.{language}.md"
        path.write_bytes(f"---\n{head}\n---\n{body}".encode("utf-8", "replace"))


@dataclass(frozen=True)
class Site:
    """A site that one pass has published."""

    config: Config
    #: The ledger: what each audience was told of each item.
    rows: Mapping[tuple[int, str], Publication]
    #: The same in the words of the store, by id.
    stories: Mapping[str, Story]
    #: The words of the store, by item and language.
    words: Mapping[tuple[int, str], Text]
    #: Where items were published first, by item.
    origins: Mapping[int, str | None]

    @cached_property
    def feeds(self) -> list[Path]:
        """All feeds there are, in every format."""
        return sorted(self.config.public.rglob("feed.*[!z]"))

    @cached_property
    def wanted(self) -> Mapping[str, readers.Told]:
        """What readers shall get of each entry, by id."""
        return {id_: self._wanted(story) for id_, story in self.stories.items()}

    def _wanted(self, story: Story) -> readers.Told:
        around = frame(story.language, self.config)
        row = self.rows[story.item_id, story.language]
        words = self.words[story.item_id, row.shown_language]
        shown = content(Source(story=story, frame=around))
        page = _page(around, row, words)
        assert markup.html(words.body, base=page) in shown + "\n"
        summary = words.summary or markup.summary(words.body)
        return {
            "id": f"tag:news.example.org,2013:item/{row.item_id}/{row.language}",
            "title": words.title,
            "link": page,
            "published": row.published,
            "updated": row.updated,
            "language": row.shown_language,
            "summary": f"{story.notice} {summary}".strip(),
            "content": shown,
            "others": self._others(row, around),
        }

    def _others(self, row: Publication, around: Frame) -> readers.Others:
        first = self.origins[row.item_id]
        found: readers.Others = {("via", None, addresses.uri(first))} if first else set()
        for tag in self.config.site.languages:
            if tag != row.language and self._is_told(row.item_id, tag):
                key = row.item_id, tag
                page = _page(around, self.rows[key], self.words[key])
                found.add(("related", tag, page))
        return found

    def _is_told(self, item_id: int, language: str) -> bool:
        row = self.rows.get((item_id, language))
        return row is not None and row.shown_language == language

    def read(self, suffix: str, reader: str) -> Iterator[tuple[Path, readers.Read]]:
        """Yield all feeds of a format as a library reads them."""
        for path in self.feeds:
            if path.suffix == f".{suffix}":
                yield path, readers.read(reader, path.read_bytes(), suffix)


def _page(around: Frame, row: Publication, words: Text) -> str:
    """Return the address of the page of a row."""
    return around.link(addresses.item(row.language, row.item_id, words.slug))


@contextmanager
def published(config: Config, database: Database, folder: Path) -> Iterator[Site]:
    """Take a folder in and publish it, by the ways in and out that there are."""
    outcome = intake.take_from(
        database, config, [sources.source_of(str(folder), config)], now=make.NOW
    )
    assert [(each.source, each.reason) for each in outcome.rejected] == []
    done = scheduler.tick(database, config, now=make.NOW)
    assert done.problems == []
    with database.read() as tx:
        origins = {item.id: item.url for item in items.listing(tx)}
        ids = list(origins)
        rows = publications.standing(tx, ids, FEED)
        told = tell_all(tx, [*rows.values()], config)
        words = translations.of(tx, ids)
    yield Site(
        config,
        rows,
        {story.id: story for story in told},
        {(id_, tag): text for id_, each in words.items() for tag, text in each.items()},
        origins,
    )


@pytest.fixture(scope="module")
def hostile(migrated: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give the site of the hostile texts; readers of Arabic are shown other languages too."""
    folder = tmp_path_factory.mktemp("hostile")
    news = folder / "news"
    news.mkdir()
    write(news)
    config = make.config(
        folder,
        feeds={"missing_in": {"ar": "fallback"}, "hubs": ("https://hub.example.org/?a=1&b=2",)},
        mail={"host": "127.0.0.1"},
    )
    with make.a_store(migrated) as database, published(config, database, news) as site:
        yield site


@pytest.fixture(scope="module")
def sample(migrated: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give the site of the sample content."""
    about = tomllib.loads((SAMPLE / "site.toml").read_text(encoding="utf-8"))
    site = {"languages": about["site"]["languages"], "name": about["site"]["name"]}
    config = make.config(
        tmp_path_factory.mktemp("sample"), site=site, feeds={"entries": 2, "missing": "fallback"}
    )
    with make.a_store(migrated) as database:
        for key, names in about["topics"].items():
            intake.put_topic(database, config, key, names)
        with published(config, database, SAMPLE / "items") as made:
            yield made


@pytest.fixture(params=["hostile", "sample"])
def site(request: pytest.FixtureRequest) -> Site:
    """Return each of the two sites."""
    found: Site = request.getfixturevalue(request.param)
    return found


PAIRS = [(suffix, name) for suffix in addresses.FEED_FORMATS for name in readers.names(suffix)]


def test_all_of_it_is_in_every_language(hostile: Site) -> None:
    assert len(samples()) > 160
    assert len({item_id for item_id, _ in hostile.words}) == ITEMS
    told = [story.language for story in hostile.stories.values()]
    assert told.count("ar") == ITEMS
    for language in ("en", "fr", "es"):
        assert told.count(language) > ITEMS * 0.4
    assert max(len(text.body.encode()) for text in hostile.words.values()) > 1_800_000


@pytest.mark.parametrize(("suffix", "reader"), PAIRS)
def test_every_reader_gets_what_the_store_says(site: Site, suffix: str, reader: str) -> None:
    seen = set()
    for path, (feed, entries) in site.read(suffix, reader):
        language = path.relative_to(site.config.public).parts[0]
        assert feed.get("language", language) == language, path
        assert site.config.name(language) in feed["title"]
        updated = max(site.wanted[entry["id"]]["updated"] for entry in entries)
        assert feed.get("updated", updated) == updated, path
        for entry in entries:
            told = site.wanted[entry["id"]]
            assert entry == readers.cut(told, reader, suffix), path
            assert told["id"].endswith(f"/{language}")
            seen.add(entry["id"])
    assert seen == site.wanted.keys()


def test_every_document_of_a_feed_holds_the_same_in_every_format(site: Site) -> None:
    for path in site.feeds:
        if path.suffix == ".json":
            ids = [item["id"] for item in json.loads(path.read_bytes())["items"]]
            for suffix in ("atom", "rss"):
                beside = path.with_suffix(f".{suffix}").read_bytes()
                _, entries = readers.read("fastfeedparser", beside, suffix)
                assert [entry["id"] for entry in entries] == ids


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_archives_and_newest_documents_together_hold_everything_once(
    hostile: Site, language: str
) -> None:
    archives = {
        int(path.parent.name): [item["id"] for item in json.loads(path.read_bytes())["items"]]
        for path in hostile.feeds
        if path.match(f"{language}/archive/*/feed.json")
    }
    newest = json.loads((hostile.config.public / language / "feed.json").read_bytes())["items"]
    told = {id_ for id_, story in hostile.stories.items() if story.language == language}
    whole = hostile.config.feeds.entries
    # The first holds fewer, each feed's another number: so they do not all end with one item.
    assert 0 < len(archives[1]) <= whole
    later = {len(ids) for number, ids in archives.items() if number > 1}
    assert later == {whole} == {len(newest)}
    kept = [id_ for ids in archives.values() for id_ in ids]
    assert len(kept) == len(set(kept))
    assert set(kept) | {item["id"] for item in newest} == told


def test_every_feed_of_atom_is_valid(site: Site) -> None:
    found = {path: atom.mistakes(path.read_bytes()) for path in site.feeds if path.match("*.atom")}
    assert len(found) > 20
    assert {path: each for path, each in found.items() if each} == {}


def test_every_picture_stands_where_its_entry_says_with_its_length(sample: Site) -> None:
    found = set()
    for path in sample.feeds:
        if path.suffix == ".atom":
            for link in etree.parse(path).iter(f"{atom.ATOM}link"):
                if link.get("rel") == "enclosure":
                    place = urlsplit(link.get("href", "")).path.strip("/")
                    found.add(place)
                    size = (sample.config.public / place).stat().st_size
                    assert str(size) == link.get("length")
    assert len(found) == 3
