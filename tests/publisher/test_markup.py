"""Markup: what goes in may be hostile; what comes out is safe, readable and fits everywhere."""

import re
import unicodedata
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from publisher import characters, markup
from tests import make
from tests.attacks import ANY

FORBIDDEN_TAGS = {
    *("script", "style", "iframe", "object", "embed", "form", "input", "button", "svg", "math"),
    *("link", "meta", "base", "template", "noscript", "frame", "h1", "html", "body"),
}


class Tags(HTMLParser):
    """What a browser would find in a piece of HTML: its tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def assert_harmless(html: str) -> None:
    for tag, attributes in Tags(html).found:
        assert tag not in FORBIDDEN_TAGS
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in {"href", "src"}:
                assert urlsplit(value.strip()).scheme in {"", "http", "https", "mailto"}, value
            if name == "style":
                assert value.replace(" ", "").startswith("text-align:"), value
                assert ";" not in value.rstrip("; "), value


@settings(max_examples=300)
@given(ANY)
@example('<a href="java&#12;script:alert(1)">')
@example('<a href="java&#xFDD0;script:alert(1)">')
@example('<svg><p><style><a id="</style><img src=1 onerror=alert(1)>">')
@example(
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=x>'>"
)
@example("<noscript><p title='</noscript><img src=x onerror=alert(1)>'>")
def test_foreign_html_comes_out_harmless_and_cleaning_again_takes_nothing(text: str) -> None:
    cleaned = markup.clean_html(text)
    assert_harmless(cleaned)
    # Not the same bytes: parsing moves what is nested wrongly, such as links around tables.
    again = markup.clean_html(cleaned)
    assert ingredients(again) == ingredients(cleaned)


def ingredients(html: str) -> tuple[set[tuple[str, str]], str]:
    """Return the tags of a piece of HTML with their attributes, and the letters of its text."""
    tags = Tags(html)
    found = {(tag, str(sorted(attributes.items()))) for tag, attributes in tags.found}
    return found, "".join(sorted("".join(tags.words)))


@settings(max_examples=300)
@given(ANY)
@example('[x](<javascript:alert(1)> "t")')
@example("![x](&#x6A;avascript:alert(1))")
def test_markdown_comes_out_harmless_and_stays_as_it_is(text: str) -> None:
    rendered = markup.html(text)
    assert_harmless(rendered)
    assert markup.clean_html(rendered) == rendered


@settings(max_examples=300)
@given(ANY)
@example("form feed&#12;, noncharacters&#xFFFE;&#xFDD0;, C1&#x80;, NUL&#0;")
def test_the_html_of_any_text_can_stand_in_a_feed(text: str) -> None:
    rendered = markup.html(text)
    element = etree.Element("content")
    element.text = rendered
    assert (etree.fromstring(etree.tostring(element)).text or "") == rendered


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("# Title", "<h2>Title</h2>\n"),
        ("### Section", "<h3>Section</h3>\n"),
        ("*a* **b** ~~c~~", "<p><em>a</em> <strong>b</strong> <s>c</s></p>\n"),
        ("AT&T < ILO", "<p>AT&amp;T &lt; ILO</p>\n"),
        ("<b>raw</b>", "<p>&lt;b&gt;raw&lt;/b&gt;</p>\n"),
        ("3. c\n4. d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>\n'),
        (
            "[ILO](https://ilo.org/?a=1&b=2)",
            '<p><a href="https://ilo.org/?a=1&amp;b=2" rel="noopener">ILO</a></p>\n',
        ),
        ('![map](/m.png "M")', '<p><img src="/m.png" alt="map" title="M"></p>\n'),
    ],
)
def test_markdown_becomes_the_html_of_news(written: str, shown: str) -> None:
    assert markup.html(written) == shown


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("b.html", "https://x.org/en/1-t%C3%A9/b.html"),
        ("../b?c=d", "https://x.org/en/b?c=d"),
        ("/b", "https://x.org/b"),
        ("//y.org/b", "https://y.org/b"),
        ("#b", "https://x.org/en/1-t%C3%A9/#b"),
        ("ü", "https://x.org/en/1-t%C3%A9/%C3%BC"),
        ("https://y.org/?b", "https://y.org/?b"),
        ("mailto:a@b.org", "mailto:a@b.org"),
        ("http://[", None),
        ("javascript:b", None),
    ],
)
def test_a_relative_link_is_made_absolute_by_where_the_text_stands(
    written: str, found: str | None
) -> None:
    base = "https://x.org/en/1-t%C3%A9/"
    ((_, link),) = Tags(markup.html(f"[a]({written})", base=base)).found[1:] or [("", {})]
    assert link.get("href") == found
    if found and not written.startswith("mailto"):
        ((_, picture),) = Tags(markup.html(f"![a]({written})", base=base)).found[1:]
        assert picture["src"] == found


@given(ANY)
def test_links_made_absolute_leave_the_text_and_what_is_kept_of_it_as_they_are(text: str) -> None:
    before = markup.html(text)
    absolute = markup.html(text, base="https://x.org/en/")
    assert Tags(absolute).words == Tags(before).words
    assert [tag for tag, _ in Tags(absolute).found] == [tag for tag, _ in Tags(before).found]
    assert markup.html(text) == before == markup._html(text)


@given(ANY, st.text("ax/:?#.%é@", max_size=20))
@example("", "a")
def test_with_a_base_every_link_of_any_text_is_absolute(text: str, written: str) -> None:
    links = f"[a]({written}) ![a]({written})\n\n"
    for _, attributes in Tags(markup.html(links + text, base="https://x.org/en/")).found:
        for name in {"href", "src"} & attributes.keys():
            assert re.match("(https?|mailto):", attributes[name])


def test_a_table_on_a_page_has_a_frame_and_classes_in_place_of_styles() -> None:
    shown = markup.framed(markup.html("|a|b|\n|:--|--:|\n|1|2|"), table='"Tableau" & <b>')
    assert shown.startswith(
        '<div class="table" role="group" tabindex="0" aria-label="&quot;Tableau&quot; &amp; &lt;b'
        '&gt;"><table>'
    )
    assert shown.rstrip().endswith("</table></div>")
    assert '<th class="left">a</th>' in shown
    assert '<td class="right">2</td>' in shown
    assert "style" not in shown


@pytest.mark.parametrize(
    "text",
    [
        'style="text-align:right"',
        '`<table>` <td style="text-align:right">',
        '![<table><td style="text-align:right">](https://a.example/i.png "</table>")',
    ],
)
def test_words_that_look_like_a_table_stay_words(text: str) -> None:
    safe = markup.html(text)
    assert markup.framed(safe, table="Table") == safe


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_words_of_every_script_come_through(language: str) -> None:
    body = make.BODIES[language]
    words = body.replace("*", "")
    assert "".join(Tags(markup.html(body)).words).strip() == words
    assert markup.plain(body) == words
    assert characters.clean_line(body) == body
    assert characters.clean_text(body) == body


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("A *b* **c** `d` ~~e~~", "A b c d e"),
        ("## Head\n\nText", "Head\n\nText"),
        ("AT&amp;T &lt;b&gt;", "AT&T <b>"),
        ("- a\n- b", "- a\n\n- b"),
        ("3. c\n4. d", "3. c\n\n4. d"),
        ("- a\n  - b\n    1. c\n- d", "- a\n\n  - b\n\n    1. c\n\n- d"),
        ("-\n- b\n\nafter", "- b\n\nafter"),
        ("- ```\n  code\n  ```\n\nafter", "code\n\nafter"),
        ("> said", "said"),
        ("[ILO](https://ilo.org)", "ILO <https://ilo.org>"),
        ("[**ILO** site](https://ilo.org 'T')", "ILO site <https://ilo.org>"),
        ("<https://ilo.org>", "https://ilo.org"),
        ("<desk@ilo.org>", "desk@ilo.org"),
        ("[](https://ilo.org)", "<https://ilo.org>"),
        ("![a *map*](/m.png)", "a map"),
        ("one\ntwo", "one two"),
        ("one  \ntwo", "one\ntwo"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a\n\nb\n\n1\n\n2"),
        ("---", ""),
        ("", ""),
    ],
)
def test_plain_text_is_what_is_read_aloud_with_its_lists_and_links(written: str, read: str) -> None:
    assert markup.plain(written) == read


WORD = st.text(st.characters(categories=("Lu", "Ll", "Lo")), min_size=1, max_size=9).filter(
    lambda word: unicodedata.is_normalized("NFC", word)
)
FRAMES = ["{}", "*{}*", "**{}**", "- {}", "1. {}", "> {}", "## {}", "[{}](https://x.org)", "~~{}~~"]


@given(st.lists(st.tuples(st.sampled_from(FRAMES), st.lists(WORD, min_size=1)), max_size=8))
def test_no_word_is_lost_on_the_way_to_plain_text(blocks: list[tuple[str, list[str]]]) -> None:
    written = "\n\n".join(frame.format(" ".join(words)) for frame, words in blocks)
    plain = markup.plain(written).replace("<https://x.org>", "").split()
    signs = {"-", *(f"{number}." for number in range(10))}
    assert [word for word in plain if word not in signs] == [
        word for _, words in blocks for word in words
    ]


@given(ANY)
def test_any_text_has_a_plain_form_and_a_summary(text: str) -> None:
    assert isinstance(markup.plain(text), str)
    summary = markup.summary(text, limit=40)
    assert len(summary) <= 40
    assert characters.clean_line(summary) == summary


@given(st.lists(WORD, min_size=1, max_size=60), st.integers(10, 80))
def test_a_summary_is_cut_between_words(words: list[str], limit: int) -> None:
    line = " ".join(words)
    summary = markup.summary(line, limit=limit)
    assert len(summary) <= limit
    if len(line) <= limit:
        assert summary == line
    else:
        *whole, last = summary.removesuffix("…").split(" ")
        assert summary.endswith("…")
        assert whole == words[: len(whole)]
        # A word of which most would fit is cut, rather than leave a gap.
        word = words[len(whole)]
        assert last == word or (word.startswith(last) and len(last) >= limit // 5)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Dignity across borders", "dignity-across-borders"),
        ("La dignité par-delà les frontières !", "la-dignité-par-delà-les-frontières"),
        ("¿Qué es la OIT?", "qué-es-la-oit"),
        ("كرامة عبر الحدود", "كرامة-عبر-الحدود"),
        ("كَرَامَة", "كَرَامَة"),
        ("हिन्दी में समाचार", "हिन्दी-में-समाचार"),
        ("Straße", "strasse"),
        ("../../etc/passwd", "etc-passwd"),
        ("2013: 10 years", "2013-10-years"),
        ("?!", ""),
        # Where no spaces are written the beginning is no name: as much as fits.
        ("2026年 " + "国际天主教移民委员会" * 7, "2026年-" + ("国际天主教移民委员会" * 7)[:54]),
        ("x" * 59 + "हिन्दी" * 3, "x" * 59),
        (f"{'long' * 8}-{'words' * 9}", "long" * 8),
    ],
)
def test_a_slug_keeps_the_words_of_every_script(title: str, slug: str) -> None:
    assert markup.slug(title) == slug


@settings(max_examples=300)
@given(ANY | st.text(min_size=50, max_size=200))
@example("word-" * 20)
@example("\U0001d552" * 70)
def test_a_slug_fits_an_address_and_a_file_name(text: str) -> None:
    slug = markup.slug(text)
    assert {unicodedata.category(letter)[0] for letter in slug.replace("-", "")} <= set("LNM")
    assert len(slug) <= 60
    assert len(slug.encode()) <= 240
    assert not slug.startswith("-")
    assert not slug.endswith("-")
    assert markup.slug(slug) == slug


def test_links_in_plain_text_are_whole_where_there_is_an_address_to_begin_them() -> None:
    base = "https://a.example/fr/items/1/"
    written = (
        "[one](/x) [two](y#z) [three](https://b.example/) <mailto:c@b.example> [bad](http://[x)"
    )
    assert markup.plain(written, base=base) == (
        "one <https://a.example/x> two <https://a.example/fr/items/1/y#z> "
        "three <https://b.example/> mailto:c@b.example bad <http://%5Bx>"
    )
    assert markup.plain("[one](/x)") == "one </x>"
