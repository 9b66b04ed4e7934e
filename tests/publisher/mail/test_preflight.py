"""The pre-flight: an edition that is right passes, and each fault is found by itself."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import languages, story
from publisher.config import Config
from publisher.mail import page
from publisher.mail.edition import Rendered, render_edition
from publisher.mail.finding import Proof
from publisher.mail.preflight import CLIPPED, LARGE, findings
from publisher.settings.mail import RelaySection
from publisher.story import Picture, Story
from tests import make

SLOT = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
SITE = "https://news.example.org"
HEAD = b"List-Unsubscribe: <mailto:news@example.org>\r\n\r\n"
PICTURE = Picture(
    path="/media/0f.png", type="image/png", width=1600, height=900, length=9, alt="Tents"
)
#: What the tests' site does not set, and says nothing of an edition.
RELAY = {"mail-host", "mail-sender"}


def told(language: str, config: Config, shown: str = "", **changes: Any) -> Story:
    row = make.publication(language=language, shown_language=shown or language)
    found = story.tell(row, make.item(), make.text(shown or language), topics={}, config=config)
    return replace(found, **changes)


def proof(config: Config, language: str = "en", **changes: Any) -> Proof:
    entries = [told(language, config, picture=PICTURE), told(language, config, title="Second")]
    letter = make.newsletter()
    rendered = render_edition(letter, language, entries, slot=SLOT, config=config, issue_id=1)
    values: dict[str, Any] = {
        "rendered": rendered,
        "language": language,
        "newsletter": letter,
        "config": config,
        "is_there": lambda _path: True,
        "message": HEAD,
    }
    return Proof(**{**values, **changes})


def codes(looked_at: Proof, level: str = "") -> set[str]:
    found = findings(looked_at)
    return {each.code for each in found if not level or each.level == level} - RELAY


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_an_edition_that_is_right_passes(config: Config, language: str) -> None:
    assert codes(proof(config, language)) == set()


@pytest.mark.parametrize(("domains", "is_asked_for"), [((), False), (("example.net",), True)])
def test_a_relay_for_all_senders_takes_the_place_of_the_one_nobody_named(
    config: Config, domains: tuple[str, ...], is_asked_for: bool
) -> None:
    relay = RelaySection(name="spare", host="relay.example.org", domains=domains)
    house = config.model_copy(update={"relays": (relay,)})
    found = {each.code for each in findings(proof(house))}
    assert ("mail-host" in found) is is_asked_for


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_labelled_fallback_passes(config: Config, language: str) -> None:
    other = "fr" if language == "en" else "en"
    # Its page is in the other language, too, where the feeds skip what digests fall back on.
    path = f"/{other}/items/1-x/"
    entries = [told(language, config, other, path=path), told(language, config)]
    rendered = render_edition(make.newsletter(), language, entries, slot=SLOT, config=config)
    assert codes(proof(config, language, rendered=rendered)) == set()


def html(old: str, new: str) -> Callable[[Rendered], Rendered]:
    """Return what puts something into the HTML; it must be there to be replaced."""

    def change(rendered: Rendered) -> Rendered:
        changed = re.sub(old, new, rendered.html, count=1)
        assert changed != rendered.html
        return replace(rendered, html=changed)

    return change


def fields(**values: str) -> Callable[[Rendered], Rendered]:
    return lambda rendered: replace(rendered, **values)


def without(line: str) -> Callable[[Rendered], Rendered]:
    def change(rendered: Rendered) -> Rendered:
        assert line in rendered.text
        return replace(rendered, text=rendered.text.replace(line, ""))

    return change


def added(words: str) -> Callable[[Rendered], Rendered]:
    return html(r'<td class="foot"[^>]*>', r"\g<0>" + words.replace("\\", r"\\"))


LINK = f"{SITE}/en/items/1-dignity-en/"
SPANISH = "La mayoría de los migrantes vive y trabaja en situación regular en el país."


@pytest.mark.parametrize(
    ("level", "code", "change"),
    [
        ("error", "subject-empty", fields(subject="")),
        ("warning", "subject-long", fields(subject="Digest " * 12)),
        ("warning", "subject-shouting", fields(subject="DIGEST OF NOVEMBER")),
        ("warning", "preheader-empty", fields(preheader="")),
        ("error", "lang-missing", html(r'<html lang="en"', "<html")),
        ("error", "lang-missing", html(r'<html lang="en"', '<html lang="fr"')),
        ("error", "lang-missing", added('<span lang="english!">x</span>')),
        ("error", "dir-missing", html(r'(<html lang="en") dir="ltr"', r"\1")),
        ("error", "dir-missing", added('<span lang="ar">كرامة</span>')),
        ("error", "alt-missing", html(r' alt="Tents"', "")),
        ("warning", "image-size", html(r' width="536"', "")),
        ("error", "image-address", html(r'src="[^"]*"', 'src="cid:1"')),
        ("error", "link-relative", added('<a href="/en/items/1/">x</a>')),
        ("error", "link-relative", added('<a href="javascript:x">x</a>')),
        ("error", "link-relative", added('<a href="http://[x">x</a>')),
        ("error", "link-language", added(f'<a href="{SITE}/fr/">x</a>')),
        ("warning", "link-language", added(f'<a href="{SITE}/fr/items/1-x/">x</a>')),
        ("error", "text-empty", fields(text=" \n")),
        ("error", "text-heading", without("Second")),
        ("error", "text-link", without(LINK)),
        ("warning", "text-link", added('<a href="https://elsewhere.example/">x</a>')),
        ("warning", "text-link", added('<a href="mailto:news@elsewhere.example">x</a>')),
        ("error", "size-clipped", added("x" * CLIPPED)),
        ("warning", "size-large", added("x" * LARGE)),
        ("warning", "leftover-language", added(f"<p>{SPANISH}</p>")),
        ("warning", "leftover-language", added(f'<p lang="fr">{SPANISH}</p>')),
    ],
)
def test_a_fault_is_found(
    config: Config, level: str, code: str, change: Callable[[Rendered], Rendered]
) -> None:
    right = proof(config)
    assert code in codes(replace(right, rendered=change(right.rendered)), level)


def test_words_that_say_their_language_are_left_over_by_nobody(config: Config) -> None:
    right = proof(config)
    change = added(f'<p lang="es" dir="ltr">{SPANISH}</p>')
    assert codes(replace(right, rendered=change(right.rendered))) == set()


def test_a_link_to_a_page_that_there_is_in_the_readers_language_is_an_error(
    config: Config,
) -> None:
    link = f'<a href="{SITE}/fr/items/1-x/">x</a>'
    right = proof(config, pages={(1, "en"): "/en/items/1-y/", (2, "en"): "/en/items/2-z/"})
    found = findings(replace(right, rendered=added(link)(right.rendered)))
    (said,) = (each for each in found if each.code == "link-language")
    assert said.level == "error"
    assert f"{SITE}/en/items/1-y/" in said.mend
    # Of a list that there is only in French nobody can do better.
    only = proof(config, is_there=lambda path: path != "/en/topics/work/")
    change = added(f'<a href="{SITE}/fr/topics/work/">x</a>')
    assert codes(replace(only, rendered=change(only.rendered)), "warning") == {"link-language"}


def test_a_link_says_of_itself_that_its_page_is_in_another_language(config: Config) -> None:
    right = proof(config)
    change = added(f'<a href="{SITE}/fr/items/1-x/" hreflang="fr">x</a>')
    changed = replace(change(right.rendered), text=f"{right.rendered.text}\n{SITE}/fr/items/1-x/")
    assert codes(replace(right, rendered=changed)) == set()


@pytest.mark.parametrize(
    ("path", "code"),
    [("/en/items/1-dignity-en/", "link-dead"), ("/media/0f.png", "image-dead")],
)
def test_what_the_site_does_not_have_is_found(config: Config, path: str, code: str) -> None:
    assert codes(proof(config, is_there=lambda asked: asked != path)) == {code}


def test_only_paths_on_the_site_are_asked_about(config: Config) -> None:
    asked: list[str] = []

    def ask(path: str) -> bool:
        asked.append(path)
        return True

    base = config.model_copy(update={"site": config.site.model_copy(update={"url": f"{SITE}/n"})})
    right = proof(base, is_there=ask)
    change = added(
        f'<a href="{SITE}/other/">x</a><a href="{SITE}/n/fr/a%20b/?q=1#top">x</a>'
        f'<a href="{SITE}/n">x</a><a href="{SITE}/news/">x</a>'
    )
    findings(replace(right, rendered=change(right.rendered)))
    assert {"/fr/a b/", "/"} <= {*asked}
    assert all(
        path.startswith(("/en/", "/fr/", "/media/", "/subscribe/")) or path == "/" for path in asked
    )


def test_a_mail_that_nobody_could_leave_by_is_found(config: Config) -> None:
    assert codes(proof(config, message=b"Subject: x\r\n\r\n"), "error") == {"unsubscribe-missing"}


def test_what_has_no_words_in_a_language_is_told(config: Config) -> None:
    german = make.config(config.folder, site={"languages": ("de", "en"), "name": {"en": "News"}})
    letter = make.newsletter(names={"en": "Digest"}, languages=("de", "en"))
    entries = [told("de", german), told("de", german)]
    rendered = render_edition(letter, "de", entries, slot=SLOT, config=german)
    found = findings(proof(german, "de", rendered=rendered, newsletter=letter))
    said = [(each.code, each.level, each.message) for each in found if each.code not in RELAY]
    assert sorted(said) == [
        ("name-missing", "warning", "the newsletter has no name in de"),
        ("name-missing", "warning", "the site has no name in de"),
        ("strings-language", "warning", "Tidings' own words are in en: it has none in de"),
    ]
    mends = [each.mend for each in found if "newsletter has no name" in each.message]
    assert mends == ["give it one: 'tidings newsletter set digest --name de=...'"]


def test_every_finding_says_where_and_what_to_do(config: Config) -> None:
    bad = Rendered(subject="", preheader="", html='<p><a href="x"><img src="y">', text="")
    found = findings(proof(config, rendered=bad, message=b""))
    assert [each.level for each in found] == sorted(each.level for each in found)
    assert all(each.where and each.message and each.mend for each in found)
    assert {"html:1"} <= {each.where for each in found}


def test_a_heading_with_a_link_in_it_is_told_in_the_text_as_well(config: Config) -> None:
    right = proof(config)
    change = added('<h3>See <a href="https://a.example/">this</a> now</h3>')
    text = f"{right.rendered.text}\nSee this <https://a.example/> now\n"
    changed = replace(change(right.rendered), text=text)
    assert codes(replace(right, rendered=changed)) == set()


def test_a_quotation_in_a_language_of_nobody_is_left_in_peace(config: Config) -> None:
    right = proof(config)
    latin = "Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae, aliam Aquitani."
    change = added(f'<p lang="la" dir="ltr">{latin}</p>')
    assert codes(replace(right, rendered=change(right.rendered))) == set()


def test_a_second_is_saved_where_nobody_reads_warnings(config: Config) -> None:
    right = proof(config, reads_words=False)
    change = added(f"<p>{SPANISH}</p>")
    assert codes(replace(right, rendered=change(right.rendered))) == set()


@settings(max_examples=60)
@given(st.text(alphabet='<>/="ap img hreflangtd\n&;!-x', max_size=200), st.text(max_size=60))
def test_no_html_is_too_broken_to_be_looked_at(
    tmp_path_factory: pytest.TempPathFactory, body: str, text: str
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    bad = Rendered(subject=text, preheader=text, html=body, text=text)
    found = findings(proof(config, rendered=bad, reads_words=False))
    assert "lang-missing" in {each.code for each in found}


def test_a_page_is_read_as_it_is_shown() -> None:
    seen = page.read(
        '<html lang="en" dir="ltr"><head><title>T</title><style>a{}</style></head><body>'
        '<div style="display: none">hidden <p>too</p></div><h2>One <b>two</b></h2>'
        '<p>Three <span lang="fr">quatre</span> five</p></end><img src="x" alt width="1" height=2>'
    )
    assert [(block.words, block.language) for block in seen.blocks] == [
        ("One two", "en"),
        ("quatre", "fr"),
        ("Three five", "en"),
    ]
    assert seen.headings == ["One two"]
    assert [(image.alt, image.has_size) for image in seen.images] == [("", True)]
    assert languages.direction(seen.language) == seen.direction
