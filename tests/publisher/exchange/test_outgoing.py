"""Which items go out, under which names, and what is in the way."""

import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.config import Config
from publisher.errors import InputError, NotFoundError
from publisher.exchange import files, outgoing, wanted
from publisher.exchange.outgoing import Outcome, Shelf
from publisher.exchange.wanted import Order
from publisher.freshness import Freshness
from store.database import Database
from store.records import Workflow
from tests import make


def export(database: Database, config: Config, folder: Path, **order: object) -> Outcome:
    asked = Order(**{"language": "fr", "format": "xliff", **order})  # type: ignore[arg-type]
    return outgoing.export(database, config, asked, Shelf(folder=folder))


def names(paths: Iterable[Path]) -> list[str]:
    return sorted(path.name for path in paths)


def sent(outcome: Outcome) -> list[tuple[int, str, str]]:
    return [(entry.item, entry.source_language, entry.freshness) for entry in outcome.files]


def reasons(outcome: Outcome) -> list[tuple[int, str]]:
    return [(entry.item, entry.reason) for entry in outcome.skipped]


@pytest.fixture
def house(database: Database, config: Config) -> Database:
    """Give a store with an item that is current, one that is outdated, and some others."""
    old = make.text("en", title="Old")
    for key, draft in (
        ("current", make.draft("en")),
        ("outdated", make.draft("en", words=old)),
        ("missing", make.draft("en")),
        ("french", make.draft("fr", source_language="fr")),
        ("withdrawn", make.draft("en", workflow=Workflow.WITHDRAWN)),
    ):
        make.take(database, config, make.draft(**{**vars(draft), "key": key}))
    for key in ("current", "outdated"):
        make.take(database, config, make.draft("fr", key=key))
    new = make.draft("en", key="outdated", words=make.text(title="New"))
    make.take(database, config, new, now=make.NOW + timedelta(minutes=1))
    return database


def test_what_is_missing_or_outdated_goes_out(
    house: Database, config: Config, tmp_path: Path
) -> None:
    outcome = export(house, config, tmp_path)
    assert sent(outcome) == [(2, "en", Freshness.OUTDATED), (3, "en", Freshness.MISSING)]
    assert outcome.skipped == []
    assert names(tmp_path.iterdir()) == ["2-dignity-en.fr.xlf", "3-dignity-en.fr.xlf"]


def test_everything_goes_out_when_asked_for(
    house: Database, config: Config, tmp_path: Path
) -> None:
    outcome = export(house, config, tmp_path, everything=True)
    assert [entry.item for entry in outcome.files] == [1, 2, 3, 5]


def test_an_item_that_was_named_and_does_not_go_out_is_told_of(
    house: Database, config: Config, tmp_path: Path
) -> None:
    outcome = export(house, config, tmp_path, ids=[5, 1, 4, 3, 3])
    assert sent(outcome) == [(3, "en", Freshness.MISSING)]
    assert reasons(outcome) == [
        (5, "its text in en is withdrawn"),
        (1, "misses nothing in fr; --all exports it"),
        (4, "was written in fr"),
    ]


def test_an_item_without_the_text_to_translate_from_is_told_of(
    house: Database, config: Config, tmp_path: Path
) -> None:
    outcome = export(house, config, tmp_path, language="ar", made_from="fr")
    assert [entry.item for entry in outcome.files] == [1, 4]
    assert reasons(outcome) == [
        (2, "its text in fr is outdated: that comes first"),
        (3, "has no text in fr"),
        (5, "has no text in fr"),
    ]


def test_a_translation_of_an_outdated_translation_waits_for_that_one(
    house: Database, config: Config, tmp_path: Path
) -> None:
    make.take(house, config, make.draft("ar", key="outdated", made_from="fr"))
    outcome = export(house, config, tmp_path, language="ar", ids=[2])
    assert (outcome.files, reasons(outcome)) == (
        [],
        [(2, "its text in fr is outdated: that comes first")],
    )
    assert sent(export(house, config, tmp_path, language="ar", ids=[2], everything=True)) == [
        (2, "fr", Freshness.OUTDATED)
    ]


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ({"language": "de"}, "language: de is not a language of this site (en, fr, es, ar)"),
        ({"made_from": "de"}, "from: de is not a language of this site (en, fr, es, ar)"),
        ({"made_from": "fr"}, "from: fr is not translated from itself"),
        ({"format": "tmx"}, "format: 'tmx' is none of xliff, po, markdown"),
    ],
)
def test_an_order_that_cannot_be_met_is_refused(
    house: Database, config: Config, tmp_path: Path, order: dict[str, object], complaint: str
) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(complaint)}$"):
        export(house, config, tmp_path, **order)


def test_an_unknown_item_is_refused(house: Database, config: Config, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        export(house, config, tmp_path, ids=[1, 99])
    with pytest.raises(NotFoundError):
        outgoing.export_item(house, 99, Shelf(folder=tmp_path))
    with pytest.raises(NotFoundError):
        outgoing.export_item(house, 1, Shelf(folder=tmp_path), language="es")


def test_all_items_are_walked_through_however_many_there_are(
    database: Database, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted, "BATCH", 2)
    make.take(database, config, *(make.draft("en", key=str(number)) for number in range(5)))
    outcome = export(database, config, tmp_path)
    assert [entry.item for entry in outcome.files] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("form", "suffix"), [("xliff", "xlf"), ("po", "po")])
def test_the_same_export_again_writes_the_same_bytes(
    house: Database, config: Config, tmp_path: Path, form: str, suffix: str
) -> None:
    export(house, config, tmp_path, format=form)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert {path.suffix for path in before} == {f".{suffix}"}
    outcome = export(house, config, tmp_path, format=form)
    assert outcome.skipped == []
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_work_in_a_file_is_not_overwritten_unless_asked_for(
    house: Database, config: Config, tmp_path: Path
) -> None:
    path = tmp_path / "3-dignity-en.fr.xlf"
    path.write_text("work of a day", encoding="utf-8")
    outcome = export(house, config, tmp_path)
    assert [entry.item for entry in outcome.files] == [2]
    assert reasons(outcome) == [
        (3, f"{path}: is there already and differs: move it away, or use --overwrite")
    ]
    assert path.read_text(encoding="utf-8") == "work of a day"
    order = Order(language="fr", format="xliff")
    outgoing.export(house, config, order, Shelf(folder=tmp_path, overwrite=True))
    assert path.read_text(encoding="utf-8").startswith("<?xml")
    assert names(tmp_path.glob("*")) == names(tmp_path.glob("[0-9]*.xlf"))


def test_markdown_for_translators_is_the_source_beside_what_there_is(
    house: Database, config: Config, tmp_path: Path
) -> None:
    outcome = export(house, config, tmp_path, format="markdown")
    assert [(entry.item, entry.language, entry.source_language) for entry in outcome.files] == [
        (2, "en", "en"),
        (2, "fr", "en"),
        (3, "en", "en"),
    ]


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("a-well", "7-a-well.fr.xlf"),
        ("", "7.fr.xlf"),
        ("كرامة", "7-كرامة.fr.xlf"),
        ("न" * 60, f"7-{'न' * 40}.fr.xlf"),
        ("x" * 118 + "-नन", f"7-{'x' * 118}.fr.xlf"),
    ],
)
def test_names_of_files_are_for_people_and_fit_everywhere(slug: str, name: str) -> None:
    assert files.name(7, slug, "fr", "xlf") == name
    assert len(name.encode()) < 255
