"""A sign-up form for pages of somebody else's: plain HTML, without scripts, styles or pictures.

It posts to this site, which answers with a page of its own; so nothing of the reader passes
through the other site but what they type there.
"""

from publisher import addresses, languages
from publisher.config import Config
from publisher.errors import InputError
from publisher.mail.edition import title
from publisher.rendering import render
from publisher.subscriptions import choices, joining
from store import newsletters
from store.database import Database, Transaction


def snippet(database: Database, config: Config, key: str, language: str) -> str:
    """Return the form to sign up for a newsletter in a language, to be pasted into a page.

    Raises NotFoundError for no such newsletter, and InputError for a language of no page, or to
    whose readers the newsletter is not offered: what they sent would be refused.
    """
    tag = languages.tag(language)
    if tag not in config.site.languages:
        there = ", ".join(config.site.languages)
        raise InputError("language", f"this site has no pages in {tag}; there are: {there}")
    with database.read() as tx:
        newsletter = newsletters.get(tx, key)
        spoken = [each for each in config.site.languages if _is_offered(tx, config, key, each)]
    if tag not in spoken:
        there = ", ".join(spoken)
        raise InputError("language", f"{key} is not offered in {tag}; it is in: {there}")
    return render(
        "web/reader/embed.html",
        config.chain(tag),
        overrides=config.templates,
        action=addresses.link(config.site.url, addresses.subscribe()),
        key=newsletter.key,
        newsletter_name=title(newsletter, config.chain(tag)),
        wording=joining.wording(config, tag).text,
    )


def _is_offered(tx: Transaction, config: Config, key: str, language: str) -> bool:
    return any(offer.key == key for offer in choices.offers(tx, config, language))
