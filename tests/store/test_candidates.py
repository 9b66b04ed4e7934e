"""Candidates for an issue: what is new to its audience, and free."""

from datetime import timedelta
from typing import Any

import pytest

from store import candidates, issues, items, publications
from store.database import Database
from store.records import FEED, IssueState, newsletter_channel
from tests import make
from tests.make import NOW
from tests.store import fill


def test_a_newsletter_takes_what_came_since_it_began_on_its_topics(either: Database) -> None:
    since = NOW - timedelta(weeks=1)
    with either.write() as tx:
        fill.topic(tx, "asylum", "health", "work")
        fill.item(tx, "before", created=since - timedelta(microseconds=1), topics=("work",))
        both = fill.item(tx, "both", created=since, topics=("asylum", "work"))
        work = fill.item(tx, "work", topics=("work",))
        health = fill.item(tx, "health", topics=("health",))
        bare = fill.item(tx, "bare")
        letters: dict[str, Any] = {"languages": ("fr", "en"), "since": since}
        everything = fill.newsletter(tx, **letters)
        some = fill.newsletter(tx, key="some", topics=("asylum", "work"), **letters)

    with either.read() as tx:
        all_four = [both.id, work.id, health.id, bare.id]
        offered = range(10)
        found = candidates.of(tx, everything, offered, now=NOW)
        assert found == {"fr": all_four, "en": all_four}
        found = candidates.of(tx, some, offered, now=NOW)
        assert found == {"fr": [both.id, work.id], "en": [both.id, work.id]}


def test_what_nobody_offers_is_no_candidate_unless_the_tick_has_yet_to_look_at_it(
    either: Database,
) -> None:
    with either.write() as tx:
        newsletter = fill.newsletter(tx, languages=("en",))
        offered, looked_at, due, later = (fill.item(tx, key).id for key in "abcd")
        items.look(tx, due, NOW)
        items.look(tx, later, NOW + timedelta(weeks=1))

    with either.read() as tx:
        found = candidates.of(tx, newsletter, [offered, offered], now=NOW)
        assert found == {"en": [offered, due]}
        assert candidates.of(tx, newsletter, [looked_at], now=NOW) == {"en": [looked_at, due]}


def test_what_an_audience_has_had_is_no_candidate_for_it(either: Database) -> None:
    with either.write() as tx:
        newsletter = fill.newsletter(tx, languages=("en", "fr"))
        a, b = fill.item(tx, "a").id, fill.item(tx, "b").id
        digest, other = newsletter_channel("digest"), newsletter_channel("other")
        publications.record(
            tx,
            [
                make.publication(item_id=a, language="en", channel=digest),
                make.publication(item_id=a, language="fr", channel=other),
                make.publication(item_id=b, language="fr", channel=FEED),
            ],
        )

    with either.read() as tx:
        assert candidates.of(tx, newsletter, [a, b], now=NOW) == {"en": [b], "fr": [a, b]}


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        (IssueState.AWAITING_APPROVAL, {7}),
        (IssueState.PAUSED, {7}),
        (IssueState.SENDING, set()),
        (IssueState.CANCELLED, set()),
    ],
)
def test_what_was_chosen_is_kept_for_its_issue_until_that_is_frozen_or_over(
    either: Database, state: IssueState, kept: set[int]
) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
        issues.move(tx, issues.plan_by_hand(tx, "digest", NOW, chosen=[7]), state)
        assert candidates.reserved(tx, "digest") == kept
