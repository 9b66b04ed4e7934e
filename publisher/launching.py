"""Newsletters begin; what may be changed of one that has begun."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from publisher import characters, gating, markup, wallclock, windows
from publisher.config import Config
from publisher.errors import InputError
from publisher.gating import OTHERS
from publisher.ingest import limits
from publisher.mail import edition, senders
from store import newsletters, offers, topics
from store.database import Database
from store.records import OWN, Newsletter, UnknownRule

#: The longest name of a frequency that the store has room for.
_MAX_FREQUENCY = 40


def start(database: Database, config: Config, newsletter: Newsletter) -> Newsletter:
    """Begin a newsletter. Raises InputError or ConflictError; its schedule is checked already."""
    if newsletter.key != markup.slug(newsletter.key):
        raise InputError("key", f"{newsletter.key!r} must be lower-case letters, digits, hyphens")
    newsletter = replace(newsletter, names=_names(newsletter.names))
    _refuse_strangers(newsletter, config.site.languages)
    wallclock.zone_name(newsletter.timezone, "timezone")
    for language in {OTHERS, *newsletter.rules}:
        gating.rule(newsletter, language)
    for field, boxes in (("from", newsletter.senders), ("reply_to", newsletter.replies)):
        for text in boxes.values():
            try:
                senders.mailbox(text)
            except InputError as error:
                raise InputError(field, error.reason) from error
    _refuse_unknown_template(newsletter, config)
    _check_going_out(newsletter)
    with database.write() as tx:
        known = {topic.key for topic in topics.listing(tx)}
        for topic in newsletter.topics:
            if topic not in known:
                raise InputError("topics", f"no topic {topic!r}; there are: {', '.join(known)}")
        newsletters.add(tx, newsletter)
        offers.offer_all(tx, newsletter.key)
    return newsletter


def _names(given: Mapping[str, str]) -> Mapping[str, str]:
    """Return names fit for pages and mails. Raises InputError."""
    names = {language: characters.clean_line(name) for language, name in given.items()}
    for language, name in names.items():
        if not name or len(name) > limits.MAX_TITLE:
            reason = f"has {len(name)} characters in {language}, 1 to {limits.MAX_TITLE} are needed"
            raise InputError("name", reason)
    return names


def change_unknown(database: Database, key: str, rule: UnknownRule) -> Newsletter:
    """Say what becomes of mails that nobody can say of; also of those there are already.

    Raises NotFoundError.
    """
    with database.write() as tx:
        newsletters.change_unknown(tx, key, rule)
        return newsletters.get(tx, key)


def _refuse_strangers(newsletter: Newsletter, there: Collection[str]) -> None:
    """Refuse languages that the site does not have; the option that names one is named."""
    options: Mapping[str, Collection[str]] = {
        "languages": newsletter.languages,
        "name": newsletter.names,
        "missing": newsletter.rules,
        "window": newsletter.windows,
        "from": newsletter.senders,
        "reply-to": newsletter.replies,
    }
    for option, named in options.items():
        strangers = {*named} - {OTHERS, *there}
        if strangers:
            reason = f"{', '.join(sorted(strangers))}: this site has {', '.join(there)}"
            raise InputError(option, reason)


def _refuse_unknown_template(newsletter: Newsletter, config: Config) -> None:
    there = edition.templates(config.templates)
    if newsletter.template not in there:
        wanted = f"templates/email/{newsletter.template}"
        raise InputError("template", f"no {wanted}; there are: {', '.join(there)}")


def _check_going_out(newsletter: Newsletter) -> None:
    """Refuse what says when and how often, and from how many items on, and cannot be."""
    for sentence in newsletter.windows.values():
        windows.parse(sentence)
    if newsletter.minimum < 1:
        raise InputError("minimum", f"{newsletter.minimum} items make no issue: 1 at the least")
    for name in newsletter.frequencies:
        if name != markup.slug(name) or name == OWN:
            raise InputError(
                "frequency",
                f"{name!r} must be lower-case letters, digits, hyphens; {OWN!r} is taken",
            )
        if len(name) > _MAX_FREQUENCY:
            raise InputError("frequency", f"{name!r} is too long: {_MAX_FREQUENCY} at the most")
