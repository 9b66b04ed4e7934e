"""HTML becomes text that people can edit: nothing of it is lost, and nothing else runs."""

import html
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher import characters, markup
from publisher.errors import InputError
from publisher.ingest.commonmark import from_html, plain
from publisher.ingest.links import absolute
from publisher.ingest.trees import MAX_ELEMENTS, MAX_HTML, html_tree, xml_bytes, xml_tree

BASE = "https://example.org/news/"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("<p>One</p><p>two</p>", "One\n\ntwo"),
        ("One<br><br>two<br>three", "One\n\ntwo\\\nthree"),
        ("<h1>A</h1><h3>B #</h3>", "# A\n\n### B \\#"),
        ("<b>bold</b> <i>it</i> <del>gone</del>", "**bold** *it* ~~gone~~"),
        # Spaces do not belong into emphasis.
        ("a<b> b </b>c", "a **b** c"),
        ("<b><i>x</i> y</b>", "***x* y**"),
        # Here the signs would be plain signs.
        ("他<b>“强”</b>说", "他“强”说"),
        ("<b>a</b><i>b</i>", "**a**b"),
        ("<b><p>apart</p></b>", "apart"),
        (
            "<a href=x?a=1&amp;copy;=2>l</a>",
            "[l](https://example.org/news/x?a=1\\&copy;=2)",
        ),
        ("<a href='/a b(1)'>l</a>", "[l](https://example.org/a%20b%281%29)"),
        ("<a href=javascript:x()>l</a>", "l"),
        ("<a href=x><h3>Card</h3><p>text</p></a>", "[Card text](https://example.org/news/x)"),
        (
            "<a href=x><img src=i.png alt='a [b]'></a>",
            "[![a \\[b\\]](https://example.org/news/i.png)](https://example.org/news/x)",
        ),
        ("!<a href=/x>l</a>", "\\![l](https://example.org/x)"),
        ("<img src=/i.png width=1 height=1>x", "x"),
        ("<img src=data:x data-src=/i.png>", "![](https://example.org/i.png)"),
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c"),
        ("<ol start=3><li>a<p>b</p><li>c</ol>", "3. a\n\n   b\n\n4. c"),
        ("<ul><li>a</ul><ul><li>b</ul>", "- a\n\n* b"),
        ("<blockquote><p>a<p>b</blockquote>", "> a\n>\n> b"),
        ("<pre>a\n  ``` b</pre>", "````\na\n  ``` b\n````"),
        ("<code>a`b</code>", "``a`b``"),
        ("<hr>", "---"),
        (
            "<table><caption>C</caption><tr><th>a|b<td>c<br>d<tr><td>e</table>",
            "C\n\n| a\\|b | c d |\n| --- | --- |\n| e |  |",
        ),
        ("<table><tr><td><p>a</p><p>b</p></table>", "a\n\nb"),
        (
            "<table><tr><td>a<td><table><tr><td>b<td>c</table></table>",
            "a\n\n| b | c |\n| --- | --- |",
        ),
        # What would be a list, a heading or a rule.
        (
            "1. a<br>- b<br>=== <br># c<br>+<br>-- | --",
            "1\\. a\\\n\\- b\\\n\\===\\\n\\# c\\\n\\+\\\n\\-- | --",
        ),
        (
            "a_b _c_ 2 * 3 ~~ [x] &lt;http://a> &amp;amp;",
            "a_b \\_c\\_ 2 \\* 3 \\~\\~ \\[x\\] \\<http://a> \\&amp;",
        ),
        ("<p>a\n   b\t c&nbsp;d</p>", "a b c\xa0d"),
        ("<script>x</script><style>y</style><form>z</form><!-- c -->a", "a"),
        ("<iframe src=https://x.example></iframe><object>o</object>", ""),
        ("<math><mi>x</mi></math><svg><text>y</text></svg>", ""),
        ("", ""),
        ("<p>بئر <b>جديدة</b></p>", "بئر **جديدة**"),
    ],
)
def test_html_becomes_commonmark(given: str, text: str) -> None:
    assert from_html(given, BASE) == text


def test_what_stands_deep_within_is_plain_text() -> None:
    assert from_html("<div>" * 200 + "deep <b>down</b>" + "</div>" * 200).split() == [
        "deep",
        "down",
    ]


def test_titles_are_one_line_without_signs() -> None:
    assert plain("A <b>b</b><br>c<p>d</p><script>e</script> * f &amp; g") == "A b c d * f & g"


INLINE = st.text("ab 1.*_~`[]()!<>&#-+=|:\\;\"'“。é中ب$\n", max_size=8).map(html.escape)
INLINE |= st.sampled_from(["&amp;copy;", "1. ", "- ", "# ", "---", " | ", "a@b.c", "<br>"])
TAGS = ["b", "i", "em", "strong", "del", "span", "code", "a href='https://x.org/?a=1&copy;=2'"]


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag.split()[0]}>",
        st.sampled_from(TAGS),
        st.lists(inner, max_size=4),
    )


BLOCKS = st.builds(
    lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>",
    st.sampled_from(["p", "h2", "blockquote", "div", "ul><li", "table><tr><td"]),
    st.lists(st.recursive(INLINE, wrapped, max_leaves=8), max_size=5),
)


def words(given: str) -> str:
    """Return the text of HTML without its white space."""
    return "".join("".join(html_tree(given).itertext()).split())


@settings(max_examples=300)
@given(st.lists(BLOCKS, max_size=4).map("".join))
@example("<p><b><i>1</i><b>:</b><i>:</i></b></p>")
@example("<p>1<b><del>1</del></b></p>")
@example("<p><code>1</code><code>&amp;copy;</code></p>")
def test_no_word_is_lost_and_no_sign_is_added(given: str) -> None:
    assert words(markup.html(from_html(given))) == words(given)


@settings(max_examples=200)
@given(st.text("<>/abpiultrd=\"' &;#x0\x00\ud800\n-!", max_size=80))
def test_whatever_stands_for_html_the_text_is_clean(given: str) -> None:
    text = from_html(given, BASE)
    assert text == characters.clean_text(text)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("x" * (MAX_HTML + 1), "HTML: has 3000001 characters, 3000000 at the most"),
        ("<b>" * 3 + "<i></i>" * MAX_ELEMENTS, "HTML: has 20005 elements, 20000 at the most"),
        (f"<p {' '.join(f'a{n}' for n in range(300))}>", "HTML: an element has more than 200"),
        (f"<p x='>' {' '.join(f'a{n}' for n in range(300))}>", "HTML: an element has more than"),
    ],
)
def test_what_is_too_large_to_be_news_is_refused(given: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        from_html(given)
    assert str(refused.value).startswith(told)


@pytest.mark.parametrize(
    ("written", "base", "found"),
    [
        ("a", BASE, "https://example.org/news/a"),
        ("//other.example/a", BASE, "https://other.example/a"),
        ("mailto:a@b.example", "", "mailto:a@b.example"),
        ("a", "", ""),
        ("", BASE, ""),
        ("data:text/html,x", BASE, ""),
        ("java\nscript:x", BASE, ""),
        ("http://[", BASE, ""),
        # What has to be escaped in it makes it none.
        ("http://[fe80::1%a b]/", BASE, ""),
        ("http://[\t::1]/", "", ""),
        ('/a"b<c>', BASE, "https://example.org/a%22b%3Cc%3E"),
    ],
)
def test_only_addresses_of_the_web_and_of_mail_remain(written: str, base: str, found: str) -> None:
    assert absolute(written, base) == found


@settings(max_examples=200)
@given(st.binary(max_size=80) | st.text('<>&;"a=!?[]-CDAT/ ', max_size=80).map(str.encode))
@example(b"<a>x</a>")
def test_any_bytes_are_a_tree_or_refused(content: bytes) -> None:
    with suppress(InputError):
        root: Any = xml_tree(content)
        assert xml_tree(xml_bytes(root)) is not None
