"""Languages: tags (BCP 47), chains, direction, names, dates, plural forms and our own strings.

The one home of langcodes (tags, scripts, distance) and Babel (names, dates, catalogues).
No language is special: whatever holds for one comes from the CLDR data of these libraries
or from ``locale/<tag>.po``.
"""

import gettext
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812  (the function of that name writes one)
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import langcodes
from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from langcodes.tag_parser import LanguageTagError

from publisher.errors import InputError

_LOCALE = Path(__file__).parent / "locale"

#: Scripts that run from right to left (Unicode Standard Annex 9; ISO 15924 codes).
_RIGHT_TO_LEFT = frozenset(
    {"Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc"}
    | {"Syre", "Syrj", "Syrn", "Thaa", "Yezi"}
)

#: A reader is served in a language that langcodes finds no farther away than this.
_MAX_DISTANCE = 10


def tag(text: str) -> str:
    """Return a BCP 47 tag in its canonical form (``fr_ca`` becomes ``fr-CA``).

    Raises InputError for what is no tag of a living language.
    """
    try:
        # The underscore stands for the hyphen in the locale names of most systems. Not
        # normalised further: CLDR would make fa-AF of prs, which its speakers do not write.
        found = langcodes.Language.get(text.strip().replace("_", "-"), normalize=False)
    except LanguageTagError:
        found = langcodes.Language.get("und")
    if not found.language or not found.is_valid():
        raise InputError(repr(text), "not a language tag (BCP 47), such as fr, pt-BR or zh-Hant")
    return found.to_tag()


@cache
def direction(language: str) -> str:
    """Return ``rtl`` or ``ltr``, from the script that the language is written in."""
    script = langcodes.Language.get(language).maximize().script
    return "rtl" if script in _RIGHT_TO_LEFT else "ltr"


@cache
def name(language: str, *, within: str | None = None) -> str:
    """Return a language's name in another language, or (``within`` None) in itself."""
    # langcodes knows languages that Babel does not (prs, for one).
    found = langcodes.Language.get(language, normalize=False)
    return found.display_name(within) if within else found.autonym()


def chain(language: str, languages: Sequence[str]) -> tuple[str, ...]:
    """Return where to look for a text for readers of ``language``, nearest first.

    The language itself and its parents (``fr-CA``, ``fr``), then ``languages`` in their order.
    """
    parts = language.split("-")
    parents = ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return tuple(dict.fromkeys([*parents, *languages]))


def closest(wanted: str, available: Sequence[str]) -> str | None:
    """Return the one of ``available`` that a reader of ``wanted`` understands best, or None."""
    found, _ = langcodes.closest_match(wanted, list(available), max_distance=_MAX_DISTANCE)
    return None if found == "und" else found


def date(instant: datetime, language: str, *, zone: str = "UTC") -> str:
    """Return the day of an instant in a time zone, written out as the language does."""
    return _day(instant.astimezone(ZoneInfo(zone)).date(), language)


# A front page writes its fifty dates on a few days.
@lru_cache(maxsize=4096)
def _day(day: Date, language: str) -> str:
    return format_date(day, format="long", locale=_locale(language) or "root")


def listing(words: Iterable[str], language: str) -> str:
    """Return words joined as the language joins them ("a, b and c")."""
    return format_list(list(words), locale=_locale(language) or "root")


@cache
def _locale(language: str) -> Locale | None:
    """Return Babel's locale for a tag or the nearest parent that it knows."""
    for candidate in chain(language, ()):
        try:
            return Locale.parse(candidate.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            continue
    return None


@dataclass(frozen=True)
class Strings:
    """Our own strings in one language: what templates say around the news."""

    #: The language that the strings are really in.
    language: str
    _catalogue: gettext.GNUTranslations

    def text(self, key: str, **values: object) -> str:
        """Return a string, its ``{name}`` slots filled. Raises KeyError for an unknown key."""
        found = self._catalogue.gettext(key)
        if found == key:
            raise KeyError(f"locale/{self.language}.po has no string {key!r}")
        return found.format(**values)

    def count(self, key: str, number: int, **values: object) -> str:
        """Return the plural form for a number, which fills ``{number}``."""
        found = self._catalogue.ngettext(key, key, number)
        if found == key:
            raise KeyError(f"locale/{self.language}.po has no string {key!r}")
        return found.format(number=number, **values)


@cache
def catalogues() -> tuple[str, ...]:
    """Return the languages that our own strings exist in."""
    return tuple(sorted(path.stem for path in _LOCALE.glob("*.po")))


@cache
def strings(*languages: str) -> Strings:
    """Return our strings in the first of these languages that a catalogue is near to.

    Where none is near, the first catalogue serves; ``language`` of the result always says
    which it is, so that templates can mark the words with it.
    """
    near = (closest(language, catalogues()) for language in languages)
    found = next(filter(None, near), catalogues()[0])
    with (_LOCALE / f"{found}.po").open("rb") as file:
        catalogue = read_po(file, locale=found.replace("-", "_"), abort_invalid=True)
    # Compiled in memory: gettext evaluates the header's own plural rule (Babel's table
    # swaps two Arabic forms), and no .mo file can be stale.
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Strings(found, gettext.GNUTranslations(compiled))
