r"""Plan, gate and freeze issues.

    planned --------------------------+--> sending --> sent
       |  \--> awaiting_translations --/       ^          ^
       |             |                        |          no delivery waits any more
       \-------------+--> skipped             editions frozen, deliveries queued
                          (nothing new)

Every step is one transaction that moves the issue by an UPDATE from the state it was read in:
two at once cannot both win, and whoever dies half-way leaves the issue where it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import available_timezones

from publisher import editions, freshness, markup, rules, selection
from publisher.config import Config
from publisher.errors import InputError
from publisher.mail import edition, senders
from publisher.policy import Policy
from publisher.rules import Rule
from publisher.selection import Candidate, Chosen, Selection
from publisher.telling import why
from store import deliveries, issues, items, newsletters, offers, topics
from store.database import Database, Transaction
from store.records import (
    Blocking,
    Issue,
    IssueState,
    Item,
    Newsletter,
    Translation,
)

#: In a newsletter's rules: all languages that have none of their own.
OTHERS = "*"

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
    boxes = (newsletter.senders, newsletter.replies)
    named = {*newsletter.languages, *newsletter.names, *newsletter.rules, *boxes[0], *boxes[1]}
    named -= {OTHERS}
    strangers = named - {*config.site.languages}
    if strangers:
        there = ", ".join(config.site.languages)
        raise InputError("languages", f"{', '.join(sorted(strangers))}: this site has {there}")
    if newsletter.timezone not in available_timezones():
        raise InputError("timezone", f"no IANA time zone {newsletter.timezone!r}")
    for language in {OTHERS, *newsletter.rules}:
        rule(newsletter, language)
    for text in (text for each in boxes for text in each.values()):
        senders.mailbox(text)
    _refuse_unknown_template(newsletter, config)
    with database.write() as tx:
        known = {topic.key for topic in topics.listing(tx)}
        for topic in newsletter.topics:
            if topic not in known:
                raise InputError("topics", f"no topic {topic!r}; there are: {', '.join(known)}")
        newsletters.add(tx, newsletter)
        offers.offer_all(tx, newsletter.key)
    return newsletter


def _refuse_unknown_template(newsletter: Newsletter, config: Config) -> None:
    there = edition.templates(config.templates)
    if newsletter.template not in there:
        wanted = f"templates/email/{newsletter.template}"
        raise InputError("template", f"no {wanted}; there are: {', '.join(there)}")


def plan(database: Database, newsletter: Newsletter, slots: Sequence[datetime]) -> list[int]:
    """Make the issues of a newsletter's due slots; return the ids of those that are new.

    After a downtime the newest slot gets the news; the missed ones are kept as skipped, so
    that every slot is accounted for and nobody gets three digests at once.
    """
    states = dict.fromkeys(slots[:-1], IssueState.SKIPPED)
    states |= dict.fromkeys(slots[-1:], IssueState.PLANNED)
    with database.write() as tx:
        return issues.plan(tx, newsletter.key, states)


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
            marks = offers.offered(tx, newsletter.key)
            choice = choose(tx, newsletter, config, slot=issue.slot, now=now)
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
    tx: Transaction, newsletter: Newsletter, config: Config, *, slot: datetime, now: datetime
) -> dict[str, Selection]:
    """Return by language what an issue would hold now, and what it would wait for.

    Deadlines count from its slot: then it would have gone out.
    """
    offered = offers.offered(tx, newsletter.key).values()
    fresh = issues.candidates(tx, newsletter, offered, now=now)
    ids = {item_id for of_language in fresh.values() for item_id in of_language}
    known, texts = items.many(tx, ids), items.texts(tx, ids)
    choice = {}
    for language, of_language in fresh.items():
        policy = Policy(rule=rule(newsletter, language), chain=config.chain(language))
        candidates = [_candidate(known[id_], texts[id_], language) for id_ in of_language]
        choice[language] = selection.select(candidates, language, policy, since=slot, now=now)
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
