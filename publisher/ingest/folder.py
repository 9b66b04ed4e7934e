"""Markdown files, one for each item and language, as Hugo and Pelican sites keep them.

    NAME.LANG.md   or   LANG/NAME.md   or   NAME/index.LANG.md   or   lang: in the front matter

``translationKey``, else the path without its language, says which texts are one item.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from publisher import languages, markup
from publisher.errors import InputError
from publisher.ingest import frontmatter
from publisher.ingest.drafts import Draft, Rejected
from store.records import Change, Kind, Text, Workflow

#: A larger file is no news item.
MAX_BYTES = 5_000_000

#: The most characters of a title and of a summary.
MAX_TITLE, MAX_SUMMARY = 500, 2_000

_SUFFIXES = {".md", ".markdown"}
_DIGEST = re.compile(r"[0-9a-f]{64}")

Word = TypeVar("Word", bound=StrEnum)


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
        for path in self._files():
            try:
                yield self._draft(path)
            except InputError as error:
                yield Rejected(source=str(path), reason=str(error))
            except OSError as error:
                yield Rejected(source=str(path), reason=error.strerror or str(error))

    def _files(self) -> Iterable[Path]:
        if not self.path.is_dir():
            return [self.path]
        found = (path for path in self.path.rglob("*") if path.suffix in _SUFFIXES)
        # Hugo's _index files are pages that list others.
        return sorted(path for path in found if not path.stem.startswith(("_index", ".")))

    def _draft(self, path: Path) -> Draft:
        data, body = frontmatter.split(_read(path))
        stem, place_language = self._place(path)
        fields = Fields(data, self.zone)
        language = self._language(fields.line("lang"), place_language)
        return Draft(
            source=str(path),
            key=fields.line("translationkey") or markup.clean_line(stem),
            origin="" if fields.line("translationkey") else self._origin(stem),
            slug=markup.slug(fields.line("slug")),
            language=language,
            words=_words(fields, body),
            dated=fields.instant("date"),
            kind=fields.word("kind", Kind) or Kind.NEWS,
            topics={markup.slug(topic): topic for topic in fields.lines("topics")},
            embargo=fields.instant("embargo"),
            url=fields.address("url"),
            image=fields.address("image"),
            workflow=_workflow(fields),
            source_language=self._known("source_language", fields.line("source_language")),
            source_digest=fields.digest("source_digest"),
            made_from=self._known("made_from", fields.line("made_from")),
            change=_change(fields),
            note=fields.line("note"),
        )

    def _place(self, path: Path) -> tuple[str, str | None]:
        """Return the path from the root without its language, and that language."""
        *folders, name = path.relative_to(self._root).with_suffix("").parts
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
        return "/".join(parts) or self._root.name, found

    def _origin(self, stem: str) -> str:
        place = self._root.resolve() / stem
        return markup.clean_line(str(place if stem != self._root.name else self._root.resolve()))

    @property
    def scope(self) -> str:
        """A folder shows all that it has; a file says nothing of the others."""
        return f"{self._root.resolve()}/" if self.path.is_dir() else ""

    @property
    def _root(self) -> Path:
        """The folder that keys are paths from: never that of one language."""
        folder = self.path if self.path.is_dir() else self.path.parent
        return folder.parent if folder.resolve().name in self.languages else folder

    def _language(self, stated: str, place: str | None) -> str:
        language = self._known("lang", stated) or place
        if language is None:
            raise InputError(
                "lang",
                "is missing: call the file NAME.LANG.md, put it into a folder LANG/, "
                f"or write 'lang: LANG' ({', '.join(self.languages)})",
            )
        return language

    def _known(self, key: str, stated: str) -> str | None:
        if not stated:
            return None
        try:
            language = languages.tag(stated)
        except InputError as error:
            raise InputError(key, str(error)) from error
        if language not in self.languages:
            raise InputError(
                key,
                f"{language} is not a language of this site ({', '.join(self.languages)}); "
                "add it to site.languages in tidings.toml, or correct the file",
            )
        return language


@dataclass(frozen=True)
class Fields:
    """Front matter, read field by field; every refusal names the field."""

    data: Mapping[str, Any]
    zone: ZoneInfo

    def line(self, key: str) -> str:
        """Return a field as one clean line, empty where there is none."""
        value = self.data.get(key)
        if value is None:
            return ""
        if isinstance(value, (list, dict)):
            raise InputError(key, "must be one line of text")
        return markup.clean_line(str(value))

    def lines(self, key: str) -> list[str]:
        """Return a list field, also from a line with commas."""
        value = self.data.get(key) or []
        if isinstance(value, dict):
            raise InputError(key, "must be a list")
        parts = value if isinstance(value, list) else str(value).split(",")
        if any(isinstance(part, (list, dict)) for part in parts):
            raise InputError(key, "must be a list of words")
        lines = [markup.clean_line(str(part)) for part in parts]
        return [line for line in lines if markup.slug(line)]

    def word(self, key: str, words: type[Word]) -> Word | None:
        """Return a field that must be one of some words."""
        value = self.line(key)
        if value and value not in list(words):
            raise InputError(key, f"{value!r} is none of {', '.join(words)}")
        return words(value) if value else None

    def instant(self, key: str) -> datetime | None:
        """Return a field that is a date or an instant (ISO 8601)."""
        value = self.line(key)
        if not value:
            return None
        try:
            found = datetime.fromisoformat(value)
            # Where no hour is given the day begins at the zone's midnight.
            aware = found if found.tzinfo else found.replace(tzinfo=self.zone)
            return aware.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            example = "2013-12-18 or 2013-12-18T09:00:00+01:00"
            raise InputError(key, f"{value!r} is no date such as {example}") from error

    def address(self, key: str) -> str | None:
        """Return a field that is a web address."""
        value = self.line(key)
        if value and not re.match(r"https?://[^\s<>\"]+\Z", value):
            raise InputError(key, f"{value!r} is no address that begins with https://")
        return value or None

    def digest(self, key: str) -> str | None:
        """Return a field that is a SHA-256."""
        value = self.line(key)
        if value and not _DIGEST.fullmatch(value):
            raise InputError(key, "must be the 64 hexadecimal digits that 'item show' prints")
        return value or None


def _read(path: Path) -> str:
    if path.is_fifo():
        # Opening one waits for somebody to write.
        raise InputError("file", "is a named pipe, not a file")
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputError("file", f"is larger than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        byte = data[error.start]
        raise InputError(f"line {line}", f"the byte {byte:#04x} is not UTF-8") from error
    return text.replace("\r\n", "\n")


def words_in(path: Path, zone: ZoneInfo) -> Text:
    """Return the words of one file. Raises InputError."""
    try:
        data, body = frontmatter.split(_read(path))
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error)) from error
    return _words(Fields(data, zone), body)


def _words(fields: Fields, body: str) -> Text:
    title, summary = fields.line("title"), fields.line("summary") or fields.line("description")
    text = markup.clean_text(body)
    if not title:
        raise InputError("title", "is missing: write 'title: ...' into the front matter")
    if not text:
        raise InputError("body", "is empty: write the text below the front matter")
    for name, value, limit in (("title", title, MAX_TITLE), ("summary", summary, MAX_SUMMARY)):
        if len(value) > limit:
            raise InputError(name, f"has {len(value)} characters, {limit} at the most")
    return Text(
        title=title,
        summary=summary,
        body=text,
        slug=markup.slug(fields.line("slug") or title),
        image_alt=fields.line("image_alt"),
    )


def _workflow(fields: Fields) -> Workflow | None:
    # Hugo's own word for a text that is not to go out yet.
    if fields.line("draft").lower() == "true":
        return Workflow.DRAFT
    return fields.word("workflow", Workflow)


def _change(fields: Fields) -> Change | None:
    change = fields.word("change", Change)
    if change is Change.WITHDRAWAL:
        raise InputError("change", "a text is withdrawn by 'workflow: withdrawn'")
    return change
