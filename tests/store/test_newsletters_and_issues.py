"""Newsletters and their issues: planned once a slot, moved by one, frozen in their languages."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from store import approvals, candidates, issues, newsletters, tables
from store.database import Database
from store.errors import ConflictError, NotFoundError
from store.records import Approval, Blocking, IssueState, Missing, Words
from tests.make import NOW
from tests.store import fill

WEEK = timedelta(weeks=1)
MINUTE = timedelta(minutes=1)


def test_a_newsletter_comes_back_as_it_was_begun(either: Database) -> None:
    with either.write() as tx:
        one = fill.newsletter(tx, topics=("work", "asylum"), missing=Missing.HOLD)
        other = fill.newsletter(tx, key="alerts", languages=("ar", "en"))

    with either.read() as tx:
        assert newsletters.get(tx, "digest") == one
        assert newsletters.listing(tx) == [other, one]


def test_a_newsletter_in_use_is_refused_and_one_unknown_is_named(either: Database) -> None:
    with either.write() as tx:
        before = fill.newsletter(tx)

    with pytest.raises(ConflictError, match="choose another key"), either.write() as tx:
        fill.newsletter(tx, languages=("en",))

    with either.read() as tx:
        assert newsletters.listing(tx) == [before]
    with pytest.raises(NotFoundError, match="no newsletter 'weekly'"), either.read() as tx:
        newsletters.get(tx, "weekly")


def test_a_slot_has_one_issue_of_a_newsletter(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
        fill.newsletter(tx, key="alerts")
        [first] = issues.plan(tx, "digest", {NOW: IssueState.PLANNED})

    slots = {NOW: IssueState.SKIPPED, NOW + WEEK: IssueState.PLANNED}
    with either.write() as tx:
        [second] = issues.plan(tx, "digest", slots)
        assert issues.plan(tx, "digest", slots) == []
        assert issues.plan(tx, "digest", {}) == []
        [other] = issues.plan(tx, "alerts", {NOW: IssueState.PLANNED})

    with either.read() as tx:
        found = {row.id: (row.newsletter, row.slot, row.state) for row in issues.listing(tx)}
    assert found == {
        first: ("digest", NOW, IssueState.PLANNED),
        second: ("digest", NOW + WEEK, IssueState.PLANNED),
        other: ("alerts", NOW, IssueState.PLANNED),
    }


def test_as_many_slots_as_a_long_downtime_has_are_planned_at_once(either: Database) -> None:
    # Each minute of two weeks: more values than PostgreSQL takes in one statement.
    slots = dict.fromkeys((NOW + number * MINUTE for number in range(20_000)), IssueState.SKIPPED)
    with either.write() as tx:
        fill.newsletter(tx)
        made = issues.plan(tx, "digest", slots)
        assert len({*made}) == 20_000
        assert issues.plan(tx, "digest", slots) == []


def test_planners_at_once_make_each_issue_once(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
    slots = {NOW + week * WEEK: IssueState.PLANNED for week in range(20)}

    def plan(_number: int) -> list[int]:
        with either.write() as tx:
            return issues.plan(tx, "digest", slots)

    made = [issue_id for mine in fill.at_once(4, plan) for issue_id in mine]

    with either.read() as tx:
        assert sorted(made) == sorted(issue.id for issue in issues.listing(tx))
    assert len(made) == 20


def test_the_last_slot_is_the_newest_planned_or_the_beginning(either: Database) -> None:
    with either.write() as tx:
        digest, alerts = fill.newsletter(tx), fill.newsletter(tx, key="alerts")
        assert issues.last_slot(tx, digest) == digest.since

        later = {NOW + WEEK: IssueState.PLANNED, NOW: IssueState.SKIPPED}
        issues.plan(tx, "digest", later)

        assert issues.last_slot(tx, digest) == NOW + WEEK
        assert issues.last_slot(tx, alerts) == alerts.since


def test_each_frequency_has_slots_of_its_own(either: Database) -> None:
    with either.write() as tx:
        digest = fill.newsletter(
            tx, frequencies={"weekly": "fri 07:00"}, minimum=3, windows={"*": "daily 08:00-18:00"}
        )
        assert newsletters.get(tx, "digest") == digest
        [own] = issues.plan(tx, "digest", {NOW: IssueState.PLANNED})
        assert issues.last_slot(tx, digest, "weekly") == digest.since
        [weekly] = issues.plan(tx, "digest", {NOW: IssueState.PLANNED}, frequency="weekly")
        assert issues.plan(tx, "digest", {NOW: IssueState.PLANNED}, frequency="weekly") == []
        found = [issues.get(tx, number).frequency for number in (own, weekly)]
        assert found == ["", "weekly"]
        assert issues.last_slot(tx, digest, "weekly") == NOW


def test_an_issue_is_moved_by_who_knows_where_it_stands(either: Database) -> None:
    blocking = (Blocking(item=1, language="fr", reason="missing", until=None),)
    with either.write() as tx:
        fill.newsletter(tx)
        planned = fill.issue(tx)
        issues.move(tx, planned, IssueState.AWAITING_TRANSLATIONS, blocking=blocking)
        waiting = issues.get(tx, planned.id)
    assert (waiting.state, waiting.blocking) == (IssueState.AWAITING_TRANSLATIONS, blocking)

    with pytest.raises(ConflictError, match="no longer sending"), either.write() as tx:
        issues.move(tx, planned, IssueState.CANCELLED)

    with either.read() as tx:
        assert issues.get(tx, planned.id) == waiting


def test_an_issue_keeps_the_instant_at_which_it_was_frozen(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
        issue = fill.issue(tx)
        issues.move(tx, issue, IssueState.SCHEDULED, frozen=NOW)
        issues.move(tx, issues.get(tx, issue.id), IssueState.SENT)

        sent = issues.get(tx, issue.id)
    assert (sent.state, sent.frozen, sent.blocking) == (IssueState.SENT, NOW, ())


def test_issues_are_listed_by_slot_and_by_state(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
        late, early = fill.issue(tx, slot=NOW + WEEK), fill.issue(tx, slot=NOW)
        issues.move(tx, early, IssueState.SENT)

    with either.read() as tx:
        assert [issue.id for issue in issues.listing(tx)] == [early.id, late.id]
        assert issues.listing(tx, states=[IssueState.SENDING, IssueState.PLANNED]) == [late]
        with pytest.raises(NotFoundError, match="no issue 999"):
            issues.get(tx, 999)


def test_an_issue_keeps_what_somebody_chose_and_wrote(either: Database) -> None:
    words = {
        "fr": Words(subject="À lire", intro="*Bonjour*", authors={"intro": "ann"}),
        "ar": Words(),
    }
    with either.write() as tx:
        fill.newsletter(tx)
        made = issues.plan_by_hand(tx, "digest", NOW, chosen=[3, 1])
        assert (made.state, made.by_hand, made.items) == (IssueState.PLANNED, True, (3, 1))
        assert (made.words, made.send_at) == ({}, None)
        issues.write(tx, made, words)
        issues.schedule(tx, made, NOW + WEEK)
        found = issues.get(tx, made.id)
        assert (found.words, found.send_at) == (words, NOW + WEEK)
        assert issues.plan_by_hand(tx, "digest", NOW + WEEK, chosen=None).items is None
        assert candidates.reserved(tx, "digest") == {3, 1}
        assert candidates.reserved(tx, "other") == set()
        with pytest.raises(ConflictError, match="digest has an issue at"):
            issues.plan_by_hand(tx, "digest", NOW, chosen=None)


def test_what_was_frozen_meanwhile_is_neither_worded_nor_scheduled(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
        read = issues.plan_by_hand(tx, "digest", NOW, chosen=None)
        issues.move(tx, read, IssueState.SCHEDULED)
        with pytest.raises(ConflictError, match="no longer planned"):
            issues.write(tx, read, {})
        with pytest.raises(ConflictError, match="no longer planned"):
            issues.schedule(tx, read, NOW)


def test_an_approval_is_of_a_language_and_a_content_and_given_once(either: Database) -> None:
    first = Approval(language="fr", digest="a" * 64, approved_by="zoe", at=NOW)
    other = Approval(language="fr", digest="b" * 64, approved_by="ann", at=NOW)
    with either.write() as tx:
        fill.newsletter(tx)
        issue, next_issue = fill.issue(tx), fill.issue(tx, slot=NOW + WEEK)
        for given in (first, other, replace(first, approved_by="bea")):
            approvals.add(tx, issue.id, given)
        assert approvals.of(tx, issue.id) == {("fr", "a" * 64): first, ("fr", "b" * 64): other}
        assert approvals.of(tx, next_issue.id) == {}


def test_a_newsletter_that_wants_approvals_says_so(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx, approval=True)
        assert newsletters.get(tx, "digest").approval is True


def test_words_that_one_author_was_kept_for_are_all_theirs(either: Database) -> None:
    kept = {"fr": {"subject": "À lire", "preheader": "", "intro": "Oui", "author": "ann"}}
    with either.write() as tx:
        fill.newsletter(tx)
        made = issues.plan_by_hand(tx, "digest", NOW, chosen=None)
        tx.run(update(tables.issues).values(words=kept))
        (words,) = issues.get(tx, made.id).words.values()
    assert words == Words(subject="À lire", intro="Oui", authors={"subject": "ann", "intro": "ann"})
