"""PO: what we write is read by others, and what programs make of it is understood."""

import io
import time
from contextlib import suppress

import pytest
from babel.messages.pofile import read_po
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher.errors import InputError
from publisher.exchange import po
from publisher.exchange.returned import Answer, Mark
from publisher.exchange.sheet import Sheet, Unit, sheet
from tests import bodies, make
from tests.translators import TICKET

EN = make.text(summary="S.", body="One.\n\nTwo\nlines.\n\nThree.")
AR = make.text("ar", body="واحد.\n\nاثنان.\n\nثلاثة.")
SHEET = sheet(make.text(summary="S.", body="One.\n\nTwo\nmore.\n\nThree."), AR, EN)
WRITTEN = po.write(SHEET, TICKET)


def read(text: str) -> dict[str, Answer]:
    (found,) = po.read(text)
    return dict(found.answers)


def test_another_reader_sees_contexts_sources_and_targets() -> None:
    catalogue = read_po(io.BytesIO(WRITTEN.encode()), abort_invalid=True)
    said = {
        message.context: (message.id, message.string, message.fuzzy)
        for message in catalogue
        if message.id
    }
    assert said == {
        "title": (EN.title, AR.title, False),
        "summary": ("S.", "", False),
        "body.1": ("One.", "واحد.", False),
        "body.2": ("Two\nmore.", "اثنان.", True),
        "body.3": ("Three.", "ثلاثة.", False),
    }
    assert str(catalogue.locale) == "ar"


def test_what_the_source_said_before_stands_beside_it() -> None:
    assert '#| msgid ""\n#| "Two\\n"\n#| "lines."\nmsgctxt "body.2"' in WRITTEN
    assert WRITTEN.count("#|") == 3


def test_what_was_there_comes_back() -> None:
    (found,) = po.read(WRITTEN)
    assert found.ticket == TICKET
    assert (found.source_language, found.target_language) == ("", "ar")
    assert found.answers["body.2"] == Answer(
        source="Two\nmore.", target="اثنان.", mark=Mark.UNFINISHED
    )
    assert found.answers["body.3"] == Answer(source="Three.", target="ثلاثة.")


UNITS = st.builds(
    Unit,
    id=st.just("body"),
    source=(bodies.STORED | st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)),
    target=st.none() | bodies.STORED,
    done=st.booleans(),
    previous=st.none() | bodies.STORED,
)


@settings(max_examples=150)
@given(UNITS)
@example(Unit(id="body", source='a\\b\\" \\n \\\\', target='"\\'))
@example(Unit(id="body", source="a" * 500, target="b c " * 200))
def test_any_words_that_the_store_keeps_are_read_as_they_were(unit: Unit) -> None:
    answer = read(po.write(Sheet(units=(unit,), gaps=("", ""), before=None), TICKET))["body"]
    assert answer.source == unit.source
    assert answer.target == (unit.target or "").strip()
    assert (answer.mark is Mark.UNFINISHED) == (unit.target is not None and not unit.done)


@settings(max_examples=200)
@given(st.text(min_size=1).filter(str.strip))
def test_words_that_nobody_cleaned_lose_nothing_but_odd_white_space(text: str) -> None:
    unit = Unit(id="body", source=text)
    answer = read(po.write(Sheet(units=(unit,), gaps=("", ""), before=None), TICKET))["body"]
    assert answer.source.split() == text.split()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # As Windows ends lines.
        ("\n", "\r\n"),
        # Wrapped, as most programs do.
        ('msgid "S."', 'msgid ""\n"S"\n"."'),
        # Older ones, which are kept for reference.
        ("#, fuzzy", '#~ msgid "x"\n#~ msgstr "y"\n\n#, fuzzy'),
        ('msgctxt "title"', '# To the editor: "sic"\n#: a.md:3\n#. hint\nmsgctxt "title"'),
        ('"Language: ar\\n"', '"X-Generator: Program 1.0\\n"\n"Language: ar\\n"'),
        ("charset=UTF-8", "charset=utf-8"),
        ("X-Tidings-Item", "x-tidings-item"),
    ],
)
def test_what_programs_do_to_a_file_changes_none_of_its_words(before: str, after: str) -> None:
    assert before in WRITTEN
    assert read(WRITTEN.replace(before, after)) == read(WRITTEN)


def test_a_line_separator_from_a_word_processor_is_no_end_of_line_of_the_file() -> None:
    found = read(WRITTEN.replace('"واحد."', '"واحد\u2028اثنان\x0bثلاثة"'))
    assert found["body.1"].target == "واحد\nاثنان\nثلاثة"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "header: has none of the fields X-Tidings-...; export the item again with"),
        ("/etc/hostname", "line 1: is not PO: correct it, or export the item again"),
        ("msgid", "line 1: is not PO"),
        ('msgid "a"\nmsgstr "b"\n', "header: has none of the fields X-Tidings-"),
        (WRITTEN.replace("X-Tidings-Item", "X-Item"), "item: is missing: the translator's program"),
        (
            WRITTEN.replace("Target-Revision: 1", "Target-Revision: 1.5"),
            "target-revision: '1.5' is no number",
        ),
        (
            WRITTEN.replace("charset=UTF-8", "charset=ISO-8859-6"),
            "header Content-Type: names the character set iso-8859-6: save the file as UTF-8",
        ),
        (WRITTEN.replace('"body.1"', '"body.2"'), "unit body.2: stands there twice"),
        (WRITTEN.replace('msgid "S."', 'msgid ""\n"S\n"."'), "line 24: is not PO"),
        (WRITTEN.replace('msgid "S."', 'msgid "S"."'), "line 23: is not PO"),
        (WRITTEN.replace('msgid "S."', 'msgstr "S."'), "line 23: is not PO"),
        (WRITTEN.replace('msgid "S."', 'msgstr[x] "S."'), "line 23: is not PO"),
        (WRITTEN.replace("\nmsgid", "\n<<<<<<< HEAD\nmsgid"), "is not PO"),
    ],
)
def test_what_is_no_file_of_ours_is_refused_with_the_way_to_mend_it(
    text: str, complaint: str
) -> None:
    with pytest.raises(InputError) as refused:
        po.read(text)
    assert str(refused.value).startswith(complaint) or complaint == "is not PO"
    assert "\n" not in str(refused.value)


def test_the_line_that_is_named_is_that_of_the_file() -> None:
    broken = WRITTEN.replace('msgid "Three."', 'msgid "Three."x')
    number = broken.split("\n").index('msgid "Three."x') + 1
    with pytest.raises(InputError, match=f"^line {number}: is not PO"):
        po.read(broken)


def test_a_string_of_very_many_lines_is_read_in_a_time_that_follows_its_length() -> None:
    lines = '"x\\n"\n' * 200_000
    started = time.process_time()
    found = read(WRITTEN.replace('msgstr "واحد."', f'msgstr ""\n{lines}"."'))
    assert len(found["body.1"].target) == 400_001
    assert time.process_time() - started < 10


@settings(max_examples=150)
@given(st.data())
def test_a_file_that_was_cut_or_mixed_up_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(WRITTEN)))
    end = data.draw(st.integers(start, len(WRITTEN)))
    put = data.draw(
        st.sampled_from(["", '"', "\\", "#|", "msgid", '\n"', "\x00", "#~ ", "msgstr["])
    )
    with suppress(InputError):
        po.read(WRITTEN[:start] + put + WRITTEN[end:])
