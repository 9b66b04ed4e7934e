"""The mail that corrects or takes back: whole in every language, as mail programs read it."""

import email
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher import characters, languages, story
from publisher.config import Config
from publisher.mail import compiled, wire
from publisher.mail.edition import Rendered, render_correction
from publisher.mail.links import Links
from publisher.story import Story
from store.records import Change, Edition
from tests import make

#: When the newsletter with the wrong text went out: half past midnight in Brussels.
LINKS = Links(
    leave="https://news.example.org/leave/l1.a.b",
    preferences="https://news.example.org/preferences/p1.a.b",
)
SENT = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
NASTY = '</td><script>alert(1)</script> ]]> "quoted" & <b>bold</b> {{ 7 * 7 }}'

SUBJECTS = {
    ("en", False): f"Correction: {make.TITLES['en']}",
    ("fr", False): f"Rectificatif\u00a0: {make.TITLES['fr']}",
    ("es", False): f"Corrección: {make.TITLES['es']}",
    ("ar", False): f"تصحيح: {make.TITLES['ar']}",
    ("en", True): f"Retraction: {make.TITLES['en']}",
    ("fr", True): f"Retrait\u00a0: {make.TITLES['fr']}",
    ("es", True): f"Retirada: {make.TITLES['es']}",
    ("ar", True): f"سحب: {make.TITLES['ar']}",
}
INTROS = {
    ("en", False): "On November 20, 2026 we sent you a text in “Digest” that we have since "
    "corrected.",
    ("en", True): "On November 20, 2026 we sent you a text in “Digest” that we have since "
    "retracted.",
    ("ar", False): "أرسلنا إليك في 20 نوفمبر 2026 ضمن «نشرة» نصًا صحّحناه بعد ذلك.",
    ("ar", True): "أرسلنا إليك في 20 نوفمبر 2026 ضمن «نشرة» نصًا سحبناه بعد ذلك.",
}
CASES = [(tag, retracted) for tag in make.LANGUAGES for retracted in (False, True)]


class Page(HTMLParser):
    """What a mail program would find in the HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.is_style = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.is_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self.is_style = False

    def handle_data(self, data: str) -> None:
        self.words += "" if self.is_style else data

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def told(
    config: Config,
    language: str,
    *,
    shown: str | None = None,
    retracted: bool = False,
    rule: str = "ready",
    **words: str,
) -> Story:
    row = make.publication(
        language=language,
        shown_language=shown or language,
        rule=rule,
        change=Change.RETRACTION if retracted else Change.CORRECTION,
        told=SENT + timedelta(days=3),
    )
    text = make.text(shown or language, **words)
    return story.tell(row, make.item(), text, topics={}, config=config)


def rendered(config: Config, told_: Story, note: str = "") -> Rendered:
    return render_correction(
        make.newsletter(), told_.language, told_, note=note, sent=SENT, config=config
    )


def received(config: Config, edition: Rendered, language: str) -> EmailMessage:
    """Return the message as a mail program reads it."""
    frozen = Edition(
        id=1,
        issue_id=2,
        language=language,
        subject=edition.subject,
        preheader=edition.preheader,
        html=edition.html,
        text=edition.text,
        sha256=edition.sha256,
        items=1,
    )
    delivery = compiled.sample(frozen, "reader@example.org")
    sender = wire.Sender(
        name=config.name(language),
        address=config.sender,
        newsletter="digest",
        host=config.host,
    )
    body = compiled.message(delivery, frozen, sender, LINKS, date=SENT)
    parsed = email.message_from_bytes(body, policy=default)
    assert isinstance(parsed, EmailMessage)
    assert parsed.defects == []
    return parsed


def parts(message: EmailMessage) -> tuple[str, Page]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content().replace("\r\n", "\n"), Page(html.get_content())


def lines(*entries: str) -> str:
    """Return words as the text part has them, whatever it wraps."""
    return " ".join(" ".join(entries).split())


@pytest.mark.parametrize(("language", "retracted"), CASES)
def test_subject_and_both_parts_say_what_it_is_in_the_readers_language(
    config: Config, language: str, retracted: bool
) -> None:
    told_ = told(config, language, retracted=retracted, body="The *new* words.")
    message = received(config, rendered(config, told_), language)
    assert message["Subject"] == SUBJECTS[language, retracted]
    assert message["Content-Language"] == language
    text, page = parts(message)
    strings = languages.strings(language)
    day = languages.date(SENT, language, zone="Europe/Brussels")
    newsletter = make.newsletter().names[language]
    key = "retraction-intro" if retracted else "correction-intro"
    intro = strings.text(key, date=day, newsletter=newsletter)
    assert intro == INTROS.get((language, retracted), intro)
    for words in (text, page.words):
        assert SUBJECTS[language, retracted] in words
        assert intro in words
        assert "new" in words
        # What reads now is said of a text, and not of a notice in its place.
        assert (strings.text("reads-now") in words) is not retracted
        assert (strings.text("read-more") in words) is not retracted
        assert (
            strings.text("why", newsletter=newsletter, language=languages.name(language)) in words
        )
    assert "The new words." in text
    assert "<em>new</em>" in message.get_body(("html",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize(("language", "retracted"), CASES)
@pytest.mark.parametrize("note", ["", "It was 200."])
@pytest.mark.parametrize("rule", ["ready", "source-retracted"])
def test_there_is_no_empty_place_and_nothing_left_of_a_template(
    config: Config, language: str, retracted: bool, note: str, rule: str
) -> None:
    told_ = told(config, language, retracted=retracted, rule=rule)
    edition = rendered(config, told_, note)
    text, page = parts(received(config, edition, language))
    assert "\n\n\n" not in text
    assert text == text.strip() + "\n"
    for words in (text, page.words, edition.subject, edition.preheader):
        assert not re.search(r"[{}]|None|\(\)|«»|“”", words)
    assert edition.preheader
    html = " ".join(edition.html.split())
    assert not re.search(r"<(p|div|h1|h2|span)\b[^>]*>\s*</\1>", html)


@pytest.mark.parametrize(("language", "retracted"), CASES)
def test_html_says_the_language_and_direction_of_all_it_holds(
    config: Config, language: str, retracted: bool
) -> None:
    shown = "en" if language == "ar" else "ar"
    told_ = told(config, language, shown=shown, retracted=retracted)
    page = Page(rendered(config, told_, "A note.").html)
    (root,) = page.of("html")
    # Some mail programs show only what is in the body, in a page of their own.
    (article,) = (entry for entry in page.of("div") if entry.get("role") == "article")
    for whole in (root, article):
        assert (whole["lang"], whole["dir"]) == (language, languages.direction(language))
    marked = [(it["lang"], it["dir"]) for tag in ("p", "h2", "div") for it in page.of(tag)
              if "lang" in it and it is not article]  # fmt: skip
    assert marked
    assert set(marked) == {(shown, languages.direction(shown))}


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_a_text_in_another_language_is_labelled(config: Config, language: str) -> None:
    shown = "en" if language != "en" else "fr"
    told_ = told(config, language, shown=shown)
    text, page = parts(received(config, rendered(config, told_, "A note."), language))
    assert f"[{told_.notice}]" in text
    for words in (text, page.words):
        # Before the note, which is in that other language, too.
        first = words.index(told_.notice)
        assert first < words.index("A note.") < words.index(told_.text)


@pytest.mark.parametrize("language", make.LANGUAGES)
def test_what_was_corrected_stands_before_the_text_and_beside_the_subject(
    config: Config, language: str
) -> None:
    edition = rendered(config, told(config, language, body="Body."), "The note.")
    assert edition.preheader == "The note."
    for words in (edition.text, Page(edition.html).words):
        assert words.index("The note.") < words.index("Body.")


def test_the_link_leads_to_the_page_and_a_retracted_text_has_none(config: Config) -> None:
    link = "https://news.example.org/fr/items/1-dignity-fr/"
    edition = rendered(config, told(config, "fr"))
    assert link in edition.text.splitlines()
    assert link in [it["href"] for it in Page(edition.html).of("a")]
    gone = rendered(config, told(config, "fr", retracted=True))
    assert link not in gone.text + gone.html


@pytest.mark.parametrize(("language", "retracted"), CASES)
def test_nothing_breaks_out_of_the_html(config: Config, language: str, retracted: bool) -> None:
    told_ = told(config, language, retracted=retracted, title=NASTY, summary=NASTY, body=NASTY)
    page = Page(rendered(config, told_, NASTY).html)
    assert not {"script", "iframe", "img", "b"} & {tag for tag, _ in page.tags}
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert page.words.count(NASTY) >= 3


@pytest.mark.parametrize(("language", "retracted"), CASES)
def test_styles_are_inlined_and_nothing_is_loaded_from_elsewhere(
    config: Config, language: str, retracted: bool
) -> None:
    edition = rendered(config, told(config, language, retracted=retracted), "A note.")
    page = Page(edition.html)
    assert all("style" in entry for entry in page.of("td"))
    (changed,) = (entry for entry in page.of("p") if entry.get("class") == "changed")
    assert "background-color" in changed["style"]
    assert not any("src" in attributes for _, attributes in page.tags)
    assert not re.search(r"url\(|@import", edition.html)


WORDS = st.text(min_size=1, max_size=40).map(characters.clean_line).filter(bool)


@settings(max_examples=25)
@given(WORDS, WORDS, st.sampled_from(make.LANGUAGES), st.booleans())
@example("{% endfor %}", "{{ note }}", "ar", False)
@example("Bcc: x@example.org", "a\u200fb", "fr", True)
def test_any_title_and_note_arrive_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory,
    title: str,
    note: str,
    language: str,
    retracted: bool,
) -> None:
    config = make.config(tmp_path_factory.getbasetemp())
    told_ = replace(told(config, language, retracted=retracted), title=title)
    message = received(config, rendered(config, told_, note), language)
    text, page = parts(message)
    assert lines(title) in lines(message["Subject"])
    assert message["Bcc"] is None
    for words in (text, page.words):
        assert lines(title) in lines(words)
        assert lines(note) in lines(words)
