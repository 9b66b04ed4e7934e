"""What a command line, a name or a file can hold, and what must not become of it."""

import os
import stat
from pathlib import Path

import pytest

from tests.commands import process, tidings

#: A window's title, a turn of the line, the end of the line: what terminals obey.
EVIL = "a\x1b]0;owned\x07\u202e\x9b31m\nb"
#: A byte that is no UTF-8, as Python gets it from the command line (PEP 383).
LATIN = "caf\udce9"
HEADER = "email,language,newsletters,topics,name,timezone,status,consent_at,consent_source\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return the folder of a new site in en and fr with one approved text."""
    address = ("--url", "https://news.example.org", "--languages", "en,fr")
    assert tidings(tmp_path, "init", "site", *address).code == 0
    folder = tmp_path / "site"
    text = "---\ntitle: A\nworkflow: approved\n---\nBody\n"
    (folder / "a.en.md").write_text(text, encoding="utf-8")
    assert tidings(folder, "item", "import", "a.en.md").code == 0
    assert tidings(folder, "subscriber", "add", "a@example.org", "--language", "en").code == 0
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ("item", "correct", "1", "--language", "en", "--file", EVIL, "--change", "minor"),
        ("item", "import", EVIL),
        ("topic", "add", "k", "--name", f"{EVIL}=x"),
        ("newsletter", "add", "n", "--schedule", "fri 07:00", "--template", EVIL),
        ("newsletter", "add", "n", "--schedule", "fri 07:00", "--name", f"en={EVIL}"),
        ("feed", "list", "--config", EVIL),
        ("translation", "export", "--language", "fr", "--out", EVIL),
    ],
)
def test_nothing_that_a_terminal_obeys_is_said(site: Path, arguments: tuple[str, ...]) -> None:
    ran = tidings(site, *arguments)
    assert ran.out or ran.err
    assert not {*"\x1b\x07\u202e\x9b"} & {*ran.out, *ran.err}
    assert all(line.startswith("tidings: ") for line in ran.err.splitlines())


def test_the_name_of_a_newsletter_is_cleaned_or_every_page_would_fail(site: Path) -> None:
    names = ("--name", f"en={EVIL}", "--name", f"fr={LATIN}")
    begun = tidings(site, "newsletter", "add", "n", "--schedule", "fri 07:00", *names, "--json")
    assert begun.json["names"] == {"en": "a]0;owned31m b", "fr": "caf"}
    assert tidings(site, "tick").code == 0
    assert tidings(site, "site", "build").code == 0


@pytest.mark.parametrize("name", ["\u202e", "\udce9", "a" * 501])
def test_a_newsletter_without_a_name_that_can_be_shown_is_refused(site: Path, name: str) -> None:
    ran = tidings(site, "newsletter", "add", "n", "--schedule", "fri 07:00", "--name", f"en={name}")
    assert ran.code == 1
    assert "name: has " in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("item", "retract", "1", "--note", LATIN, "--author", LATIN),
        ("item", "correct", "1", "--language", "en", "--file", "b.md", "--change", "correction",
         "--author", LATIN),
    ],
)  # fmt: skip
def test_bytes_that_are_not_utf_8_on_the_command_line_end_in_no_traceback(
    site: Path, arguments: tuple[str, ...]
) -> None:
    (site / "b.md").write_text("---\ntitle: B\n---\nBody\n", encoding="utf-8")
    # As a process: the arguments are bytes there.
    ran = process(site, *arguments)
    assert ran.code == 0, ran.err


def test_a_number_that_no_database_holds_is_one_clear_line(site: Path) -> None:
    schedule = ("--schedule", "fri 07:00", "--minimum", "9" * 20)
    ran = process(site, "newsletter", "add", "n", *schedule)
    assert ran.code == 1
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("out", ["", ".", "/", "pipe"])
def test_an_export_takes_the_place_of_files_alone(site: Path, out: str) -> None:
    os.mkfifo(site / "pipe")
    ran = tidings(site, "subscriber", "export", "--out", out)
    assert (ran.code, ran.out) == (1, "")
    assert "is no file: name one, or leave --out away" in ran.err
    assert stat.S_ISFIFO((site / "pipe").lstat().st_mode)


def test_an_export_leaves_a_link_one_and_trusts_no_file_that_was_there_before(site: Path) -> None:
    (site / "link.csv").symlink_to("people.csv")
    (site / "theirs").touch(mode=0o666)
    (site / "people.csv.part").symlink_to("theirs")
    assert tidings(site, "subscriber", "export", "--out", "link.csv").code == 0
    assert (site / "link.csv").is_symlink()
    assert "a@example.org" in (site / "people.csv").read_text(encoding="utf-8")
    assert (site / "people.csv").stat().st_mode & 0o077 == 0
    assert (site / "theirs").read_text(encoding="utf-8") == ""


@pytest.mark.parametrize(
    ("file", "reason"),
    [("/dev/zero", "is a device, not a file"), ("/proc/self/mem", "Input/output error")],
)
def test_people_are_read_from_nothing_that_does_not_end_or_cannot_be_read(
    site: Path, file: str, reason: str
) -> None:
    ran = tidings(site, "subscriber", "import", file)
    assert (ran.code, ran.err) == (1, f"tidings: {file}: {reason}\n")


def test_a_file_of_rejected_rows_that_cannot_be_filled_is_named(site: Path) -> None:
    (site / "people.csv").write_text(f"{HEADER}no address,en,,,,,,,\n", encoding="utf-8")
    ran = tidings(site, "subscriber", "import", "people.csv", "--rejected", "/dev/full")
    assert (ran.code, ran.err) == (1, "tidings: /dev/full: No space left on device\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"a = {'[' * 9999}", "a number is too large, or lists too deep"),
        (f"a = {'9' * 9999}", "a number is too large, or lists too deep"),
        ("#" * 1_000_001, "is larger than 1000000 bytes: no configuration is"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_one_clear_line(
    site: Path, text: str, reason: str
) -> None:
    (site / "wrong.toml").write_text(text, encoding="utf-8")
    ran = tidings(site, "feed", "list", "--config", "wrong.toml")
    assert (ran.code, ran.err) == (78, f"tidings: wrong.toml: {reason}\n")


def test_the_address_of_a_database_that_is_not_utf_8_is_one_clear_line(site: Path) -> None:
    environment = {"TIDINGS_DATABASE__URL": f"sqlite:///{LATIN}"}
    ran = process(site, "site", "build", environment=environment)
    assert ran.code == 1
    assert ran.err.count("\n") == 1
