"""Tags of languages (BCP 47), where they lead to, and how far they are from one another."""

from collections.abc import Iterable, Sequence
from functools import cache

import langcodes
from babel.core import get_global
from langcodes import Language
from langcodes.tag_parser import LanguageTagError

from publisher.errors import InputError

#: Scripts that run from right to left (Unicode Standard Annex 9; ISO 15924 codes).
RIGHT_TO_LEFT = frozenset(
    {"Adlm", "Arab", "Aran", "Armi", "Avst", "Chrs", "Cprt", "Elym", "Hatr", "Hebr", "Hung"}
    | {"Khar", "Lydi", "Mand", "Mani", "Mend", "Merc", "Mero", "Narb", "Nbat", "Nkoo", "Orkh"}
    | {"Ougr", "Palm", "Phli", "Phlp", "Phnx", "Prti", "Rohg", "Samr", "Sarb", "Sogd", "Sogo"}
    | {"Syrc", "Syre", "Syrj", "Syrn", "Thaa", "Yezi"}
)

#: A reader is served in a language that langcodes finds no farther away than this.
_MAX_DISTANCE = 10

#: So many characters of a tag the store keeps; RFC 5646, 4.4.1 asks no more of anybody.
_LENGTH = 35

#: Codes for several languages, for none, and for one that nobody names (ISO 639-2).
_NO_LANGUAGE = frozenset({"mis", "mul", "und", "zxx"})

#: Codes that have another in their place (IANA's registry: "Deprecated", "Preferred-Value").
_REPLACED = frozenset({"in", "iw", "ji", "jw", "mo"})

_SUCH_AS = "such as fr, pt-BR or zh-Hant"


def tag(text: str) -> str:
    """Return a BCP 47 tag in its canonical form (``fr_ca`` becomes ``fr-CA``; RFC 5646, 4.5).

    Raises InputError for what is no tag, or no language that one can publish in.
    """
    # The underscore stands for the hyphen in the locale names of most systems.
    written = text.strip().replace("_", "-")
    if len(written) > _LENGTH:
        start = repr(written[:_LENGTH])
        raise InputError(start, f"and more: a tag has at most {_LENGTH} characters")
    found = _parsed(written)
    if found is None:
        raise InputError(repr(text), f"not a language tag (BCP 47), {_SUCH_AS}")
    code = found.language or "und"
    # What a private code means only those know who agreed on it (RFC 5646, 2.2.1 and 2.2.7).
    if code in _NO_LANGUAGE or code.startswith("x-") or "qaa" <= code <= "qtz":
        raise InputError(repr(text), f"names no language to publish in; name one, {_SUCH_AS}")
    return found.to_tag()


def _parsed(written: str) -> Language | None:
    try:
        # Not normalised further than need be: CLDR would make fa-AF of prs, which its
        # speakers do not write.
        found = Language.get(written, normalize=False)
        if not found.is_valid() or found.extlangs or found.language in _REPLACED:
            found = Language.get(written)
    except LanguageTagError:
        return None
    return found if found.is_valid() else None


@cache
def direction(language: str) -> str:
    """Return ``rtl`` or ``ltr``, from the script that the language is written in."""
    return "rtl" if script(language) in RIGHT_TO_LEFT else "ltr"


@cache
def script(language: str) -> str | None:
    """Return the script of a language (ISO 15924), by its tag or by CLDR; None for unknown."""
    # In CLDR's own form, which has no prs: it is fa-AF there.
    found = Language.get(language)
    if found.script:
        return found.script
    likely = get_global("likely_subtags")
    for broader in found.broader_tags():
        known = likely.get(broader.replace("-", "_"))
        if known and not broader.startswith("und"):
            return Language.get(known).script
    return None


@cache
def territorial(language: str) -> str:
    """Return a language with a territory, as POSIX and OpenGraph write it: ``pt_BR``.

    Where the tag states none, with the one that CLDR holds likeliest; without, if that is no
    single country.
    """
    found = Language.get(language).maximize()
    code, territory = found.language or language, found.territory or ""
    return f"{code}_{territory}" if territory.isalpha() else code


@cache
def with_script(language: str) -> str:
    """Return a tag with the script that it implies, where its language has another by itself.

    zh is written in Hans, and zh-TW in Hant: it becomes zh-Hant-TW.
    """
    code, *rest = language.split("-")
    implied = script(language)
    if not implied or implied == script(code) or Language.get(language, normalize=False).script:
        return language
    return "-".join([code, implied, *rest])


def chain(language: str, languages: Sequence[str]) -> tuple[str, ...]:
    """Return where to look for a text for readers of ``language``, nearest first.

    The language itself and its parents (``fr-CA``, ``fr``), then ``languages`` in their order.
    """
    return tuple(dict.fromkeys([*ancestry(language), *languages]))


@cache
def ancestry(language: str) -> tuple[str, ...]:
    """Return a language and those that stand in for it, nearest first."""
    found = [language]
    while parent := _parent(found[-1]):
        found.append(parent)
    return tuple(found)


def _parent(language: str) -> str:
    """Return the language that stands in for another, empty for none.

    CLDR's where it names one (es-419 for es-MX; UTS 35, "Parent Locales"); else what is left
    without the last part (RFC 4647, 3.4), after the language's own script: zh-TW leads by
    zh-Hant-TW and zh-Hant to zh.
    """
    stated = get_global("parent_exceptions").get(language.replace("-", "_"))
    if stated:
        return str(stated).replace("_", "-")
    if with_script(language) != language:
        return with_script(language)
    parts = language.split("-")[:-1]
    # A single character only says what sort of thing comes next.
    while parts and len(parts[-1]) == 1:
        parts.pop()
    return "-".join(parts)


def closest(wanted: str, available: Sequence[str]) -> str | None:
    """Return the one of ``available`` that a reader of ``wanted`` understands best, or None."""
    found, _ = langcodes.closest_match(wanted, list(available), max_distance=_MAX_DISTANCE)
    return None if found == "und" else found


def foreign(language: str, site: Iterable[str]) -> str:
    """Return what is said of a language that a site does not have."""
    return f"{language} is not a language of this site ({', '.join(site)})"


def least_far(wanted: str, available: Sequence[str]) -> str:
    """Return the one of ``available`` that is least far from ``wanted``, however far that is.

    By langcodes' distance; of several, the one that most people write (CLDR's figures).
    """
    return min(available, key=lambda one: (langcodes.tag_distance(wanted, one), -writers(one)))


def writers(language: str) -> int:
    """Return how many people write a language, as CLDR counts them."""
    return Language.get(language).writing_population()
