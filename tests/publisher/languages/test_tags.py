"""Tags: canonical forms, what is refused, direction, chains, and who understands what.

Expectations come from IANA's registry of subtags (RFC 5646), ISO 15924, the Unicode Character
Database and CLDR, as said beside them.
"""

import re
import unicodedata

import pytest
from babel import Locale
from babel.localedata import locale_identifiers
from hypothesis import given
from hypothesis import strategies as st

from publisher import languages
from publisher.errors import InputError
from publisher.languages import tags
from tests import make
from tests.publisher.languages.strategies import TAGS


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        # RFC 5646, 2.1.1: the case of the parts.
        ("fr", "fr"),
        ("FR", "fr"),
        (" es\n", "es"),
        ("fr_ca", "fr-CA"),
        ("pt-br", "pt-BR"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("sr-latn", "sr-Latn"),
        ("ku-arab", "ku-Arab"),
        ("es-419", "es-419"),
        ("de-DE-1901", "de-DE-1901"),
        ("de-SIMPLE", "de-simple"),
        ("ca-valencia", "ca-valencia"),
        # In the registry, in their own right: no macrolanguage or neighbour takes their place.
        ("prs", "prs"),
        ("no", "no"),
        ("nb", "nb"),
        ("tl", "tl"),
        ("cmn", "cmn"),
        ("swc", "swc"),
        ("kmr", "kmr"),
        # In the registry as "Deprecated", with a "Preferred-Value".
        ("iw", "he"),
        ("in", "id"),
        ("ji", "yi"),
        ("mo", "ro"),
        # "Type: grandfathered", with a "Preferred-Value".
        ("i-klingon", "tlh"),
        ("art-lojban", "jbo"),
        ("en-GB-oed", "en-GB-oxendict"),
        ("zh-min-nan", "nan"),
        # "Type: extlang"; RFC 5646, 4.5: the extended language stands by itself.
        ("zh-yue", "yue"),
        ("sgn-BE-FR", "sfb"),
        # ISO 639-2 codes of languages with a shorter one (RFC 5646, 2.2.1).
        ("fra", "fr"),
        ("spa", "es"),
        # CLDR's aliases of what is in no registry but often written.
        ("en-UK", "en-GB"),
    ],
)
def test_a_tag_is_kept_in_its_canonical_form(text: str, tag: str) -> None:
    assert languages.tag(text) == tag


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "xx",
        "english",
        "fr-",
        "fr FR",
        "fr.UTF-8",
        "*",
        "en--US",
        "١",
        "f\0r",
        "x",
        "de-xyzzy",
    ],
)
def test_what_is_no_tag_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match=r"not a language tag .* such as fr, pt-BR or") as refused:
        languages.tag(text)
    assert refused.value.source == repr(text)


@pytest.mark.parametrize(
    "text",
    [
        # ISO 639-2: several, none, unknown, without a code.
        *("mul", "zxx", "und", "mis", "und-Latn", "mul-Cyrl", "UND"),
        # RFC 5646, 2.2.7 and 2.2.1: private use.
        *("x-private", "qaa", "qtz", "qab-Latn"),
        # What these were registered for names no language either.
        *("i-enochian", "root"),
    ],
)
def test_what_names_no_language_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="no language to publish in; name one, such as fr"):
        languages.tag(text)


def test_the_languages_beside_the_private_ones_are_languages() -> None:
    assert languages.tag("qu") == "qu"
    assert languages.tag("quc") == "quc"


def test_a_tag_without_end_is_refused_and_not_repeated() -> None:
    with pytest.raises(InputError, match="at most 35 characters") as refused:
        languages.tag("en-x" + "-abcdefgh" * 1_000_000)
    assert len(str(refused.value)) < 150


@given(st.text() | st.from_regex(r"[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8}){0,3}", fullmatch=True))
def test_any_text_is_a_canonical_tag_or_refused(text: str) -> None:
    try:
        tag = languages.tag(text)
    except InputError:
        return
    assert languages.tag(tag) == tag
    assert re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", tag)
    assert len(tag) <= 35


@pytest.mark.parametrize(
    ("language", "direction"),
    [
        ("en", "ltr"),
        ("fr", "ltr"),
        ("es", "ltr"),
        ("ar", "rtl"),
        ("he", "rtl"),
        ("fa", "rtl"),
        ("prs", "rtl"),
        ("ur", "rtl"),
        ("dv", "rtl"),
        ("nqo", "rtl"),
        ("ku", "ltr"),
        # Babel calls it left-to-right.
        ("ku-Arab", "rtl"),
        ("az", "ltr"),
        ("az-Arab", "rtl"),
        ("ff", "ltr"),
        ("ff-Adlm", "rtl"),
        ("pa", "ltr"),
        ("pa-PK", "rtl"),
        ("uz-AF", "rtl"),
        ("sr-Latn", "ltr"),
        ("ja", "ltr"),
        ("zh-Hant", "ltr"),
        # CLDR's likely subtags of languages that langcodes does not know the script of.
        ("ayl", "rtl"),
        ("jpr", "rtl"),
        # By the macrolanguage: Western Panjabi is Lahnda, Northern Kurdish is Kurdish.
        ("pnb", "rtl"),
        ("kmr", "ltr"),
        # Nobody knows; most run so.
        ("tlh", "ltr"),
        ("ber", "ltr"),
    ],
)
def test_the_script_says_where_the_words_run(language: str, direction: str) -> None:
    assert languages.direction(language) == direction


@pytest.mark.parametrize(
    ("language", "territorial"),
    [
        # CLDR's likely subtags.
        ("en", "en_US"),
        ("fr", "fr_FR"),
        ("es", "es_ES"),
        ("ar", "ar_EG"),
        ("zh-Hant", "zh_TW"),
        ("pt-BR", "pt_BR"),
        ("fr-CA", "fr_CA"),
        # Of a continent, and of the world.
        ("es-419", "es"),
        ("eo", "eo"),
    ],
)
def test_a_language_has_the_territory_that_it_states_or_the_likeliest(
    language: str, territorial: str
) -> None:
    assert languages.territorial(language) == territorial


def test_every_locale_of_cldr_runs_where_cldr_says() -> None:
    stated = {name.replace("_", "-"): Locale.parse(name) for name in locale_identifiers()}
    # Mongolian script runs from top to bottom, which a web page cannot.
    wanted = {tag: found.text_direction for tag, found in stated.items() if "Mong" not in tag}
    assert {tag: languages.direction(tag) for tag in wanted} == wanted


#: How the names of a script's letters begin in the Unicode Character Database.
LETTERS = {
    "Adlm": "ADLAM",
    "Arab": "ARABIC",
    "Armi": "IMPERIAL ARAMAIC",
    "Avst": "AVESTAN",
    "Chrs": "CHORASMIAN",
    "Cprt": "CYPRIOT SYLLABLE",
    "Elym": "ELYMAIC",
    "Hatr": "HATRAN",
    "Hebr": "HEBREW",
    "Hung": "OLD HUNGARIAN",
    "Khar": "KHAROSHTHI",
    "Lydi": "LYDIAN",
    "Mand": "MANDAIC",
    "Mani": "MANICHAEAN",
    "Mend": "MENDE KIKAKUI",
    "Merc": "MEROITIC CURSIVE",
    "Mero": "MEROITIC HIEROGLYPHIC",
    "Narb": "OLD NORTH ARABIAN",
    "Nbat": "NABATAEAN",
    "Nkoo": "NKO",
    "Orkh": "OLD TURKIC",
    "Ougr": "OLD UYGHUR",
    "Palm": "PALMYRENE",
    "Phli": "INSCRIPTIONAL PAHLAVI",
    "Phlp": "PSALTER PAHLAVI",
    "Phnx": "PHOENICIAN",
    "Prti": "INSCRIPTIONAL PARTHIAN",
    "Rohg": "HANIFI ROHINGYA",
    "Samr": "SAMARITAN",
    "Sarb": "OLD SOUTH ARABIAN",
    "Sogd": "SOGDIAN",
    "Sogo": "OLD SOGDIAN",
    "Syrc": "SYRIAC",
    "Thaa": "THAANA",
    "Yezi": "YEZIDI",
}
#: Hands of Arabic and Syriac, with codes of their own in ISO 15924.
HANDS = {"Aran", "Syre", "Syrj", "Syrn"}


def test_the_scripts_from_right_to_left_are_those_of_unicode() -> None:
    begun = tuple(LETTERS.values())
    found = set()
    for code in range(0x110000):
        letter = chr(code)
        if unicodedata.category(letter)[0] == "L" and unicodedata.bidirectional(letter) in {
            "R",
            "AL",
        }:
            name = unicodedata.name(letter).removeprefix("MODIFIER LETTER ")
            found |= {script for script, start in LETTERS.items() if name.startswith(start)}
            assert name.startswith(begun), "a script that the table does not have"
    assert found | HANDS == tags.RIGHT_TO_LEFT


@pytest.mark.parametrize(
    ("language", "site", "chain"),
    [
        ("fr", ("en", "fr", "es"), ("fr", "en", "es")),
        ("fr-CA", ("en", "fr"), ("fr-CA", "fr", "en")),
        ("fr-CA", ("en",), ("fr-CA", "fr", "en")),
        ("ar", (), ("ar",)),
        # RFC 4647, 3.4: cut from the end, a single character with what it stands for.
        ("zh-Hant-TW", ("en", "zh"), ("zh-Hant-TW", "zh-Hant", "zh", "en")),
        ("zh-Hant-HK", (), ("zh-Hant-HK", "zh-Hant", "zh")),
        ("sr-Latn", (), ("sr-Latn", "sr")),
        ("de-DE-1901", (), ("de-DE-1901", "de-DE", "de")),
        ("en-x-foo", (), ("en-x-foo", "en")),
        ("prs", ("fa",), ("prs", "fa")),
        # CLDR, supplementalData.xml, parentLocales.
        ("es-MX", (), ("es-MX", "es-419", "es")),
        ("es-ES", (), ("es-ES", "es")),
        ("pt-BR", (), ("pt-BR", "pt")),
        ("pt-AO", (), ("pt-AO", "pt-PT", "pt")),
        ("en-GB", (), ("en-GB", "en-001", "en")),
        ("en-CH", (), ("en-CH", "en-150", "en-001", "en")),
        ("nb", ("en",), ("nb", "no", "en")),
        ("zh-Hant-MO", (), ("zh-Hant-MO", "zh-Hant-HK", "zh-Hant", "zh")),
        # CLDR, likelySubtags.xml: in Taiwan Hant, in Macao too; in Pakistan Arab.
        ("zh-TW", (), ("zh-TW", "zh-Hant-TW", "zh-Hant", "zh")),
        ("zh-MO", (), ("zh-MO", "zh-Hant-MO", "zh-Hant-HK", "zh-Hant", "zh")),
        ("zh-CN", (), ("zh-CN", "zh")),
        ("pa-PK", (), ("pa-PK", "pa-Arab-PK", "pa-Arab", "pa")),
        ("sr-ME", (), ("sr-ME", "sr-Latn-ME", "sr-Latn", "sr")),
    ],
)
def test_a_chain_goes_from_a_language_by_its_parents_to_those_of_the_site(
    language: str, site: tuple[str, ...], chain: tuple[str, ...]
) -> None:
    assert languages.chain(language, site) == chain


@given(TAGS, st.lists(TAGS, max_size=4))
def test_a_chain_begins_with_the_language_ends_with_the_sites_and_says_nothing_twice(
    language: str, site: list[str]
) -> None:
    chain = languages.chain(language, site)
    assert chain[0] == language
    assert set(site) <= set(chain)
    assert len(set(chain)) == len(chain)
    assert len(chain) < 12 + len(site)


@pytest.mark.parametrize(
    ("wanted", "available", "closest"),
    [
        ("fr", ("en", "fr"), "fr"),
        ("fr-CA", ("en", "fr"), "fr"),
        ("fr-CA", ("fr", "fr-CA"), "fr-CA"),
        ("en-GB", make.LANGUAGES, "en"),
        ("arz", make.LANGUAGES, "ar"),
        ("de", make.LANGUAGES, None),
        ("pt", make.LANGUAGES, None),
        ("ku-Arab", make.LANGUAGES, None),
        ("en", (), None),
        # CLDR, languageInfo.xml: Babel's negotiation misses the first two.
        ("zh-TW", ("en", "zh-Hant"), "zh-Hant"),
        ("pt", ("en", "pt-BR"), "pt-BR"),
        ("pt-AO", ("pt-BR", "pt-PT"), "pt-PT"),
        ("es-MX", ("es", "es-419"), "es-419"),
        ("prs", ("en", "fa"), "fa"),
        ("no", ("en", "nb"), "nb"),
        ("sr-Latn", ("en", "sr-Latn"), "sr-Latn"),
        ("zh-Hant", ("en", "zh-Hans"), None),
        ("sr", ("en", "ru"), None),
    ],
)
def test_a_reader_is_served_in_a_language_that_they_understand_or_in_none(
    wanted: str, available: tuple[str, ...], closest: str | None
) -> None:
    assert languages.closest(wanted, available) == closest


@pytest.mark.parametrize(
    ("wanted", "least_far"),
    [
        ("fr-CA", "fr"),
        # CLDR, languageInfo.xml: who speaks the one often knows the other.
        ("ht", "fr"),
        ("wo", "fr"),
        ("eu", "es"),
        ("ckb", "ar"),
        ("sw", "en"),
        # Likewise by the script alone.
        ("fa", "ar"),
        ("ku-Arab", "ar"),
        # As far from one as from the other: what most people write (CLDR, supplementalData.xml).
        ("de", "en"),
        ("ru", "en"),
        ("he", "en"),
        ("zh-Hant", "en"),
        ("tlh", "en"),
    ],
)
@pytest.mark.parametrize("order", [make.LANGUAGES, make.LANGUAGES[::-1]])
def test_where_nothing_is_near_the_least_far_is_found_whatever_the_order(
    wanted: str, least_far: str, order: tuple[str, ...]
) -> None:
    assert tags.least_far(wanted, order) == least_far


@given(TAGS, st.lists(TAGS, max_size=4))
def test_who_is_served_at_all_is_served_in_what_there_is(wanted: str, others: list[str]) -> None:
    assert languages.closest(wanted, others) in {None, *others}
    assert languages.closest(wanted, [*others, wanted]) == wanted
    assert tags.least_far(wanted, [*others, wanted]) in {wanted, *others}
    assert languages.direction(wanted) in {"ltr", "rtl"}
