"""Put due items out.

    items.due --> decide, per item and language --> ledger rows of all languages,
                  (policy, freshness)               holds, next look, stale marks
                                                    in one transaction

Whoever is killed in between has published either everything of an item or nothing; whoever
comes twice finds nothing due, and the ledger's unique constraint refuses the same row again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher import freshness
from publisher.config import Config
from publisher.policy import READY, Policy, Show, Wait
from store import items, publications
from store.database import Database, Transaction
from store.records import FEED, Change, Hold, Item, Publication, Translation, Workflow

#: Items that one transaction puts out at most, so that writers never wait long.
BATCH = 200


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of one item: what to tell, and what has to wait."""

    item: Item
    tell: tuple[Publication, ...]
    wait: tuple[Hold, ...]

    @property
    def next_look(self) -> datetime | None:
        """When something may be due again without anybody acting."""
        return min((hold.until for hold in self.wait if hold.until), default=None)


def publish_due(database: Database, config: Config, *, now: datetime) -> list[Publication]:
    """Tell what is due to the readers of feeds and pages; return the new rows of the ledger."""
    told: list[Publication] = []
    while True:
        with database.write() as tx:
            ids = items.due(tx, now, limit=BATCH)
            told += _publish(tx, ids, config, now)
        if len(ids) < BATCH:
            return told


def look_at_all(database: Database, *, now: datetime) -> None:
    """Have the next tick decide about every item anew: a setting that decides has changed."""
    with database.write() as tx:
        items.look_at_all(tx, now)


def _publish(
    tx: Transaction, ids: Sequence[int], config: Config, now: datetime
) -> list[Publication]:
    decisions = decide_all(tx, ids, config, now)
    told = publications.record(tx, [row for decision in decisions for row in decision.tell])
    publications.put_holds(tx, ids, [hold for decision in decisions for hold in decision.wait])
    publications.mark_stale(tx, {row.item_id for row in told})
    for decision in decisions:
        items.look(tx, decision.item.id, decision.next_look)
    return told


def decide_all(
    tx: Transaction, ids: Sequence[int], config: Config, now: datetime
) -> list[Decision]:
    """Decide about these items as they stand in the store."""
    known, texts = items.many(tx, ids), items.texts(tx, ids)
    standing = publications.standing(tx, ids, FEED)
    return [
        decide(known[item_id], texts[item_id], standing, config=config, now=now) for item_id in ids
    ]


def decide(
    item: Item,
    texts: Mapping[str, Translation],
    standing: publications.Standing,
    *,
    config: Config,
    now: datetime,
) -> Decision:
    """Decide what an item tells in each language of the site. Pure."""
    ready = freshness.ready(item, texts)
    tell, wait = [], []
    for language in config.site.languages:
        policy = Policy(missing=config.feeds.missing, chain=config.chain(language))
        answer = policy.answer(
            language, ready, reason=why(item, texts, language), embargo=item.embargo, now=now
        )
        before = standing.get((item.id, language))
        if isinstance(answer, Show) and is_news(answer, ready[answer.language], before):
            tell.append(
                publication(item, language, answer, ready[answer.language], before, now=now)
            )
        elif isinstance(answer, Wait) and before is None:
            wait.append(
                Hold(item_id=item.id, language=language, until=answer.until, reason=answer.reason)
            )
    return Decision(item=item, tell=tuple(tell), wait=tuple(wait))


def why(item: Item, texts: Mapping[str, Translation], language: str) -> str:
    """Say why an item is not ready in a language; ``ready`` when it is."""
    text = texts.get(language)
    stand = freshness.freshness(item, texts, language)
    if text is None or stand is not freshness.Freshness.CURRENT:
        return stand.value
    return READY if text.workflow is Workflow.APPROVED else text.workflow.value


def is_news(answer: Show, text: Translation, before: Publication | None) -> bool:
    """Say whether the ledger's last word on an item differs from what the policy would show.

    Who has had a text in their own language never falls back from it to another.
    """
    if before is None:
        return True
    if before.rule == READY and answer.rule != READY:
        return False
    return (before.shown_language, before.revision) != (answer.language, text.revision)


def publication(
    item: Item,
    language: str,
    answer: Show,
    text: Translation,
    before: Publication | None,
    *,
    now: datetime,
) -> Publication:
    """Return the feeds' row of the ledger for telling a text.

    The first telling bears the text's own date where it has one in the past. Later ones keep
    it, and move ``updated`` unless the change is a minor one.
    """
    dated = text.dated if text.dated and text.dated <= now else now
    first = before.published if before else dated
    silent = before and before.shown_language == answer.language and text.change is Change.MINOR
    return Publication(
        item_id=item.id,
        language=language,
        channel=FEED,
        telling=before.telling + 1 if before else 1,
        shown_language=answer.language,
        revision=text.revision,
        rule=answer.rule,
        change=text.change,
        told=now,
        published=first,
        updated=(before.updated if silent else now) if before else first,
        issue_id=None,
    )
