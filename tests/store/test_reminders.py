"""Who was reminded of what on which day, on both databases."""

from store import newsletters, reminders
from store.database import Database, Transaction
from store.issues import plan
from store.records import IssueState
from tests import make

DAY, NEXT = "2026-11-27", "2026-11-28"


def planned(tx: Transaction) -> int:
    newsletters.add(tx, make.newsletter())
    (issue_id,) = plan(tx, "digest", {make.FRIDAY: IssueState.PLANNED})
    return issue_id


def test_a_day_is_claimed_once_for_each_issue_and_language(either: Database) -> None:
    with either.write() as tx:
        issue_id = planned(tx)
        assert not reminders.is_claimed(tx, issue_id, "fr", DAY)
        assert reminders.claim(tx, issue_id, "fr", DAY)
    with either.write() as tx:
        assert reminders.is_claimed(tx, issue_id, "fr", DAY)
        assert not reminders.claim(tx, issue_id, "fr", DAY)
        assert reminders.claim(tx, issue_id, "ar", DAY)
        assert reminders.claim(tx, issue_id, "fr", NEXT)


def test_what_is_given_back_can_be_claimed_again_and_nothing_else_is_lost(either: Database) -> None:
    with either.write() as tx:
        issue_id = planned(tx)
        for language, day in (("fr", DAY), ("fr", NEXT), ("ar", DAY)):
            reminders.claim(tx, issue_id, language, day)
        reminders.give_back(tx, issue_id, "fr", DAY)
        assert reminders.is_claimed(tx, issue_id, "fr", NEXT)
        assert reminders.is_claimed(tx, issue_id, "ar", DAY)
        assert reminders.claim(tx, issue_id, "fr", DAY)
