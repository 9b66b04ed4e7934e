"""Our own strings: what templates say around the news, a catalogue for each language."""

import gettext
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from publisher.languages import writing
from publisher.languages.bidi import kept_apart
from publisher.languages.tags import closest, direction, least_far, script

_LOCALE = Path(__file__).parent.parent / "locale"


@dataclass(frozen=True)
class Strings:
    """Our own strings in one language."""

    #: The language that the strings are really in.
    language: str
    #: How numbers and dates stand beside them: as the reader writes, where it is that language.
    locale: str
    _catalogue: gettext.GNUTranslations

    def text(self, key: str, **values: object) -> str:
        """Return a string, its ``{name}`` slots filled. Raises KeyError for an unknown key."""
        found = self._catalogue.gettext(key)
        if found == key:
            raise KeyError(f"locale/{self.language}.po has no string {key!r}")
        return found.format(**self._apart(values))

    def count(self, key: str, number: int, **values: object) -> str:
        """Return the plural form for a number; ``{number}`` in it is as the language writes it."""
        found = self._catalogue.ngettext(key, key, number)
        if found == key:
            raise KeyError(f"locale/{self.language}.po has no string {key!r}")
        written = writing.number(number, self.locale)
        return found.format(number=written, **self._apart(values))

    def _apart(self, values: Mapping[str, object]) -> dict[str, object]:
        around = direction(self.language)
        return {
            name: kept_apart(value, around) if isinstance(value, str) else value
            for name, value in values.items()
        }


@cache
def catalogues() -> tuple[str, ...]:
    """Return the languages that our own strings exist in."""
    return tuple(sorted(path.stem for path in _LOCALE.glob("*.po")))


@cache
def missing(language: str) -> tuple[str, ...]:
    """Return the keys that other catalogues have and that of a language has no words for."""
    return tuple(sorted(_all_keys() - _keys(language)))


@cache
def _all_keys() -> frozenset[str]:
    return frozenset(key for language in catalogues() for key in _keys(language))


def _keys(language: str) -> frozenset[str]:
    with (_LOCALE / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    keys = (each.id[0] if each.pluralizable else each.id for each in catalogue if _is_done(each))
    return frozenset(str(key) for key in keys if key)


def _is_done(message: Message) -> bool:
    words = message.string if isinstance(message.string, tuple) else (message.string,)
    # What is fuzzy is not compiled.
    return all(words) and not message.fuzzy


@cache
def strings(language: str, *others: str) -> Strings:
    """Return our strings in the first of these languages that a catalogue is near to.

    Where none is near to any, in the catalogue that is least far from the first. ``language``
    of the result always says which it is, so that templates can mark the words with it.
    """
    near = ((reader, closest(reader, catalogues())) for reader in (language, *others))
    for reader, found in near:
        if found:
            return Strings(found, reader if _alike(reader, found) else found, _catalogue(found))
    found = least_far(language, catalogues())
    return Strings(found, found, _catalogue(found))


def _alike(one: str, other: str) -> bool:
    """Say whether two tags differ in the region at most."""
    codes = {tag.partition("-")[0] for tag in (one, other)}
    return len(codes) == 1 and script(one) == script(other)


@cache
def _catalogue(language: str) -> gettext.GNUTranslations:
    with (_LOCALE / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language.replace("-", "_"), abort_invalid=True)
    # Compiled in memory: gettext evaluates the header's own plural rule (Babel's table
    # swaps two Arabic forms), and no .mo file can be stale.
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
