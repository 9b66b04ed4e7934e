"""Archives (RFC 5005, 4): from the newest document a reader gets everything, by links alone."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import feedparser
import pytest

from publisher import editing, publishing, site
from publisher.config import Config
from publisher.ingest.intake import put_topic
from store.database import Database
from store.records import Change
from tests import make

SIZE, ITEMS = 3, 21
FORMATS = ("atom", "rss", "json")
#: How many archive documents that fills in each language: the first holds one or two.
FULL = 7


@pytest.fixture
def small(tmp_path: Path) -> Config:
    """Return the configuration of a site whose feeds hold three entries."""
    return make.config(tmp_path, feeds={"entries": SIZE})


@pytest.fixture(scope="module")
def full(migrated: bytes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    """Give the configuration of a site with all its items, which tests only read."""
    config = make.config(tmp_path_factory.mktemp("full"), feeds={"entries": SIZE})
    with make.a_store(migrated) as database:
        publish(database, config, range(1, ITEMS + 1))
        yield config


def publish(database: Database, config: Config, numbers: range) -> None:
    """Publish items in every language, one an hour; every second is of a topic."""
    put_topic(database, config, "labour", {"en": "Labour", "ar": "العمل"})
    for number in numbers:
        topics = {"labour": "Labour"} if number % 2 else {}
        drafts = [
            make.draft(language, key=f"item-{number}", topics=topics, source=f"{number}.{language}")
            for language in make.LANGUAGES
        ]
        now = make.NOW + timedelta(hours=number)
        make.take(database, config, *drafts, now=now)
        publishing.publish_due(database, config, now=now)
    site.refresh(database, config, now=now)


class Document:
    """A document of a feed as a reader knows it: its entries, and where it leads."""

    def __init__(self, body: bytes, suffix: str) -> None:
        if suffix == "json":
            record = json.loads(body)
            self.ids = [item["id"] for item in record["items"]]
            self.links = {"prev-archive": record.get("next_url")}
        else:
            parsed = feedparser.parse(body)
            assert parsed.bozo == 0
            self.ids = [entry.id for entry in parsed.entries]
            self.links = {link.rel: link.href for link in parsed.feed.links}
        self.is_archive = b"<fh:archive/>" in body

    @property
    def older(self) -> str | None:
        """The address of the document with what came before."""
        return self.links.get("prev-archive")


def read(config: Config, address: str) -> Document:
    path = unquote(urlsplit(address).path)
    return Document((config.public / path.strip("/")).read_bytes(), path.rpartition(".")[2])


def walk(config: Config, address: str) -> Iterator[Document]:
    """Yield the documents of a feed as a reader comes to them, the newest first."""
    following: str | None = address
    while following:
        document = read(config, following)
        yield document
        following = document.older


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_reader_who_follows_the_links_gets_every_entry(
    full: Config, language: str, suffix: str
) -> None:
    wanted = {
        "": [f"tag:news.example.org,2013:item/{number}/{language}" for number in range(21, 0, -1)],
    }
    wanted["topics/labour/"] = wanted[""][::2]
    for folder, ids in wanted.items():
        newest, *archive = walk(full, f"{full.site.url}/{language}/{folder}feed.{suffix}")
        assert newest.ids == ids[:SIZE]
        # What the newest document shows of a full archive document comes twice, in one order.
        held = [id_ for document in archive for id_ in document.ids]
        left = len(ids) - len(held)
        assert held == ids[left:]
        assert left < SIZE
        # Only the first may hold less, which each feed has begun elsewhere.
        assert {len(document.ids) for document in archive[:-1]} == {SIZE}
        assert 0 < len(archive[-1].ids) <= SIZE
        assert set(newest.ids + archive[0].ids) == set(ids[: SIZE + left])


@pytest.mark.parametrize("suffix", ["atom", "rss"])
def test_the_documents_of_an_archive_lead_to_one_another(full: Config, suffix: str) -> None:
    current = f"{full.site.url}/ar/feed.{suffix}"
    newest, *archive = walk(full, current)
    assert not newest.is_archive
    assert newest.links["self"] == current
    assert "current" not in newest.links
    assert "next-archive" not in newest.links
    addresses = [f"{full.site.url}/ar/archive/{n}/feed.{suffix}" for n in range(FULL, 0, -1)]
    assert [document.links["self"] for document in archive] == addresses
    assert {document.links["current"] for document in archive} == {current}
    assert all(document.is_archive for document in archive)
    for (later, _), (earlier, address) in pairwise(zip(archive, addresses, strict=True)):
        assert later.links["prev-archive"] == address
        assert earlier.links["next-archive"] == later.links["self"]
    assert "next-archive" not in archive[0].links
    assert "prev-archive" not in archive[-1].links


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_comes_later_leaves_full_documents_as_they_are(
    database: Database, small: Config, suffix: str
) -> None:
    publish(database, small, range(1, ITEMS + 1))
    before = {path: path.read_bytes() for path in small.public.glob(f"*/archive/*/feed.{suffix}")}
    assert len(before) == FULL * len(make.LANGUAGES)
    publish(database, small, range(ITEMS + 1, ITEMS + 4))
    after = {path: path.read_bytes() for path in small.public.glob(f"*/archive/*/feed.{suffix}")}
    changed = {path.parent.name for path, body in before.items() if after[path] != body}
    # The last but one leads on to what has just filled up; JSON Feed only leads back.
    assert changed == (set() if suffix == "json" else {str(FULL)})
    assert {path.parent.name for path in after.keys() - before.keys()} == {str(FULL + 1)}


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_withdrawn_leaves_the_others_in_their_places(
    database: Database, small: Config, suffix: str
) -> None:
    publish(database, small, range(1, ITEMS + 1))
    now = make.NOW + timedelta(hours=ITEMS + 1)
    for language in make.LANGUAGES:
        editing.withdraw(database, 5, language, now=now)
    publishing.publish_due(database, small, now=now)
    site.refresh(database, small, now=now)
    *_, second, first = walk(small, f"{small.site.url}/es/feed.{suffix}")
    assert [id_.split("/")[1] for id_ in second.ids] == ["4", "3"]
    assert [id_.split("/")[1] for id_ in first.ids] == ["2", "1"]
    if suffix == "atom":
        body = (small.public / "es/archive/2/feed.atom").read_text(encoding="utf-8")
        assert 'deleted-entry ref="tag:news.example.org,2013:item/5/es"' in body


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_correction_shows_in_the_archive_under_the_same_id(
    database: Database, small: Config, suffix: str
) -> None:
    publish(database, small, range(1, ITEMS + 1))
    address = f"{small.site.url}/fr/archive/1/feed.{suffix}"
    before = read(small, address).ids
    now = make.NOW + timedelta(hours=ITEMS + 1)
    corrected = make.draft(
        "fr",
        key="item-2",
        source="2.fr",
        words=make.text("fr", title="Corrigé"),
        change=Change.CORRECTION,
    )
    make.take(database, small, corrected, now=now)
    publishing.publish_due(database, small, now=now)
    site.refresh(database, small, now=now)
    assert read(small, address).ids == before
    body = (small.public / f"fr/archive/1/feed.{suffix}").read_text(encoding="utf-8")
    assert "Corrigé" in body
