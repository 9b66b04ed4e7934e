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
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import available_timezones

from publisher import freshness, languages, markup, selection
from publisher.config import Config
from publisher.errors import ConflictError, InputError
from publisher.mail.edition import render_edition
from publisher.policy import Policy
from publisher.publishing import publication, why
from publisher.selection import Candidate, Chosen, Selection
from publisher.story import tell_all
from store import deliveries, issues, items, newsletters, publications, subscribers, topics
from store.database import Database, Transaction
from store.publications import Standing
from store.records import (
    FEED,
    Blocking,
    DeliveryState,
    Issue,
    IssueState,
    Item,
    Newsletter,
    Publication,
    Translation,
    newsletter_channel,
)

_OPEN = (IssueState.PLANNED, IssueState.AWAITING_TRANSLATIONS)

#: States that deliveries may yet leave by themselves.
_UNFINISHED = (DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.POSTPONED)


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
    strangers = {*newsletter.languages, *newsletter.names} - {*config.site.languages}
    if strangers:
        there = ", ".join(config.site.languages)
        raise InputError("languages", f"{', '.join(sorted(strangers))}: this site has {there}")
    if newsletter.timezone not in available_timezones():
        raise InputError("timezone", f"no IANA time zone {newsletter.timezone!r}")
    with database.write() as tx:
        known = {topic.key for topic in topics.listing(tx)}
        for topic in newsletter.topics:
            if topic not in known:
                raise InputError("topics", f"no topic {topic!r}; there are: {', '.join(known)}")
        newsletters.add(tx, newsletter)
    return newsletter


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
            choice = choose(tx, newsletter, config, now=now)
            blocking = [entry for part in choice.values() for entry in part.blocking]
            editions = {tag: part.chosen for tag, part in choice.items() if part.chosen}
            if editions and not blocking:
                queued = _freeze(tx, issue, newsletter, editions, config=config, now=now)
            issues.move(tx, issue, _next(blocking, editions), blocking=blocking, frozen=now)
        return Pressed(issue=issues.get(tx, issue_id), queued=queued)


def _next(blocking: Sequence[Blocking], editions: Mapping[str, Sequence[Chosen]]) -> IssueState:
    if blocking:
        return IssueState.AWAITING_TRANSLATIONS
    return IssueState.SENDING if editions else IssueState.SKIPPED


def choose(
    tx: Transaction, newsletter: Newsletter, config: Config, *, now: datetime
) -> dict[str, Selection]:
    """Return by language what an issue would hold now, and what it would wait for."""
    fresh = issues.candidates(tx, newsletter)
    ids = {item_id for of_language in fresh.values() for item_id in of_language}
    known, texts = items.many(tx, ids), items.texts(tx, ids)
    choice = {}
    for language, of_language in fresh.items():
        policy = Policy(missing=newsletter.missing, chain=config.chain(language))
        candidates = [_candidate(known[id_], texts[id_], language) for id_ in of_language]
        choice[language] = selection.select(candidates, language, policy, now=now)
    return choice


def _candidate(item: Item, texts: Mapping[str, Translation], language: str) -> Candidate:
    ready = freshness.ready(item, texts)
    return Candidate(item=item, ready=ready, reason=why(item, texts, language))


def _freeze(
    tx: Transaction,
    issue: Issue,
    newsletter: Newsletter,
    editions: Mapping[str, Sequence[Chosen]],
    *,
    config: Config,
    now: datetime,
) -> int:
    """Keep the editions for ever, write what they tell into the ledger, queue; return how many."""
    readers = audiences(subscribers.languages_of(tx, newsletter.key), newsletter, config)
    queued = 0
    for language, chosen in editions.items():
        edition_id = _freeze_edition(
            tx, issue, newsletter, language, chosen, config=config, now=now
        )
        mine = [tag for tag, edition in readers.items() if edition == language]
        queued += deliveries.queue(tx, issue, edition_id, languages=mine, now=now)
    return queued


def audiences(spoken: Sequence[str], newsletter: Newsletter, config: Config) -> dict[str, str]:
    """Return which edition readers of each language get. Pure.

    The closest one that they understand; where none is close, the first of their chain, so
    that nobody who subscribed is left without.
    """
    found = {}
    for language in spoken:
        near = languages.closest(language, newsletter.languages)
        chain = (tag for tag in config.chain(language) if tag in newsletter.languages)
        found[language] = near or next(chain, newsletter.languages[0])
    return found


def _freeze_edition(
    tx: Transaction,
    issue: Issue,
    newsletter: Newsletter,
    language: str,
    chosen: Sequence[Chosen],
    *,
    config: Config,
    now: datetime,
) -> int:
    feed = publications.standing(tx, {pick.item.id for pick in chosen}, FEED)
    told = [
        replace(
            # The date that readers of the feed see, where it was told there before.
            feed.get((pick.item.id, language))
            or publication(pick.item, language, pick.answer, pick.text, None, now=now),
            channel=newsletter_channel(newsletter.key),
            telling=1,
            shown_language=pick.answer.language,
            revision=pick.text.revision,
            rule=pick.answer.rule,
            told=now,
            issue_id=issue.id,
        )
        for pick in chosen
    ]
    if publications.record(tx, told) != told:
        raise ConflictError(f"issue {issue.id}: its items went out in {language} just now")
    pages = _pages(tx, told, feed, config)
    stories = [
        replace(story, path=pages.get(story.item_id, story.path))
        for story in tell_all(tx, told, config)
    ]
    rendered = render_edition(newsletter, language, stories, slot=issue.slot, config=config)
    return issues.add_edition(
        tx,
        issue_id=issue.id,
        language=language,
        subject=rendered.subject,
        preheader=rendered.preheader,
        html=rendered.html,
        text=rendered.text,
        sha256=rendered.sha256,
        items=len(stories),
    )


def _pages(
    tx: Transaction, told: Sequence[Publication], feed: Standing, config: Config
) -> dict[int, str]:
    """Return by item the path of the page that an edition links to.

    The page in the readers' language where there is one; where the feeds skip what the digest
    tells as a fallback, the page in the language that it is shown in.
    """
    found = [
        feed.get((row.item_id, row.language)) or feed.get((row.item_id, row.shown_language))
        for row in told
    ]
    return {page.item_id: page.path for page in tell_all(tx, list(filter(None, found)), config)}


def finish(database: Database) -> list[Issue]:
    """Call an issue sent when none of its deliveries waits any more; return those."""
    finished = []
    with database.write() as tx:
        for issue in issues.listing(tx, states=[IssueState.SENDING]):
            counts = deliveries.counts(tx, issue_id=issue.id)
            if not any(counts[state] for state in _UNFINISHED):
                issues.move(tx, issue, IssueState.SENT)
                finished.append(issues.get(tx, issue.id))
    return finished
