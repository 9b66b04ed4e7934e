"""What one publication costs by the size of the archive: time, and what it writes.

One item becomes due in four languages. To the ledger's commit it takes `commit_ms`, from there
to the last file in its place, durable, `files_ms`; both together are `publish_ms`. Enough
items come one after the other that every feed closes an archive document (RFC 5005) once, some
of them at the same item: `worst`. A `rebuild` says what it would cost to make all files anew,
as most publishers do.
"""

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from bench import archive
from publisher import publishing, site
from publisher.config import Config
from publisher.ingest import intake
from store.database import Database, open_database

CONDITIONS = {
    "archive": archive.ABOUT,
    "database": "SQLite, a file, synchronous=FULL",
    "languages": ", ".join(archive.LANGUAGES),
    "topics": f"{len(archive.TOPICS)} on the site; the due item is on 3 of them, or on all",
    "measured": "in a process that has published before; 30 items on 3 topics, 5 on all",
    "files": "feeds in three formats, pages, site maps, each with its .gz beside; fsync counted",
    "bytes": "of all files that were written, .gz among them",
    "cpu time": "publish_cpu_ms is the process's own, all threads; other work hardly disturbs it",
    "rebuild": "tidings site build, all files from nothing (up to 1,000 items)",
}

_ON_THREE, _ON_ALL = 30, 5
_REBUILT = 1_000
_numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Published:
    """What one publication took (milliseconds) and wrote."""

    commit_ms: float
    files_ms: float
    cpu_ms: float
    files: int
    bytes: int


def measure(*, quick: bool) -> dict[str, dict[str, float]]:
    """Return milliseconds, files and bytes for one publication, by items in the archive."""
    figures: dict[str, dict[str, float]] = defaultdict(dict)
    for size in (1_000, 10_000) if quick else (1_000, 10_000, 100_000):
        found = _at(size)
        for key, value in found.items():
            figures[key][str(size)] = round(value, 1)
        sys.stderr.write(f"{size} items: {found}\n")
    return dict(figures)


def _at(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="tidings-bench-") as folder:
        config = archive.found(Path(folder))
        database = open_database(config.database_url)
        database.migrate()
        archive.fill(database, size)
        site.refresh(database, config, now=archive.NOW)
        # Lists that never were on disk are written once, then what changes is.
        _publish(database, config, archive.TOPICS)
        three = [_publish(database, config, topics) for topics in _threes()]
        every = [_publish(database, config, archive.TOPICS) for _ in range(_ON_ALL)]
        found = {**_figures("", three), **_figures("all_topics_", every)}
        if size <= _REBUILT:
            found["rebuild_ms"] = _rebuild(database, config)
        database.close()
    return found


def _threes() -> Iterator[Sequence[str]]:
    return (archive.TOPICS[:3] for _ in range(_ON_THREE))


def _publish(database: Database, config: Config, topics: Sequence[str]) -> Published:
    drafts = archive.drafts(f"due-{next(_numbers)}", topics=topics)
    intake.take(database, config, drafts, now=archive.NOW)
    before = _stamps(config.public)
    started, used = perf_counter(), process_time()
    rows = publishing.publish_due(database, config, now=archive.NOW)
    committed = perf_counter()
    site.refresh(database, config, now=archive.NOW)
    ended, used = perf_counter(), process_time() - used
    if len(rows) != len(archive.LANGUAGES):
        raise RuntimeError(f"published: {rows}")
    written = [size for path, (stamp, size) in _stamps(config.public).items()
               if before.get(path) != (stamp, size)]  # fmt: skip
    return Published(
        commit_ms=(committed - started) * 1000,
        files_ms=(ended - committed) * 1000,
        cpu_ms=used * 1000,
        files=len(written),
        bytes=sum(written),
    )


def _stamps(public: Path) -> dict[Path, tuple[int, int]]:
    """Return of every file its inode, which each new one changes, and its size."""
    found = ((path, path.stat()) for path in public.rglob("*") if path.is_file())
    return {path: (status.st_ino, status.st_size) for path, status in found}


def _figures(prefix: str, published: Sequence[Published]) -> dict[str, float]:
    whole = [each.commit_ms + each.files_ms for each in published]
    return {
        f"{prefix}publish_ms": median(whole),
        f"{prefix}publish_worst_ms": max(whole),
        f"{prefix}publish_cpu_ms": median(each.cpu_ms for each in published),
        f"{prefix}commit_ms": median(each.commit_ms for each in published),
        f"{prefix}files_ms": median(each.files_ms for each in published),
        f"{prefix}files_written": median(each.files for each in published),
        f"{prefix}bytes_written": median(each.bytes for each in published),
        f"{prefix}bytes_written_worst": max(each.bytes for each in published),
    }


def _rebuild(database: Database, config: Config) -> float:
    started = perf_counter()
    site.rebuild(database, config)
    return (perf_counter() - started) * 1000
