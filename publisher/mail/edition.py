"""Render an edition: subject, preheader, HTML with inlined styles, text; css-inline's one home.

HTML and text come from templates of their own and from the same stories. Styles are inlined
into the rendered page, never the template: HTML parsing moves ``{% for %}`` out of tables.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import css_inline

from publisher import addresses, characters, cutting, markup, rendering
from publisher.config import Config
from publisher.errors import RenderError
from publisher.mail.links import LEAVE, PREFERENCES
from publisher.story import Story
from store.records import Newsletter, Words

#: The folder of templates that newsletters are made by unless they say otherwise.
DIGEST = "digest"

#: How css-inline puts together a head.
_RULES_FIRST = re.compile(r'<head>(<style>[^<]*</style>)\s*(<meta charset="?[\w-]+"?>)')

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
    issue_id: int | None = None,
    words: Words = _NOBODYS,
) -> Rendered:
    """Render the edition of a newsletter's issue in a language. Raises RenderError.

    ``issue_id`` leads to its page in the archive; None for one that has none. ``words`` are what
    somebody wrote for it: where a part is empty, Tidings writes it.
    """
    base = f"{config.site.url}/"
    rendered = _rendered(
        newsletter.template,
        newsletter,
        language,
        config,
        preheader=words.preheader or " · ".join(story.title for story in stories),
        issue_id=issue_id,
        stories=stories,
        slot=slot,
        intro_html=markup.html(words.intro, base=base),
        intro_text=markup.plain(words.intro, base=base),
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
    issue_id: int | None = None,
) -> Rendered:
    """Render the mail that corrects an item for those who were sent it. Raises RenderError."""
    page = addresses.link(config.site.url, story.path)
    return _rendered(
        "correction",
        newsletter,
        language,
        config,
        preheader=f"{story.notice} {note or story.summary}".strip(),
        issue_id=issue_id,
        story=story,
        body=markup.html(story.body, base=page),
        text=markup.plain(story.body, base=page),
        note=note,
        sent=sent,
    )


def _rendered(
    name: str,
    newsletter: Newsletter,
    language: str,
    config: Config,
    *,
    preheader: str,
    issue_id: int | None,
    **values: object,
) -> Rendered:
    """Render the three parts of a mail; its name is that of its folder of templates."""
    preheader = cutting.cut(preheader, _PREHEADER)
    archived = addresses.edition(language, newsletter.key, issue_id) if issue_id else ""

    def made(part: str) -> str:
        return rendering.render(
            f"email/{name}/{part}",
            config.chain(language),
            zone=newsletter.timezone,
            overrides=config.templates,
            title=title(newsletter, config.chain(language)),
            preheader=preheader,
            site_name=config.name(language),
            site_url=addresses.link(config.site.url, addresses.front(language)),
            absolute=partial(addresses.link, config.site.url),
            edition_url=archived and addresses.link(config.site.url, archived),
            language_at=addresses.language,
            imprint=config.imprint(language),
            leave_link=LEAVE,
            preferences_link=PREFERENCES,
            **values,
        )

    subject, html, text = _all(made, "subject.txt", "body.html", "body.txt")
    return Rendered(
        subject=characters.clean_line(subject),
        preheader=preheader,
        html=inlined(name, html),
        text=text.strip() + "\n",
    )


def _all(make: Callable[[str], str], *parts: str) -> list[str]:
    """Return the parts of a mail. Raises RenderError with the faults of all of them."""
    done, faults = [], []
    for part in parts:
        try:
            done.append(make(part))
        except RenderError as error:
            faults.append(str(error))
    if faults:
        raise RenderError("; ".join(dict.fromkeys(faults)))
    return done


def title(newsletter: Newsletter, chain: Sequence[str]) -> str:
    """Return a newsletter's name in the first language of a chain that it has one in."""
    names = (newsletter.names[language] for language in chain if language in newsletter.names)
    return next(names, newsletter.key)


def templates(overrides: Path | None) -> list[str]:
    """Return what newsletters can be made by: ours, and the folders of the operator's own mails.

    Raises RenderError when the operator's folder is not there.
    """
    there = {each.name: each for each in rendering.listing(overrides)}
    own = {
        each.mail
        for name, each in there.items()
        if name == f"email/{each.mail}/body.html" and not each.is_ours
    }
    return sorted({DIGEST, *own})


def inlined(name: str, page: str) -> str:
    """Return a page of a mail with its styles at their elements. Raises RenderError."""
    try:
        # keep_at_rules: dark mode and narrow screens live in @media, which cannot be inlined.
        inlined = css_inline.inline(page, keep_at_rules=True, load_remote_stylesheets=False)
    except css_inline.InlineError as error:
        raise RenderError(f"templates/email/{name}/body.html: {error}") from error
    # They come before all else in the head; the charset has to stand within the first 1,024
    # bytes (HTML Living Standard, 4.2.5.4).
    return _RULES_FIRST.sub(r"<head>\2\1", inlined, count=1)
