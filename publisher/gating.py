"""What an issue would hold at an instant, and what keeps it from going out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from publisher import approvals, editions, freshness, issue_states, rules, selection
from publisher.approvals import Consent
from publisher.cases import why
from publisher.config import Config
from publisher.editions import Draft
from publisher.issue_states import Act
from publisher.policy import Policy
from publisher.rules import Rule
from publisher.selection import Candidate, Chosen, Selection
from store import candidates, items, offers, translations
from store.database import Transaction
from store.records import Blocking, Group, Issue, IssueState, Item, Newsletter, Translation

#: In a newsletter's rules: all languages that have none of their own.
OTHERS = "*"


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


def considered(tx: Transaction, issue: Issue) -> dict[int, int]:
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
