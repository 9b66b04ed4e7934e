"""What was published under other settings is gone after a rebuild, and nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest

from publisher import editing, publishing, site
from publisher.config import Config
from publisher.site import leftover
from publisher.site.view import view
from store.database import Database
from tests import make

#: What people put beside our files, also where ours look like them.
BY_HAND = (
    "google0123.html",
    ".well-known/security.txt",
    "about/index.html",
    "ar/about/index.html",
    "ar/items/style.css",
    "ar/newsletters/digest/2013/index.html",
    "en/archive/index.html",
    "ar/archive/1998/index.html",
    "en/archive/1998/index.html",
    "en/archive/2/picture.jpg",
    "sitemaps/shop.xml",
)


def publish(database: Database, config: Config, count: int) -> None:
    for number in range(count):
        drafts = [
            make.draft(
                tag,
                key=f"item-{number}",
                source=f"item-{number}.{tag}.md",
                words=make.text(tag, title=f"{number} {tag}", slug=f"secret-{number}"),
                topics={"labour": "Labour"},
            )
            for tag in make.LANGUAGES
        ]
        make.take(database, config, *drafts)
    publishing.publish_due(database, config, now=make.NOW)
    site.refresh(database, config, now=make.NOW)


def by_hand(config: Config) -> None:
    for name in BY_HAND:
        place = config.public / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("by hand", "utf-8")


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


CHANGES: list[dict[str, Any]] = [
    {"feeds": {"entries": 5}},
    {"feeds": {"entries": 50}},
    {"feeds": {"entries": 2}, "site": {"languages": ("en", "fr"), "name": {"en": "News"}}},
    {"feeds": {"entries": 5}, "site": {"languages": ("es",), "name": {"es": "Noticias"}}},
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_rebuild_leaves_what_it_wrote_and_what_people_put_there(
    database: Database, tmp_path: Path, change: dict[str, Any]
) -> None:
    before = make.config(tmp_path / "site", feeds={"entries": 2})
    publish(database, before, 9)
    after, fresh = (make.config(tmp_path / name, **change) for name in ("site", "fresh"))
    for config in (after, fresh):
        by_hand(config)
        site.rebuild(database, config)
    assert files(after.public) == files(fresh.public)
    assert files(after.public).keys() > {*BY_HAND}


def test_an_archive_goes_from_its_end_so_that_who_is_killed_leaves_no_gap_that_passes_for_it(
    database: Database, tmp_path: Path
) -> None:
    publish(database, make.config(tmp_path, feeds={"entries": 2}), 9)
    with database.read() as tx:
        seen = view(tx, make.config(tmp_path, feeds={"entries": 50}))
        gone = [path for path, _ in leftover.documents(seen)]
    pages = [path for path in gone if re.fullmatch("/en/archive/[0-9]/", path)]
    assert len(pages) > 2
    assert pages == sorted(pages, reverse=True)


@pytest.mark.parametrize("change", CHANGES[1:])
def test_what_is_withdrawn_after_a_change_of_settings_is_nowhere_to_read(
    database: Database, tmp_path: Path, change: dict[str, Any]
) -> None:
    publish(database, make.config(tmp_path, feeds={"entries": 2}), 9)
    after = make.config(tmp_path, **change)
    site.rebuild(database, after)
    for tag in make.LANGUAGES:
        editing.withdraw(database, 1, tag, now=make.NOW)
    publishing.publish_due(database, after, now=make.NOW)
    site.refresh(database, after, now=make.NOW)
    told = {path for path, body in files(after.public).items() if b"secret-0" in body}
    assert told == set()


def test_editions_stay_for_who_has_the_mail(database: Database, tmp_path: Path) -> None:
    publish(database, make.config(tmp_path), 1)
    edition = tmp_path / "public" / "ar" / "newsletters" / "digest" / "7" / "index.html"
    edition.parent.mkdir(parents=True)
    edition.write_text("as it was mailed", "utf-8")
    site.rebuild(database, make.config(tmp_path, site={"languages": ("en",), "name": {"en": "N"}}))
    assert edition.exists()
    assert not (tmp_path / "public" / "ar" / "newsletters" / "index.html").exists()
