"""What there is to translate of a text, beside what is there already."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import characters
from publisher.exchange import blocks
from publisher.exchange import sheet as sheets
from publisher.exchange.sheet import Unit, sheet
from store.records import Text
from tests import bodies, make

EN = make.text(title="News", summary="Short.", body="One.\n\nTwo.\n\nThree.", image_alt="A map")
FR = make.text(
    "fr", title="Nouvelles", summary="Bref.", body="Un.\n\nDeux.\n\nTrois.", image_alt="Une carte"
)


def changed(text: Text, **fields: str) -> Text:
    return Text(**{**vars(text), **fields})


def body(found: sheets.Sheet) -> list[tuple[str | None, bool, str | None]]:
    """Return target, done and previous of each unit of the body."""
    return [(unit.target, unit.done, unit.previous) for unit in found.body]


def test_a_text_without_a_translation_goes_out_in_its_order() -> None:
    found = sheet(EN)
    assert [unit.id for unit in found.units] == [
        *("title", "summary", "body.1", "body.2", "body.3", "image_alt")
    ]
    assert found.units[0] == Unit(id="title", source="News")
    assert not any(unit.done for unit in found.units)


def test_what_the_source_leaves_empty_is_not_to_be_translated() -> None:
    found = sheet(make.text(summary="", image_alt="", body="One."), FR)
    assert [unit.id for unit in found.units] == ["title", "body"]
    words = found.words({"title": "Titre", "body": "Un."})
    assert (words.summary, words.image_alt) == ("Bref.", "Une carte")


def test_a_current_translation_is_done_block_by_block() -> None:
    found = sheet(EN, FR, EN)
    assert all(unit.done and unit.previous is None for unit in found.units)
    assert [unit.target for unit in found.body] == ["Un.", "Deux.", "Trois."]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        # One paragraph says something else.
        (
            "One.\n\nTwo, new.\n\nThree.",
            [("Un.", True, None), ("Deux.", False, "Two."), ("Trois.", True, None)],
        ),
        # One is added.
        (
            "One.\n\nTwo.\n\nAnd a half.\n\nThree.",
            [
                ("Un.", True, None),
                ("Deux.", True, None),
                (None, False, None),
                ("Trois.", True, None),
            ],
        ),
        # One is taken out.
        ("One.\n\nThree.", [("Un.", True, None), ("Trois.", True, None)]),
        # Two change places.
        (
            "Two.\n\nOne.\n\nThree.",
            [("Deux.", True, None), ("Un.", True, None), ("Trois.", True, None)],
        ),
        # One has become two.
        (
            "One.\n\nTwo,\n\nsplit.\n\nThree.",
            [
                ("Un.", True, None),
                ("Deux.", False, "Two."),
                (None, False, None),
                ("Trois.", True, None),
            ],
        ),
        # White space is no change, as for digests.
        (
            "One.\n\n\nTwo.\n\nThree, new.",
            [("Un.", True, None), ("Deux.", True, None), ("Trois.", False, "Three.")],
        ),
    ],
)
def test_only_what_has_changed_in_the_source_is_to_be_done_again(
    after: str, expected: list[tuple[str | None, bool, str | None]]
) -> None:
    found = sheet(changed(EN, body=after), FR, EN)
    assert body(found) == expected
    assert found.units[0].done


def test_a_changed_title_says_what_it_was() -> None:
    found = sheet(changed(EN, title="Late news"), FR, EN)
    assert found.units[0] == Unit(
        id="title", source="Late news", target="Nouvelles", previous="News"
    )
    assert all(unit.done for unit in found.units[1:])


def test_a_body_whose_blocks_do_not_match_goes_out_whole() -> None:
    was = changed(EN, body="One.\n\nTwo.")
    found = sheet(EN, FR, was)
    assert body(found) == [(FR.body, False, was.body)]
    assert found.words({"body": "Tout."}).body == "Tout."
    # Nobody knows what it was made from, and it has other blocks than the source.
    assert body(sheet(was, FR, None)) == [(FR.body, False, None)]
    # It is current, in other paragraphs.
    assert body(sheet(was, FR, was)) == [(FR.body, True, None)]


def test_a_translation_of_an_unknown_source_is_all_to_be_looked_at() -> None:
    found = sheet(EN, FR, None)
    assert body(found) == [("Un.", False, None), ("Deux.", False, None), ("Trois.", False, None)]


def test_a_very_long_body_that_has_changed_goes_out_whole_rather_than_be_compared_for_hours() -> (
    None
):
    blocks = [f"Block {number}." for number in range(sheets.MAX_COMPARED + 1)]
    long = changed(EN, body="\n\n".join(blocks))
    found = sheet(changed(long, body=long.body + "\n\nMore."), changed(FR, body=long.body), long)
    assert [unit.id for unit in found.body] == ["body"]


def test_a_draft_has_not_translated_what_is_still_in_the_words_of_the_source() -> None:
    half = changed(FR, body="Un.\n\nTwo.\n\nTrois.", summary="Short.")
    found = sheet(EN, half, None, begun=True)
    assert body(found) == [("Un.", True, None), (None, False, None), ("Trois.", True, None)]
    assert [unit.target for unit in found.units if unit.id == "summary"] == [None]
    # A name may be the same in both languages, once the text is more than a draft.
    assert [unit.target for unit in sheet(EN, half, EN).body] == ["Un.", "Two.", "Trois."]


def test_a_body_without_words_is_carried_over() -> None:
    assert sheet(changed(EN, body="🎉")).words({}).body == "🎉"
    assert sheet(changed(EN, body="🎉"), FR).words({}).body == FR.body


def test_a_new_translation_gets_an_address_from_its_title_and_an_old_one_keeps_its_own() -> None:
    assert sheet(EN).words({"title": "Où ?"}).slug == "où"
    assert sheet(EN, FR, EN).words({"title": "Où ?"}).slug == FR.slug


def test_where_nothing_is_translated_the_source_speaks() -> None:
    assert sheet(EN).words({"body.2": "Deux."}).body == "One.\n\nDeux.\n\nThree."


@settings(max_examples=100)
@given(bodies.STORED, bodies.STORED)
def test_an_untouched_sheet_of_a_current_text_is_that_text(source: str, target: str) -> None:
    was, before = changed(EN, body=source), changed(FR, body=target)
    assert sheet(was, before, was).words({}) == before


@settings(max_examples=100)
@given(bodies.STORED, bodies.STORED, bodies.STORED)
def test_whatever_has_changed_each_block_of_the_source_goes_out_once(
    source: str, target: str, previous: str
) -> None:
    found = sheet(changed(EN, body=source), changed(FR, body=target), changed(EN, body=previous))
    said = "".join(unit.source for unit in found.body)
    assert said in {"".join(blocks.split(source).texts), source}


@settings(max_examples=100)
@given(bodies.STORED, st.data())
def test_answers_stand_where_their_sources_stood(source: str, data: st.DataObject) -> None:
    found = sheet(changed(EN, body=source))
    answers = {unit.id: data.draw(bodies.STORED, label=unit.id) for unit in found.units}
    words = found.words(answers)
    assert words.title == characters.clean_line(answers["title"])
    rest = words.body
    for unit in found.body:
        _, there, rest = rest.partition(characters.clean_text(answers[unit.id]))
        assert there
