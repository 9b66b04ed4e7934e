"""How a language writes: names of languages, dates, numbers, lists. By CLDR."""

from collections.abc import Iterable
from datetime import date as Date  # noqa: N812  (the function of that name writes one)
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.localedata import locale_identifiers
from babel.numbers import format_decimal
from langcodes import DEFAULT_LANGUAGE, Language
from langcodes.data_dicts import MACROLANGUAGES

from publisher.languages.bidi import kept_apart
from publisher.languages.tags import ancestry, closest, direction, script, with_script, writers

#: The digit zero of CLDR's numbering systems (``numberingSystems.xml``), as far as a locale
#: has one by default; the other nine follow it (Unicode Standard, 4.6).
_ZEROS = {
    "adlm": "\N{ADLAM DIGIT ZERO}",
    "arab": "\N{ARABIC-INDIC DIGIT ZERO}",
    "arabext": "\N{EXTENDED ARABIC-INDIC DIGIT ZERO}",
    "beng": "\N{BENGALI DIGIT ZERO}",
    "cakm": "\N{CHAKMA DIGIT ZERO}",
    "deva": "\N{DEVANAGARI DIGIT ZERO}",
    "hmnp": "\N{NYIAKENG PUACHUE HMONG DIGIT ZERO}",
    "mtei": "\N{MEETEI MAYEK DIGIT ZERO}",
    "mymr": "\N{MYANMAR DIGIT ZERO}",
    "nkoo": "\N{NKO DIGIT ZERO}",
    "olck": "\N{OL CHIKI DIGIT ZERO}",
    "tibt": "\N{TIBETAN DIGIT ZERO}",
}

#: What the first of a month is called, where CLDR has a bare 1 that readers take for a mistake.
_FIRST = {"fr": "1er"}

#: What CLDR calls December where nobody has told it the name.
_NAMELESS = "M12"


@cache
def name(language: str, *, within: str | None = None) -> str:
    """Return a language's name in another language, or (``within`` None) in itself."""
    found = Language.get(language, normalize=False)
    reader = within or with_script(language)
    named = (found if within else found.prefer_macrolanguage()).display_name(reader)
    # Where langcodes knows no name it gives the one in its own language.
    if named == found.display_name() and closest(reader, [DEFAULT_LANGUAGE]) is None:
        named = _name_by_babel(found, reader) or named
    return f"{named} ({_variants(found, reader)})" if found.variants else named


def _name_by_babel(found: Language, reader: str) -> str | None:
    here = locale(reader)
    if here is None:
        return None
    # Some have a name as a whole, in CLDR's own form: prs as fa_AF.
    whole = here.languages.get(Language.get(found.to_tag()).to_tag().replace("-", "_"))
    named = whole or here.languages.get(found.language)
    details = [here.scripts.get(found.script), here.territories.get(found.territory)]
    known = ", ".join(detail for detail in details if detail)
    return f"{named} ({known})" if named and known and not whole else named


def _variants(found: Language, reader: str) -> str:
    here = locale(reader)
    names = here.variants if here else {}
    return ", ".join(names.get(variant.upper(), variant) for variant in found.variants or ())


def date(instant: datetime, language: str, *, zone: str = "UTC") -> str:
    """Return the day of an instant in a time zone, written out as the language does.

    Where CLDR does not know how it does, the day is written as in ISO 8601.
    """
    return _day(instant.astimezone(ZoneInfo(zone)).date(), language)


# A front page writes its fifty dates on a few days.
@lru_cache(maxsize=4096)
def _day(day: Date, language: str) -> str:
    here = locale(language)
    if here is None or here.months["format"]["wide"][12] == _NAMELESS:
        return day.isoformat()
    written = format_date(day, format="long", locale=here)
    if day.day == 1 and here.language in _FIRST:
        written = written.replace("1", _FIRST[here.language], 1)
    return _digits(written, here)


def time(instant: datetime, language: str, *, zone: str = "UTC") -> str:
    """Return what the clock of a time zone shows at an instant, as the language writes it.

    Where CLDR does not know how it does, as in ISO 8601.
    """
    local, here = instant.astimezone(ZoneInfo(zone)), locale(language)
    if here is None:
        return f"{local:%H:%M}"
    return _digits(format_time(local.time(), format="short", locale=here), here)


def year(number: int, language: str) -> str:
    """Return a year as a language writes it by itself."""
    here = locale(language)
    if here is None:
        return str(number)
    return _digits(format_skeleton("y", Date(number, 1, 1), locale=here), here)


def number(value: float | Decimal, language: str) -> str:
    """Return a number with the digits, the groups and the decimal sign of a language."""
    here = locale(language)
    written = format_decimal(value, locale=here or "root", numbering_system="default")
    return _digits(written, here) if here else written


def _digits(text: str, here: Locale) -> str:
    """Return what Babel wrote, in ASCII digits, with those of the locale."""
    zero = _ZEROS.get(here.default_numbering_system)
    return text.translate({ord("0") + n: ord(zero) + n for n in range(10)}) if zero else text


def listing(words: Iterable[str], language: str) -> str:
    """Return words joined as the language joins them ("a, b and c"), each kept together."""
    apart = [kept_apart(word, direction(language)) for word in words]
    return format_list(apart, locale=locale(language) or "root")


@cache
def locale(language: str) -> Locale | None:
    """Return Babel's locale for a language, or for one near to it in the same script."""
    for candidate in (*ancestry(language), Language.get(language).to_tag()):
        found = _parsed(candidate)
        # Babel takes ku for ku-Arab.
        if found and script(str(found)) == script(language):
            return found
    near = closest(language, _known()) or _member(language)
    return _parsed(near) if near else None


def _parsed(language: str) -> Locale | None:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None


@cache
def _known() -> tuple[str, ...]:
    return tuple(sorted(identifier.replace("_", "-") for identifier in locale_identifiers()))


def _member(language: str) -> str | None:
    """Return the language that a macrolanguage (ISO 639-3) in a script of its own comes down to.

    Kurdish in Arabic letters is Central Kurdish.
    """
    code = language.partition("-")[0]
    members = [part for part, whole in MACROLANGUAGES.items() if whole == code and part in _known()]
    written = [part for part in members if script(part) == script(language)]
    return max(written, key=writers, default=None)
