"""Ten thousand files, a third of them broken or evil: every good one is in, every bad one named.

The real command reads them, in a process of its own whose memory is measured; then the
scheduled job publishes what came of them.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import feedparser
import pytest

from store import items, translations
from store.database import open_database
from tests import hostile, make

ROOT = Path(__file__).parent.parent.parent
#: Files of the two folders, the second for what memory must not grow with.
FEW, MANY = 2_000, 10_000
#: Megabytes: what the command may take at all, and how much more for five times as many files.
MOST, MORE = 200, 30

#: The command, which at its end tells the most memory that it had, in kilobytes (proc, 5). Not
#: by getrusage: that counts what this process had when it began the other.
MEASURED = """
import atexit, pathlib, sys
from publisher.__main__ import main
atexit.register(lambda: sys.stderr.write(pathlib.Path("/proc/self/status").read_text()[4:]))
main()
"""


@dataclass(frozen=True)
class Ran:
    """What a command printed, and the most memory that it took, in megabytes."""

    result: dict[str, Any]
    stderr: str
    peak: int


def run(site: Path, *arguments: str) -> Ran:
    """Run a command on a site; it must succeed."""
    child = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments, "--json"],
        capture_output=True,
        check=False,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "TIDINGS_CONFIG": str(site / "tidings.toml")},
    )
    assert child.returncode == 0, child.stderr[-2000:]
    stderr, _, peak = child.stderr.rpartition("VmHWM:")
    return Ran(json.loads(child.stdout), stderr, int(peak.split()[0]) // 1024)


def a_site(folder: Path) -> Path:
    """Make an empty site in four languages."""
    languages = ",".join(make.LANGUAGES)
    run(folder, "init", str(folder), "--url", "https://news.example.org", "--languages", languages)
    return folder


@dataclass(frozen=True)
class Imported:
    """A site after a hostile folder was imported."""

    site: Path
    folder: Path
    written: hostile.Written
    ran: Ran


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return imported(tmp_path_factory.mktemp("many"), MANY)


def imported(folder: Path, count: int) -> Imported:
    site, news = a_site(folder / "site"), folder / "news"
    news.mkdir()
    written = hostile.fill(news, count)
    return Imported(site, news, written, run(site, "item", "import", str(news)))


def test_every_good_text_is_in_the_store_as_it_was_written(many: Imported) -> None:
    good = many.written.good
    assert len(good) + len(many.written.bad) > MANY * 0.95
    result = many.ran.result
    assert (result["new"], result["changed"], result["same"]) == (len(good), 0, 0)
    database = open_database(f"sqlite:///{many.site / 'tidings.db'}")
    with database.read() as tx:
        texts = translations.of(tx, [item.id for item in items.listing(tx)])
    database.close()
    stored = {
        (text.title, text.language): text.body for of in texts.values() for text in of.values()
    }
    assert stored.keys() == good.keys()
    assert [title for title, body in good.items() if stored[title] != body] == []


def test_every_bad_file_is_named_with_its_reason(many: Imported) -> None:
    named = {entry["source"]: entry["reason"] for entry in many.ran.result["rejected"]}
    assert named.keys() == many.written.bad.keys()
    wrong = {
        path: (named[path][:120], reason)
        for path, reason in many.written.bad.items()
        if reason not in named[path]
    }
    assert wrong == {}
    assert "Traceback" not in many.ran.stderr


def test_memory_does_not_grow_with_the_folder(
    many: Imported, tmp_path_factory: pytest.TempPathFactory
) -> None:
    few = imported(tmp_path_factory.mktemp("few"), FEW)
    assert many.written.megabytes > 2 * MOST
    assert many.ran.peak < MOST
    assert many.ran.peak - few.ran.peak < MORE


def test_what_came_of_it_is_published_and_the_same_folder_again_changes_nothing(
    many: Imported,
) -> None:
    again = run(many.site, "item", "import", str(many.folder)).result
    assert (again["new"], again["changed"]) == (0, 0)
    assert again["same"] == len(many.written.good)
    assert again["gone"] == []
    done = run(many.site, "tick").result
    assert len(done["published"]) == len(many.written.good)
    for language in make.LANGUAGES:
        for suffix in ("atom", "rss"):
            feed = feedparser.parse(
                (many.site / "public" / language / f"feed.{suffix}").read_bytes()
            )
            assert feed.bozo == 0, feed.get("bozo_exception")
            assert len(feed.entries) == 25
