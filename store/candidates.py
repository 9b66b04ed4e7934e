"""Candidates for an issue: what its audience has not had, and nobody chose for another issue."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import null, select

from store.database import Transaction
from store.publications import standing
from store.records import IssueState, Newsletter, newsletter_channel
from store.tables import issues, item_topics, items
from store.values import among

#: States in which an issue may have no editions yet; once it is paused, it may have some.
_UNFROZEN = (
    IssueState.PLANNED,
    IssueState.AWAITING_TRANSLATIONS,
    IssueState.AWAITING_APPROVAL,
    IssueState.PAUSED,
)


def untold(
    tx: Transaction, newsletter: Newsletter, chosen: Sequence[int], *, frequency: str = ""
) -> dict[str, list[int]]:
    """Return by language which of these items its audience has not had, in their order."""
    told = standing(tx, chosen, newsletter_channel(newsletter.key, frequency))
    return {
        language: [item_id for item_id in chosen if (item_id, language) not in told]
        for language in newsletter.languages
    }


def reserved(tx: Transaction, newsletter: str, frequency: str = "") -> set[int]:
    """Return the items that somebody chose for an issue that is not frozen yet, nor over."""
    chosen = issues.c["items"]
    query = select(chosen).where(
        issues.c.newsletter == newsletter,
        issues.c.frequency == frequency,
        issues.c.state.in_(_UNFROZEN),
        issues.c.frozen.is_(None),
        chosen.is_not(null()),
    )
    return {item_id for row in tx.rows(query) for item_id in row["items"]}


def of(
    tx: Transaction,
    newsletter: Newsletter,
    offered: Collection[int],
    *,
    frequency: str = "",
    now: datetime,
) -> dict[str, list[int]]:
    """Return by language the items that the ledger says this audience has not had.

    Of those ``offered`` to it, and those that the tick has yet to look at; only such that
    entered the store since the newsletter began, and on its topics.
    """
    # Asked by itself: with an OR, SQLite would rather walk through all items in order.
    unseen = tx.rows(select(items.c.id).where(items.c.look_at <= now))
    fresh = among(items.c.id, {*offered, *(row["id"] for row in unseen)})
    query = select(items.c.id).where(fresh, items.c.created >= newsletter.since)
    if newsletter.topics:
        on_topic = select(item_topics.c.item_id).where(
            item_topics.c.item_id == items.c.id, item_topics.c.topic.in_(newsletter.topics)
        )
        query = query.where(on_topic.exists())
    ids = [row["id"] for row in tx.rows(query.order_by(items.c.id))]
    return untold(tx, newsletter, ids, frequency=frequency)
