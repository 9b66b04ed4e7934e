"""What goes out and comes back: untouched it changes nothing, translated it is what was written."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import characters, markup
from publisher.config import Config
from publisher.exchange import incoming, outgoing
from publisher.exchange.blocks import split
from publisher.exchange.wanted import Order
from publisher.freshness import digest
from publisher.ingest import intake
from publisher.ingest.folder import Folder
from store import items, revisions, topics, translations
from store.database import Database
from store.records import Change, Kind, Text, Translation, Workflow
from tests import bodies, make, translators

TEXTS = st.builds(
    Text,
    title=bodies.TITLES,
    summary=st.just("") | bodies.TITLES,
    body=bodies.STORED,
    slug=st.sampled_from(["", "a-slug", "كرامة"]),
    image_alt=st.just("") | bodies.TITLES,
)
MANY = settings(max_examples=40)
FORMATS = pytest.mark.parametrize("form", ["xliff", "po"])


House = Callable[[], AbstractContextManager[tuple[Database, Config, Path]]]


@pytest.fixture(scope="module")
def a_house(migrated: bytes) -> House:
    """Return what gives a new store and a new folder, as often as it is called."""

    @contextmanager
    def give() -> Iterator[tuple[Database, Config, Path]]:
        with TemporaryDirectory() as folder, make.a_store(migrated) as database:
            yield database, make.config(Path(folder)), Path(folder)

    return give


def put(
    database: Database, config: Config, words: Text, language: str = "en", **more: object
) -> None:
    """Put a text into the store as one that was imported."""
    slug = words.slug or markup.slug(words.title)
    draft = make.draft(language, words=Text(**{**vars(words), "slug": slug}), **more)
    make.take(database, config, draft)


def export(
    database: Database, config: Config, folder: Path, form: str, language: str
) -> list[Path]:
    order = Order(language=language, format=form, everything=True)
    shelf = outgoing.Shelf(folder=folder, overwrite=True)
    return [sent.path for sent in outgoing.export(database, config, order, shelf).files]


def take(database: Database, config: Config, paths: list[Path]) -> tuple[int, int, int]:
    outcome = incoming.take(database, config, paths, now=make.NOW)
    assert (outcome.rejected, outcome.conflicts, outcome.outdated) == ([], [], [])
    return outcome.new, outcome.changed, outcome.same


def everything(database: Database) -> object:
    with database.read() as tx:
        found = items.listing(tx)
        ids = [item.id for item in found]
        return found, translations.of(tx, ids), revisions.marks(tx, ids), topics.listing(tx)


@FORMATS
@MANY
@given(TEXTS, st.none() | TEXTS, st.none() | TEXTS)
def test_an_untouched_file_changes_nothing(
    a_house: House, form: str, source: Text, target: Text | None, later: Text | None
) -> None:
    with a_house() as (database, config, folder):
        put(database, config, source)
        if target:
            put(database, config, target, "ar", workflow=Workflow.IN_REVIEW)
        if later:
            put(database, config, later)
        before = everything(database)
        paths = export(database, config, folder, form, "ar")
        assert take(database, config, paths) == (0, 0, 1)
        assert everything(database) == before


@FORMATS
@MANY
@given(TEXTS, st.none() | TEXTS, st.data())
def test_what_a_translator_writes_is_what_the_store_has(
    a_house: House, form: str, source: Text, later: Text | None, data: st.DataObject
) -> None:
    answers: dict[str, str] = {}

    def translate(unit: str, _source: str) -> str:
        answers[unit] = data.draw(
            bodies.STORED if unit.startswith("body") else bodies.TITLES, label=unit
        )
        return answers[unit]

    with a_house() as (database, config, folder):
        put(database, config, source)
        if later:
            put(database, config, later, "ar")
        (path,) = export(database, config, folder, form, "ar")
        translators.work(path, translate)
        new, changed, same = take(database, config, [path])
        assert (new + changed + same, new) == (1, 0 if later else 1)
        with database.read() as tx:
            found = translations.of(tx, [1])[1]["ar"]
    for field in ("title", "summary", "image_alt"):
        if field in answers:
            assert getattr(found, field) == answers[field]
    rest = found.body
    for unit in (unit for unit in answers if unit.startswith("body")):
        before, there, rest = rest.partition(characters.clean_text(answers[unit]))
        assert there
        assert not any(character.isalnum() for character in before)
    assert not any(character.isalnum() for character in rest) or not split(source.body).texts
    assert found.workflow in {Workflow.IN_REVIEW, Workflow.APPROVED}


@FORMATS
@MANY
@given(TEXTS)
def test_a_translation_into_the_same_words_is_the_same_markdown(
    a_house: House, form: str, source: Text
) -> None:
    with a_house() as (database, config, folder):
        put(database, config, source)
        (path,) = export(database, config, folder, form, "fr")
        assert take(database, config, [translators.work(path, lambda _, words: words)]) == (1, 0, 0)
        with database.read() as tx:
            found = translations.of(tx, [1])[1]
    for field in ("title", "summary", "body", "image_alt"):
        assert getattr(found["fr"], field) == getattr(found["en"], field)


@FORMATS
@settings(max_examples=50)
@given(st.integers(0, 3_000), st.integers(0, 40), st.binary(max_size=6), st.booleans())
def test_whatever_is_done_to_the_bytes_of_a_file_a_good_one_beside_it_is_taken(
    a_house: House, form: str, at: int, length: int, put_in: bytes, translated: bool
) -> None:
    with a_house() as (database, config, folder):
        for key in ("bad", "good"):
            make.take(database, config, make.draft("en", key=key))
            make.take(database, config, make.draft("fr", key=key))
        bad, good = export(database, config, folder, form, "fr")
        if translated:
            translators.work(bad, translators.shout)
        content = bad.read_bytes()
        bad.write_bytes(content[:at] + put_in + content[at + length :])
        translators.work(good, translators.shout)
        outcome = incoming.take(database, config, [bad, good], now=make.NOW)
        told = len(outcome.rejected) + len(outcome.conflicts)
        assert outcome.new + outcome.changed + outcome.same + told == 2
        with database.read() as tx:
            texts = translations.of(tx, [1, 2])
        assert texts[2]["fr"].revision == 2
        # Whatever came of the damaged one, somebody has to look at it.
        assert texts[1]["fr"].revision == 1 or texts[1]["fr"].workflow is not Workflow.APPROVED


INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
ABOUT = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(list(Kind)),
        "dated": st.none() | INSTANTS,
        "embargo": st.none() | INSTANTS,
        "url": st.sampled_from([None, "https://example.org/a?b=1#c"]),
        "image": st.sampled_from([None, "https://example.org/é:[1].png"]),
        "topics": st.sampled_from(
            [{}, {"water": "Water"}, {"a": "A: b", "labour-migration": "Labour, migration"}]
        ),
        "workflow": st.sampled_from(list(Workflow)),
        "key": bodies.TITLES,
    }
)


@MANY
@given(TEXTS, TEXTS, TEXTS, ABOUT)
def test_markdown_of_any_item_imported_again_changes_nothing(
    a_house: House, source: Text, target: Text, relay: Text, about: dict[str, object]
) -> None:
    with a_house() as (database, config, folder):
        put(database, config, source, "en", **about)
        put(database, config, target, "ar", **about)
        put(database, config, relay, "es", **{**about, "made_from": "ar"})
        # Another item, of which there is only a text that bears the slug of another.
        put(database, config, source, "fr", **{**about, "key": "another"})
        before = everything(database)
        for number in (1, 2):
            outgoing.export_item(database, number, outgoing.Shelf(folder=folder / "out"))
        again = Folder(path=folder / "out", languages=config.site.languages, zone=config.zone)
        outcome = intake.take(database, config, again.drafts(), now=make.NOW)
        assert outcome.rejected == []
        assert (outcome.new, outcome.changed, outcome.same) == (0, 0, 4)
        assert everything(database) == before


def test_markdown_of_a_corrected_and_a_retracted_item_changes_nothing_either(
    database: Database, config: Config, tmp_path: Path
) -> None:
    make.take(database, config, make.draft("en"), make.draft("fr"))
    wrong = make.draft("en", words=make.text(title="Right"), change=Change.CORRECTION, note="So.")
    make.take(database, config, wrong)
    with database.write() as tx:
        fr = translations.of(tx, [1])[1]["fr"]
        words = make.text("fr", body="Taken back.")
        changes = {"revision": 2, "change": Change.RETRACTION, "digest": digest(words)}
        retracted = Translation(**{**vars(fr), **vars(words), **changes})
        translations.save(tx, retracted, author="somebody")
    before = everything(database)
    outgoing.export_item(database, 1, outgoing.Shelf(folder=tmp_path / "out"))
    again = Folder(path=tmp_path / "out", languages=config.site.languages, zone=config.zone)
    outcome = intake.take(database, config, again.drafts(), now=make.NOW)
    assert (outcome.rejected, outcome.same) == ([], 2)
    assert everything(database) == before


def test_what_a_translator_changes_in_markdown_is_current_and_waits_for_review(
    database: Database, config: Config, tmp_path: Path
) -> None:
    make.take(database, config, make.draft("en"), make.draft("fr", workflow=Workflow.APPROVED))
    make.take(database, config, make.draft("en", words=make.text(body="Twelve wells.")))
    order = Order(language="fr", format="markdown")
    outgoing.export(database, config, order, outgoing.Shelf(folder=tmp_path))
    before = everything(database)
    again = Folder(path=tmp_path, languages=config.site.languages, zone=config.zone)
    assert intake.take(database, config, again.drafts(), now=make.NOW).same == 2
    assert everything(database) == before
    (file,) = tmp_path.glob("*.fr.md")
    file.write_text(file.read_text(encoding="utf-8") + "Douze puits.\n", encoding="utf-8")
    intake.take(database, config, again.drafts(), now=make.NOW)
    with database.read() as tx:
        texts = translations.of(tx, [1])[1]
    assert texts["fr"].source_digest == texts["en"].digest
    assert texts["fr"].workflow is Workflow.IN_REVIEW


def test_items_that_happen_to_share_a_slug_stay_apart(
    database: Database, config: Config, tmp_path: Path
) -> None:
    make.take(database, config, make.draft("en", words=make.text(slug="news"), key="a"))
    make.take(database, config, make.draft("fr", words=make.text(slug="news"), key="b"))
    before = everything(database)
    for number in (1, 2):
        outgoing.export_item(database, number, outgoing.Shelf(folder=tmp_path / "out"))
    again = Folder(path=tmp_path / "out", languages=config.site.languages, zone=config.zone)
    outcome = intake.take(database, config, again.drafts(), now=make.NOW)
    assert (outcome.rejected, outcome.same) == ([], 2)
    assert everything(database) == before


def test_an_exported_file_takes_nothing_from_where_a_text_came_from(
    database: Database, config: Config, tmp_path: Path
) -> None:
    content = tmp_path / "content" / "news"
    content.mkdir(parents=True)
    (content / "a.en.md").write_text("---\ntitle: A\n---\nBody.", encoding="utf-8")

    def import_(folder: Path) -> tuple[int, int, int]:
        source = Folder(path=folder, languages=config.site.languages, zone=config.zone)
        outcome = intake.take(database, config, source.drafts(), now=make.NOW)
        return outcome.new, outcome.changed, outcome.same

    assert import_(content) == (1, 0, 0)
    outgoing.export_item(database, 1, outgoing.Shelf(folder=tmp_path / "out"))
    assert import_(tmp_path / "out") == (0, 0, 1)
    # Known by its place, from another root.
    assert import_(tmp_path / "content") == (0, 0, 1)
