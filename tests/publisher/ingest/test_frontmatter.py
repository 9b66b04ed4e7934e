"""Front matter: three forms are read, without guesses, and nothing else passes for one."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher.errors import InputError
from publisher.ingest.frontmatter import MAX_CHARACTERS, join, split
from tests import bodies


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("---\ntitle: News\nlang: fr\n---\nBody", {"title": "News", "lang": "fr"}),
        ("---  \nTitle: News\n---\t\nBody", {"title": "News"}),
        ("---\ntopics: [a, b]\n---\nBody", {"topics": ["a", "b"]}),
        ("---\ntopics:\n  - a\n  - b\n---\nBody", {"topics": ["a", "b"]}),
        ("---\nsummary: >\n  one\n  two\n---\nBody", {"summary": "one two\n"}),
        ("---\ntranslationKey: a\n---\nBody", {"translationkey": "a"}),
        ("---\ntitle: كرامة\n---\nBody", {"title": "كرامة"}),
        ('+++\ntitle = "News"\ndraft = true\n+++\nBody', {"title": "News", "draft": True}),
        ('+++\ntopics = ["a", "b"]\n+++\nBody', {"topics": ["a", "b"]}),
        ("Title: News\nDate: 2013-12-18\n\nBody", {"title": "News", "date": "2013-12-18"}),
        ("Title: ILO: what next?\n\nBody", {"title": "ILO: what next?"}),
        ("Title: News\nSummary: one\n    two\n\nBody", {"title": "News", "summary": "one two"}),
    ],
)
def test_yaml_toml_and_pelican_headers_are_read(text: str, fields: Mapping[str, Any]) -> None:
    found, body = split(text)
    assert found == fields
    assert body.strip() == "Body"


@pytest.mark.parametrize(
    "value", ["no", "on", "null", "~", "1.10", "0x1f", "2013-12-18", "12:30", "1e3", "yes"]
)
def test_yaml_values_stay_as_they_were_written(value: str) -> None:
    found, _ = split(f"---\nlang: {value}\n---\nBody")
    assert found == {"lang": value}


QUOTES = "put the value between quotation marks"


@pytest.mark.parametrize(
    "head",
    [
        "title: Report #3 is out",
        "lang: fr\nsummary: #water for all",
        "lang: ar\nImage_Alt: بئر # ماء",
    ],
)
def test_what_people_are_to_read_is_never_cut_off_as_a_comment(head: str) -> None:
    with pytest.raises(InputError) as refused:
        split(f"---\n{head}\n---\nBody")
    number = next(n for n, line in enumerate(head.split("\n"), start=2) if "#" in line)
    assert refused.value.reason.startswith(f"line {number}: ")
    assert QUOTES in refused.value.reason


def test_comments_on_lines_of_their_own_and_behind_codes_are_passed_over() -> None:
    own = '# all\ntitle: "Report #3"\n# its kind\nsummary: C#\n'
    behind = "kind: news # or event\nweight: 10 # Hugo\ntopics: [a] # one\n"
    found, _ = split(f"---\n{own}{behind}---\nBody")
    assert found == {
        "title": "Report #3",
        "kind": "news",
        "weight": "10",
        "summary": "C#",
        "topics": ["a"],
    }


@pytest.mark.parametrize(
    "line",
    ["title: Kassala : un puits", 'title: "Water" says the minister', "title: *Water* for all"],
)
def test_a_title_that_yaml_cannot_read_is_told_how_to_be_mended(line: str) -> None:
    with pytest.raises(InputError) as refused:
        split(f"---\n{line}\n---\nBody")
    assert "line 2" in refused.value.reason
    assert QUOTES in refused.value.reason
    mended = line.partition(": ")[2].replace('"', '\\"')
    found, _ = split(f'---\ntitle: "{mended}"\n---\nBody')
    assert found == {"title": line.partition(": ")[2]}


def test_a_fence_within_the_text_ends_nothing() -> None:
    _, body = split("---\ntitle: News\n---\nBefore\n\n---\n\nAfter\n")
    assert body == "Before\n\n---\n\nAfter\n"


def test_a_pelican_value_keeps_characters_at_which_some_break_lines() -> None:
    found, _ = split("Title: one\x0ctwo: three\n\nBody")
    assert found == {"title": "one\x0ctwo: three"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is missing: write 'title: ...' between two --- lines"),
        ("# Title\n\nBody", "is missing"),
        ("---\ntitle: News\nBody", "is missing"),
        ("Title: News\nBody", "is missing"),
        ("---\n---\nBody", "is not a list of 'key: value' lines"),
        ("---\n- a\n- b\n---\nBody", "is not a list of 'key: value' lines"),
        ("---\ntitle: 'News\n---\nBody", "is not YAML: line 3: found unexpected end of stream"),
        ("---\ntitle: a\nlang: b: c\n---\n", "is not YAML: line 3: mapping values"),
        ("---\na: &x 1\nb: *x\n---\n", "is not YAML: line 3: aliases (*name) are not read"),
        ("---\na: &a [*a]\n---\n", "is not YAML: line 2: aliases"),
        ('---\na: "\\UFFFFFFFF"\n---\n', "is not YAML: an escape such as"),
        ("---\na: b\x01\n---\n", "holds the character U+0001: remove it"),
        (f"---\na: {'[' * 9999}\n---\n", "opens more than 50 brackets"),
        ("+++\ntitle = \n+++\nBody", "is not TOML: Invalid value (at line 1"),
        (f"+++\na = {'1' * 5000}\n+++\n", "is not TOML: a number is too large"),
        (f"+++\na = {'[' * 9999}\n+++\n", "opens more than 50 brackets"),
        (f"---\na: {'b' * MAX_CHARACTERS}\n---\n", "is longer than 65536 characters"),
    ],
)
def test_what_is_no_front_matter_is_refused_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(InputError) as refused:
        split(text)
    assert refused.value.source == "front matter"
    assert refused.value.reason.startswith(reason)
    assert "\n" not in refused.value.reason


FORMS = ["---\n{}\n---\n", "+++\n{}\n+++\n", "Title: {}\n\n", "{}"]


@given(
    st.sampled_from(FORMS),
    st.text(
        st.sampled_from([*"ab:-[]{}&*!|>'\"%@`#?, \n\t\\xU0=."]) | st.characters(), max_size=40
    ),
)
@example("---\n{}\n---\n", "? [a]\n: b")
@example("---\n{}\n---\n", "%YAML 9.9\n---\na: b")
@example("---\n{}\n---\n", '"\\uD800": "\\uDFFF"')
@example("+++\n{}\n+++\n", "a = 2013-02-30")
def test_any_front_matter_is_read_or_refused(form: str, head: str) -> None:
    with suppress(InputError):
        found, body = split(form.format(head))
        assert [key.lower() for key in found] == list(found)
        assert form.format(head).endswith(body)


FIELDS = st.dictionaries(
    st.sampled_from(["title", "summary", "lang", "topics", "date"]),
    bodies.TITLES | st.lists(bodies.TITLES, max_size=3).map(tuple),
)


@settings(max_examples=300)
@given(FIELDS.filter(bool), bodies.STORED)
def test_what_is_put_together_is_split_into_the_same(
    fields: dict[str, str | tuple[str, ...]], body: str
) -> None:
    data, text = split(join(fields, body))
    assert {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
    } == (fields)
    assert text.strip("\n") == body.strip("\n")


def test_each_field_stands_on_a_line_of_its_own_in_its_own_letters() -> None:
    title = "كرامة 🎉 " + "long " * 50 + "end"
    written = join({"title": title, "topics": ("Labour, migration", "b")}, "Body.")
    assert written.split("\n") == [
        "---",
        f"title: {title}",
        "topics: ['Labour, migration', b]",
        "---",
        "",
        "Body.",
        "",
    ]
