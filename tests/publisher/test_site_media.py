"""The public files of pictures: there with the pages that show them, and gone with the last."""

from collections.abc import Callable
from pathlib import Path

import pytest

from publisher import addresses, editing, publishing, retracting, site
from publisher.config import Config
from publisher.images import prepare
from publisher.ingest import intake
from publisher.ledger import tell_all
from publisher.site import build
from publisher.site.view import view
from publisher.story import Picture, Story
from publisher.web import media
from store import publications
from store.database import Database
from store.records import FEED, Missing
from tests import make, served
from tests.served import Reply

RED, BLUE = make.picture(), make.picture(colour=(0, 0, 99), size=(400, 300), kind="PNG")


def path_of(body: bytes) -> str:
    ready = prepare(body)
    return addresses.media(ready.sha256, ready.suffix)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "content"
    place.mkdir()
    (place / "red.jpg").write_bytes(RED)
    (place / "blue.png").write_bytes(BLUE)
    return place


@pytest.fixture
def get(config: Config) -> Callable[[str], Reply]:
    files = served.files(config.public)
    return lambda path: served.ask(files, path)


def take(
    database: Database, config: Config, folder: Path, picture: str | None, key: str = "dignity"
) -> None:
    drafts = [
        make.draft(
            tag, key=key, image=picture, folder=folder, words=make.text(tag, image_alt=ALTS[tag])
        )
        for tag in make.LANGUAGES
    ]
    assert intake.take(database, config, drafts, now=make.NOW).problems == []


ALTS = {"en": "A hand pump", "fr": "Une pompe", "es": "Una bomba", "ar": "مضخة يدوية"}


def publish(database: Database, config: Config) -> None:
    publishing.publish_due(database, config, now=make.NOW)
    site.refresh(database, config, now=make.NOW)


def pictures(config: Config) -> list[str]:
    found = (config.public / "media").glob("*")
    return sorted(f"/{path.relative_to(config.public)}" for path in found)


def stories(database: Database, config: Config) -> list[Story]:
    with database.read() as tx:
        rows = publications.tellings(tx, [1], FEED)
        return tell_all(tx, rows, config)


def test_a_story_has_its_picture_with_the_words_of_its_language(
    either: Database, config: Config, folder: Path
) -> None:
    take(either, config, folder, "blue.png")
    publishing.publish_due(either, config, now=make.NOW)
    ready = prepare(BLUE)
    for told in stories(either, config):
        assert told.picture == Picture(
            path=f"/media/{ready.sha256}.png",
            type="image/png",
            width=400,
            height=300,
            length=len(ready.body),
            alt=ALTS[told.language],
        )


def test_in_a_fallback_the_picture_is_told_of_in_the_language_of_the_words(
    database: Database, config: Config, folder: Path
) -> None:
    feeds = config.feeds.model_copy(update={"missing": Missing.FALLBACK})
    config = config.model_copy(update={"feeds": feeds})
    words = make.text("fr", image_alt=ALTS["fr"])
    draft = make.draft("fr", image="red.jpg", folder=folder, words=words)
    intake.take(database, config, [draft], now=make.NOW)
    publishing.publish_due(database, config, now=make.NOW)
    found = {told.language: told.picture.alt for told in stories(database, config) if told.picture}
    assert found == dict.fromkeys(make.LANGUAGES, ALTS["fr"])


def test_a_picture_is_served_for_ever_and_not_packed(
    database: Database, config: Config, folder: Path, get: Callable[[str], Reply]
) -> None:
    take(database, config, folder, "red.jpg")
    publish(database, config)
    assert pictures(config) == [path_of(RED)]
    reply = get(path_of(RED))
    assert (reply.status, reply.body) == (200, prepare(RED).body)
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["cache-control"] == media.IMMUTABLE


@pytest.mark.parametrize("suffix", addresses.PICTURES)
def test_every_picture_has_its_media_type_and_never_changes(suffix: str) -> None:
    path = addresses.media("0f" * 32, suffix)
    assert addresses.is_picture(path)
    assert media.medium(path).type == addresses.PICTURES[suffix]
    assert not media.medium(path).compressible
    assert media.caching(path) == media.IMMUTABLE
    # What somebody put there by hand may be replaced by hand.
    assert media.caching(f"/media/logo.{suffix}") == media.LASTING
    assert media.caching(f"/2026/1234567890123456.{suffix}") == media.LASTING


def test_a_picture_is_there_before_the_page_that_shows_it(
    database: Database, config: Config, folder: Path
) -> None:
    take(database, config, folder, "red.jpg")
    publishing.publish_due(database, config, now=make.NOW)
    with database.read() as tx:
        seen = view(tx, config)
        paths = [path for path, body in build._documents(seen, build._all(seen)) if body]
    first = min(index for index, path in enumerate(paths) if "/items/" in path or "feed" in path)
    assert paths.index(path_of(RED)) < first


def test_what_nobody_has_been_told_of_shows_no_picture(
    database: Database, config: Config, folder: Path
) -> None:
    draft = make.draft("en", workflow=None, image="red.jpg", folder=folder)
    intake.take(database, config, [draft], now=make.NOW)
    publish(database, config)
    site.rebuild(database, config)
    assert pictures(config) == []


@pytest.mark.parametrize("retracted", [True, False])
def test_what_is_taken_back_takes_its_picture_along_unless_another_shows_it(
    database: Database, config: Config, folder: Path, retracted: bool
) -> None:
    def take_back(item_id: int) -> None:
        if retracted:
            notes = dict.fromkeys(make.LANGUAGES, "It was wrong.")
            retracting.retract(database, config, item_id, notes, author="ann", now=make.NOW)
        else:
            for tag in make.LANGUAGES:
                editing.withdraw(database, item_id, tag, now=make.NOW)
        publish(database, config)

    take(database, config, folder, "red.jpg")
    take(database, config, folder, "red.jpg", key="other")
    publish(database, config)
    take_back(1)
    assert {told.picture for told in stories(database, config)[-4:]} == {None}
    assert pictures(config) == [path_of(RED)]
    take_back(2)
    assert pictures(config) == []
    site.rebuild(database, config)
    assert pictures(config) == []


def test_another_picture_stands_in_its_own_place_and_a_rebuild_sweeps_the_old_one_away(
    database: Database, config: Config, folder: Path
) -> None:
    take(database, config, folder, "red.jpg")
    publish(database, config)
    take(database, config, folder, "blue.png")
    publish(database, config)
    # Pages that somebody has open, and mails, may still lead to the old one.
    assert pictures(config) == sorted([path_of(RED), path_of(BLUE)])
    (config.public / "media" / "logo.png").write_bytes(RED)
    site.rebuild(database, config)
    # What somebody put there by hand is theirs.
    assert pictures(config) == [path_of(BLUE), "/media/logo.png"]
    (config.public / path_of(BLUE).strip("/")).unlink()
    site.rebuild(database, config)
    assert pictures(config) == [path_of(BLUE), "/media/logo.png"]
