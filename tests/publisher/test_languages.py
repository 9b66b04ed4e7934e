"""Languages: tags, chains, direction, names, dates, and strings that are complete in each."""

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import languages
from publisher.errors import InputError
from store.records import Kind
from tests import make

ROOT = Path(__file__).parent.parent.parent
LOCALE = ROOT / "publisher" / "locale"
TAGS = languages.catalogues()

#: Half past eleven at night in Greenwich: the next day has begun in Tokyo.
LATE = datetime(2013, 12, 18, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("fr", "fr"),
        ("FR", "fr"),
        (" es\n", "es"),
        ("fr_ca", "fr-CA"),
        ("pt-br", "pt-BR"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("sr-latn", "sr-Latn"),
        ("ku-arab", "ku-Arab"),
        ("prs", "prs"),
        ("no", "no"),
        ("de-DE-1901", "de-DE-1901"),
    ],
)
def test_a_tag_is_kept_in_its_canonical_form(text: str, tag: str) -> None:
    assert languages.tag(text) == tag


@pytest.mark.parametrize(
    "text",
    ["", " ", "xx", "und", "english", "fr-", "fr FR", "fr.UTF-8", "*", "en--US", "١", "f\0r"],
)
def test_what_is_no_tag_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="such as fr, pt-BR or zh-Hant") as refused:
        languages.tag(text)
    assert refused.value.source == repr(text)


@settings(deadline=None)
@given(st.text() | st.from_regex(r"[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8}){0,3}", fullmatch=True))
def test_any_text_is_a_canonical_tag_or_refused(text: str) -> None:
    try:
        tag = languages.tag(text)
    except InputError:
        return
    assert languages.tag(tag) == tag
    assert re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", tag)
    assert languages.direction(tag) in {"ltr", "rtl"}
    assert languages.name(tag)


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
        ("ku-Arab", "rtl"),
        ("az", "ltr"),
        ("az-Arab", "rtl"),
        ("ff-Adlm", "rtl"),
        ("sr-Latn", "ltr"),
        ("ja", "ltr"),
        ("zh-Hant", "ltr"),
    ],
)
def test_the_script_says_where_the_words_run(language: str, direction: str) -> None:
    assert languages.direction(language) == direction


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
        ("prs", "Dari", "Dari", "Dari", "Dari", "Dari"),
    ],
)
def test_a_language_is_named_in_itself_and_in_others(
    language: str, own: str, in_english: str, in_french: str, in_spanish: str, in_arabic: str
) -> None:
    named = [languages.name(language, within=within) for within in make.LANGUAGES]
    assert languages.name(language) == own
    assert named == [in_english, in_french, in_spanish, in_arabic]


@pytest.mark.parametrize(
    ("language", "site", "chain"),
    [
        ("fr", ("en", "fr", "es"), ("fr", "en", "es")),
        ("fr-CA", ("en", "fr"), ("fr-CA", "fr", "en")),
        ("fr-CA", ("en",), ("fr-CA", "fr", "en")),
        ("zh-Hant-TW", ("en", "zh"), ("zh-Hant-TW", "zh-Hant", "zh", "en")),
        ("ar", (), ("ar",)),
    ],
)
def test_a_chain_goes_from_a_language_by_its_parents_to_those_of_the_site(
    language: str, site: tuple[str, ...], chain: tuple[str, ...]
) -> None:
    assert languages.chain(language, site) == chain


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
    ],
)
def test_a_reader_is_served_in_a_language_that_they_understand_or_in_none(
    wanted: str, available: tuple[str, ...], closest: str | None
) -> None:
    assert languages.closest(wanted, available) == closest


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
    ],
)
def test_a_day_is_written_as_its_readers_write_it_where_they_are(
    language: str, zone: str, written: str
) -> None:
    assert languages.date(LATE, language, zone=zone) == written


@pytest.mark.parametrize(
    ("language", "joined"),
    [("en", "a, b, and c"), ("fr", "a, b et c"), ("es", "a, b y c"), ("ar", "a وb وc")],
)
def test_words_are_joined_as_the_language_joins_them(language: str, joined: str) -> None:
    assert languages.listing(["a", "b", "c"], language) == joined


@cache
def catalogue(language: str) -> Catalog:
    with (LOCALE / f"{language}.po").open("rb") as file:
        return read_po(file, abort_invalid=True)


def messages(language: str) -> dict[str, Message]:
    found = {}
    for message in catalogue(language):
        key = message.id if isinstance(message.id, str) else message.id[0]
        if key:
            found[key] = message
    return found


def forms(message: Message) -> list[str]:
    """Return what stands in a catalogue for a key: one form, or those of the plural."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def plural_count(language: str) -> int:
    header = re.search(r"nplurals=(\d+)", (LOCALE / f"{language}.po").read_text("utf-8"))
    assert header is not None
    return int(header[1])


def test_there_is_a_catalogue_for_each_language_that_we_promise() -> None:
    assert set(make.LANGUAGES) <= set(TAGS)


@pytest.mark.parametrize("language", TAGS)
def test_every_catalogue_has_the_keys_of_every_other(language: str) -> None:
    assert messages(language).keys() == messages("en").keys()


@pytest.mark.parametrize("language", TAGS)
def test_every_string_is_filled_and_certain(language: str) -> None:
    for key, message in messages(language).items():
        assert forms(message), key
        assert all(form.strip() for form in forms(message)), key
        assert not message.fuzzy, key


@pytest.mark.parametrize("language", TAGS)
def test_a_string_has_the_same_slots_in_every_language(language: str) -> None:
    for key, message in messages(language).items():
        wanted = slots(forms(messages("en")[key])[-1])
        if message.pluralizable:
            # A form for one number alone may say it in words.
            assert all(slots(form) | {"number"} == wanted for form in forms(message)), key
        else:
            assert slots(forms(message)[0]) == wanted, key


@pytest.mark.parametrize("language", TAGS)
def test_every_plural_form_of_the_header_is_filled_and_answers_some_number(language: str) -> None:
    strings = languages.strings(language)
    plurals = {key: text for key, text in messages(language).items() if text.pluralizable}
    assert plurals
    for key, message in plurals.items():
        assert len(forms(message)) == plural_count(language), key
        answers: dict[str, list[int]] = {form: [] for form in forms(message)}
        for number in range(201):
            answer = strings.count(key, number)
            fitting = [form for form in answers if form.format(number=number) == answer]
            assert len(fitting) == 1, (key, number, answer)
            answers[fitting[0]].append(number)
        for form, numbers in answers.items():
            assert numbers, f"{key}: no number is told by {form!r}"
            assert len(numbers) == 1 or "{number}" in form, f"{key}: {form!r} hides {numbers[:3]}"


@pytest.mark.parametrize(
    ("language", "number", "counted"),
    [
        ("en", 0, "0 news items"),
        ("en", 1, "1 news item"),
        ("fr", 0, "0 nouvelle"),
        ("fr", 1, "1 nouvelle"),
        ("fr", 2, "2 nouvelles"),
        ("es", 1, "1 noticia"),
        ("es", 21, "21 noticias"),
        ("ar", 0, "لا أخبار"),
        ("ar", 1, "خبر واحد"),
        ("ar", 2, "خبران"),
        ("ar", 3, "3 أخبار"),
        ("ar", 11, "11 خبرًا"),
        ("ar", 100, "100 خبر"),
        ("ar", 103, "103 أخبار"),
    ],
)
def test_a_number_takes_the_plural_form_of_the_language(
    language: str, number: int, counted: str
) -> None:
    assert languages.strings(language).count("items-count", number) == counted


def test_every_string_that_a_template_asks_for_is_in_the_catalogues() -> None:
    sources = [*ROOT.glob("templates/**/*.*"), *ROOT.glob("publisher/**/*.py")]
    text = "\n".join(path.read_text("utf-8") for path in sources)
    used = set(re.findall(r"""\b(?:t|n|text|count)\(\s*["']([a-z-]+[a-z])["']\s*[,)]""", text))
    kinds = {f"kind-{kind}" for kind in Kind}
    assert {"leave", "fallback-notice", "items-count", "other-languages"} <= used
    assert used | kinds <= messages("en").keys()


@pytest.mark.parametrize(
    ("chain", "language"),
    [
        (("fr",), "fr"),
        (("fr-CA", "fr", "en"), "fr"),
        (("de", "es", "en"), "es"),
        (("prs", "tlh", "en"), "en"),
        (("arz",), "ar"),
    ],
)
def test_strings_come_from_the_next_language_of_the_chain_and_say_so(
    chain: tuple[str, ...], language: str
) -> None:
    strings = languages.strings(*chain)
    assert strings.language == language
    assert strings.text("leave") == forms(messages(language)["leave"])[0]


def test_where_no_language_is_near_strings_are_still_there_and_say_which_they_are() -> None:
    strings = languages.strings("tlh")
    assert strings.language in TAGS
    assert strings.text("leave") == forms(messages(strings.language)["leave"])[0]


def test_a_string_that_nobody_wrote_is_an_error_that_names_the_catalogue() -> None:
    strings = languages.strings("es")
    with pytest.raises(KeyError, match=r"locale/es\.po has no string 'farewell'"):
        strings.text("farewell")
    with pytest.raises(KeyError, match=r"locale/es\.po has no string 'farewell'"):
        strings.count("farewell", 3)
