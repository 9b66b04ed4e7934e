r"""Plan, gate and freeze issues.

    planned --------------------------+--> sending --> sent
       |  \--> awaiting_translations --/       ^          ^
       |             |                        |          no delivery waits any more
       \-------------+--> skipped             editions frozen, deliveries queued
                          (nothing new, or too little)

Every step is one transaction that moves the issue by an UPDATE from the state it was read in:
two at once cannot both win, and whoever dies half-way leaves the issue where it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher import editions, freshness, markup, rules, selection, wallclock, windows
from publisher.config import Config
from publisher.errors import InputError
from publisher.policy import Policy
from publisher.rules import Rule
from publisher.selection import Candidate, Chosen, Selection
from publisher.telling import why
from store import deliveries, issues, items, newsletters, offers, topics
from store.database import Database, Transaction
from store.records import (
    OWN,
    Blocking,
    Issue,
    IssueState,
    Item,
    Newsletter,
    Translation,
)

#: In a newsletter's rules: all languages that have none of their own.
OTHERS = "*"

#: The longest name of a frequency that the store has room for.
_MAX_FREQUENCY = 40

_OPEN = (IssueState.PLANNED, IssueState.AWAITING_TRANSLATIONS)


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """What became of an issue in one pass."""

    issue: Issue
    #: How many deliveries were queued.
    queued: int = 0


def start(database: Database, config: Config, newsletter: Newsletter) -> Newsletter:
    """Begin a newsletter. Raises InputError or ConflictError; its schedule is checked already."""
    if newsletter.key != markup.slug(newsletter.key):
        raise InputError("key", f"{newsletter.key!r} must be lower-case letters, digits, hyphens")
    by_language = (newsletter.names, newsletter.rules, newsletter.windows)
    named = {*newsletter.languages}.union(*by_language) - {OTHERS}
    strangers = named - {*config.site.languages}
    if strangers:
        there = ", ".join(config.site.languages)
        raise InputError("languages", f"{', '.join(sorted(strangers))}: this site has {there}")
    wallclock.zone_name(newsletter.timezone, "timezone")
    for language in {OTHERS, *newsletter.rules}:
        rule(newsletter, language)
    _check_going_out(newsletter)
    with database.write() as tx:
        known = {topic.key for topic in topics.listing(tx)}
        for topic in newsletter.topics:
            if topic not in known:
                raise InputError("topics", f"no topic {topic!r}; there are: {', '.join(known)}")
        newsletters.add(tx, newsletter)
        offers.offer_all(tx, newsletter.key)
    return newsletter


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


def plan(
    database: Database,
    newsletter: Newsletter,
    slots: Sequence[datetime],
    *,
    frequency: str = "",
) -> list[int]:
    """Make the issues of a newsletter's due slots; return the ids of those that are new.

    After a downtime the newest slot gets the news; the missed ones are kept as skipped, so
    that every slot is accounted for and nobody gets three digests at once.
    """
    states = dict.fromkeys(slots[:-1], IssueState.SKIPPED)
    states |= dict.fromkeys(slots[-1:], IssueState.PLANNED)
    with database.write() as tx:
        return issues.plan(tx, newsletter.key, states, frequency=frequency)


def open_issues(database: Database) -> list[int]:
    """Return the ids of the issues that are not frozen yet."""
    with database.read() as tx:
        return [issue.id for issue in issues.listing(tx, states=_OPEN)]


def press(database: Database, issue_id: int, config: Config, *, now: datetime) -> Pressed:
    """Gate an issue; when nothing blocks it, freeze its editions and queue its deliveries.

    An issue that another process froze meanwhile is returned as it stands.
    """
    with database.write() as tx:
        issue, queued = issues.get(tx, issue_id), 0
        if issue.state in _OPEN:
            newsletter = newsletters.get(tx, issue.newsletter)
            marks = offers.offered(tx, newsletter.key, issue.frequency)
            choice = choose(
                tx, newsletter, config, frequency=issue.frequency, slot=issue.slot, now=now
            )
            blocking = [entry for part in choice.values() for entry in part.blocking]
            chosen = {tag: part.chosen for tag, part in choice.items() if part.chosen}
            if chosen and not blocking:
                queued = editions.freeze(tx, issue, newsletter, chosen, config=config, now=now)
            issues.move(tx, issue, _next(blocking, chosen), blocking=blocking, frozen=now)
            offers.take_back(tx, settled(marks, list(choice.values())))
        return Pressed(issue=issues.get(tx, issue_id), queued=queued)


def _next(blocking: Sequence[Blocking], chosen: Mapping[str, Sequence[Chosen]]) -> IssueState:
    if blocking:
        return IssueState.AWAITING_TRANSLATIONS
    return IssueState.SENDING if chosen else IssueState.SKIPPED


def settled(marks: Mapping[int, int], choice: Sequence[Selection]) -> list[int]:
    """Return the marks of items of which nothing is left to tell until they change. Pure.

    ``choice`` is what an issue holds in each of its languages; one that is blocked has told
    nothing yet.
    """
    left = {item_id for part in choice for item_id in part.later}
    blocked = {entry.item for part in choice for entry in part.blocking}
    if blocked:
        left |= blocked | {pick.item.id for part in choice for pick in part.chosen}
    return [mark for mark, item_id in marks.items() if item_id not in left]


def choose(
    tx: Transaction,
    newsletter: Newsletter,
    config: Config,
    *,
    frequency: str = "",
    slot: datetime,
    now: datetime,
) -> dict[str, Selection]:
    """Return by language what an issue would hold now, and what it would wait for.

    Deadlines count from its slot: then it would have gone out.
    """
    offered = offers.offered(tx, newsletter.key, frequency).values()
    fresh = issues.candidates(tx, newsletter, offered, frequency=frequency, now=now)
    ids = {item_id for of_language in fresh.values() for item_id in of_language}
    known, texts = items.many(tx, ids), items.texts(tx, ids)
    choice = {}
    for language, of_language in fresh.items():
        policy = Policy(rule=rule(newsletter, language), chain=config.chain(language))
        candidates = [_candidate(known[id_], texts[id_], language) for id_ in of_language]
        found = selection.select(candidates, language, policy, since=slot, now=now)
        choice[language] = selection.enough(found, newsletter.minimum)
    return choice


def rule(newsletter: Newsletter, language: str) -> Rule:
    """Return what happens in an edition where an item is not ready. Raises InputError."""
    sentence = newsletter.rules.get(language) or newsletter.rules[OTHERS]
    return rules.parse(sentence, zone=newsletter.timezone)


def _candidate(item: Item, texts: Mapping[str, Translation], language: str) -> Candidate:
    ready = freshness.ready(item, texts)
    return Candidate(item=item, ready=ready, reason=why(item, texts, language))


def finish(database: Database) -> list[Issue]:
    """Call an issue sent when none of its deliveries waits any more; return those."""
    finished = []
    with database.write() as tx:
        for issue in issues.listing(tx, states=[IssueState.SENDING]):
            counts = deliveries.counts(tx, issue_id=issue.id)
            if not any(counts[state] for state in deliveries.UNFINISHED):
                issues.move(tx, issue, IssueState.SENT)
                finished.append(issues.get(tx, issue.id))
    return finished
