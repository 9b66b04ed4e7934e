"""Markdown files, one for each item and language, as Hugo and Pelican sites keep them.

    NAME.LANG.md   or   LANG/NAME.md   or   NAME/index.LANG.md   or   lang: in the front matter

``translationKey``, else the path without its language, says which texts are one item.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from publisher import characters
from publisher.errors import InputError
from publisher.ingest import frontmatter, textfile, walk
from publisher.ingest.drafts import Draft, Rejected
from publisher.ingest.fields import MAX_KEY, Fields
from store.records import Text

#: A larger file is no news item.
MAX_BYTES = 5_000_000

_SUFFIXES = {".md", ".markdown"}
_ADVICE = {
    "title": "is missing: write 'title: ...' into the front matter",
    "body": "is empty: write the text below the front matter",
}


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder of Markdown files, or a single one."""

    path: Path
    #: The languages of the site: only these are looked for in names of files and folders.
    languages: tuple[str, ...]
    #: The zone of dates without one.
    zone: ZoneInfo

    def drafts(self) -> Iterator[Draft | Rejected]:
        """Yield the drafts of all files below the folder, by path."""
        for found in self._files():
            if isinstance(found, OSError):
                folder = Path(found.filename)
                # All that stands in it has its place without the folder of its language.
                yield self._unread(folder, found, folder / "index")
                continue
            try:
                yield self._draft(found)
            except (InputError, OSError) as error:
                yield self._unread(found, error, found)

    def _files(self) -> Iterator[Path | OSError]:
        found = walk.files(self.path, _SUFFIXES) if self.path.is_dir() else iter([self.path])
        # Hugo's _index files are pages that list others.
        passed_over = ("_index", ".")
        return (
            path
            for path in found
            if isinstance(path, OSError) or not path.stem.startswith(passed_over)
        )

    def _unread(self, path: Path, error: InputError | OSError, place: Path) -> Rejected:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        stem, _ = self._place(place)
        return Rejected(source=str(path), reason=reason, origin=self._origin(stem))

    def _draft(self, path: Path) -> Draft:
        data, body = frontmatter.split(textfile.read(path, MAX_BYTES))
        fields = Fields(data=data, languages=self.languages, zone=self.zone, advice=_ADVICE)
        stem, place_language = self._place(path)
        stated = fields.line("translationkey", limit=MAX_KEY)
        return fields.draft(
            source=str(path),
            key=stated or characters.clean_line(stem or self._root.name),
            origin="" if stated else self._origin(stem),
            language=fields.language("lang") or self._unsaid(place_language),
            body=body,
            folder=path.parent,
        )

    def _place(self, path: Path) -> tuple[str, str | None]:
        """Return the path from the root without its language, and that language."""
        inside = path.relative_to(self._folder).with_suffix("").parts
        *folders, name = (*self._above, *inside)
        stem, dot, last = name.rpartition(".")
        found: str | None = last
        if dot and last in self.languages:
            name = stem
        else:
            found = next((folder for folder in folders if folder in self.languages), None)
            if found:
                folders.remove(found)
        # A folder for each item, with a file for each language in it.
        parts = folders if name == "index" else [*folders, name]
        return "/".join(parts), found

    def _origin(self, stem: str) -> str:
        return characters.clean_line(str(self._root / stem))

    @property
    def scope(self) -> str:
        """A folder shows all that it has; a file, or one language of a folder, only a part."""
        whole = self.path.is_dir() and not self._above
        return characters.clean_line(f"{self._root}/") if whole else ""

    @cached_property
    def _folder(self) -> Path:
        return self.path if self.path.is_dir() else self.path.parent

    @cached_property
    def _root(self) -> Path:
        """The folder that keys are paths from: never that of one language."""
        folder = self._folder.resolve()
        return folder.parent if self._above else folder

    @cached_property
    def _above(self) -> tuple[str, ...]:
        """The folder's own name, where it is that of a language."""
        name = self._folder.resolve().name
        return (name,) if name in self.languages else ()

    def _unsaid(self, place: str | None) -> str:
        if place is None:
            raise InputError(
                "lang",
                "is missing: call the file NAME.LANG.md, put it into a folder LANG/, "
                f"or write 'lang: LANG' ({', '.join(self.languages)})",
            )
        return place


def words_in(path: Path, zone: ZoneInfo) -> Text:
    """Return the words of one file. Raises InputError, which names it."""
    try:
        data, body = frontmatter.split(textfile.read(path, MAX_BYTES))
        return Fields(data=data, languages=(), zone=zone, advice=_ADVICE).words(body)
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error)) from error
    except InputError as error:
        raise InputError(str(path), str(error)) from error
