"""Pictures at import: beside the file or fetched, nothing else, and never in a text's way."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from publisher import publishing
from publisher.cli import app
from publisher.config import Config
from publisher.images import MAX_BYTES, prepare
from publisher.ingest import intake, pictures, readings, sources
from publisher.ingest.fetch import Fetcher
from publisher.ingest.pictures import Pictures
from store import images, items, stale
from store.database import Database
from store.records import Image, Item
from tests import make
from tests.fakes import Answer, Web

NAME = "صورة البئر.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a picture, beside another that a text there may not read."""
    (tmp_path / "secret.jpg").write_bytes(make.picture())
    place = tmp_path / "content"
    (place / "in").mkdir(parents=True)
    for path in (place / NAME, place / "in" / "well.jpg"):
        path.write_bytes(make.picture())
    return place


def write(folder: Path, picture: str, language: str = "en", **fields: str) -> None:
    lines = {"title": make.TITLES[language], "image": f"'{picture}'", **fields}
    head = "\n".join(f"{name}: {value}" for name, value in lines.items())
    path = folder / f"well.{language}.md"
    path.write_text(f"---\n{head}\nworkflow: approved\n---\n\n{make.BODIES[language]}\n", "utf-8")


def take(database: Database, config: Config, place: Path, **changes: Any) -> intake.Outcome:
    source = sources.source_of(str(place), config)
    return intake.take_from(database, config, [source], now=make.NOW, **changes)


def fetch(database: Database, config: Config, place: Path) -> intake.Outcome:
    with pictures.opened(config) as reads:
        return take(database, config, place, pictures=reads)


def stored(database: Database) -> tuple[Item, Image | None]:
    with database.read() as tx:
        (item,) = items.listing(tx)
        found = images.many(tx, [item.image_sha256])
    return item, found.get(item.image_sha256 or "")


def marked(database: Database) -> set[int]:
    with database.read() as tx:
        return set(stale.read(tx).items.values())


@pytest.mark.parametrize("name", [NAME, "in/well.jpg", "./in/./well.jpg"])
def test_a_picture_beside_its_text_is_read_with_it(
    either: Database, config: Config, folder: Path, name: str
) -> None:
    write(folder, name)
    outcome = take(either, config, folder)
    assert (outcome.new, outcome.rejected, outcome.problems) == (1, [], [])
    item, image = stored(either)
    ready = prepare(make.picture())
    assert (item.image, item.image_sha256) == (name, ready.sha256)
    assert image == Image(
        sha256=ready.sha256, suffix="png", width=40, height=30, length=len(ready.body)
    )
    with either.read() as tx:
        assert images.body(tx, ready.sha256) == ready.body


def test_a_table_has_its_pictures_beside_it(
    database: Database, config: Config, folder: Path
) -> None:
    rows = f"slug,lang,title,body,image\nwell,ar,بئر,نص,{NAME}\nwell,fr,Puits,Texte,\n"
    (folder / "news.csv").write_text(rows, encoding="utf-8")
    assert take(database, config, folder / "news.csv").problems == []
    # What is said of the item is said by its source text; there it is French.
    assert stored(database)[0].image is None
    (folder / "news.csv").write_text(rows.replace("Texte,", f"Texte,{NAME}"), encoding="utf-8")
    assert take(database, config, folder / "news.csv").changed == 1
    assert stored(database)[1] is not None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../secret.jpg", "leads out of the folder of its text"),
        ("in/../../secret.jpg", "leads out of the folder of its text"),
        ("/etc/passwd", "leads out of the folder of its text"),
        ("..\\secret.jpg", "leads out of the folder of its text"),
        ("link.jpg", "is a link out of the folder of its text: put a copy there"),
        ("outside/secret.jpg", "is a link out of the folder of its text: put a copy there"),
        ("nothing.jpg", "No such file or directory: put the picture beside its text"),
        ("in", "is no file: name the picture itself"),
        ("pipe.jpg", "is no file: name the picture itself"),
        ("circle", "correct the path"),
        ("a" * 300, "File name too long"),
        ("text.jpg", "is no picture that can be read: save it as JPEG, PNG, WebP or GIF"),
        ("cut.jpg", "is broken, or was cut off on its way"),
        ("large.jpg", f"has more than {MAX_BYTES} bytes: save it smaller"),
    ],
)
def test_a_picture_that_cannot_be_had_is_named_and_stops_no_text(
    database: Database, config: Config, folder: Path, name: str, reason: str
) -> None:
    (folder / "link.jpg").symlink_to(folder.parent / "secret.jpg")
    (folder / "outside").symlink_to(folder.parent)
    (folder / "circle").symlink_to(folder / "circle")
    os.mkfifo(folder / "pipe.jpg")
    (folder / "text.jpg").write_text("<svg/>", encoding="utf-8")
    (folder / "cut.jpg").write_bytes(make.picture((90, 90))[:-20])
    with (folder / "large.jpg").open("wb") as file:
        file.truncate(MAX_BYTES * 2)
    write(folder, name)
    outcome = take(database, config, folder)
    assert (outcome.new, outcome.rejected) == (1, [])
    (problem,) = outcome.problems
    assert problem.source == str(folder / "well.en.md")
    assert problem.reason.startswith(f"image: {name}: ")
    assert reason in problem.reason
    assert stored(database)[0].image == name
    assert stored(database)[1] is None


def test_a_link_within_the_folder_is_followed(
    database: Database, config: Config, folder: Path
) -> None:
    (folder / "link.jpg").symlink_to(folder / "in" / "well.jpg")
    write(folder, "link.jpg")
    assert take(database, config, folder).problems == []
    assert stored(database)[1] is not None


def test_a_picture_is_read_again_only_when_another_is_named_or_it_was_not_there(
    database: Database, config: Config, folder: Path
) -> None:
    write(folder, "late.jpg")
    assert len(take(database, config, folder).problems) == 1
    again = take(database, config, folder)
    assert (again.same, again.changed, len(again.problems)) == (1, 0, 1)
    (folder / "late.jpg").write_bytes(make.picture(colour=(0, 0, 99)))
    mended = take(database, config, folder)
    assert (mended.same, mended.changed, mended.problems) == (0, 1, [])
    first = stored(database)[0].image_sha256
    (folder / "late.jpg").unlink()
    after = take(database, config, folder)
    assert (after.same, after.changed, after.problems) == (1, 0, [])
    assert stored(database)[0].image_sha256 == first
    write(folder, NAME)
    assert take(database, config, folder).changed == 1
    assert stored(database)[0].image_sha256 not in {first, None}
    # A picture that is not there is not the one before.
    write(folder, "other.jpg")
    assert len(take(database, config, folder).problems) == 1
    assert stored(database)[0].image_sha256 is None


def test_another_picture_has_the_pages_written_anew_and_nothing_told(
    database: Database, config: Config, folder: Path
) -> None:
    write(folder, NAME)
    take(database, config, folder)
    assert len(publishing.publish_due(database, config, now=make.NOW)) == 1
    with database.write() as tx:
        stale.take_back(tx, stale.read(tx))
    take(database, config, folder)
    assert marked(database) == set()
    (folder / "other.jpg").write_bytes(make.picture(colour=(0, 99, 0)))
    write(folder, "other.jpg")
    take(database, config, folder)
    assert marked(database) == {stored(database)[0].id}
    assert publishing.publish_due(database, config, now=make.NOW) == []


def test_the_picture_of_a_translation_is_not_that_of_the_item(
    database: Database, config: Config, folder: Path
) -> None:
    write(folder, NAME)
    write(folder, "nothing.jpg", "ar")
    outcome = take(database, config, folder)
    assert (outcome.new, outcome.problems) == (2, [])
    assert stored(database)[1] is not None


def test_a_picture_at_an_address_is_fetched_once_however_many_name_it(
    database: Database, site: Config, folder: Path, web: Web
) -> None:
    web.pages["/well.jpg"] = Answer(body=make.picture())
    write(folder, web.url("/well.jpg"))
    (folder / "in" / "other.en.md").write_bytes((folder / "well.en.md").read_bytes())
    assert fetch(database, site, folder).problems == []
    assert web.paths == ["/well.jpg"]
    assert fetch(database, site, folder).same == 2
    assert web.paths == ["/well.jpg"]
    with database.read() as tx:
        digests = {item.image_sha256 for item in items.listing(tx)}
    assert digests == {prepare(make.picture()).sha256}


def test_without_a_network_addresses_are_left_for_another_time(
    database: Database, site: Config, folder: Path, web: Web
) -> None:
    write(folder, web.url("/well.jpg"))
    assert take(database, site, folder).problems == []
    assert web.asked == []
    web.pages["/well.jpg"] = Answer(body=make.picture())
    assert fetch(database, site, folder).changed == 1


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/missing.jpg", "is not there (404): check the address"),
        ("/page.jpg", "is no picture that can be read"),
        ("/private/x.jpg", "the site asks programs to stay away"),
        ("/to-localhost", "localhost is a private address, or leads to one"),
    ],
)
def test_a_picture_that_cannot_be_fetched_is_named_with_its_text(
    database: Database, site: Config, folder: Path, web: Web, path: str, reason: str
) -> None:
    web.pages["/robots.txt"] = Answer(body=b"User-agent: *\nDisallow: /private/")
    web.pages["/page.jpg"] = Answer(body=b"<html>", headers={"Content-Type": "image/jpeg"})
    elsewhere = {"Location": f"http://localhost:{web.port}/well.jpg"}
    web.pages["/to-localhost"] = Answer(status=302, headers=elsewhere)
    write(folder, web.url(path))
    write(folder, "", "fr")
    outcome = fetch(database, site, folder)
    assert (outcome.new, outcome.rejected) == (2, [])
    (problem,) = outcome.problems
    assert problem.source == str(folder / "well.en.md")
    assert problem.reason.startswith(f"image: {web.url(path)}: ")
    assert reason in problem.reason


@pytest.mark.parametrize("place", ["https://[x/y.png", "https://ex℀mple.org/x.png"])
def test_a_picture_whose_address_is_none_stops_no_import(
    database: Database, site: Config, folder: Path, web: Web, place: str
) -> None:
    feed = {
        "language": "en",
        "items": [
            {"id": "tag:1", "title": "One", "content_text": "Text.", "image": place},
            {"id": "tag:2", "title": "Two", "content_text": "Text.", "image": web.url("/2.png")},
        ],
    }
    web.pages["/2.png"] = Answer(body=make.picture())
    (folder / "feed.json").write_text(json.dumps(feed), "utf-8")
    outcome = fetch(database, site, folder / "feed.json")
    assert (outcome.new, outcome.rejected, outcome.problems) == (2, [], [])
    assert web.paths == ["/2.png"]


def test_a_host_that_lets_us_wait_in_vain_is_not_asked_for_ever(
    database: Database, site: Config, folder: Path, web: Web
) -> None:
    for number in range(4):
        write(folder, web.url(f"/{number}.jpg"))
        (folder / "well.en.md").rename(folder / f"{number}.en.md")
    with Fetcher(site) as fetcher:
        reads = Pictures(lambda: fetcher, patience=0.0)
        outcome = take(database, site, folder, pictures=reads)
    assert outcome.new == len(outcome.problems) == 4
    assert web.paths == ["/0.jpg"]
    assert "its server has let us wait in vain too long" in outcome.problems[-1].reason


def test_a_feed_whose_picture_is_missing_is_read_again(
    database: Database, site: Config, web: Web
) -> None:
    """Its server says that nothing has changed; but what was taken is not all that it gives."""
    feed = (
        "<rss version='2.0'><channel><title>W</title><link>https://wells.example/</link>"
        "<language>ar</language><item><guid>https://wells.example/1</guid><title>بئر</title>"
        f"<description>نص</description><enclosure url='{web.url('/1.jpg')}' type='image/jpeg'"
        " length='1'/></item></channel></rss>"
    )
    kind = {"Content-Type": "application/rss+xml", "ETag": '"1"'}
    web.pages["/feed"] = Answer(headers=kind, body=feed.encode())

    def read() -> tuple[int, int, int, int]:
        with (
            readings.opened(database, site, [web.url("/feed")]) as ways,
            pictures.opened(site) as reads,
        ):
            outcome = intake.take_from(database, site, ways, now=make.NOW, pictures=reads)
            wrong = [*outcome.rejected, *outcome.problems]
            readings.remember(database, ways, wrong, now=make.NOW)
        return outcome.new, outcome.changed, outcome.same, len(outcome.problems)

    assert read() == (1, 0, 0, 1)
    web.pages["/1.jpg"] = Answer(body=make.picture())
    assert read() == (0, 1, 0, 0)
    assert read() == (0, 0, 1, 0)
    assert web.asked[-1].headers["if-none-match"] == '"1"'


def test_the_command_names_a_missing_picture_and_takes_the_text(
    tmp_path: Path, folder: Path
) -> None:
    place = str(tmp_path / "site")
    settings = ["--config", f"{place}/tidings.toml", "--json"]
    write(folder, "nothing.jpg")
    run = CliRunner().invoke
    begun = ["init", place, "--url", "https://news.example.org", "--languages", "en,ar"]
    assert run(app, begun).exit_code == 0
    ran = run(app, ["item", "import", str(folder), *settings])
    assert ran.exit_code == 0
    found = json.loads(ran.stdout)
    assert (found["new"], found["rejected"]) == (1, [])
    (problem,) = found["problems"]
    assert problem["source"] == str(folder / "well.en.md")
    assert ran.stderr == f"tidings: {problem['source']}: {problem['reason']}\n"


def test_a_path_from_the_web_reads_no_file(database: Database, config: Config) -> None:
    """Only who has a folder names files in it."""
    draft = make.draft("en", image="/etc/hostname")
    assert not Pictures().can_read(draft)
    assert Pictures().can_read(replace(draft, folder=Path()))
    assert intake.take(database, config, [draft], now=make.NOW).problems == []
    assert stored(database)[0].image_sha256 is None
