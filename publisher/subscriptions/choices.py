"""What readers can choose, and what they chose, checked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from zoneinfo import available_timezones

from publisher import languages
from publisher.config import Config
from publisher.errors import InputError, LettersError
from publisher.mail.edition import title
from publisher.story import Label, label
from store import newsletters, subscribers, topics
from store.database import Transaction
from store.records import Newsletter, Status, Subscriber, Subscription

#: Frequencies that we have words for in every language; others are shown by the name that staff
#: gave them. A newsletter's own has none.
USUAL = (
    *("", "daily", "weekdays", "weekends", "weekly", "fortnightly", "monthly"),
    *("quarterly", "yearly"),
)

_NOTHING: Mapping[str, str] = {}


def faults(field: str, error: InputError) -> list[str]:
    """Return how a form names what is wrong: its field, and what has words of its own."""
    return [field, f"{field}-letters"] if isinstance(error, LettersError) else [field]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A newsletter that readers of a language can choose, as a form shows it."""

    key: str
    name: str
    #: The topics that they can choose among.
    topics: tuple[Label, ...]
    #: Where there is a choice, how often it can come: by name what it is called, the newsletter's
    #: own with an empty name.
    frequencies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What somebody wants."""

    #: One of the site's, or the reader's own: ``fr-CA`` where the site has ``fr``.
    language: str
    #: An IANA name; empty where nothing was said.
    timezone: str
    #: By newsletter the topics that they want of it; none stands for all.
    newsletters: Mapping[str, tuple[str, ...]]
    #: How often, by newsletter; what is not in it stays as it was.
    frequencies: Mapping[str, str] = field(default_factory=dict)

    @property
    def evidence(self) -> Mapping[str, object]:
        """The choice as it is kept beside the words that were agreed to."""
        wanted = {key: list(chosen) for key, chosen in self.newsletters.items()}
        return {
            "language": self.language,
            "timezone": self.timezone,
            "newsletters": wanted,
            "frequencies": dict(self.frequencies),
        }


def offers(
    tx: Transaction, config: Config, language: str, *, kept: Collection[str] = ()
) -> list[Offer]:
    """Return what readers of a language can choose: what is written in it, and what they have.

    Where nothing is written in it, all: they get the nearest language then.
    """
    there = newsletters.listing(tx)
    near = [each for each in there if languages.closest(language, each.languages)] or there
    keys = {each.key for each in near} | {*kept}
    chain = config.chain(language)
    named = [label(topic, chain) for topic in topics.listing(tx)]
    return [
        Offer(
            key=each.key,
            name=title(each, chain),
            topics=tuple(topic for topic in named if not each.topics or topic.key in each.topics),
            frequencies=_frequencies(each, chain),
        )
        for each in there
        if each.key in keys
    ]


def _frequencies(newsletter: Newsletter, chain: Sequence[str]) -> Mapping[str, str]:
    """Return what the frequencies of a newsletter are called: the usual ones in our words."""
    if not newsletter.frequencies:
        return {}
    return {name: _called(name, chain) for name in newsletter.schedules}


def _called(frequency: str, chain: Sequence[str]) -> str:
    if frequency not in USUAL:
        return frequency
    return languages.strings(*chain).text(f"frequency-{frequency or 'own'}")


def frequencies_of(wanted: Mapping[str, str], there: Sequence[Offer]) -> Mapping[str, str]:
    """Return how often what is offered shall come. Raises InputError for anything else. Pure."""
    known = {offer.key: offer.frequencies for offer in there}
    chosen = {key: name for key, name in wanted.items() if known.get(key)}
    for key, name in chosen.items():
        if name not in known[key]:
            raise InputError("newsletters", f"no frequency {name!r} of {key}")
    return chosen


def names(
    known: Collection[Newsletter],
    keys: Collection[str],
    config: Config,
    language: str,
    often: Mapping[str, str] = _NOTHING,
) -> list[str]:
    """Return what these newsletters are called, for readers of a language.

    Behind it stands how often each comes where that was chosen: ``often``, by key.
    """
    chain = config.chain(language)
    return [_named(each, chain, often.get(each.key, "")) for each in known if each.key in keys]


def _named(newsletter: Newsletter, chain: Sequence[str], frequency: str) -> str:
    name = title(newsletter, chain)
    if not frequency:
        return name
    words = _called(frequency, chain)
    return languages.strings(*chain).text("with-frequency", newsletter=name, frequency=words)


def newsletters_of(
    wanted: Mapping[str, Sequence[str]], there: Sequence[Offer]
) -> Mapping[str, tuple[str, ...]]:
    """Return what was chosen of what is offered. Raises InputError for anything else. Pure."""
    known = {offer.key: {topic.key for topic in offer.topics} for offer in there}
    chosen = {}
    for key, keys in wanted.items():
        if key not in known:
            raise InputError("newsletters", f"no newsletter {key!r} to choose")
        strangers = {*keys} - known[key]
        if strangers:
            raise InputError("newsletters", f"no topic {min(strangers)!r} in {key}")
        # Who ticks every box wants what comes later as well.
        chosen[key] = () if {*keys} == known[key] else tuple(sorted({*keys}))
    return chosen


def languages_of(config: Config, *, kept: str) -> Sequence[str]:
    """Return the languages to choose among: the site's, and what somebody has beside them."""
    return tuple(dict.fromkeys([*config.site.languages, kept]))


def language_of(text: str, there: Collection[str]) -> str:
    """Return the language that is meant, one of those there are. Raises InputError."""
    if text not in there:
        raise InputError("language", f"nothing is published in {text!r}")
    return text


def timezone_of(text: str) -> str:
    """Return a time zone, or nothing where nothing is said. Raises InputError."""
    if text and text not in zones():
        raise InputError("timezone", f"no IANA time zone {text!r}; one is Europe/Brussels")
    return text


@cache
def zones() -> tuple[str, ...]:
    """Return the names of all time zones that people live in, in order."""
    # Etc/GMT+3 and SystemV/EST5 are for machines; what has no slash is short for another.
    places = (zone for zone in available_timezones() if "/" in zone)
    return ("UTC", *sorted(zone for zone in places if not zone.startswith(("Etc/", "SystemV/"))))


def subscribe(tx: Transaction, person: Subscriber, choice: Choice) -> None:
    """Subscribe somebody to all that they chose; what they have beside it stays.

    Whoever has left begins anew: they asked for nothing else.
    """
    if person.status is Status.UNSUBSCRIBED:
        subscribers.unsubscribe(tx, person.id)
    had = {entry.newsletter: entry for entry in subscribers.subscriptions_of(tx, person.id)}
    for key, chosen in choice.newsletters.items():
        before = had.get(key) or Subscription(newsletter=key, topics=())
        often = choice.frequencies.get(key, before.frequency)
        subscribers.subscribe(tx, person.id, replace(before, topics=chosen, frequency=often))


def choice_of(evidence: Mapping[str, object]) -> Choice:
    """Return the choice that was kept as evidence."""
    wanted = evidence["newsletters"]
    often = evidence.get("frequencies", {})
    # Written by Choice.evidence.
    assert isinstance(wanted, Mapping)  # noqa: S101
    assert isinstance(often, Mapping)  # noqa: S101
    return Choice(
        language=str(evidence["language"]),
        timezone=str(evidence["timezone"]),
        newsletters={key: tuple(chosen) for key, chosen in wanted.items()},
        frequencies=often,
    )
