"""Render an edition: subject, preheader, HTML with inlined styles, text; css-inline's one home.

HTML and text come from templates of their own and from the same stories. Styles are inlined
into the rendered page, never the template: HTML parsing moves ``{% for %}`` out of tables.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import css_inline

from publisher import addresses, markup
from publisher.config import Config
from publisher.errors import RenderError
from publisher.mail.wire import leave_subject
from publisher.rendering import render
from publisher.story import Story
from store.records import Newsletter, Words

#: The most characters of a preheader: mail clients show about so many beside the subject.
_PREHEADER = 140

_NOBODYS = Words()


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """An edition as it will be sent."""

    subject: str
    preheader: str
    html: str
    text: str

    @property
    def sha256(self) -> str:
        """The digest of all that readers see, in hexadecimal."""
        parts = (self.subject, self.preheader, self.html, self.text)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def render_edition(
    newsletter: Newsletter,
    language: str,
    stories: Sequence[Story],
    *,
    slot: datetime,
    config: Config,
    words: Words = _NOBODYS,
) -> Rendered:
    """Render the edition of a newsletter's issue in a language. Raises RenderError.

    ``words`` are what somebody wrote for it: where a part is empty, Tidings writes it.
    """
    preheader = words.preheader or " · ".join(story.title for story in stories)
    rendered = _rendered(
        "digest",
        newsletter,
        language,
        preheader,
        config,
        stories=stories,
        slot=slot,
        intro_html=markup.html(words.intro, base=f"{config.site.url}/"),
        intro_text=markup.plain(words.intro),
    )
    return replace(rendered, subject=words.subject or rendered.subject)


def render_correction(
    newsletter: Newsletter,
    language: str,
    story: Story,
    *,
    note: str,
    sent: datetime,
    config: Config,
) -> Rendered:
    """Render the mail that corrects an item for those who were sent it. Raises RenderError."""
    return _rendered(
        "correction",
        newsletter,
        language,
        f"{story.notice} {note or story.summary}".strip(),
        config,
        story=story,
        note=note,
        sent=sent,
    )


def _rendered(
    name: str,
    newsletter: Newsletter,
    language: str,
    preheader: str,
    config: Config,
    **values: object,
) -> Rendered:
    """Render the three parts of a mail; its name is that of its folder of templates."""
    preheader = _cut(preheader)

    def page(part: str) -> str:
        return render(
            f"email/{name}/{part}",
            config.chain(language),
            zone=newsletter.timezone,
            title=title(newsletter, config.chain(language)),
            preheader=preheader,
            site_name=config.name(language),
            site_url=addresses.link(config.site.url, addresses.front(language)),
            absolute=partial(addresses.link, config.site.url),
            leave_address=config.sender,
            leave_subject=leave_subject(newsletter.key),
            **values,
        )

    return Rendered(
        subject=markup.clean_line(page("subject.txt")),
        preheader=preheader,
        html=_inlined(name, page("body.html")),
        text=page("body.txt").strip() + "\n",
    )


def title(newsletter: Newsletter, chain: Sequence[str]) -> str:
    """Return a newsletter's name in the first language of a chain that it has one in."""
    names = (newsletter.names[language] for language in chain if language in newsletter.names)
    return next(names, newsletter.key)


def _inlined(name: str, page: str) -> str:
    try:
        # keep_at_rules: dark mode and narrow screens live in @media, which cannot be inlined.
        return css_inline.inline(page, keep_at_rules=True, load_remote_stylesheets=False)
    except css_inline.InlineError as error:
        raise RenderError(f"templates/email/{name}/body.html: {error}") from error


def _cut(line: str) -> str:
    return line if len(line) <= _PREHEADER else line[: _PREHEADER - 1].rstrip() + "…"
