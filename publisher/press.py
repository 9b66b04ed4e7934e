"""Plan, gate and freeze issues: what the tick does with them.

slot --> planned --> gated: waits for texts, or for approval --> frozen, queued --> sent
                     anew at every tick

Which states there are, and what leads from one to another, is drawn in
:mod:`publisher.issue_states`. Every step is one transaction that moves the issue by an UPDATE
from the state it was read in: two at once cannot both win, and whoever dies half-way leaves the
issue where it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from publisher import (
    approvals,
    editions,
    freshness,
    inspection,
    issue_states,
    markup,
    rules,
    selection,
    wallclock,
    windows,
)
from publisher.approvals import Consent
from publisher.config import Config
from publisher.editions import Draft
from publisher.errors import InputError
from publisher.issue_states import OPEN, Act
from publisher.mail import edition, senders
from publisher.policy import Policy
from publisher.rules import Rule
from publisher.selection import Candidate, Chosen, Selection
from publisher.telling import why
from store import (
    cancelling,
    candidates,
    deliveries,
    issues,
    items,
    jobs,
    newsletters,
    offers,
    subscribers,
    topics,
    translations,
)
from store.database import Database, Transaction
from store.records import (
    OWN,
    Blocking,
    Group,
    Issue,
    IssueState,
    Item,
    Newsletter,
    Translation,
    UnknownRule,
)

#: In a newsletter's rules: all languages that have none of their own.
OTHERS = "*"

#: The longest name of a frequency that the store has room for.
_MAX_FREQUENCY = 40


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
    by_language = (
        newsletter.names,
        newsletter.rules,
        newsletter.windows,
        newsletter.senders,
        newsletter.replies,
    )
    named = {*newsletter.languages}.union(*by_language) - {OTHERS}
    strangers = named - {*config.site.languages}
    if strangers:
        there = ", ".join(config.site.languages)
        raise InputError("languages", f"{', '.join(sorted(strangers))}: this site has {there}")
    wallclock.zone_name(newsletter.timezone, "timezone")
    for language in {OTHERS, *newsletter.rules}:
        rule(newsletter, language)
    for text in (*newsletter.senders.values(), *newsletter.replies.values()):
        senders.mailbox(text)
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


def change_unknown(database: Database, key: str, rule: UnknownRule) -> Newsletter:
    """Say what becomes of mails that nobody can say of; also of those there are already.

    Raises NotFoundError.
    """
    with database.write() as tx:
        newsletters.change_unknown(tx, key, rule)
        return newsletters.get(tx, key)


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


def open_issues(database: Database, now: datetime) -> list[int]:
    """Return the ids of the issues whose slot has come and that are not frozen yet."""
    with database.read() as tx:
        return [issue.id for issue in issues.listing(tx, states=OPEN) if issue.slot <= now]


def press(database: Database, issue_id: int, config: Config, *, now: datetime) -> Pressed:
    """Gate an issue; when nothing keeps it, freeze its editions and queue its deliveries.

    An issue that another process froze meanwhile is returned as it stands.
    """
    with database.write() as tx:
        issue, queued = issues.get(tx, issue_id), 0
        if issue.state in OPEN:
            newsletter = newsletters.get(tx, issue.newsletter)
            marks = _considered(tx, issue)
            gate = look(tx, issue, newsletter, config, now=now)
            if gate.act is Act.FREEZE:
                made = gate.drafts(
                    tx, subscribers.groups(tx, newsletter.key, issue.frequency, now=now)
                )
                fit = [(draft.language, draft.rendered) for draft in made]
                inspection.require(tx, issue, newsletter, fit, config)
                queued = editions.freeze(tx, issue, newsletter, made, now=now)
            frozen = now if gate.act is Act.FREEZE else None
            issues.move(tx, issue, gate.state, blocking=gate.blocking, frozen=frozen)
            # What waits for an approval has told nothing yet.
            if gate.act is not Act.ASK:
                offers.take_back(tx, settled(marks, list(gate.choice.values())))
            if queued:
                jobs.wake(tx, now=now)
        return Pressed(issue=issues.get(tx, issue_id), queued=queued)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """An issue as it is at an instant: what it would hold, and what keeps it."""

    issue: Issue
    newsletter: Newsletter
    config: Config
    now: datetime
    choice: Mapping[str, Selection]
    #: How each language stands that must be approved before it is frozen.
    consents: Sequence[Consent] = ()

    @property
    def blocking(self) -> list[Blocking]:
        """What it waits for."""
        return [entry for part in self.choice.values() for entry in part.blocking]

    @property
    def chosen(self) -> dict[str, Sequence[Chosen]]:
        """What it would tell in each language that it tells something in."""
        return {tag: part.chosen for tag, part in self.choice.items() if part.chosen}

    @property
    def act(self) -> Act:
        """What is to be done with it."""
        if self.blocking:
            return Act.WAIT
        if not self.chosen:
            return Act.SKIP
        return Act.FREEZE if all(each.approval for each in self.consents) else Act.ASK

    @property
    def state(self) -> IssueState:
        """The state that this leads to; one that may be sent at once is."""
        after = issue_states.of(self.issue, self.act)
        due = self.issue.send_at is None or self.issue.send_at <= self.now
        return issue_states.move(after, Act.SEND) if self.act is Act.FREEZE and due else after

    def drafts(self, tx: Transaction, groups: Sequence[Group]) -> list[Draft]:
        """Return its editions as they would be frozen now for these readers."""
        return editions.drafts(
            tx,
            self.issue,
            self.newsletter,
            self.chosen,
            groups=groups,
            config=self.config,
            now=self.now,
        )


def look(
    tx: Transaction, issue: Issue, newsletter: Newsletter, config: Config, *, now: datetime
) -> Gate:
    """Return how an issue stands now. Writes nothing."""
    choice = choose(
        tx,
        newsletter,
        config,
        frequency=issue.frequency,
        slot=issue.slot,
        now=now,
        by_hand=issue.items,
    )
    gate = Gate(issue=issue, newsletter=newsletter, config=config, now=now, choice=choice)
    if not newsletter.approval:
        return gate
    # What is approved is the whole of a language, whoever its readers are by then.
    return replace(gate, consents=approvals.consents(tx, issue, gate.drafts(tx, ())))


def _considered(tx: Transaction, issue: Issue) -> dict[int, int]:
    """Return the marks of the items that an issue looks at."""
    marks = offers.offered(tx, issue.newsletter, issue.frequency)
    if issue.items is not None:
        return {mark: item_id for mark, item_id in marks.items() if item_id in issue.items}
    kept = candidates.reserved(tx, issue.newsletter, issue.frequency)
    return {mark: item_id for mark, item_id in marks.items() if item_id not in kept}


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
    by_hand: Sequence[int] | None = None,
) -> dict[str, Selection]:
    """Return by language what an issue would hold now, and what it would wait for.

    Deadlines count from its slot: then it would have gone out. ``by_hand`` are the items that
    somebody chose; of these, too, an audience gets none that it has had. What somebody chose for
    another issue is left to that.
    """
    if by_hand is None:
        offered = offers.offered(tx, newsletter.key, frequency).values()
        kept = candidates.reserved(tx, newsletter.key, frequency)
        found = candidates.of(tx, newsletter, offered, frequency=frequency, now=now)
        fresh = {tag: [id_ for id_ in ids if id_ not in kept] for tag, ids in found.items()}
    else:
        fresh = candidates.untold(tx, newsletter, by_hand, frequency=frequency)
    ids = {item_id for of_language in fresh.values() for item_id in of_language}
    known, texts = items.many(tx, ids), translations.of(tx, ids)
    choice = {}
    for language, of_language in fresh.items():
        policy = Policy(rule=rule(newsletter, language), chain=config.chain(language))
        standing = [_candidate(known[id_], texts[id_], language) for id_ in of_language]
        taken = selection.select(
            standing, language, policy, since=slot, now=now, by_hand=by_hand is not None
        )
        # What somebody chose is an issue, however little it is.
        choice[language] = selection.enough(taken, 1 if by_hand else newsletter.minimum)
    return choice


def rule(newsletter: Newsletter, language: str) -> Rule:
    """Return what happens in an edition where an item is not ready. Raises InputError."""
    sentence = newsletter.rules.get(language) or newsletter.rules[OTHERS]
    return rules.parse(sentence, zone=newsletter.timezone)


def _candidate(item: Item, texts: Mapping[str, Translation], language: str) -> Candidate:
    ready = freshness.ready(item, texts)
    return Candidate(item=item, ready=ready, reason=why(item, texts, language))


def release(database: Database, now: datetime) -> list[Issue]:
    """Let the deliveries be taken of frozen issues whose time has come; return those issues.

    Those, too, that were sent and of which something has come to wait since.
    """
    released = []
    with database.write() as tx:
        for issue in issues.listing(tx, states=[IssueState.SCHEDULED]):
            if issue.send_at is None or issue.send_at <= now:
                issues.move(tx, issue, issue_states.of(issue, Act.SEND))
                released.append(issues.get(tx, issue.id))
        if released:
            jobs.wake(tx, now=now)
        released += reopen(tx, now)
    return released


def reopen(tx: Transaction, now: datetime) -> list[Issue]:
    """Have issues send again that were sent and of which something waits; return them.

    What a relay wanted later may be known only once its issue is sent: while nobody could say
    of it, nothing waited. The last thing in its transaction.
    """
    found = [issues.lock(tx, issue_id) for issue_id in cancelling.late(tx, IssueState.SENT)]
    # Another process may have been quicker.
    sent = [issue for issue in found if issue.state is IssueState.SENT]
    for issue in sent:
        issues.move(tx, issue, issue_states.of(issue, Act.RETRY))
    if sent:
        jobs.wake(tx, now=now)
    return [issues.get(tx, issue.id) for issue in sent]


def finish(database: Database) -> list[Issue]:
    """Call an issue sent when none of its deliveries waits any more; return those."""
    finished = []
    with database.write() as tx:
        for each in issues.listing(tx, states=[IssueState.SENDING]):
            # Whoever has something of it wait again waits for this, or is waited for.
            issue = issues.lock(tx, each.id)
            if issue.state is not IssueState.SENDING:
                continue
            counts = deliveries.counts(tx, issue_id=issue.id)
            if not any(counts[state] for state in deliveries.UNFINISHED):
                issues.move(tx, issue, issue_states.of(issue, Act.FINISH))
                finished.append(issues.get(tx, issue.id))
    return finished
