"""Editions: what a digest holds, in HTML and in plain text, in every language."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher import characters, languages, story
from publisher.config import Config
from publisher.mail.edition import Rendered, render_edition, title
from publisher.mail.links import LEAVE, PREFERENCES
from publisher.story import Label, Picture, Story
from tests import make

#: A Friday at seven in Brussels.
SLOT = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
NASTY = "</td><script>alert(1)</script> ]]> \"quoted\" 'single' & <b>bold</b>"


class Page(HTMLParser):
    """What a mail program would find in the HTML of an edition."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words += data

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def links(self) -> list[str]:
        return [attributes["href"] for attributes in self.of("a")]


def told(number: int, language: str, shown: str, config: Config, **changes: object) -> Story:
    row = make.publication(
        item_id=number,
        language=language,
        shown_language=shown,
        published=SLOT - timedelta(days=number),
    )
    words = make.text(shown, title=f"{make.TITLES[shown]} ({number})")
    told_ = story.tell(row, make.item(id=number), words, topics={}, config=config)
    return replace(told_, **changes)  # type: ignore[arg-type]


def stories(language: str, config: Config) -> list[Story]:
    """Return a story in the readers' language, one in each of the others, and a nasty one."""
    others = [shown for shown in make.LANGUAGES if shown != language]
    topics = (Label(key="labour", name="Labour & <work>"),)
    return [
        told(1, language, language, config, topics=topics),
        *(told(number, language, shown, config) for number, shown in enumerate(others, 2)),
        told(9, language, language, config, title=NASTY, summary=NASTY),
    ]


def rendered(language: str, entries: Sequence[Story], config: Config) -> Rendered:
    return render_edition(make.newsletter(), language, entries, slot=SLOT, config=config)


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Digest, November 27, 2026"),
        ("fr", "Lettre, 27 novembre 2026"),
        ("es", "Boletín, 27 de noviembre de 2026"),
        ("ar", "نشرة، 27 نوفمبر 2026"),
    ],
)
def test_the_subject_is_in_the_language_of_the_edition(
    config: Config, language: str, subject: str
) -> None:
    assert rendered(language, stories(language, config), config).subject == subject


def test_the_day_is_that_of_the_newsletters_zone(config: Config) -> None:
    late = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
    entries = stories("en", config)
    edition = render_edition(make.newsletter(), "en", entries, slot=late, config=config)
    assert edition.subject == "Digest, November 27, 2026"


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_html_says_the_language_and_direction_of_all_it_holds(
    config: Config, language: str
) -> None:
    entries = stories(language, config)
    page = Page(rendered(language, entries, config).html)
    (root,) = page.of("html")
    assert (root["lang"], root["dir"]) == (language, languages.direction(language))
    shown = [(entry.shown_language, languages.direction(entry.shown_language)) for entry in entries]
    # Some mail programs show only what is in the body, in a page of their own.
    (article,) = (entry for entry in page.of("div") if entry.get("role") == "article")
    assert (article["lang"], article["dir"]) == (language, languages.direction(language))
    # Each title stands in the contents, too.
    for tag, wanted in (("h2", shown), ("p", shown + shown)):
        marked = [(it["lang"], it["dir"]) for it in page.of(tag) if "lang" in it]
        assert marked == wanted, tag
        # Outlook knows no logical sides.
        sides = {"ltr": "left", "rtl": "right"}
        assert [it["align"] for it in page.of(tag) if "lang" in it] == [
            sides[running] for _, running in wanted
        ]
    assert "inline-start" not in edition_styles(page)


def edition_styles(page: Page) -> str:
    return " ".join(attributes.get("style", "") for _, attributes in page.tags)


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_titles_cannot_break_out_of_the_html(config: Config, language: str) -> None:
    nasty = told(9, language, language, config, title=NASTY, summary=NASTY)
    edition = rendered(language, [nasty, nasty], config)
    page = Page(edition.html)
    assert not {"script", "b", "iframe", "img"} & {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    contents, headings, summaries, preheader = 2, 2, 2, 2
    assert page.words.count(NASTY) == contents + headings + summaries + preheader


def test_names_of_topics_cannot_break_out_of_the_html(config: Config) -> None:
    edition = rendered("en", stories("en", config), config)
    assert "Labour & <work>" in Page(edition.html).words
    assert "Labour & <work>" in edition.text


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_html_and_text_tell_the_same(config: Config, language: str) -> None:
    entries = stories(language, config)
    edition = rendered(language, entries, config)
    page = Page(edition.html)
    strings = languages.strings(language)
    read_more, home = strings.text("read-more"), config.name(language)
    for entry in entries:
        assert entry.title in page.words
        assert entry.title in edition.text
        assert entry.notice in page.words
        assert entry.notice in edition.text
        assert entry.summary in page.words
        assert entry.summary in edition.text
        day = languages.date(entry.published, language, zone="Europe/Brussels")
        assert day in page.words
        assert day in edition.text
    links = page.links
    contents, titles, buttons, foot = 1, 1, 1, 3
    assert len(links) == (contents + titles + buttons) * len(entries) + foot
    assert all(link in edition.text.splitlines() for link in links)
    assert all(link.isascii() for link in links)
    assert edition.text.count(read_more) == len(entries) == page.words.count(read_more)
    # Each once in either part: slots, which are filled for each reader.
    for slot in (LEAVE, PREFERENCES):
        assert page.links.count(slot) == edition.html.count(slot) == edition.text.count(slot) == 1
    assert home in page.words
    assert home in edition.text


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_every_fallback_of_an_edition_is_labelled_and_nothing_else(
    config: Config, language: str
) -> None:
    entries = stories(language, config)
    edition = rendered(language, entries, config)
    notices = [entry.notice for entry in entries if entry.notice]
    assert len(notices) == 3
    assert (
        len([entry for entry in Page(edition.html).of("p") if entry.get("class") == "notice"]) == 3
    )
    assert re.findall(r"^\[(.+)\]$", edition.text, re.MULTILINE) == notices


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_the_text_part_is_plain_text(config: Config, language: str) -> None:
    entries = [entry for entry in stories(language, config) if entry.title != NASTY]
    text = rendered(language, entries, config).text
    assert not re.search(r"</?[a-z]|&[a-z]+;|&#", text.replace("<work>", ""))
    assert "\n\n\n\n" not in text
    assert text == text.strip() + "\n"
    assert "{" not in text


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        ("en", "1 news item", "5 news items"),
        ("fr", "1 actualité", "5 actualités"),
        ("es", "1 noticia", "5 noticias"),
        ("ar", "خبر واحد", "5 أخبار"),
    ],
)
def test_an_edition_counts_its_items_as_the_language_does(
    config: Config, language: str, one: str, many: str
) -> None:
    entries = stories(language, config)
    assert one in Page(rendered(language, entries[:1], config).html).words
    assert many in Page(rendered(language, entries, config).html).words


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_mail_leads_to_its_page_and_says_who_sent_it(config: Config, language: str) -> None:
    words = {tag: f"Rue de l’Exemple 1 ({tag})" for tag in make.LANGUAGES}
    config = make.config(config.folder, site={"imprint": words})
    entries = stories(language, config)
    letter = make.newsletter()
    edition = render_edition(letter, language, entries, slot=SLOT, config=config, issue_id=7)
    link = f"https://news.example.org/{language}/newsletters/digest/7/"
    page = Page(edition.html)
    assert link in page.links
    assert link in edition.text.splitlines()
    for words_ in (page.words, edition.text):
        assert languages.strings(language).text("view-in-browser") in words_
        assert f"Rue de l’Exemple 1 ({language})" in words_
    # What is not in the archive yet leads nowhere.
    plain = rendered(language, entries, make.config(config.folder))
    assert "/newsletters/" not in plain.html + plain.text
    assert "Exemple" not in plain.html + plain.text


@pytest.mark.parametrize(
    ("width", "height", "wanted"),
    # Outlook goes by the attributes: no wider than the sheet, and in proportion.
    [(1600, 900, ("536", "302")), (536, 100, ("536", "100")), (100, 50, ("100", "50"))],
)
def test_a_picture_has_a_whole_address_its_words_and_its_size(
    config: Config, width: int, height: int, wanted: tuple[str, str]
) -> None:
    shown = Picture(
        path="/media/é.png", type="image/png", width=width, height=height, length=1, alt='"A" & <b>'
    )
    entry = told(1, "fr", "ar", config, picture=shown)
    (image,) = Page(rendered("fr", [entry], config).html).of("img")
    assert image["src"] == "https://news.example.org/media/%C3%A9.png"
    assert (image["width"], image["height"]) == wanted
    assert image["alt"] == '"A" & <b>'
    assert (image["lang"], image["dir"]) == ("ar", "rtl")


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_link_to_a_page_in_another_language_says_so(config: Config, language: str) -> None:
    shown = "es" if language == "en" else "en"
    entry = told(1, language, shown, config, path=f"/{shown}/items/1-x/")
    edition = rendered(language, [entry, told(2, language, language, config)], config)
    links = [link for link in Page(edition.html).of("a") if "/items/" in link["href"]]
    assert [link.get("hreflang") for link in links].count(shown) == 3
    assert [link.get("hreflang") for link in links].count(None) == 3


def test_five_and_twenty_long_stories_stay_far_from_where_gmail_cuts(config: Config) -> None:
    entries = [told(n, "ar", "ar", config, summary="كرامة عبر الحدود " * 16) for n in range(1, 26)]
    assert len(rendered("ar", entries, config).html.encode()) < 80_000


def test_our_words_say_their_language_where_it_is_not_the_readers(config: Config) -> None:
    hebrew = make.config(config.folder, site={"languages": ("he", "en"), "name": {"he": "חדשות"}})
    row = make.publication(language="he", shown_language="he")
    words = make.text("he", title="כותרת", body="גוף")
    entry = story.tell(row, make.item(), words, topics={}, config=hebrew)
    letter = make.newsletter(languages=("he", "en"), names={"he": "עלון"})
    page = Page(render_edition(letter, "he", [entry], slot=SLOT, config=hebrew).html)
    marked = [it for tag in ("p", "a") for it in page.of(tag) if it.get("lang") == "en"]
    assert len(marked) >= 4
    assert {(it["dir"], it["align"]) for it in marked} == {("ltr", "left")}


def test_a_single_story_needs_no_table_of_contents(config: Config) -> None:
    edition = rendered("en", stories("en", config)[:1], config)
    assert "In this issue" not in Page(edition.html).words
    links = Page(edition.html).links
    assert links.count("https://news.example.org/en/items/1-dignity-en/") == 2


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_styles_are_inlined_and_nothing_is_loaded_from_elsewhere(
    config: Config, language: str
) -> None:
    edition = rendered(language, stories(language, config), config)
    page = Page(edition.html)
    assert all("style" in entry for entry in page.of("td") + page.of("h2"))
    assert "@media" in edition.html
    assert "prefers-color-scheme: dark" in edition.html
    # Where readers look for it (HTML Living Standard, 4.2.5.4).
    assert edition.html.index('<meta charset="utf-8">') < 1024
    # For Outlook: its own resolution, and a table that is no wider than the sheet.
    assert edition.html.count("<!--[if mso]>") == edition.html.count("<![endif]-->") == 3
    assert not page.of("link")
    assert not any("src" in attributes for _, attributes in page.tags)
    assert not re.search(r"url\(|@import", edition.html)


def test_the_preheader_names_the_stories_and_is_short(config: Config) -> None:
    entries = stories("fr", config)
    edition = rendered("fr", entries, config)
    assert edition.preheader.startswith(f"{entries[0].title} · {entries[1].title}")
    assert len(edition.preheader) <= 140
    assert edition.preheader.endswith("…")
    assert edition.preheader in Page(edition.html).words
    short = rendered("fr", entries[:1], config)
    assert short.preheader == entries[0].title


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_the_same_stories_give_the_same_bytes(config: Config, language: str) -> None:
    first = rendered(language, stories(language, config), config)
    again = rendered(language, stories(language, config), config)
    assert (first, first.sha256) == (again, again.sha256)


@pytest.mark.parametrize("field", ["subject", "preheader", "html", "text"])
def test_the_digest_of_an_edition_sees_every_part_of_it(config: Config, field: str) -> None:
    edition = rendered("en", stories("en", config), config)
    changed = replace(edition, **{field: getattr(edition, field) + " "})
    assert changed.sha256 != edition.sha256
    assert len(edition.sha256) == 64


@pytest.mark.parametrize(
    ("names", "language", "shown"),
    [
        ({"en": "Digest", "fr": "Lettre"}, "fr", "Lettre"),
        ({"en": "Digest", "fr": "Lettre"}, "ar", "Digest"),
        ({"fr": "Lettre"}, "ar", "Lettre"),
        ({"en": "Digest", "fr": "Lettre"}, "fr-CA", "Lettre"),
        ({}, "en", "digest"),
    ],
)
def test_a_newsletter_is_called_by_its_nearest_name(
    config: Config, names: dict[str, str], language: str, shown: str
) -> None:
    assert title(make.newsletter(names=names), config.chain(language)) == shown


TITLES = st.text(min_size=1, max_size=40).map(characters.clean_line).filter(bool)


@settings(max_examples=30)
@given(st.lists(TITLES, min_size=1, max_size=4), st.sampled_from(make.LANGUAGES))
@example(["</title>", "<!--", "-->", "<![CDATA["], "ar")
@example(["{{ 7 * 7 }}", "{% endfor %}", "%s {0}", "\\"], "en")
@example(["</style><script>", "&lt;", "&amp;", "&#60;"], "fr")
def test_any_title_is_read_in_both_parts_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, titles: list[str], language: str
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    entries = [
        told(number, language, language, config, title=title_, path=f"/{language}/{number}/")
        for number, title_ in enumerate(titles, 1)
    ]
    edition = rendered(language, entries, config)
    page = Page(edition.html)
    plain = rendered(language, [replace(entry, title="Title") for entry in entries], config)
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in Page(plain.html).tags]
    for title_ in titles:
        assert title_ in page.words
        assert f"\n{title_}\n" in edition.text
    assert edition.subject == plain.subject
