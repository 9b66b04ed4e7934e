"""Our own strings: complete in each language, and in the right one for each reader."""

import re
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from publisher import languages
from publisher.languages import catalogue as ours
from publisher.languages.tags import least_far
from store.records import Kind
from tests import make
from tests.publisher.languages.strategies import TAGS

ROOT = Path(__file__).parents[3]
LOCALE = ROOT / "publisher" / "locale"
ALL = languages.catalogues()


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


#: The same word in English, or no word at all.
ALIKE = {"kind-message", "kind-publication", "newsletter-year", "digest-subject", "feed-format"}
ALIKE |= {"with-frequency"}

#: What no sentence of a language may hold.
MISPRINTS = {
    # Before high signs and inside quotation marks stands a no-break space, and one kind of it.
    "fr": r"[^\u00a0][:;!?»]|«[^\u00a0]|['\"“”\u202f]",
    # A question begins with its sign; quotation marks are close.
    "es": r"^[^¿]*\?|^[^¡]*!|«\s|\s»|['\"“”]",
    "ar": r"[,;?'\"“”]|\s[،؛؟:.]|«\s|\s»",
    "en": r"['\"]|\s[,;:?!.]",
}


def test_there_is_a_catalogue_for_each_language_that_we_promise() -> None:
    assert set(make.LANGUAGES) <= set(ALL)


@pytest.mark.parametrize("language", ALL)
def test_every_catalogue_has_the_keys_of_every_other(language: str) -> None:
    assert messages(language).keys() == messages("en").keys()


@pytest.mark.parametrize("language", ALL)
def test_every_string_is_filled_and_certain(language: str) -> None:
    for key, message in messages(language).items():
        assert forms(message), key
        assert all(form.strip() for form in forms(message)), key
        assert not message.fuzzy, key


@pytest.mark.parametrize("language", sorted(set(ALL) - {"en"}))
def test_no_string_is_left_in_english(language: str) -> None:
    english = messages("en")
    same = {key for key, each in messages(language).items() if forms(each) == forms(english[key])}
    assert same <= ALIKE


@pytest.mark.parametrize("language", ALL)
def test_signs_and_spaces_stand_as_the_printers_of_a_language_set_them(language: str) -> None:
    strings = [form for each in messages(language).values() for form in forms(each)]
    assert [text for text in strings if re.search(MISPRINTS[language], text)] == []


@pytest.mark.parametrize("language", ALL)
def test_how_often_a_newsletter_comes_can_stand_in_the_middle_of_a_line(language: str) -> None:
    for key, message in messages(language).items():
        if key.startswith("frequency-") and key != "frequency-of":
            (words,) = forms(message)
            # But for the English days, which are names.
            assert words[0] == words[0].lower() or key == "frequency-weekdays", key


@pytest.mark.parametrize("language", ALL)
def test_a_string_has_the_same_slots_in_every_language(language: str) -> None:
    for key, message in messages(language).items():
        wanted = slots(forms(messages("en")[key])[-1])
        if message.pluralizable:
            # A form for one number alone may say it in words.
            assert all(slots(form) | {"number"} == wanted for form in forms(message)), key
        else:
            assert slots(forms(message)[0]) == wanted, key


@pytest.mark.parametrize("language", ALL)
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
        ("fr", 0, "0 actualité"),
        ("fr", 1, "1 actualité"),
        ("fr", 2, "2 actualités"),
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


@pytest.mark.parametrize(
    ("language", "number", "counted"),
    [
        ("en", 1234, "1,234 news items"),
        ("en-IN", 123456, "1,23,456 news items"),
        ("fr", 1234, "1\u202f234 actualités"),
        ("es-MX", 12345, "12,345 noticias"),
        ("ar-EG", 11, "١١ خبرًا"),
        ("ar-EG", 1234, "١٬٢٣٤ خبرًا"),
        ("ar-MA", 1234, "1.234 خبرًا"),
    ],
)
def test_a_number_among_words_is_written_as_its_readers_write_it(
    language: str, number: int, counted: str
) -> None:
    assert languages.strings(language).count("items-count", number) == counted


@pytest.mark.parametrize("language", ALL)
def test_the_plural_rule_of_a_catalogue_is_that_of_cldr(language: str) -> None:
    rule = languages.strings(language)._catalogue.plural  # type: ignore[attr-defined]
    # Below a million: in French and Spanish CLDR has one form more, for whole millions.
    found = {(rule(number), Locale.parse(language).plural_form(number)) for number in range(2000)}
    assert len(found) == plural_count(language)
    assert len({index for index, _ in found}) == len({form for _, form in found}) == len(found)


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


@pytest.mark.parametrize(
    ("chain", "locale"),
    [
        (("fr-CA", "fr"), "fr-CA"),
        (("ar-EG", "ar"), "ar-EG"),
        (("en",), "en"),
        # Another language than the words: its numbers do not stand among them.
        (("arz",), "ar"),
        (("prs", "en-GB"), "en-GB"),
        (("tlh",), "en"),
    ],
)
def test_numbers_and_dates_stand_as_in_the_readers_country_where_the_words_are_theirs(
    chain: tuple[str, ...], locale: str
) -> None:
    assert languages.strings(*chain).locale == locale


@given(TAGS, st.lists(TAGS, max_size=3), st.integers(0, 10**9))
def test_there_are_strings_for_every_language(
    language: str, others: list[str], number: int
) -> None:
    strings = languages.strings(language, *others)
    near = [languages.closest(one, ALL) for one in (language, *others)]
    nearest = next(filter(None, near), None)
    assert strings.language == (nearest or least_far(language, ALL))
    assert strings.text("leave")
    assert strings.count("items-count", number)


def test_where_no_language_is_near_strings_are_still_there_and_say_which_they_are() -> None:
    strings = languages.strings("tlh")
    assert strings.language in ALL
    assert strings.text("leave") == forms(messages(strings.language)["leave"])[0]


def test_a_string_that_nobody_wrote_is_an_error_that_names_the_catalogue() -> None:
    strings = languages.strings("es")
    with pytest.raises(KeyError, match=r"locale/es\.po has no string 'farewell'"):
        strings.text("farewell")
    with pytest.raises(KeyError, match=r"locale/es\.po has no string 'farewell'"):
        strings.count("farewell", 3)


@pytest.mark.parametrize("language", ALL)
def test_no_catalogue_lacks_what_another_has(language: str) -> None:
    assert languages.missing(language) == ()


def test_what_a_catalogue_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = 'msgid ""\nmsgstr ""\n\nmsgid "a"\nmsgstr "A"\n\nmsgid "b"\nmsgid_plural "b"\n'
    (tmp_path / "en.po").write_text(whole + 'msgstr[0] "B"\nmsgstr[1] "Bs"\n', encoding="utf-8")
    (tmp_path / "fr.po").write_text(
        'msgid ""\nmsgstr ""\n\n#, fuzzy\nmsgid "a"\nmsgstr "A"\n', encoding="utf-8"
    )
    monkeypatch.setattr(ours, "_LOCALE", tmp_path)
    for kept in (ours.catalogues, ours.missing, ours._all_keys):
        monkeypatch.setattr(ours, kept.__name__, kept.__wrapped__)
    assert ours.missing("en") == ()
    assert ours.missing("fr") == ("a", "b")
