"""Archives of feeds (RFC 5005, 4): a reader can get everything, and nothing shifts."""

from pathlib import Path

import pytest

from publisher import addresses, editing, languages, publishing, retracting, site
from publisher.config import Config
from publisher.site import build
from publisher.site.view import view
from store import stale
from store.database import Database
from tests import make

SIZE = 3


@pytest.fixture
def small(tmp_path: Path) -> Config:
    """Return a site whose documents hold three entries."""
    return make.config(tmp_path, feeds={"entries": SIZE})


def publish(database: Database, config: Config, number: int, *topics: str) -> None:
    """Publish one more item in English and Arabic."""
    drafts = [
        make.draft(
            tag,
            key=f"item-{number:02}",
            source=f"item-{number:02}.{tag}.md",
            words=make.text(tag, title=f"{number:02} {tag}", slug=f"slug-{number:02}"),
            topics={topic: topic.title() for topic in topics},
        )
        for tag in ("en", "ar")
    ]
    make.take(database, config, *drafts)
    refresh(database, config)


def refresh(database: Database, config: Config) -> None:
    publishing.publish_due(database, config, now=make.NOW)
    site.refresh(database, config, now=make.NOW)


def body(config: Config, language: str, topic: str = "", archive: int | None = None) -> str:
    path = addresses.feed(language, "atom", topic, archive)
    return (config.public / path.lstrip("/")).read_text(encoding="utf-8")


def titles(config: Config, language: str, topic: str = "", archive: int | None = None) -> list[str]:
    text = body(config, language, topic, archive)
    return [part.partition(f" {language}</title>")[0][-2:] for part in text.split("<entry>")[1:]]


@pytest.mark.parametrize(
    ("language", "archive"),
    [
        ("en", [["01"], ["04", "03", "02"], ["07", "06", "05"]]),
        ("ar", [["02", "01"], ["05", "04", "03"], ["08", "07", "06"]]),
    ],
)
def test_the_newest_is_a_window_and_the_archive_all_before(
    database: Database, small: Config, language: str, archive: list[list[str]]
) -> None:
    for number in range(1, 9):
        publish(database, small, number)
    assert titles(small, language) == ["08", "07", "06"]
    # The first holds fewer, in each feed as many as its name says.
    assert [titles(small, language, archive=number) for number in (1, 2, 3)] == archive
    assert not (small.public / language / "archive" / "4").exists()


def test_what_is_led_to_is_put_in_place_before_what_leads_to_it(
    database: Database, small: Config
) -> None:
    drafts = [make.draft(key=f"item-{number}", source=f"{number}.md") for number in range(8)]
    make.take(database, small, *drafts)
    publishing.publish_due(database, small, now=make.NOW)
    with database.read() as tx:
        seen = view(tx, small)
        paths = [path for path, _ in build._documents(seen, build._work(seen, stale.read(tx)))]
    atoms = [path for path in paths if path.startswith("/en/") and path.endswith("/feed.atom")]
    assert atoms == [*(f"/en/archive/{number}/feed.atom" for number in (1, 2, 3)), "/en/feed.atom"]


def archived(config: Config) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in config.public.glob("*/archive/*/*")}


def test_a_full_document_leaves_every_one_before_alone(database: Database, small: Config) -> None:
    for number in range(1, 10):
        publish(database, small, number)
    before = archived(small)
    publish(database, small, 10)
    after = archived(small)
    assert {path: after[path] for path in before} == before
    # Only that of one language: the others fill theirs with other items.
    assert {path.parent for path in after.keys() - before.keys()} == {
        small.public / "en" / "archive" / "4"
    }
    assert titles(small, "en", archive=4) == ["10", "09", "08"]


@pytest.mark.parametrize(
    ("language", "full", "before"),
    [("en", 10, ["07", "06", "05"]), ("ar", 11, ["08", "07", "06"])],
)
def test_the_document_before_a_full_one_leads_on_to_it_next_and_changes_no_more(
    database: Database, small: Config, language: str, full: int, before: list[str]
) -> None:
    for number in range(1, full):
        publish(database, small, number)
    bodies = []
    for number in range(full, full + 3):
        publish(database, small, number)
        bodies.append([body(small, language, archive=archive) for archive in (2, 3, 4)])
    second, third, fourth = zip(*bodies, strict=True)
    assert len(set(second)) == len(set(fourth)) == 1
    link = f"/{language}/archive/4/feed.atom"
    assert [link in text for text in third] == [False, True, True]
    assert len(set(third)) == 2
    assert titles(small, language, archive=3) == before


def test_an_archive_that_was_cut_elsewhere_once_goes_on_without_a_gap(
    database: Database, small: Config, tmp_path: Path
) -> None:
    longer = make.config(tmp_path, feeds={"entries": SIZE + 2})
    for number in range(1, 9):
        publish(database, longer, number)
    assert not (longer.public / "ar/archive/3").exists()
    publish(database, small, 9)
    assert "/ar/archive/3/feed.atom" in body(small, "ar")
    seen = {title for number in (None, 1, 2, 3) for title in titles(small, "ar", archive=number)}
    assert seen == {f"{number:02}" for number in range(1, 10)}


def test_a_correction_changes_the_document_that_the_item_stands_in(
    database: Database, small: Config
) -> None:
    for number in range(1, 9):
        publish(database, small, number)
    first, second = (body(small, "en", archive=number) for number in (1, 2))
    retracting.retract(database, small, 1, {"en": "It was wrong."}, author="ann", now=make.NOW)
    refresh(database, small)
    assert "It was wrong." in body(small, "en", archive=1) != first
    assert body(small, "en", archive=2) == second


def test_what_is_withdrawn_leaves_a_gap_and_nothing_moves_up(
    database: Database, small: Config
) -> None:
    for number in range(1, 9):
        publish(database, small, number)
    editing.withdraw(database, 5, "en", now=make.NOW)
    refresh(database, small)
    assert titles(small, "en", archive=3) == ["07", "06"]
    assert titles(small, "en", archive=2) == ["04", "03", "02"]
    assert 'at:deleted-entry ref="tag:news.example.org,2013:item/5/en"' in body(
        small, "en", archive=3
    )
    assert titles(small, "ar", archive=2) == ["05", "04", "03"]


def test_a_topic_has_an_archive_of_its_own(database: Database, small: Config) -> None:
    for number in range(1, 9):
        publish(database, small, number, "odd" if number % 2 else "even")
    assert titles(small, "ar", "odd") == ["07", "05", "03"]
    assert titles(small, "ar", "odd", archive=1) == ["03", "01"]
    page = small.public / "ar" / "topics" / "odd" / "archive" / "1" / "index.html"
    assert "01 ar" in page.read_text(encoding="utf-8")


def test_the_feeds_of_a_topic_are_told_of_as_its_language_is_written(
    database: Database, small: Config
) -> None:
    make.take(
        database, small, *(make.draft(tag, topics={"labour": "Labour"}) for tag in make.LANGUAGES)
    )
    refresh(database, small)
    told = {
        tag: (small.public / tag / "topics" / "labour" / "index.html").read_text("utf-8")
        for tag in make.LANGUAGES
    }
    assert "Flux de ce thème\u00a0:" in told["fr"]
    assert "خلاصات هذا الموضوع:" in told["ar"]
    all_feeds = (small.public / "ar" / "feeds" / "index.html").read_text("utf-8")
    label = languages.strings("ar").text("feed-format", feed="جميع الأخبار", format="Atom")
    assert f'aria-label="{label}"' in all_feeds


def test_an_item_that_gets_a_topic_later_comes_last_there(
    database: Database, small: Config
) -> None:
    for number in range(1, 4):
        publish(database, small, number, *(["labour"] if number != 1 else []))
    publish(database, small, 1, "labour")
    assert titles(small, "en", "labour") == ["01", "03", "02"]
    # In the feed of all news it keeps its place.
    assert titles(small, "en") == ["03", "02", "01"]


def test_an_item_that_loses_a_topic_leaves_its_feed(database: Database, small: Config) -> None:
    for number in range(1, 5):
        publish(database, small, number, "labour")
    publish(database, small, 2)
    assert titles(small, "en", "labour", archive=1) == ["03", "01"]
    assert titles(small, "en", "labour") == ["04", "03", "01"]
    publish(database, small, 2, "labour")
    assert titles(small, "en", "labour", archive=1) == ["03", "02", "01"]


def test_pages_lead_through_the_archive_in_both_directions(
    database: Database, small: Config
) -> None:
    for number in range(1, 10):
        publish(database, small, number)
    seen, path = [], "/en/"
    while path:
        page = (small.public / path.strip("/") / "index.html").read_text(encoding="utf-8")
        seen.append(path)
        path = page.partition('rel="prev" href="')[2].partition('"')[0]
    # The newest shows what the last full document shows: both, since both are complete.
    assert seen == ["/en/", "/en/archive/3/", "/en/archive/2/", "/en/archive/1/"]
    page = (small.public / "en/archive/1/index.html").read_text(encoding="utf-8")
    assert 'rel="next" href="/en/archive/2/"' in page
