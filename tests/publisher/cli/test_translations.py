"""``tidings translation`` and ``tidings item export`` as people's scripts use them."""

from pathlib import Path

import pytest

from tests import translators
from tests.commands import tidings
from tests.publisher.cli.test_contract import NOW

ITEM = "---\ntitle: {title}\ndate: 2026-11-20\nworkflow: approved\n---\n\n{body}\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return the folder of a new site in en, fr and ar with an item in English."""
    address = ("--url", "https://news.example.org", "--languages", "en,fr,ar")
    assert tidings(tmp_path, "init", "site", *address).code == 0
    folder = tmp_path / "site"
    (folder / "items").mkdir()
    write(folder, "en", "A: statement", "We say.\n\nWe mean it.")
    imported = tidings(folder, "item", "import", "items", "--now", NOW)
    assert imported.code == 0, imported.err
    return folder


def write(folder: Path, language: str, title: str, body: str) -> None:
    text = ITEM.format(title=f"'{title}'", body=body)
    (folder / "items" / f"ilo.{language}.md").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("form", "suffix"), [("xliff", "xlf"), ("po", "po")])
def test_the_whole_way_to_a_translator_and_back(place: Path, form: str, suffix: str) -> None:
    asked = ("--language", "fr", "--format", form, "--out", "out", "--json")
    sent = tidings(place, "translation", "export", *asked)
    name = f"out/1-a-statement.fr.{suffix}"
    assert sent.json == {
        "language": "fr",
        "format": form,
        "files": [
            {"item": 1, "language": "fr", "from": "en", "freshness": "missing", "path": name}
        ],
        "skipped": [],
    }
    nothing: dict[str, list[object]] = {
        "rejected": [],
        "conflicts": [],
        "outdated": [],
        "incomplete": [],
    }
    untouched = tidings(place, "translation", "import", name, "--json", "--now", NOW)
    assert untouched.json == {"new": 0, "changed": 0, "same": 1, **nothing}
    translators.work(place / name, translators.answering({"title": "Déclaration"}))
    half = tidings(place, "translation", "import", name, "--json", "--now", NOW)
    assert half.code == 0
    told = {
        "source": name,
        "item": 1,
        "language": "fr",
        "reason": "2 of 3 units are not translated yet: body.1, body.2",
    }
    assert half.json == {"new": 1, "changed": 0, "same": 0, **nothing, "incomplete": [told]}
    assert half.err == f"tidings: {name} (item 1, fr): {told['reason']}\n"
    rest = {"body.1": "Nous disons.", "body.2": "Sérieusement."}
    translators.work(place / name, translators.answering(rest))
    whole = tidings(place, "translation", "import", name, "--json", "--now", NOW)
    assert whole.json == {"new": 0, "changed": 1, "same": 0, **nothing}
    shown = tidings(place, "item", "show", "1", "--json").json["translations"]
    french = next(text for text in shown if text["language"] == "fr")
    assert (french["title"], french["workflow"], french["freshness"]) == (
        *("Déclaration", "in_review", "current"),
    )
    again = tidings(place, "translation", "export", *asked)
    assert (again.json["files"], again.json["skipped"]) == ([], [])


def test_a_conflict_fails_unless_it_is_forced(place: Path) -> None:
    write(place, "fr", "Une déclaration", "Nous disons.\n\nPour de bon.")
    tidings(place, "item", "import", "items", "--now", NOW)
    tidings(place, "translation", "export", "--language", "fr", "--item", "1", "--all")
    write(place, "fr", "Notre déclaration", "Nous disons.\n\nPour de bon.")
    tidings(place, "item", "import", "items", "--now", NOW)
    name = "1-a-statement.fr.xlf"
    translators.work(place / name, translators.answering({"title": "Ma déclaration"}))
    refused = tidings(place, "translation", "import", name, "--json", "--now", NOW)
    assert refused.code == 1
    (conflict,) = refused.json["conflicts"]
    assert conflict.keys() == {"source", "item", "language", "reason"}
    assert refused.err == f"tidings: {name} (item 1, fr): {conflict['reason']}\n"
    forced = tidings(place, "translation", "import", name, "--force", "--json", "--now", NOW)
    assert (forced.code, forced.json["changed"], forced.json["conflicts"]) == (0, 1, [])


def test_a_bad_file_is_named_and_the_good_ones_are_taken(place: Path) -> None:
    tidings(place, "translation", "export", "--language", "fr")
    (place / "old.xlf").write_text(
        '<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2"/>', encoding="utf-8"
    )
    names = ("old.xlf", "1-a-statement.fr.xlf")
    taken = tidings(place, "translation", "import", *names, "--json", "--now", NOW)
    assert (taken.code, taken.json["same"], len(taken.json["rejected"])) == (0, 1, 1)
    assert taken.json["rejected"][0].keys() == {"source", "reason"}
    assert "XLIFF 1.2, and 2.1 is read: export the item again" in taken.err
    alone = tidings(place, "translation", "import", "old.xlf", "--now", NOW)
    assert (alone.code, alone.out.split()[-8:-6]) == (1, ["rejected", "1"])


def test_markdown_of_an_item_is_known_again(place: Path) -> None:
    write(place, "ar", "بيان: أول", "نقول.\n\n---\n\nنعني ذلك.")
    tidings(place, "item", "import", "items", "--now", NOW)
    sent = tidings(place, "item", "export", "1", "--out", "out", "--json")
    assert sent.json["item"] == 1
    assert [(file["language"], file["path"]) for file in sent.json["files"]] == [
        ("ar", "out/1-a-statement.ar.md"),
        ("en", "out/1-a-statement.en.md"),
    ]
    again = tidings(place, "item", "import", "out", "--json", "--now", NOW)
    assert (again.json["new"], again.json["changed"], again.json["same"]) == (0, 0, 2)
    assert again.json["rejected"] == []
    one = tidings(place, "item", "export", "1", "--language", "ar", "--out", "one")
    assert one.out.split()[-1] == "one/1-a-statement.ar.md"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("translation", "export", "--language", "de"), "language: de is not a language of this"),
        (("translation", "export", "--language", "fr", "--item", "9"), "no item 9"),
        (("item", "export", "9"), "no item 9"),
        (("item", "export", "1", "--language", "fr"), "no text of item 1 in 'fr'"),
        (("translation", "export", "--language", "fr", "--out", "tidings.toml"), "cannot write"),
    ],
)
def test_a_mistake_is_one_clear_line(place: Path, command: tuple[str, ...], sentence: str) -> None:
    failed = tidings(place, *command)
    assert (failed.code, failed.out) == (1, "")
    assert failed.err.startswith(f"tidings: {sentence}")
    assert failed.err.count("\n") == 1
