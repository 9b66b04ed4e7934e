"""Marks of what the public files do not show yet."""

from store import stale
from store.database import Database
from tests.store import fill


def test_a_mark_that_came_in_between_stays(either: Database) -> None:
    with either.write() as tx:
        a, b = fill.item(tx, "a").id, fill.item(tx, "b").id
        fill.newsletter(tx)
        issue = fill.issue(tx).id
        stale.mark_items(tx, {a, b})
        stale.mark_issues(tx, {issue})
    with either.read() as tx:
        marks = stale.read(tx)
    assert list(marks.items.values()) == [a, b]
    assert list(marks.issues.values()) == [issue]

    with either.write() as tx:
        stale.mark_items(tx, {a})
        stale.mark_issues(tx, {issue})
    with either.write() as tx:
        stale.take_back(tx, marks)

    with either.read() as tx:
        left = stale.read(tx)
    assert list(left.items.values()) == [a]
    assert list(left.issues.values()) == [issue]


def test_a_mark_never_gets_the_number_of_one_taken_back(either: Database) -> None:
    """Who took note of the old mark and is late must not take back the new one."""
    with either.write() as tx:
        item = fill.item(tx)
        stale.mark_items(tx, [item.id])
        seen = stale.read(tx)
        stale.take_back(tx, seen)
        stale.mark_items(tx, [item.id])
        stale.take_back(tx, seen)

        assert list(stale.read(tx).items.values()) == [item.id]


def test_a_mark_of_either_kind_is_seen_at_once(either: Database) -> None:
    with either.write() as tx:
        item = fill.item(tx)
        fill.newsletter(tx)
        issue = fill.issue(tx)
        assert not stale.is_any(tx)
        assert not stale.read(tx)
        stale.mark_items(tx, [item.id])
        assert stale.is_any(tx)
        stale.take_back(tx, stale.read(tx))
        assert not stale.is_any(tx)
        stale.mark_issues(tx, [issue.id])
        assert stale.is_any(tx)
        assert stale.read(tx)


def test_an_edition_marks_its_issue(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
        issue = fill.issue(tx)
        fill.edition(tx, issue)
        assert list(stale.read(tx).issues.values()) == [issue.id]
