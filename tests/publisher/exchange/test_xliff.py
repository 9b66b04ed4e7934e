"""XLIFF: what we write is what the standard demands, and what we read is what was meant."""

import time
import xml.etree.ElementTree as ET
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher.errors import InputError
from publisher.exchange import xliff
from publisher.exchange.returned import Answer, Mark
from publisher.exchange.sheet import Sheet, Unit, sheet
from tests import bodies, make, translators, xliff_rules
from tests.translators import TICKET

EN = make.text(summary="S.", body="One.\n\nTwo.\n\nThree.", image_alt="A map")
AR = make.text("ar", body="واحد.\n\nاثنان.\n\nثلاثة.")
SHEET = sheet(make.text(summary="S.", body="One.\n\nTwo!\n\nThree.", image_alt="A map"), AR, EN)
WRITTEN = xliff.write(SHEET, TICKET)


def read(text: str) -> dict[str, Answer]:
    (found,) = xliff.read(text)
    return dict(found.answers)


def test_what_we_write_keeps_the_rules_of_the_standard() -> None:
    assert xliff_rules.faults(WRITTEN) == []
    assert WRITTEN.startswith("<?xml version='1.0' encoding='UTF-8'?>\n<xliff ")


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('version="2.1"', 'version="2.0"', "<xliff> has version='2.0'"),
        (' srcLang="en"', "", "<xliff> has no srcLang"),
        (' trgLang="ar"', "", "there are targets and no trgLang"),
        ('srcLang="en"', 'srcLang="e n"', "<xliff> has srcLang='e n'"),
        ('srcDir="ltr"', 'srcDir="left"', "<file> has srcDir='left'"),
        ('id="title"', 'id="the title"', "<unit> has id='the title'"),
        ('id="title"', 'id="body.1"', "<unit> has the same id twice"),
        ('id="item"', "", "<file> has no id"),
        ("<segment ", "<segment lang='x' ", "<segment> has lang='x'"),
        ('state="initial" subState', "subState", "a subState needs a state (4.3.1.35)"),
        ('"tidings:outdated"', '"outdated"', "<segment> has subState='outdated'"),
        ('"tidings:outdated"', '"xlf:outdated"', "<segment> has subState='xlf:outdated'"),
        ('state="initial"', 'state="new"', "<segment> has state='new'"),
        ("<source>S.</source>", "", "<segment> has the children ''"),
        ("<source>S.</source>", "<source>S.<b/></source>", "<source> has the children 'b '"),
        ("<source>S.</source>", '<source><cp hex="41"/></source>', "which XML can hold"),
        ('<unit id="summary">', '<unit id="summary">text', "<unit> holds text"),
    ],
)
def test_a_planted_fault_is_found(before: str, after: str, fault: str) -> None:
    assert before in WRITTEN
    assert any(fault in found for found in xliff_rules.faults(WRITTEN.replace(before, after)))


def test_a_program_sees_sources_targets_states_and_what_the_source_said_before(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.xlf"
    path.write_text(WRITTEN, encoding="utf-8")
    assert translators.units(path) == {
        "title": (EN.title, AR.title, "translated", ""),
        "summary": ("S.", "", "", ""),
        "body.1": ("One.", "واحد.", "translated", ""),
        "body.2": ("Two!", "اثنان.", "initial", "Two."),
        "body.3": ("Three.", "ثلاثة.", "translated", ""),
        "image_alt": ("A map", "", "", ""),
    }


def test_a_file_says_what_it_was_made_of_and_where_its_words_run() -> None:
    file = ET.fromstring(WRITTEN.encode())[0]
    assert (file.get("original"), file.get("srcDir"), file.get("trgDir")) == (
        *(TICKET.item, "ltr", "rtl"),
    )
    notes = {note.get("category"): note.text for note in file[0]}
    assert notes == TICKET.fields()
    (found,) = xliff.read(WRITTEN)
    assert found.ticket == TICKET
    assert (found.source_language, found.target_language) == ("en", "ar")


def test_what_was_outdated_comes_back_with_its_mark() -> None:
    answers = read(WRITTEN)
    assert answers["body.2"] == Answer(source="Two!", target="اثنان.", mark=Mark.OUTDATED)
    assert answers["body.3"] == Answer(source="Three.", target="ثلاثة.")
    assert answers["summary"] == Answer(source="S.", target="")


UNITS = st.builds(
    Unit,
    id=st.just("body"),
    source=bodies.BODIES | st.text(),
    target=st.none() | bodies.BODIES | st.text(),
    done=st.booleans(),
    previous=st.none() | st.text(),
)


@settings(max_examples=150)
@given(UNITS)
@example(Unit(id="body", source="]]> <![CDATA[ &amp; \x00\x1b\r\n\ufffe", target="\x07"))
def test_any_words_are_written_by_the_rules_and_read_as_they_were(unit: Unit) -> None:
    one = Sheet(units=(unit,), gaps=("", ""), before=None)
    written = xliff.write(one, TICKET)
    assert xliff_rules.faults(written) == []
    answer = read(written)["body"]
    assert answer.source == unit.source
    assert answer.target == (unit.target or "").strip()


def unit(inside: str) -> Answer:
    """Read a file whose one unit holds this."""
    head = WRITTEN.partition('<unit id="title">')[0]
    return read(f'{head}<unit id="body.1">{inside}</unit></file></xliff>')["body.1"]


def segment(source: str, target: str | None, order: str = "") -> str:
    """Return a segment as a program writes it."""
    attribute = f" order='{order}'" if order else ""
    after = "" if target is None else f"<target{attribute}>{target}</target>"
    return f"<segment><source>{source}</source>{after}</segment>"


PROPOSAL = f"""\
<m:matches xmlns:m="urn:oasis:names:tc:xliff:matches:2.0">
<m:match ref="#x">{segment("A", "no")}</m:match></m:matches>"""
BETWEEN = "<ignorable><source> </source></ignorable>"
OUTDATED = "state='initial' subState='tidings:outdated'"


@pytest.mark.parametrize(
    ("inside", "answer"),
    [
        # Programs cut paragraphs into sentences, and keep the space between.
        (segment("A. ", "1. ") + segment("B.", "2."), Answer(source="A. B.", target="1. 2.")),
        (
            segment("A.", "1.") + BETWEEN + segment("B.", "2."),
            Answer(source="A. B.", target="1. 2."),
        ),
        # Another language may say them in another order.
        (
            segment("A.", "1.", order="3") + BETWEEN + segment("B.", "2.", order="1"),
            Answer(source="A. B.", target="2. 1."),
        ),
        # Half a paragraph is no paragraph.
        (
            segment("A. ", "1. ") + segment("B.", None),
            Answer(source="A. B.", target="1. B.", mark=Mark.UNFINISHED),
        ),
        (
            segment("A.", "1.").replace("<segment", f"<segment {OUTDATED}"),
            Answer(source="A.", target="1.", mark=Mark.OUTDATED),
        ),
        (
            segment("A.", "1.").replace("<segment", "<segment state='initial'"),
            Answer(source="A.", target="1."),
        ),
        (segment("A.", ""), Answer(source="A.", target="")),
        (segment("A.", " "), Answer(source="A.", target="")),
        (
            segment("A<cp hex='0007'/>.", "<![CDATA[<b>]]>"),
            Answer(source="A\x07.", target="<b>"),
        ),
        # Remarks on words are not words.
        (
            segment("A", "a <mrk id='m'>te<sm id='s'/>rm</mrk><em startRef='s'/> z"),
            Answer(source="A", target="a term z"),
        ),
        # Proposals from a memory are no translations.
        (PROPOSAL + segment("A", None), Answer(source="A", target="")),
    ],
)
def test_what_programs_make_of_a_unit_is_understood(inside: str, answer: Answer) -> None:
    assert unit(inside) == answer


def test_files_of_several_items_and_groups_of_units_are_read() -> None:
    start, file, rest = WRITTEN.partition("<file ")
    whole = file + rest.partition("</xliff>")[0]
    grouped = whole.replace("</notes>\n    <unit", "</notes><group id='g'><unit", 1)
    grouped = grouped.replace("</file>", "</group></file>")
    found = xliff.read(f"{start}{whole}{grouped}</xliff>")
    assert [list(entry.answers) for entry in found] == [[unit.id for unit in SHEET.units]] * 2


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {chr(97 + level)} "{f"&{chr(96 + level)};" * 10}">' for level in range(1, 10)
    )
    + "]>"
)


DOCTYPE = "DOCTYPE: is not read, XLIFF needs none: remove it"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: is not XML: "),
        ("PK\x03\x04", "line 1: is not XML: "),
        ("<a>", "line 1: is not XML: "),
        ("<a/>", "file: is no XLIFF: its root is <a>, not <xliff>"),
        (
            "<xliff version='1.2' xmlns='urn:oasis:names:tc:xliff:document:1.2'/>",
            "version: is XLIFF 1.2, and 2.1 is read: export the item again with 'tidings ",
        ),
        ("<xliff version='2.2' xmlns='urn:oasis:names:tc:xliff:document:2.2'/>", "version: is XL"),
        ("<xliff/>", "version: is XLIFF without a version, and 2.1 is read"),
        (f"<xliff version='2.1' xmlns='{translators.SPACE}'/>", "file: holds no <file> element"),
        (WRITTEN.replace('"source-digest"', '"x"'), "source-digest: is missing: the translator's"),
        (
            WRITTEN.replace('revision">2<', 'revision">two<'),
            "source-revision: 'two' is no number: it was changed; export the item again",
        ),
        (WRITTEN.replace('id="body.1"', 'id="body.2"'), "unit body.2: stands there twice"),
        (
            WRITTEN.replace("<source>S.", "<source><pc id='1'>S.</pc>"),
            "unit summary: <pc>: is an inline code: write the signs of Markdown",
        ),
        (
            WRITTEN.replace("<source>S.", "<source><cp hex='110000'/>S."),
            "unit summary: <cp>: '110000' names no character",
        ),
        (
            WRITTEN.replace("<target>", "<target order='x'>", 1),
            "unit title: order: 'x' is no number",
        ),
        # Entities are never looked up, nor expanded.
        (WRITTEN.replace("<xliff", f"{BOMB}<xliff", 1), DOCTYPE),
        (WRITTEN.replace("<xliff", f"{BOMB}<xliff", 1).replace("S.", "&j;"), DOCTYPE),
        (WRITTEN.replace("<xliff", f"{BOMB}<xliff", 1).replace('"item"', '"&j;"'), DOCTYPE),
        (f"<?a <?><!-- <!DOCTYPE --> <?b?>\n{BOMB}<a/>", DOCTYPE),
        ("<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/hostname'>]><x>&f;</x>", DOCTYPE),
        ("<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd'><x/>", DOCTYPE),
        (WRITTEN.replace("S.", "&nbsp;"), "is not XML: Entity 'nbsp' not defined"),
        (WRITTEN.replace("S.", "<mrk id='m'>" * 300 + "</mrk>" * 300), "is not XML: Excessive dep"),
    ],
)
def test_what_is_no_file_of_ours_is_refused_with_the_way_to_mend_it(
    text: str, complaint: str
) -> None:
    started = time.process_time()
    with pytest.raises(InputError) as refused:
        xliff.read(text)
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)
    assert time.process_time() - started < 5


@settings(max_examples=200)
@given(st.data())
def test_a_file_that_was_cut_or_mixed_up_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(WRITTEN)))
    end = data.draw(st.integers(start, len(WRITTEN)))
    put = data.draw(st.sampled_from(["", "<", "&", "</unit>", "<source/>", "\x00", "]]>"]))
    with suppress(InputError):
        xliff.read(WRITTEN[:start] + put + WRITTEN[end:])
