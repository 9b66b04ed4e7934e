"""Find the files below a folder, whatever else lies there."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path


def files(folder: Path, suffixes: Collection[str]) -> Iterator[Path | OSError]:
    """Yield what has one of these suffixes, by path; and why a folder cannot be listed.

    Links to folders are not followed: they may lead in a circle. Memory holds the names in a
    few folders, not all there are.
    """
    root = os.fspath(folder)
    # A stack of our own: folders stand in one another deeper than Python calls itself.
    waiting = [(root, True)]
    while waiting:
        path, is_folder = waiting.pop()
        if path != root and Path(path).suffix in suffixes:
            yield Path(path)
        if is_folder:
            try:
                waiting += reversed(_listed(path))
            except OSError as error:
                yield error


def _listed(folder: str) -> list[tuple[str, bool]]:
    """Return what is in a folder, by name, and of each whether it is a folder."""
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    return [(entry.path, entry.is_dir(follow_symlinks=False)) for entry in found]
