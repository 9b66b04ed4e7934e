"""Whether an edition is fit to be sent: looked at as its readers get it. Pure.

subject, preheader, HTML, text, headers --> findings: errors block, warnings show
"""

import re
from dataclasses import replace
from email import message_from_bytes

from publisher import languages
from publisher.errors import InputError
from publisher.mail import links, signatures, targets
from publisher.mail.edition import Rendered
from publisher.mail.finding import Finding, Findings, Proof, error, warning
from publisher.mail.page import Page, read

#: Bytes of HTML from which on Gmail shows only the beginning, and hides the way to leave.
CLIPPED = 102_000
#: Bytes of HTML that leave room for what relays and clients add.
LARGE = 80_000
#: Characters of a subject that lists of mails show, at the most.
SUBJECT = 78
#: An address as it stands in plain text.
_ADDRESS = re.compile(r"<[^<>\s]+>")
#: Letters of a subject that can be called shouting.
_SHOUT = 8


def findings(proof: Proof) -> list[Finding]:
    """Return all that is wrong with an edition, errors first.

    Its links that are each reader's own are looked at as they are where everybody reads.
    """
    rendered, public = proof.rendered, links.public(proof.config, proof.language)
    filled = replace(
        rendered, html=public.fill_html(rendered.html), text=public.fill(rendered.text)
    )
    proof = replace(proof, rendered=filled)
    page = read(filled.html)
    checks = (
        _subject_line(proof.rendered),
        _size(proof.rendered),
        _marks(proof, page),
        targets.links(proof, page),
        targets.images(proof, page),
        _text(proof, page),
        _strings(proof),
        _headers(proof),
        signatures.findings(proof),
        _words(proof, page) if proof.reads_words else (),
    )
    found = [finding for check in checks for finding in check]
    return sorted(dict.fromkeys(found), key=lambda finding: finding.level != "error")


def _subject_line(rendered: Rendered) -> Findings:
    line, where = rendered.subject, "subject"
    if not line:
        yield error("subject-empty", where, "there is none", "write one")
    if len(line) > SUBJECT:
        said = f"{len(line)} characters: lists of mails show {SUBJECT} at the most"
        yield warning("subject-long", where, said, "say the most telling words first, or fewer")
    if line.isupper() and sum(map(str.isalpha, line)) >= _SHOUT:
        yield warning(
            "subject-shouting", where, "all in capitals", "write it as a sentence: filters count it"
        )
    if not rendered.preheader:
        said = "there is none: beside the subject stands whatever comes first"
        yield warning("preheader-empty", "preheader", said, "write one")


def _size(rendered: Rendered) -> Findings:
    size = len(rendered.html.encode())
    mend = "tell less: fewer items, or shorter summaries"
    if size > CLIPPED:
        said = f"{size} bytes: Gmail cuts it off near {CLIPPED}, and with it the way to leave"
        yield error("size-clipped", "html", said, mend)
    elif size > LARGE:
        said = f"{size} bytes: {CLIPPED} are too many for Gmail, and this is near"
        yield warning("size-large", "html", said, mend)


def _marks(proof: Proof, page: Page) -> Findings:
    """Look whether all words say which language they are in, and where they run."""
    wanted = proof.language
    if page.language != wanted:
        said = f"lang={page.language!r} where the edition is in {wanted}"
        yield error("lang-missing", "html", said, f'write <html lang="{wanted}">')
    if page.direction != languages.direction(wanted):
        said = f"dir={page.direction!r} where the edition runs {languages.direction(wanted)}"
        yield error(
            "dir-missing", "html", said, f'write <html dir="{languages.direction(wanted)}">'
        )
    for language, direction, line in page.marked:
        if not _is_tag(language):
            said = f"lang={language!r} names no language"
            yield error("lang-missing", f"html:{line}", said, "write a tag such as fr or pt-BR")
            continue
        runs = languages.direction(language)
        if direction != runs and page.direction:
            said = f"words in {language} run {runs}, and nothing says so"
            yield error("dir-missing", f"html:{line}", said, f'write dir="{runs}" beside lang')


def _text(proof: Proof, page: Page) -> Findings:
    """Look whether who reads the text part is told what the others are."""
    text = proof.rendered.text
    words = " ".join(text.split())
    # In the text the address of a link stands behind its words.
    bare = " ".join(_ADDRESS.sub("", text).split())
    mend = "say it in body.txt as well"
    if not words:
        yield error("text-empty", "text", "there is nothing in it", mend)
        return
    for heading in dict.fromkeys(page.headings):
        if heading not in words and heading not in bare:
            yield error("text-heading", "text", f"{heading!r} stands only in the HTML", mend)
    for href in dict.fromkeys(link.href for link in page.links):
        if not targets.is_told(href, text):
            ours = targets.path_of(proof.config, href) is not None
            say = error if ours else warning
            yield say("text-link", "text", f"{href} stands only in the HTML", mend)


def _strings(proof: Proof) -> Findings:
    """Look whether our own words and the names are there in the language."""
    config, language = proof.config, proof.language
    strings = languages.strings(*config.chain(language))
    if not proof.is_read(strings.language):
        said = f"Tidings' own words are in {strings.language}: it has none in {language}"
        yield warning("strings-language", "html", said, f"translate locale/{language}.po")
    missing = languages.missing(strings.language)
    if missing:
        said = f"locale/{strings.language}.po lacks {', '.join(missing)}"
        yield warning("strings-missing", "html", said, "translate them")
    command = f"'tidings newsletter set {proof.newsletter.key} --name {language}=...'"
    for of, names, mend in (
        ("newsletter", proof.newsletter.names, command),
        ("site", config.site.name, f"site.name.{language}"),
    ):
        if not any(proof.is_read(tag) for tag in names):
            said = f"the {of} has no name in {language}"
            yield warning("name-missing", "html", said, f"give it one: {mend}")


def _is_tag(text: str) -> bool:
    try:
        languages.tag(text)
    except InputError:
        return False
    return True


def _headers(proof: Proof) -> Findings:
    head = message_from_bytes(proof.message)
    if not head.get("List-Unsubscribe"):
        said = "no List-Unsubscribe: nobody could leave, and large providers refuse it"
        yield error("unsubscribe-missing", "headers", said, "this is a fault of Tidings: tell us")
    stated = set(proof.config.mail.model_fields_set)
    if any(not relay.domains for relay in proof.config.relays):
        # That one takes the place of a relay that nobody has named.
        stated.add("host")
    for name, said in (("host", "a relay on this machine"), ("sender", "a made-up sender")):
        if name not in stated:
            mend = f"set mail.{name} if that is not what you mean"
            yield warning(f"mail-{name}", "headers", f"mail.{name} is not set: {said}", mend)


def _words(proof: Proof, page: Page) -> Findings:
    """Look for words that were left in another of the site's languages."""
    for block in page.blocks:
        if not _is_tag(block.language):
            continue
        # Its own first: a quotation may be in a language that is none of the site's.
        known = [block.language, *proof.config.site.languages]
        found = languages.written_in(block.words, known)
        if found and found != block.language:
            said = f"{block.words[:60]!r} is marked {block.language}, reads {found}"
            mend = f'translate it, or mark it lang="{found}"'
            yield warning("leftover-language", f"html:{block.line}", said, mend)
