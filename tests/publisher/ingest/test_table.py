"""A table of news: what each row says, and why one cannot be taken."""

import csv
import io
import os
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher import characters
from publisher.config import Config
from publisher.ingest import intake
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.rows import MAX_ROW
from publisher.ingest.sources import source_of
from publisher.ingest.table import COLUMNS, Table
from store import items
from store.database import Database
from store.records import Change, Kind, Workflow
from tests import make

BRUSSELS = ZoneInfo("Europe/Brussels")
#: A quotation mark and a line end, as they stand within quotes.
QUOTES = '""\n'
HEAD = "title,body,lang,translationKey\n"


def table(path: Path) -> Table:
    return Table(path=path, languages=make.LANGUAGES, zone=BRUSSELS)


def read(root: Path, content: str | bytes, name: str = "news.csv") -> list[Draft | Rejected]:
    path = root / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(table(path).drafts())


def drafts(root: Path, content: str | bytes) -> list[Draft]:
    found = read(root, content)
    assert [entry for entry in found if isinstance(entry, Rejected)] == []
    return [entry for entry in found if isinstance(entry, Draft)]


def refusals(root: Path, content: str | bytes) -> list[tuple[str, str]]:
    """Return the refusals, each with its place in the file."""
    return [
        (entry.source.removeprefix(str(root / "news.csv")).lstrip(", "), entry.reason)
        for entry in read(root, content)
        if isinstance(entry, Rejected)
    ]


def test_a_row_is_an_item_in_a_language_and_rows_with_a_key_are_one_item(tmp_path: Path) -> None:
    rows = "".join(
        f'"{make.TITLES[language]}","{make.BODIES[language]}",{language},dignity\n'
        for language in make.LANGUAGES
    )
    found = drafts(tmp_path, HEAD + rows)
    assert [entry.language for entry in found] == list(make.LANGUAGES)
    assert {entry.key for entry in found} == {"dignity"}
    for entry in found:
        assert entry.words.title == make.TITLES[entry.language]
        assert entry.words.body == make.BODIES[entry.language]


@pytest.mark.parametrize(
    "line",
    [
        "A, B; C",
        # Arabic, Persian, Urdu; Sindhi.
        "A، B؛ C",
        "A⹁ B؛ C",
        # Chinese and Japanese, with and without full width.
        "A，B；C",
        "A、B､C",
        # Amharic, Burmese, N'Ko, Mongolian, Vai, Lisu.
        "A፣ B፤ C",
        "A၊ B၊ C",
        "A߸ B߸ C",
        "A᠂ B᠈ C",
        "A꘍ B꘍ C",
        "A꓾ B꓾ C",
    ],
)
def test_topics_are_parted_as_their_script_does_it(tmp_path: Path, line: str) -> None:
    (found,) = drafts(tmp_path, f'title,body,lang,slug,topics\nA,B,en,a,"{line}"\n')
    assert found.topics == {"a": "A", "b": "B", "c": "C"}


def test_every_column_is_read_and_cleaned(tmp_path: Path) -> None:
    row = {
        "title": "A \u202eclear\u00a0title",
        "body": "One\r\ntwo\x0c\r\n\r\n* \x07three",
        "lang": "FR",
        "translationKey": "well",
        "slug": "Le Puits",
        "summary": "In\nshort",
        "description": "not read where there is a summary",
        "date": "2026-11-20",
        "kind": "project",
        "topics": "Eau, Afrique de l’Est; Santé",
        "embargo": "2026-11-25T09:00:00+01:00",
        "url": "https://example.org/puits",
        "image": "https://example.org/puits.jpg",
        "image_alt": "Deux  femmes",
        "workflow": "approved",
        "draft": "false",
        "source_language": "en",
        "source_digest": "0f" * 32,
        "made_from": "es",
        "change": "correction",
        "note": "Le nombre de villages était faux.",
    }
    assert set(row) == set(COLUMNS)
    file = io.StringIO()
    writer = csv.DictWriter(file, list(row))
    writer.writeheader()
    writer.writerow(row)
    (found,) = drafts(tmp_path, file.getvalue())
    assert found == make.draft(
        "fr",
        source=f"{tmp_path / 'news.csv'}, line 2",
        key="well",
        origin=f"{tmp_path.resolve() / 'news.csv'}/well",
        # Who gives a key shall not have texts joined by their slugs.
        slug="",
        words=make.text(
            title="A clear\u00a0title",
            summary="In short",
            body="One\ntwo\n\n\n* three",
            slug="le-puits",
            image_alt="Deux femmes",
        ),
        dated=datetime(2026, 11, 19, 23, tzinfo=UTC),
        kind=Kind.PROJECT,
        topics={"eau": "Eau", "afrique-de-l-est": "Afrique de l’Est", "santé": "Santé"},
        embargo=datetime(2026, 11, 25, 8, tzinfo=UTC),
        url="https://example.org/puits",
        image="https://example.org/puits.jpg",
        workflow=Workflow.APPROVED,
        source_language="en",
        source_digest="0f" * 32,
        made_from="es",
        change=Change.CORRECTION,
        note="Le nombre de villages était faux.",
        folder=tmp_path,
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_the_delimiter_is_found_whatever_the_program_that_wrote_the_table(
    tmp_path: Path, delimiter: str, mark: bytes, ending: str
) -> None:
    lines = [
        delimiter.join(("LANG", "Translation Key", "internal", "Title", "BODY")),
        delimiter.join(("ar", "k", "1;2,3\t4".replace(delimiter, ""), "عنوان", '"نص, و؛ و"')),
        delimiter.join(("es", "k", '"a,b;c\td"', '"Título ""x"""', f'"Uno{ending}{ending}dos"')),
        "",
        delimiter * 4,
        delimiter.join(("fr", "k", "", "Titre", "Texte")) + delimiter,
    ]
    ar, es, fr = drafts(tmp_path, mark + ending.join(lines).encode())
    assert (ar.language, ar.words.title, ar.words.body) == ("ar", "عنوان", "نص, و؛ و")
    assert (es.language, es.words.title, es.words.body) == ("es", 'Título "x"', "Uno\n\ndos")
    assert (fr.language, fr.words.title, fr.words.body) == ("fr", "Titre", "Texte")
    # By the line that a row begins on: that of the Spanish one is two lines longer.
    assert [entry.source[-6:] for entry in (ar, es, fr)] == ["line 2", "line 3", "line 8"]


def test_a_first_line_that_states_the_delimiter_is_passed_over(tmp_path: Path) -> None:
    (found,) = drafts(tmp_path, "sep=;\ntitle;body;lang;slug\nA;B;en;a\n")
    assert (found.words.title, found.source[-6:]) == ("A", "line 3")


def test_spaces_in_front_of_quotes_are_no_text(tmp_path: Path) -> None:
    (found,) = drafts(tmp_path, 'title, body, lang, slug\n"A", "B, and C", "en", "a"\n')
    assert (found.words.title, found.words.body) == ("A", "B, and C")


def test_a_slug_keeps_the_texts_of_an_item_together_where_there_is_no_key(tmp_path: Path) -> None:
    en, fr = drafts(tmp_path, "title,body,lang,slug\nA,B,en,A well\nC,D,fr,a-well\n")
    assert en.key == fr.key == "a-well"
    assert en.origin == fr.origin


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",B,en,k", "title: is missing: fill in the column 'title'"),
        ("\u202e,B,en,k", "title: is missing: fill in the column 'title'"),
        ("A,,en,k", "body: is empty: fill in the column 'body'"),
        ("A,B", "translationKey: is missing: give the rows of an item the same translationKey"),
        ("A,B,,k", "lang: is missing: one of en, fr, es, ar"),
        ("A,B,de,k", "lang: de is not a language of this site (en, fr, es, ar)"),
        ("A,B,english,k", "lang: 'english': not a language tag (BCP 47)"),
        (f"A,B,{'e' * 999},k", "lang: 'eeeeeeeeeeeeeeeeeeeeee"),
        (f"A,B,en,{'k' * 501}", "translationkey: has 501 characters, 500 at the most"),
        (f"{'A' * 501},B,en,k", "title: has 501 characters, 500 at the most"),
        ("A,B,en,k,C", 'row: has 5 fields where the header names 4: write "..." around'),
        ('A,"B"C,en,k', 'body: its quotes (") do not match: write "..." around it'),
        ('A,"B "quoted" C",en,k', 'body: its quotes (") do not match: write "..." around it'),
        (f"A,{'B' * 131073},en,k", "body: has more than 131072 characters: give so long a text"),
        (f'A,"{"B," * 70000}",en,k', "body: has more than 131072 characters: give so long"),
        (f'A,"{"B" * 10_000_000}",en,k', "body: has more than 131072 characters: give so"),
        (f'A,"{QUOTES * 70000}",en,k', "body: has more than 131072 characters: give"),
        ("," * MAX_ROW, "row: has more than 1000000 characters"),
    ],
)
def test_a_row_that_cannot_be_taken_names_the_field_and_never_stops_the_others(
    tmp_path: Path, row: str, reason: str
) -> None:
    found = read(tmp_path, f"{HEAD}one,B,en,a\n{row}\n2,B,fr,a\n")
    (refused,) = (entry for entry in found if isinstance(entry, Rejected))
    assert refused.source == f"{tmp_path / 'news.csv'}, line 3"
    assert refused.reason.startswith(reason)
    assert len(refused.reason) < 400
    assert [entry.key for entry in found if isinstance(entry, Draft)] == ["a", "a"]


@pytest.mark.parametrize(
    ("head", "row", "reason"),
    [
        ("title,body,lang,slug,kind", "A,B,en,a,newz", "kind: 'newz' is none of project"),
        ("title,body,lang,slug,date", "A,B,en,a,3/11/2026", "date: '3/11/2026' is no date such as"),
        ("title,body,lang,slug,url", "A,B,en,a,x", "url: 'x' is no address such as https"),
        ("title,body,lang,slug,note", f"A,B,en,a,{'n' * 2001}", "note: has 2001 characters, 2000"),
        ("title,body,lang,slug,change", "A,B,en,a,withdrawal", "change: a text is withdrawn by"),
    ],
)
def test_a_wrong_word_in_a_column_is_named(
    tmp_path: Path, head: str, row: str, reason: str
) -> None:
    ((place, found),) = refusals(tmp_path, f"{head}\n{row}\n")
    assert place == "line 2"
    assert found.startswith(reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "line 1: has no column title and no body and no lang; it names the columns: title,b"),
        ("title|body|lang\n", "line 1: has no column title and no body and no lang"),
        ("title,body\n", "line 1: has no column lang; it names the columns: title,body,lang,"),
        ("sep=,\ntitle,body\n", "line 2: has no column lang"),
        ('title,"body"x,lang\n', "line 1: has no column body; it names"),
        ("title,body,lang,Source Language,source-language\n", "line 1: names the column source_l"),
        (
            "title,body,lang\n".encode("utf-16"),
            "line 1: is not UTF-8: save the table as 'CSV UTF-8",
        ),
        ("title,body,lang\n".encode("utf-16-le"), "line 1: is not UTF-8: save the table as"),
        ("título,title,body,lang\n".encode("cp1252"), "line 1: is not UTF-8: save the table as"),
        ("a," * 1_000_000, "line 1: has no column title"),
    ],
)
def test_a_file_without_the_columns_is_refused_as_one(
    tmp_path: Path, content: str | bytes, reason: str
) -> None:
    ((place, found),) = refusals(tmp_path, content)
    assert place == ""
    assert found.startswith(reason)


def test_a_byte_that_is_not_utf_8_costs_its_row_only(tmp_path: Path) -> None:
    rows = b"A,B,en,a\nDignit\xe9,B,fr,a\n\xed\xa0\x80,B,es,a\nC,D,ar,a\n"
    assert refusals(tmp_path, HEAD.encode() + rows) == [
        ("line 3", "title: the byte 0xe9 is not UTF-8: save the file as UTF-8"),
        ("line 4", "title: the byte 0xed is not UTF-8: save the file as UTF-8"),
    ]


def test_bytes_in_a_column_that_is_not_read_are_nobodys_business(tmp_path: Path) -> None:
    (found,) = drafts(tmp_path, b"title,body,lang,slug,internal\nA,B,en,a,caf\xe9\n")
    assert found.words.title == "A"


@pytest.mark.parametrize("rest", [10, 8_000], ids=["near", "far"])
@pytest.mark.parametrize("quoted", [True, False])
def test_a_quote_that_nobody_closes_costs_its_line_only(
    tmp_path: Path, rest: int, *, quoted: bool
) -> None:
    body = '"Body, and ""more"""' if quoted else "Body"
    rows = "".join(f"Title,{body},en,k{number}\n" for number in range(rest))
    found = read(tmp_path, f'{HEAD}A,B,en,a\nC,"D,en,c\n{rows}')
    refused = [entry for entry in found if isinstance(entry, Rejected)]
    assert [entry.source.rpartition(", ")[2] for entry in refused] == ["line 3"]
    assert refused[0].reason.startswith("body: ")
    taken = [entry.key for entry in found if isinstance(entry, Draft)]
    assert taken == ["a", *(f"k{number}" for number in range(rest))]


def test_who_makes_files_to_be_read_again_and_again_is_read_twice(tmp_path: Path) -> None:
    far = f'x,"{"y" * 140_000}\n'
    found = refusals(tmp_path, f'{HEAD}{far}"a" b\n{far}{far}{far}')
    assert 1 < len(found) < 9
    assert all("\n" not in reason for _, reason in found)


def test_memory_is_flat_whatever_the_size_of_the_table(tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    with path.open("w") as file:
        file.write(HEAD)
        for number in range(4_000):
            file.write(f'Title,"{"A long body. " * 100}",en,k{number}\n')
        file.write('x,"' + "y" * 20_000_000 + '",en,k\n')
        file.write("z" * 20_000_000 + "\nlast,B,en,last\n")
    tracemalloc.start()
    counts = {Draft: 0, Rejected: 0}
    last = None
    for entry in table(path).drafts():
        assert isinstance(entry, Draft | Rejected)
        counts[type(entry)] += 1
        last = entry
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counts == {Draft: 4_001, Rejected: 2}
    assert isinstance(last, Draft)
    assert last.key == "last"
    # 46 MB are in the file; a row may have a million characters, and is looked at piece by piece.
    assert peak < 10 * MAX_ROW


def test_a_pipe_is_refused_and_what_is_gone_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (pipe,) = table(tmp_path / "pipe.csv").drafts()
    (gone,) = table(tmp_path / "gone.csv").drafts()
    assert isinstance(pipe, Rejected)
    assert pipe.reason.startswith("file: is no file that can be read")
    assert isinstance(gone, Rejected)
    assert gone.reason == "No such file or directory"


def test_a_row_that_is_no_longer_there_is_gone_but_a_refused_one_is_not(
    database: Database, config: Config, tmp_path: Path
) -> None:
    path = tmp_path / "news.csv"
    counts = []
    for rows in ("A,B,en,a\nA,B,fr,a\nC,D,en,b\n", "A,B,en,a\nC,,en,b\n", "A,B,en,a\nC,D,en,\n"):
        path.write_text(HEAD + rows)
        outcome = intake.take_from(database, config, [table(path)], now=make.NOW)
        counts.append([(place.origin, place.language) for place in outcome.gone])
    # Of the last row nobody can say which text it is: it may be any.
    assert counts == [[], [(f"{path.resolve()}/a", "fr")], []]


def test_importing_a_table_twice_changes_nothing(
    database: Database, config: Config, tmp_path: Path
) -> None:
    path = tmp_path / "news.TSV"
    path.write_text("title\tbody\tlang\tslug\nA\tB\ten\tone\nC\tD\tfr\tone\nE\tF\tes\ttwo\n")
    outcomes = [
        intake.take(database, config, source_of(str(path), config).drafts(), now=make.NOW)
        for _ in range(2)
    ]
    assert [(outcome.new, outcome.same) for outcome in outcomes] == [(3, 0), (0, 3)]
    with database.read() as tx:
        assert len(items.listing(tx)) == 2


CELLS = st.text(max_size=8) | st.sampled_from(['"', '""', ",", ";", "\n", '"\n"', "en", "fr", "k"])


#: Rows of which many can be read.
ROWS = st.lists(st.tuples(CELLS, CELLS, st.sampled_from(["en", "fr"]), CELLS).map(",".join))


@settings(max_examples=200)
@given(
    st.binary(max_size=80)
    | st.lists(CELLS, max_size=40).map(lambda cells: ",".join(cells).encode())
    | ROWS.map(lambda rows: "\n".join(rows).encode())
)
@example("A\x00\u202eb,B\x07\x85,en,k".encode())
@example(b'"')
@example(b'"\n"x\n"y"z,"\n')
def test_whatever_rows_hold_they_are_clean_drafts_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as root:
        found = read(Path(root), HEAD.encode() + content)
    for entry in found:
        if isinstance(entry, Rejected):
            assert entry.reason
            assert "\n" not in entry.reason
        else:
            assert isinstance(entry, Draft)
            assert entry.words.title == characters.clean_line(entry.words.title) != ""
            assert entry.words.body == characters.clean_text(entry.words.body) != ""


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('",;\t\n'))


@settings(max_examples=100)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6), st.sampled_from(",;\t"))
def test_what_a_program_writes_as_a_table_is_read_as_it_was_meant(
    texts: list[tuple[str, str]], delimiter: str
) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(["title", "body", "lang", "translationKey"])
    writer.writerows([f"T{title}", f"B{body}", "ar", "k"] for title, body in texts)
    with TemporaryDirectory() as root:
        found = read(Path(root), file.getvalue())
    assert [
        (entry.words.title, entry.words.body) for entry in found if isinstance(entry, Draft)
    ] == [
        (characters.clean_line(f"T{title}"), characters.clean_text(f"B{body}"))
        for title, body in texts
    ]
