"""How languages write: names, dates and numbers as CLDR has them."""

import unicodedata
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from babel import Locale
from babel.localedata import locale_identifiers
from hypothesis import given
from hypothesis import strategies as st

from publisher import languages
from publisher.languages import writing
from tests import make
from tests.publisher.languages.strategies import TAGS

#: Half past eleven at night in Greenwich: the next day has begun in Tokyo.
LATE = datetime(2013, 12, 18, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "own", "in_english", "in_french", "in_spanish", "in_arabic"),
    [
        ("en", "English", "English", "anglais", "inglés", "الإنجليزية"),
        ("fr", "français", "French", "français", "francés", "الفرنسية"),
        ("es", "español", "Spanish", "espagnol", "español", "الإسبانية"),
        ("ar", "العربية", "Arabic", "arabe", "árabe", "العربية"),
        (
            "pt-BR",
            "português (Brasil)",
            "Portuguese (Brazil)",
            "portugais (Brésil)",
            "portugués (Brasil)",
            "البرتغالية (البرازيل)",
        ),
        # CLDR names it as fa_AF.
        ("prs", "دری", "Dari", "dari", "darí", "الدارية"),
        (
            "sr-Latn",
            "srpski (latinica)",
            "Serbian (Latin)",
            "serbe (latin)",
            "serbio (latino)",
            "الصربية (اللاتينية)",
        ),
    ],
)
def test_a_language_is_named_in_itself_and_in_others(
    language: str, own: str, in_english: str, in_french: str, in_spanish: str, in_arabic: str
) -> None:
    named = [languages.name(language, within=within) for within in make.LANGUAGES]
    assert languages.name(language) == own
    assert named == [in_english, in_french, in_spanish, in_arabic]


@pytest.mark.parametrize(
    ("language", "own"),
    [
        ("zh-Hant", "中文（繁體）"),
        # Taiwan writes Hant, Montenegro Latn, Pakistan Arab: so does the name.
        ("zh-TW", "中文（台灣）"),
        ("sr-ME", "srpski (Crna Gora)"),
        ("pa-PK", "پنجابی (پاکستان)"),
        ("sr", "српски"),
        ("he", "עברית"),
        ("ckb", "کوردیی ناوەندی"),
        # Kurdish in Arabic letters, as CLDR has it in Central Kurdish.
        ("ku-Arab", "کوردی (عەرەبی)"),
        ("kmr", "kurdî (kurmancî)"),
        # A variant is told of: both may be languages of one site.
        ("ca", "català"),
        ("ca-valencia", "català (valencià)"),
        # CLDR has no German name for simple German.
        ("de-simple", "Deutsch (simple)"),
    ],
)
def test_a_language_is_named_in_its_own_letters(language: str, own: str) -> None:
    assert languages.name(language) == own


@pytest.mark.parametrize(
    ("language", "zone", "written"),
    [
        ("en", "UTC", "December 18, 2013"),
        ("fr", "UTC", "18 décembre 2013"),
        ("es", "UTC", "18 de diciembre de 2013"),
        ("ar", "UTC", "18 ديسمبر 2013"),
        ("en", "Asia/Tokyo", "December 19, 2013"),
        ("fr", "Asia/Tokyo", "19 décembre 2013"),
        ("es", "America/Bogota", "18 de diciembre de 2013"),
        ("ar", "Asia/Amman", "19 ديسمبر 2013"),
        ("fr-CA", "UTC", "18 décembre 2013"),
        ("en-GB", "UTC", "18 December 2013"),
        ("pt-BR", "UTC", "18 de dezembro de 2013"),
        ("zh-Hant", "UTC", "2013年12月18日"),
        ("sr-Latn", "UTC", "18. decembar 2013."),
        # CLDR, numbers/defaultNumberingSystem: ar latn, ar_EG arab, fa_AF arabext.
        ("ar-EG", "UTC", "١٨ ديسمبر ٢٠١٣"),
        ("ar-MA", "UTC", "18 دجنبر 2013"),
        ("prs", "UTC", "۱۸ دسمبر ۲۰۱۳"),
        ("ku-Arab", "UTC", "١٨ی کانونی یەکەمی ٢٠١٣"),
        # CLDR has no names of months for these.
        ("tlh", "UTC", "2013-12-18"),
        ("rhg", "Asia/Tokyo", "2013-12-19"),
    ],
)
def test_a_day_is_written_as_its_readers_write_it_where_they_are(
    language: str, zone: str, written: str
) -> None:
    assert languages.date(LATE, language, zone=zone) == written


@pytest.mark.parametrize(
    ("language", "first", "eleventh"),
    [
        ("fr", "1er janvier 2011", "11 janvier 2011"),
        ("fr-CA", "1er janvier 2011", "11 janvier 2011"),
        ("es", "1 de enero de 2011", "11 de enero de 2011"),
        ("ar", "1 يناير 2011", "11 يناير 2011"),
    ],
)
def test_the_first_of_a_month_is_an_ordinal_in_french_and_no_other_day_is(
    language: str, first: str, eleventh: str
) -> None:
    days = [datetime(2011, 1, day, tzinfo=UTC) for day in (1, 11)]
    assert [languages.date(day, language) for day in days] == [first, eleventh]


@pytest.mark.parametrize(
    ("language", "zone", "written"),
    [
        ("en", "UTC", "11:30\N{NARROW NO-BREAK SPACE}PM"),
        ("en", "Asia/Tokyo", "8:30\N{NARROW NO-BREAK SPACE}AM"),
        ("fr", "UTC", "23:30"),
        ("es", "Asia/Tokyo", "8:30"),
        ("ar-EG", "UTC", "١١:٣٠ م"),
        # CLDR knows nothing of it.
        ("tlh", "Asia/Tokyo", "08:30"),
    ],
)
def test_a_time_is_what_the_clock_shows_there_as_the_language_writes_it(
    language: str, zone: str, written: str
) -> None:
    shown = languages.time(LATE, language, zone=zone)
    assert shown.replace("\N{NO-BREAK SPACE}", " ") == written


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "2026"),
        ("fr", "2026"),
        ("es", "2026"),
        ("ar", "2026"),
        ("ar-EG", "٢٠٢٦"),
        ("fa", "۲۰۲۶"),
        ("bn", "২০২৬"),
        ("my", "၂၀၂၆"),
        ("zh-Hant", "2026年"),
        ("tlh", "2026"),
    ],
)
def test_a_year_is_written_with_the_digits_of_the_language_and_no_groups(
    language: str, written: str
) -> None:
    assert languages.year(2026, language) == written


NARROW, WIDE = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("language", "number", "written"),
    [
        ("en", 1234567, "1,234,567"),
        ("en", 0.5, "0.5"),
        ("en", Decimal("0.25"), "0.25"),
        ("fr", 1234567, f"1{NARROW}234{NARROW}567"),
        ("fr", -0.5, "-0,5"),
        ("es", 1234567, "1.234.567"),
        ("es-MX", 1234567, "1,234,567"),
        ("pt-PT", 1234567, f"1{WIDE}234{WIDE}567"),
        ("de-CH", 1234567, "1’234’567"),
        # Groups of two above the thousands.
        ("hi", 1234567, "12,34,567"),
        ("bn", 1234567, "১২,৩৪,৫৬৭"),
        ("ar", 1234567, "1,234,567"),
        ("ar-EG", 1234567.5, "١٬٢٣٤٬٥٦٧٫٥"),
        ("ar-MA", 1234567.5, "1.234.567,5"),
        ("fa", 12, "۱۲"),
        ("prs", 12, "۱۲"),
        ("ckb", 12, "١٢"),
        ("ku-Arab", 12, "١٢"),
        ("ku", 12, "12"),
        ("my", 12, "၁၂"),
        ("ff-Adlm", 12, "𞥑𞥒"),
        ("zh-Hant", 12, "12"),
        ("tlh", 12, "12"),
    ],
)
def test_a_number_is_written_with_the_digits_of_the_language(
    language: str, number: float | Decimal, written: str
) -> None:
    assert languages.number(number, language) == written


def test_every_locale_of_cldr_writes_every_digit() -> None:
    for tag in (name.replace("_", "-") for name in locale_identifiers()):
        digits = [letter for letter in languages.number(1234567890, tag) if letter.isdecimal()]
        values = [unicodedata.decimal(digit) for digit in digits]
        assert values == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0], tag
        ascii_digits = digits[0].isascii()
        assert ascii_digits == (Locale.parse(tag, sep="-").default_numbering_system == "latn"), tag


@pytest.mark.parametrize(
    ("language", "words", "joined"),
    [
        ("en", "abc", "a, b, and c"),
        ("en-GB", "abc", "a, b and c"),
        ("fr", "abc", "a, b et c"),
        ("es", "abc", "a, b y c"),
        ("ar", "أبج", "أ وب وج"),
        ("zh-Hant", "abc", "a、b和c"),
        ("prs", "أبج", "أ،\u200f ب، و ج"),
        ("tlh", "abc", "a, b, c"),
    ],
)
def test_words_are_joined_as_the_language_joins_them(
    language: str, words: str, joined: str
) -> None:
    assert languages.listing(words, language) == joined


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("pt-BR", "pt_BR"),
        ("pt-XK", "pt"),
        ("prs", "fa_AF"),
        ("arz", "ar"),
        ("cmn", "zh_Hans_CN"),
        # Never in another script than the language's own.
        ("ku-Arab", "ckb"),
        ("ku-Cyrl", None),
        ("zh-TW", "zh_Hant_TW"),
        ("sr-ME", "sr_Latn_ME"),
        ("ar-Latn", None),
        ("tlh", None),
    ],
)
def test_what_cldr_does_not_have_is_written_as_in_the_nearest_that_it_has(
    language: str, locale: str | None
) -> None:
    found = writing.locale(language)
    assert (str(found) if found else None) == locale


@given(TAGS, TAGS, st.datetimes(timezones=st.just(UTC)), st.integers(-(10**15), 10**15))
def test_every_language_can_be_named_and_can_write(
    language: str, other: str, instant: datetime, number: int
) -> None:
    assert languages.name(language).strip()
    assert languages.name(language, within=other).strip()
    assert languages.date(instant, language).strip()
    assert languages.time(instant, language).strip()
    assert languages.year(instant.year, language).strip()
    assert "a" in languages.listing(["a", "b"], language)
    written = languages.number(number, language)
    digits = [str(unicodedata.decimal(letter)) for letter in written if letter.isdecimal()]
    assert "".join(digits) == str(abs(number))
