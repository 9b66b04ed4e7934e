"""A file is the same text, whichever folder above it is imported."""

from pathlib import Path

import pytest

from publisher.config import Config
from publisher.ingest import intake, sources
from store import items, translations
from store.database import Database
from tests import make

FILES = {
    "2026/a.en.md": ("A", ""),
    "2026/a.fr.md": ("A en français", ""),
    "bundle/index.en.md": ("B", ""),
    "bundle/index.fr.md": ("B en français", ""),
    "en/d.md": ("D", ""),
    "fr/d.md": ("D en français", ""),
    "hello.en.md": ("Hello", "slug: hello\n"),
    "bonjour.fr.md": ("Bonjour", "slug: hello\n"),
}


@pytest.fixture
def content(tmp_path: Path) -> Path:
    for name, (title, more) in FILES.items():
        path = tmp_path / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        head = f"---\ntitle: {title}\nworkflow: approved\n{more}---\n"
        path.write_text(f"{head}The text of {title}.\n", encoding="utf-8")
    return tmp_path / "content"


def take(database: Database, config: Config, place: Path) -> intake.Outcome:
    drafts = sources.source_of(str(place), config).drafts()
    return intake.take(database, config, drafts, now=make.NOW)


@pytest.mark.parametrize("part", ["", "2026", "bundle", "en", *FILES])
def test_a_part_of_what_is_known_is_known(
    database: Database, config: Config, content: Path, part: str
) -> None:
    assert take(database, config, content).new == len(FILES)
    again = take(database, config, content / part)
    assert (again.new, again.changed, again.rejected) == (0, 0, [])
    assert again.same > 0
    with database.read() as tx:
        assert items.counts(tx) == (4, 8)


@pytest.mark.parametrize("first", ["2026", "bundle", "en", "bundle/index.en.md", "2026/a.en.md"])
def test_what_was_known_from_a_part_is_known_in_the_whole(
    database: Database, config: Config, content: Path, first: str
) -> None:
    take(database, config, content / first)
    take(database, config, content)
    with database.read() as tx:
        assert items.counts(tx) == (4, 8)
        texts = translations.of(tx, [item.id for item in items.listing(tx)])
    assert {frozenset(of_item) for of_item in texts.values()} == {frozenset({"en", "fr"})}


def test_a_folder_that_moved_is_known_by_its_paths(
    database: Database, config: Config, content: Path
) -> None:
    take(database, config, content)
    moved = content.rename(content.with_name("moved"))
    assert take(database, config, moved).same == len(FILES)
