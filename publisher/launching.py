"""Newsletters begin; what may be changed of one that has begun."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

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
    _refuse_strangers(_named(newsletter), config.site.languages)
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


def change(
    database: Database,
    key: str,
    *,
    names: Mapping[str, str] = MappingProxyType({}),
    rules: Mapping[str, str] = MappingProxyType({}),
    unknown: UnknownRule | None = None,
) -> Newsletter:
    """Change what is given of a newsletter; what is frozen already stays as it is.

    ``rules`` count for issues that wait, ``unknown`` for mails that there are already. Raises
    InputError, NotFoundError.
    """
    with database.write() as tx:
        before = newsletters.get(tx, key)
        _refuse_strangers({"name": names, "missing": rules}, before.languages, "this newsletter")
        after = replace(
            before,
            names={**before.names, **_names(names)},
            rules={**before.rules, **rules},
            unknown=unknown or before.unknown,
        )
        for language in rules:
            gating.rule(after, language)
        newsletters.change(tx, after)
    return after


def _named(newsletter: Newsletter) -> Mapping[str, Collection[str]]:
    """Return the languages that a newsletter names, by option."""
    return {
        "languages": newsletter.languages,
        "name": newsletter.names,
        "missing": newsletter.rules,
        "window": newsletter.windows,
        "from": newsletter.senders,
        "reply-to": newsletter.replies,
    }


def _refuse_strangers(
    options: Mapping[str, Collection[str]], there: Collection[str], where: str = "this site"
) -> None:
    """Refuse languages that are not there; the option that names one is named."""
    for option, named in options.items():
        strangers = {*named} - {OTHERS, *there}
        if strangers:
            reason = f"{', '.join(sorted(strangers))}: {where} has {', '.join(there)}"
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
