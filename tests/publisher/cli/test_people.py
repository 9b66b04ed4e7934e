"""Lists of people by commands: in from any program, out again, and a bar on a terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import tidings

ROOT = Path(__file__).parents[3]
LIST = "Zoe <zoe@example.org>\nno address\nluc@example.org\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return the folder of a new site in en, fr and ar with a newsletter."""
    address = ("--url", "https://news.example.org", "--languages", "en,fr,ar")
    assert tidings(tmp_path, "init", "site", *address).code == 0
    folder = tmp_path / "site"
    tidings(folder, "newsletter", "add", "digest", "--schedule", "0 7 * * *", "--missing", "skip")
    (folder / "members.txt").write_text(LIST, encoding="utf-8")
    return folder


def test_a_list_of_another_program_comes_in_and_goes_out_as_ours(site: Path) -> None:
    refused = tidings(site, "subscriber", "import", "members.txt")
    assert refused.code == 1
    assert "members.txt: line 1 names no columns, so say with --language" in refused.err
    taken = tidings(
        site, "subscriber", "import", "members.txt", "--language", "fr", "--newsletters", "digest",
        "--rejected", "rejected.csv", "--json",
    )  # fmt: skip
    assert taken.code == 0
    assert (taken.json["added"], taken.json["rejected_rows"]) == (2, 1)
    (rejected,) = taken.json["rejected"]
    assert (rejected["line"], rejected["email"]) == (2, "no address")
    assert (site / "rejected.csv").read_text(encoding="utf-8").splitlines() == [
        "email,line,reason",
        "no address,2,email: 'no address' is not an e-mail address",
    ]
    shown = tidings(site, "subscriber", "export", "--language", "fr")
    header, luc, zoe = shown.out.splitlines()
    assert zoe == "zoe@example.org,fr,digest,,Zoe,UTC,active,,,"
    assert luc.startswith("luc@example.org,fr,digest,")
    out = tidings(
        site, "subscriber", "export", "--newsletter", "digest", "--out", "a.csv", "--json"
    )
    assert out.json == {"rows": 2, "file": "a.csv"}
    assert (site / "a.csv").read_text(encoding="utf-8").splitlines() == [header, luc, zoe]
    assert (site / "a.csv").stat().st_mode & 0o077 == 0
    again = tidings(site, "subscriber", "import", "a.csv", "--json").json
    assert (again["rows"], again["same"]) == (2, 2)


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (("import", "members.txt", "--language", "de"), 1, "nothing is published in de"),
        (("import", "members.txt", "--rejected", "./members.txt"), 2, "would write over the file"),
        (("export", "--newsletter", "weekly"), 1, "weekly"),
        (("export", "--status", "gone"), 2, "--status is one of"),
        (("export", "--json"), 2, "--json tells of the file that --out names"),
        (("export", "--out", "none/a.csv"), 1, "No such file"),
    ],
)
def test_a_mistake_is_one_clear_line_and_changes_nothing(
    site: Path, command: tuple[str, ...], code: int, message: str
) -> None:
    ran = tidings(site, "subscriber", *command)
    assert ran.code == code
    assert message in " ".join(ran.err.replace("│", "").split())
    assert (site / "members.txt").read_text(encoding="utf-8") == LIST


def test_a_terminal_sees_how_far_an_import_is_and_stdout_only_the_result(site: Path) -> None:
    terminal, theirs = pty.openpty()
    command = [sys.executable, "-m", "publisher", "subscriber", "import", "members.txt"]
    with subprocess.Popen(
        [*command, "--language", "fr", "--json"],
        cwd=site,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as child:
        out, _ = child.communicate(timeout=60)
    os.close(theirs)
    seen = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert "reading" in seen
    assert f"{len(LIST)}/{len(LIST)}" in seen
    assert out.startswith(b'{"rows": 3')
