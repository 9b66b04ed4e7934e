"""A folder of Markdown files: what each says, and why one cannot be taken."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher import characters, markup
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.folder import MAX_BYTES, Folder
from store.records import Change, Kind, Workflow
from tests import make

GOOD = "---\ntitle: News\n---\nBody."
BRUSSELS = ZoneInfo("Europe/Brussels")


def folder(path: Path, *languages: str) -> Folder:
    return Folder(path=path, languages=languages or make.LANGUAGES, zone=BRUSSELS)


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def read(root: Path, name: str, content: str | bytes) -> Draft | Rejected:
    (found,) = folder(write(root, {name: content})).drafts()
    return found


def draft(root: Path, head: str, body: str = "Body.", *, name: str = "a.en.md") -> Draft:
    found = read(root, name, f"---\ntitle: News\n{head}\n---\n{body}")
    assert isinstance(found, Draft), found
    return found


@pytest.mark.parametrize(
    ("name", "head", "key", "language"),
    [
        ("hello.fr.md", "", "hello", "fr"),
        ("hello.ar.markdown", "", "hello", "ar"),
        ("fr/hello.md", "", "hello", "fr"),
        ("es/2013/hello.md", "", "2013/hello", "es"),
        ("2013/es/hello.md", "", "2013/hello", "es"),
        ("2013/hello.es.md", "", "2013/hello", "es"),
        ("hello/index.fr.md", "", "hello", "fr"),
        ("fr/hello/index.md", "", "hello", "fr"),
        ("hello.md", "lang: fr", "hello", "fr"),
        ("hello.md", "lang: FR", "hello", "fr"),
        # What the text says of itself goes before where it stands.
        ("hello.en.md", "lang: fr", "hello", "fr"),
        ("en/hello.md", "lang: ar", "hello", "ar"),
        ("fr/bonjour.md", "translationKey: hello", "hello", "fr"),
        ("bonjour.fr.md", "TranslationKey: hello", "hello", "fr"),
        # Only the site's languages are languages here.
        ("hello.v2.en.md", "", "hello.v2", "en"),
        ("de/hello.en.md", "", "de/hello", "en"),
        ("it.en.md", "", "it", "en"),
    ],
)
def test_the_place_says_which_item_and_which_language(
    tmp_path: Path, name: str, head: str, key: str, language: str
) -> None:
    found = draft(tmp_path, head, name=name)
    assert (found.key, found.language) == (key, language)


def test_texts_of_one_item_share_a_key_however_the_folder_is_laid_out(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(["a.en.md", "fr/a.md", "a/index.es.md", "ar/a/index.md"], GOOD))
    drafts = [entry for entry in folder(tmp_path).drafts() if isinstance(entry, Draft)]
    assert {entry.language for entry in drafts} == set(make.LANGUAGES)
    assert {entry.key for entry in drafts} == {"a"}


def test_norwegian_is_a_language_and_not_a_refusal(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "---\ntitle: Nyheter\nlang: no\n---\nTekst."})
    (found,) = folder(tmp_path, "en", "no").drafts()
    assert isinstance(found, Draft)
    assert found.language == "no"


def test_a_file_alone_is_read_as_within_its_folder(tmp_path: Path) -> None:
    write(tmp_path, {"fr/hello.md": GOOD, "hello.en.md": GOOD})
    for name, language in (("fr/hello.md", "fr"), ("hello.en.md", "en")):
        (found,) = folder(tmp_path / name).drafts()
        assert isinstance(found, Draft)
        assert (found.key, found.language) == ("hello", language)


def test_lists_of_pages_hidden_files_and_others_are_no_items(tmp_path: Path) -> None:
    names = ["_index.md", "_index.fr.md", ".a.en.md", "a.txt", "a.md.orig", "README"]
    write(tmp_path, dict.fromkeys(names, GOOD))
    assert list(folder(tmp_path).drafts()) == []


def test_every_field_is_read_and_cleaned(tmp_path: Path) -> None:
    head = (
        """\
summary: "A \\u202esummary"
date: 2013-12-18T09:00:00+01:00
kind: statement
topics: [Labour migration, "ICMC  Europe", "!"]
embargo: 2013-12-19
url: https://example.org/a?b=1
image: http://example.org/a.png
image_alt: A  map
slug: My Slug
workflow: approved
source_language: FR
source_digest: """
        + "0f" * 32
        + """
change: correction"""
    )
    found = draft(tmp_path, head, "A\u2028B\x0cC\r\nD  ")
    assert found.words == make.text(
        title="News",
        summary="A summary",
        body="A\nB\nC\nD",
        slug="my-slug",
        image_alt="A map",
    )
    assert found.dated == datetime(2013, 12, 18, 8, tzinfo=UTC)
    assert found.embargo == datetime(2013, 12, 18, 23, tzinfo=UTC)
    assert found.kind is Kind.STATEMENT
    assert found.topics == {"labour-migration": "Labour migration", "icmc-europe": "ICMC Europe"}
    assert (found.url, found.image) == ("https://example.org/a?b=1", "http://example.org/a.png")
    assert found.workflow is Workflow.APPROVED
    assert found.change is Change.CORRECTION
    assert (found.source_language, found.source_digest) == ("fr", "0f" * 32)


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    found = draft(tmp_path, "")
    assert found.words.slug == "news"
    assert (found.kind, found.change) == (Kind.NEWS, None)
    assert (found.topics, found.words.summary, found.words.image_alt) == ({}, "", "")
    unsaid = (found.dated, found.embargo, found.url, found.image, found.workflow)
    assert (*unsaid, found.source_language, found.source_digest) == (None,) * 7


@pytest.mark.parametrize(
    ("head", "workflow"),
    [
        ("draft: true", Workflow.DRAFT),
        ("draft: true\nworkflow: approved", Workflow.DRAFT),
        ("draft: false\nworkflow: approved", Workflow.APPROVED),
        ("workflow: in_review", Workflow.IN_REVIEW),
        ("workflow: withdrawn", Workflow.WITHDRAWN),
        ("draft: false", None),
    ],
)
def test_hugos_draft_is_ours(tmp_path: Path, head: str, workflow: Workflow | None) -> None:
    assert draft(tmp_path, head).workflow is workflow


@pytest.mark.parametrize(("said", "workflow"), [("true", Workflow.DRAFT), ("false", None)])
def test_hugos_draft_is_ours_in_toml_too(
    tmp_path: Path, said: str, workflow: Workflow | None
) -> None:
    found = read(tmp_path, "a.en.md", f"+++\ntitle = 'News'\ndraft = {said}\n+++\nBody.")
    assert isinstance(found, Draft)
    assert found.workflow is workflow


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2013-12-18", datetime(2013, 12, 17, 23, tzinfo=UTC)),
        ("2013-07-01", datetime(2013, 6, 30, 22, tzinfo=UTC)),
        ("2013-12-18 09:00", datetime(2013, 12, 18, 8, tzinfo=UTC)),
        ("2013-12-18T09:00:00Z", datetime(2013, 12, 18, 9, tzinfo=UTC)),
        ("2013-12-18T09:00:00-05:00", datetime(2013, 12, 18, 14, tzinfo=UTC)),
    ],
)
def test_a_date_without_a_zone_is_of_the_zone_of_the_site(
    tmp_path: Path, written: str, instant: datetime
) -> None:
    assert draft(tmp_path, f"date: {written}").dated == instant
    toml = read(tmp_path, "a.en.md", f"+++\ntitle = 'News'\ndate = {written}\n+++\nBody.")
    pelican = read(tmp_path, "a.en.md", f"Title: News\nDate: {written}\n\nBody.")
    if "T" in written or ":" not in written:
        assert isinstance(toml, Draft)
        assert toml.dated == instant
    assert isinstance(pelican, Draft)
    assert pelican.dated == instant


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("Only a text.", "front matter: is missing: write 'title: ...' between two --- lines"),
        ("", "front matter: is missing: write 'title: ...' between two --- lines"),
        ("---\nlang: en\n---\nBody", "title: is missing: write 'title: ...' into the front matter"),
        ("---\ntitle: '\u202e '\n---\nBody", "title: is missing"),
        ("---\ntitle: [a]\n---\nBody", "title: must be one line of text"),
        ("---\ntitle: A\n---\n \n", "body: is empty: write the text below the front matter"),
        (f"---\ntitle: {'a' * 501}\n---\nB", "title: has 501 characters, 500 at the most"),
        (
            f"---\ntitle: A\nsummary: {'a' * 2001}\n---\nB",
            "summary: has 2001 characters, 2000 at the most",
        ),
        (
            "---\ntitle: A\nkind: newz\n---\nB",
            "kind: 'newz' is none of project, statement, message, news, event, publication",
        ),
        (
            "---\ntitle: A\nworkflow: done\n---\nB",
            "workflow: 'done' is none of draft, in_review, approved, withdrawn",
        ),
        (
            "---\ntitle: A\nchange: typo\n---\nB",
            "change: 'typo' is none of new, minor, edit, correction, retraction",
        ),
        (
            "---\ntitle: A\ndate: 18.12.2013\n---\nB",
            "date: '18.12.2013' is no date such as 2013-12-18 or 2013-12-18T09:00:00+01:00",
        ),
        ("---\ntitle: A\nembargo: soon\n---\nB", "embargo: 'soon' is no date such as 2013-12-18"),
        ("---\ntitle: A\ndate: 0001-01-01\n---\nB", "date: '0001-01-01' is no date such as"),
        ("+++\ntitle='A'\ndate=09:00:00\n+++\nB", "date: '09:00:00' is no date such as"),
        (
            "---\ntitle: A\nlang: de\n---\nB",
            "lang: de is not a language of this site (en, fr, es, ar); add it to site.languages",
        ),
        ("---\ntitle: A\nlang: french\n---\nB", "lang: 'french': not a language tag (BCP 47)"),
        (
            "---\ntitle: A\nsource_language: de\n---\nB",
            "source_language: de is not a language of this site (en, fr, es, ar)",
        ),
        (
            "---\ntitle: A\nurl: ftp://example.org\n---\nB",
            "url: 'ftp://example.org' is no address such as https://example.org/news",
        ),
        ("---\ntitle: A\nimage: data:,a\n---\nB", "image: 'data:,a' is neither an address that"),
        ("---\ntitle: A\nurl: https://[x/y\n---\nB", "url: 'https://[x/y' is no address such as"),
        (
            "---\ntitle: A\nimage: https://ex℀mple.org/x.png\n---\nB",
            "image: 'https://ex℀mple.org/x.png' is neither an address that",
        ),
        (
            "---\ntitle: A\nurl: 'https://example.org/\">'\n---\nB",
            "url: 'https://example.org/\">' is no address",
        ),
        (
            f"---\ntitle: A\nsource_digest: {'0F' * 32}\n---\nB",
            "source_digest: must be the 64 hexadecimal digits that 'item show' prints",
        ),
        ("---\ntitle: A\nsource_digest: 0f\n---\nB", "source_digest: must be the 64 hexadecimal"),
        ("---\ntitle: A\ntopics: {a: b}\n---\nB", "topics: must be a list"),
        ("---\ntitle: A\ntopics: [a: b]\n---\nB", "topics: must be a list of words"),
        ("---\ntitle: A\ntopics: [[a]]\n---\nB", "topics: must be a list of words"),
        (
            "---\ntitle: A\nkind: 'news\n---\nB",
            "front matter: is not YAML: line 4: found unexpected",
        ),
        (
            "+++\ntitle = A\n+++\nB",
            "front matter: is not TOML: Invalid value (at line 1, column 9)",
        ),
        (
            b"---\ntitle: A\n---\nDignit\xe9",
            "line 4: the byte 0xe9 is not UTF-8: save the file as UTF-8",
        ),
        (b"---\ntitle: A\n---\n\xed\xa0\x80", "line 4: the byte 0xed is not UTF-8"),
        (b"\xff\xfet\0i\0", "line 1: the byte 0xff is not UTF-8"),
        (b"---\ntitle: A\n---\n" + b"a" * MAX_BYTES, f"file: is larger than {MAX_BYTES} bytes"),
    ],
)
def test_what_cannot_be_taken_names_the_field_and_how_to_mend_it(
    tmp_path: Path, content: str | bytes, reason: str
) -> None:
    found = read(tmp_path, "a.en.md", content)
    assert isinstance(found, Rejected)
    assert found.source == str(tmp_path / "a.en.md")
    assert found.reason.startswith(reason)
    assert "\n" not in found.reason


def test_a_text_without_a_language_is_told_the_three_ways_to_give_it_one(tmp_path: Path) -> None:
    found = read(tmp_path, "hello.md", GOOD)
    assert isinstance(found, Rejected)
    assert found.reason == (
        "lang: is missing: call the file NAME.LANG.md, put it into a folder LANG/, "
        "or write 'lang: LANG' (en, fr, es, ar)"
    )


def test_a_byte_order_mark_and_windows_line_ends_are_no_obstacle(tmp_path: Path) -> None:
    found = read(tmp_path, "a.en.md", b"\xef\xbb\xbf---\r\ntitle: A\r\n---\r\nOne\r\ntwo\r\n")
    assert isinstance(found, Draft)
    assert (found.words.title, found.words.body) == ("A", "One\ntwo")


def test_bad_files_never_stop_the_good_ones(tmp_path: Path) -> None:
    write(tmp_path, {"a.en.md": GOOD, "c.en.md": b"\xff", "m.md/z.en.md": GOOD, "z.en.md": GOOD})
    (tmp_path / "b.en.md").symlink_to(tmp_path / "nowhere")
    (tmp_path / "d.en.md").symlink_to(tmp_path / "d.en.md")
    found = {
        str(Path(entry.source).relative_to(tmp_path)): getattr(entry, "reason", None)
        for entry in folder(tmp_path).drafts()
    }
    assert found == {
        "a.en.md": None,
        "b.en.md": "No such file or directory",
        "c.en.md": "line 1: the byte 0xff is not UTF-8: save the file as UTF-8",
        "d.en.md": "Too many levels of symbolic links",
        "m.md": "Is a directory",
        "m.md/z.en.md": None,
        "z.en.md": None,
    }


FIELDS = [
    *("title", "date", "lang", "slug", "kind", "topics", "summary", "url", "embargo", "image"),
    *("translationKey", "workflow", "change", "source_digest", "image_alt", "draft"),
]
HEADS = st.lists(
    st.tuples(
        st.sampled_from(FIELDS),
        st.text(max_size=12)
        | st.sampled_from(["2013-12-18", "9999-12-31T23:59:59-12:00", "[a, b]", "{a: b}", "news"]),
    ),
    max_size=6,
)
LINES = st.builds(
    lambda fence, heads, body: (
        fence + "".join(f"{key}: {value}\n" for key, value in heads) + fence + body
    ).encode(),
    st.sampled_from(["---\n", "+++\n", "", "\n"]),
    HEADS,
    st.text(max_size=20),
)
#: Files of which many can be read.
WHOLE = st.builds(
    lambda title, body: f"---\ntitle: {title}\ndate: 2013-12-18\n---\n{body}".encode(),
    st.text(min_size=1, max_size=12),
    st.text(min_size=1, max_size=20),
)


@settings(max_examples=200)
@given(st.binary(max_size=60) | LINES | WHOLE)
@example(b'---\ntitle: "\\uD800 \\UFFFFFFFF"\n---\nBody')
@example(b'---\ntitle: "\\uD800"\n---\nBody')
@example(b"+++\n" + b"a." * 9999 + b"b = 1\ntitle = 'A'\n+++\nBody")
@example(b"+++\ntitle = 'A'\ntopics = [{" + b"a." * 9999 + b"b = 1}]\n+++\nBody")
def test_whatever_a_file_holds_it_is_a_clean_draft_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as root:
        found = read(Path(root), "a.en.md", content)
    if isinstance(found, Rejected):
        assert found.reason
    else:
        assert found.language in make.LANGUAGES
        assert found.words.title == characters.clean_line(found.words.title) != ""
        assert found.words.body == characters.clean_text(found.words.body) != ""
        assert found.words.slug == markup.slug(found.words.slug)
        assert all(
            moment is None or moment.tzinfo is UTC for moment in (found.dated, found.embargo)
        )


NAMES = st.lists(
    st.sampled_from([*make.LANGUAGES, "index", "a", "b.fr", "c.en", "x y", "ا", "_index", "..."]),
    min_size=1,
    max_size=4,
)


@settings(max_examples=100)
@given(st.lists(NAMES, max_size=6), st.sampled_from([".md", ".markdown"]))
def test_every_file_is_read_once_wherever_it_stands(names: list[list[str]], suffix: str) -> None:
    with TemporaryDirectory() as place:
        root = Path(place)
        paths = {"/".join(parts) + suffix for parts in names}
        write(root, dict.fromkeys(paths, GOOD))
        found = [str(Path(entry.source).relative_to(root)) for entry in folder(root).drafts()]
    wanted = {path for path in paths if not path.rpartition("/")[2].startswith(("_index", "."))}
    assert found == sorted(found, key=Path)
    assert set(found) == wanted
    assert len(found) == len(wanted)


def test_a_named_pipe_is_refused_and_holds_up_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.en.md")
    (refused,) = folder(tmp_path).drafts()
    assert isinstance(refused, Rejected)
    assert refused.reason == "file: is a named pipe, not a file"
