"""Site maps, OPML and robots.txt: what leads machines over the site."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.robotparser import RobotFileParser

import pytest
from lxml import etree

from publisher import editing, publishing, retracting, site
from publisher.config import Config
from publisher.site.view import Document, View
from store.database import Database
from tests import make

MAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"
HOSTILE = "<b> & \"'>]]> \u202e كرامة"


def refresh(database: Database, config: Config) -> None:
    publishing.publish_due(database, config, now=make.NOW)
    site.refresh(database, config, now=make.NOW)


def publish(database: Database, config: Config, count: int = 1, **changes: object) -> None:
    for number in range(count):
        drafts = [
            make.draft(tag, key=f"item-{number}", source=f"{number}.{tag}.md", **changes)
            for tag in ("en", "ar")
        ]
        make.take(database, config, *drafts)
    refresh(database, config)


def place(config: Config, url: str) -> Path:
    """Return the file that stands behind an address of the site."""
    path = unquote(urlsplit(url).path)
    assert url.startswith(config.site.url)
    return config.public / (path.strip("/") + ("/index.html" if path.endswith("/") else ""))


def addresses_in(path: Path) -> list[str]:
    return [found.text or "" for found in etree.parse(path).iter(f"{MAPS}loc")]


def all_pages(config: Config) -> list[str]:
    """Return all addresses that the site map leads to, part by part."""
    parts = addresses_in(config.public / "sitemap.xml")
    return [url for part in parts for url in addresses_in(place(config, part))]


def test_the_site_map_has_every_page_once_and_no_other(database: Database, config: Config) -> None:
    make.start(database, config)
    publish(database, config, 3, topics={"labour": "Labour"})
    retracting.retract(database, config, 2, {"en": "Wrong."}, author="ann", now=make.NOW)
    editing.withdraw(database, 3, "ar", now=make.NOW)
    refresh(database, config)
    mapped = [place(config, url) for url in all_pages(config)]
    assert len(mapped) == len(set(mapped))
    pages = set(config.public.rglob("index.html")) - {config.public / "index.html"}
    # The archive shows nothing that has no page of its own.
    archived = {page for page in pages if page.parts[-3] == "archive"}
    assert {page.parent.parent.parent.name for page in archived} == {"labour"}
    assert set(mapped) == pages - archived


def test_a_part_says_when_its_pages_changed(database: Database, config: Config) -> None:
    publish(database, config)
    tree = etree.parse(config.public / "sitemaps" / "1.xml")
    assert [found.text for found in tree.iter(f"{MAPS}lastmod")] == [make.NOW.isoformat()] * 2


def test_a_new_item_leaves_the_other_parts_alone(
    database: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.touched, "PART", 2)
    monkeypatch.setattr(site.maps, "PART", 2)
    publish(database, config, 4)
    before = {p: p.stat().st_ino for p in (config.public / "sitemaps").glob("[0-9].xml")}
    assert [path.name for path in sorted(before)] == ["1.xml", "2.xml"]
    publish(database, config, 5)
    after = {p: p.stat().st_ino for p in (config.public / "sitemaps").glob("[0-9].xml")}
    assert [path.name for path in sorted(after)] == ["1.xml", "2.xml", "3.xml"]
    assert {path: after[path] for path in before} == before


def test_the_index_of_the_site_map_is_asked_for_with_a_new_part_only(
    database: Database, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.touched, "PART", 2)
    monkeypatch.setattr(site.maps, "PART", 2)
    index, found, written = site.maps.index, [], []

    def make_index(view: View) -> Document:
        written.append(view)
        return index(view)

    monkeypatch.setattr(site.maps, "index", make_index)
    for count in range(1, 6):
        publish(database, config, count)
        found.append((len(addresses_in(config.public / "sitemap.xml")) - 1, len(written)))
    # How many parts it leads to, and how often it was made.
    assert found == [(1, 1), (1, 1), (2, 2), (2, 2), (3, 3)]


def test_an_index_of_the_site_map_that_is_lost_comes_back(
    database: Database, config: Config
) -> None:
    publish(database, config, 1)
    path = config.public / "sitemap.xml"
    before = path.read_bytes()
    path.unlink()
    publish(database, config, 2)
    assert path.read_bytes() == before


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_news_map_has_what_is_recent_in_a_language(
    database: Database, config: Config, language: str
) -> None:
    old = make.NOW - timedelta(days=3)
    publish(database, config, 2)
    make.take(
        database,
        config,
        *(make.draft(tag, key="old", source=f"old.{tag}.md", dated=old) for tag in ("en", "ar")),
        make.draft(
            language,
            key="hostile",
            source="hostile.md",
            words=make.text(language, title=HOSTILE),
        ),
    )
    refresh(database, config)
    tree = etree.parse(config.public / "sitemaps" / f"news-{language}.xml")
    titles = [found.text for found in tree.iter(f"{NEWS}title")]
    assert sorted(titles) == sorted([make.TITLES[language]] * 2 + [HOSTILE])
    assert {found.text for found in tree.iter(f"{NEWS}language")} == {language}
    assert {found.text for found in tree.iter(f"{NEWS}name")} == {config.name(language)}
    assert all(place(config, url).exists() for url in addresses_in(tree.docinfo.URL))


def test_opml_has_every_feed_with_its_page(database: Database, config: Config) -> None:
    publish(database, config, topics={"labour": HOSTILE})
    tree = etree.parse(config.public / "feeds.opml")
    assert tree.getroot().get("version") == "2.0"
    outlines = [outline for outline in tree.iter("outline") if outline.get("xmlUrl")]
    feeds = {str(place(config, outline.get("xmlUrl") or "")) for outline in outlines}
    assert feeds == {str(path) for path in config.public.rglob("feed.atom")}
    assert all(outline.get("type") == "rss" and outline.get("text") for outline in outlines)
    assert all(place(config, outline.get("htmlUrl") or "").exists() for outline in outlines)
    assert any(HOSTILE in (outline.get("text") or "") for outline in outlines)


def test_robots_may_read_all_and_find_the_maps(database: Database, config: Config) -> None:
    publish(database, config)
    lines = (config.public / "robots.txt").read_text(encoding="utf-8").splitlines()
    parser = RobotFileParser()
    parser.parse(lines)
    assert parser.can_fetch("anybot", f"{config.site.url}/ar/")
    maps = parser.site_maps() or []
    assert f"{config.site.url}/sitemap.xml" in maps
    assert len(maps) == 1 + len(config.site.languages)
    assert all(place(config, url).exists() for url in maps)


def test_no_map_tells_when_it_was_made(database: Database, config: Config) -> None:
    publish(database, config)
    names = ("sitemap.xml", "feeds.opml", "robots.txt", "sitemaps/lists.xml", "sitemaps/1.xml")
    before = [(config.public / name).read_bytes() for name in names]
    for path in config.public.rglob("*.*"):
        path.unlink()
    site.rebuild(database, config)
    assert [(config.public / name).read_bytes() for name in names] == before
