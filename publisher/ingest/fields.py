"""What an author fills in, read field by field: front matter, or the columns of a table.

Every refusal names the field and how to mend it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from publisher import characters, languages, markup
from publisher.errors import InputError
from publisher.ingest.drafts import Draft
from publisher.ingest.limits import MAX_SUMMARY, MAX_TITLE
from store.records import Change, Kind, Text, Workflow

#: The most characters of a line of which nothing else is said.
MAX_LINE = 2_000

#: The most characters of a key that an author gives.
MAX_KEY = 500

#: How much of a wrong value a refusal shows.
_SHOWN = 80

#: What parts the words of a line, in whichever script it is written: commas and semicolons.
_PARTS = re.compile("[,;،؛⹁߸፣፤၊᠂᠈、，；､﹐﹑﹔꓾꘍꛵꛶]")

#: What an address of any kind begins with (RFC 3986, 3.1).
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

_DIGEST = re.compile(r"[0-9a-f]{64}")

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, kw_only=True)
class Fields:
    """The fields of one text."""

    #: By their names in lower case.
    data: Mapping[str, Any]
    #: The languages of the site.
    languages: tuple[str, ...]
    #: The zone of dates without one.
    zone: ZoneInfo
    #: Where a title and a body are to be written, for who left them out.
    advice: Mapping[str, str]

    def line(self, key: str, *, limit: int = MAX_LINE) -> str:
        """Return a field as one clean line, empty where there is none."""
        value = self.data.get(key)
        if value is None:
            return ""
        if isinstance(value, (list, dict)):
            raise InputError(key, "must be one line of text")
        return bounded(key, characters.clean_line(str(value)), limit)

    def lines(self, key: str) -> list[str]:
        """Return a list field, also from a line with commas or semicolons of any script."""
        value = self.data.get(key) or []
        if isinstance(value, dict):
            raise InputError(key, "must be a list")
        parts = value if isinstance(value, list) else _PARTS.split(str(value))
        if any(isinstance(part, (list, dict)) for part in parts):
            raise InputError(key, "must be a list of words")
        lines = [characters.clean_line(str(part)) for part in parts]
        return [bounded(key, line, MAX_LINE) for line in lines if markup.slug(line)]

    def word(self, key: str, choices: Iterable[Word]) -> Word | None:
        """Return a field that must be one of some words."""
        value = self.line(key)
        known = {choice.value: choice for choice in choices}
        if value and value not in known:
            raise InputError(key, f"{_shown(value)} is none of {', '.join(known)}")
        return known.get(value)

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
            raise InputError(key, f"{_shown(value)} is no date such as {example}") from error

    def address(self, key: str) -> str | None:
        """Return a field that is a web address."""
        value = self.line(key)
        if value and not is_address(value):
            raise InputError(key, f"{_shown(value)} is no address such as https://example.org/news")
        return value or None

    def place(self, key: str) -> str | None:
        """Return a field that is a web address, or the path of a file."""
        value = self.line(key)
        if _SCHEME.match(value) and not is_address(value):
            reason = "is neither an address that begins with https:// nor the path of a file"
            raise InputError(key, f"{_shown(value)} {reason} beside this one")
        return value or None

    def digest(self, key: str) -> str | None:
        """Return a field that is a SHA-256."""
        value = self.line(key)
        if value and not _DIGEST.fullmatch(value):
            raise InputError(key, "must be the 64 hexadecimal digits that 'item show' prints")
        return value or None

    def language(self, key: str) -> str | None:
        """Return a field that is one of the site's languages."""
        stated = self.line(key)
        if not stated:
            return None
        try:
            language = languages.tag(stated)
        except InputError as error:
            raise InputError(key, str(error)) from error
        if language not in self.languages:
            raise InputError(
                key,
                f"{languages.foreign(language, self.languages)}; "
                "add it to site.languages in tidings.toml, or correct the file",
            )
        return language

    def draft(
        self,
        *,
        source: str,
        key: str,
        origin: str,
        language: str,
        body: str,
        folder: Path | None = None,
    ) -> Draft:
        """Return the draft that the fields and a body make. Raises InputError.

        ``folder`` is that of the file which they stand in.
        """
        return Draft(
            source=source,
            key=key,
            origin=origin,
            # Who says which texts are one item shall not have them guessed.
            slug="" if self.line("translationkey") else markup.slug(self.line("slug")),
            language=language,
            words=self.words(body),
            dated=self.instant("date"),
            kind=self.word("kind", Kind) or Kind.NEWS,
            topics={markup.slug(topic): topic for topic in self.lines("topics")},
            embargo=self.instant("embargo"),
            url=self.address("url"),
            image=self.place("image") if folder else self.address("image"),
            workflow=self._workflow(),
            source_language=self.language("source_language"),
            source_digest=self.digest("source_digest"),
            made_from=self.language("made_from"),
            change=self._change(),
            note=self.line("note"),
            folder=folder,
        )

    def words(self, body: str) -> Text:
        """Return the words of the text whose body this is. Raises InputError."""
        key = "summary" if self.line("summary") else "description"
        return words(
            title=self.line("title", limit=MAX_TITLE),
            summary=self.line(key, limit=MAX_SUMMARY),
            body=body,
            slug=self.line("slug"),
            image_alt=self.line("image_alt"),
            advice=self.advice,
        )

    def _workflow(self) -> Workflow | None:
        # Hugo's own word for a text that is not to go out yet.
        if self.line("draft").lower() == "true":
            return Workflow.DRAFT
        return self.word("workflow", Workflow)

    def _change(self) -> Change | None:
        if self.line("change") == Change.WITHDRAWAL:
            raise InputError("change", "a text is withdrawn by 'workflow: withdrawn'")
        return self.word("change", (entry for entry in Change if entry != Change.WITHDRAWAL))


def words(
    *,
    title: str,
    body: str,
    summary: str = "",
    slug: str = "",
    image_alt: str = "",
    advice: Mapping[str, str],
) -> Text:
    """Return the words of a text, cleaned. Raises InputError for what is no text.

    ``advice`` says by field how to mend a title or a body that is not there.
    """
    line, text = characters.clean_line(title), characters.clean_text(body)
    for name, value in (("title", line), ("body", text)):
        if not value:
            raise InputError(name, advice[name])
    return Text(
        title=bounded("title", line, MAX_TITLE),
        summary=bounded("summary", characters.clean_line(summary), MAX_SUMMARY),
        body=text,
        slug=markup.slug(slug or line),
        image_alt=bounded("image_alt", characters.clean_line(image_alt), MAX_LINE),
    )


def bounded(name: str, value: str, limit: int) -> str:
    """Return a value that is not too long. Raises InputError for one that is."""
    if len(value) > limit:
        raise InputError(name, f"has {len(value)} characters, {limit} at the most")
    return value


def is_address(text: str) -> bool:
    """Return whether a text is a web address that programs can take apart."""
    try:
        urlsplit(text)
    except ValueError:
        # A bracket that nothing closes, or a sign that stands for others, such as U+2100 for a/c.
        return False
    return re.fullmatch(r"https?://[^\s<>\"]+", text) is not None


def _shown(value: str) -> str:
    return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…")
