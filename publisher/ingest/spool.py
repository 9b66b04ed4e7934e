r"""Drafts on disk, from their reading to their taking: an import of any size fits into memory.

    drafts --add--> temporary file            --load--> drafts, an item at a time
               \--> index --grouped--> groups --/

Only the index stays in memory: what drafts are grouped by, and where each lies in the file.
"""

import pickle
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Self

from publisher.errors import InputError
from publisher.ingest.drafts import Draft


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What the index knows of a draft."""

    key: str
    language: str
    slug: str
    origin: str
    source: str
    #: Where it begins in the file, in bytes.
    offset: int


class Spool:
    """Drafts in a file that has no name and is gone with its process; a context manager."""

    def __init__(self) -> None:
        self.index: list[Entry] = []
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed by __exit__)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # What a full disk did not take is tried once more here, and is not needed any more.
        with suppress(OSError):
            self._file.close()

    def add(self, draft: Draft) -> None:
        """Put a draft at the end. Raises InputError when the disk is full."""
        offset = self._file.tell()
        try:
            pickle.dump(draft, self._file, pickle.HIGHEST_PROTOCOL)
            self._file.flush()
        except OSError as error:
            reason = f"{error.strerror}: free some space, or set TMPDIR to a larger place"
            raise InputError(tempfile.gettempdir(), reason) from error
        names = {"key": draft.key, "language": draft.language, "slug": draft.slug}
        place = {"origin": draft.origin, "source": draft.source}
        self.index.append(Entry(**names, **place, offset=offset))

    def load(self, entry: Entry) -> Draft:
        """Return the draft of an entry."""
        self._file.seek(entry.offset)
        draft: Draft = pickle.load(self._file)  # noqa: S301  (of our own making: see the class)
        return draft


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """Which texts are one item."""

    #: By the item's key and the text's language.
    groups: Mapping[str, Mapping[str, Entry]]
    #: What came a second time, each with the one that was first.
    repeated: tuple[tuple[Entry, Entry], ...]


def grouped(index: Iterable[Entry]) -> Grouping:
    """Group texts by their keys, and what stands alone by the slugs of its authors. Pure."""
    groups: dict[str, dict[str, Entry]] = {}
    repeated = []
    for entry in index:
        group = groups.setdefault(entry.key, {})
        first = group.setdefault(entry.language, entry)
        if first is not entry:
            repeated.append((entry, first))
    return Grouping(groups=_joined_by_slug(groups), repeated=tuple(repeated))


def _joined_by_slug(groups: Mapping[str, dict[str, Entry]]) -> Mapping[str, dict[str, Entry]]:
    """Join texts that stand apart, each alone in its group, but bear the same slug."""
    joined: dict[str, dict[str, Entry]] = {}
    first_of: dict[str, str] = {}
    for key, group in groups.items():
        slug = next(iter(group.values())).slug if len(group) == 1 else ""
        first = joined.get(first_of.get(slug, ""))
        if slug and first is not None and not first.keys() & group.keys():
            first.update(group)
        else:
            joined[key] = group
            if slug:
                first_of.setdefault(slug, key)
    return joined
