"""Editions: one of each language and set of topics, in order."""

from datetime import timedelta

import pytest

from store import editions
from store.database import Database
from store.errors import ConflictError, NotFoundError
from tests.make import NOW
from tests.store import fill


def test_editions_come_in_the_order_of_the_newsletters_languages(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx, languages=("fr", "ar", "en"))
        issue = fill.issue(tx)
        ids = {language: fill.edition(tx, issue, language) for language in ("ar", "en", "fr")}
        fill.edition(tx, fill.issue(tx, slot=NOW + timedelta(weeks=1)), "fr")

    with either.read() as tx:
        found = editions.of(tx, issue.id)
        assert [edition.language for edition in found] == ["fr", "ar", "en"]
        assert found[2] == editions.get(tx, ids["en"])
        with pytest.raises(NotFoundError, match="no edition 999"):
            editions.get(tx, 999)


def test_an_issue_has_one_edition_in_a_language(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
        issue = fill.issue(tx)
        fill.edition(tx, issue, "en")

    with pytest.raises(ConflictError), either.write() as tx:
        fill.edition(tx, issue, "en")


def test_the_lists_of_the_archive_know_the_fullest_edition_only(either: Database) -> None:
    with either.write() as tx:
        fill.newsletter(tx)
        issue = fill.issue(tx)
        fill.edition(tx, issue, "fr", topics=["work"], variant=1)
        assert editions.headlines(tx, "digest", "fr") == []
        fill.edition(tx, issue, "fr")
        assert [line.issue_id for line in editions.headlines(tx, "digest", "fr")] == [issue.id]
        assert [each.variant for each in editions.of(tx, issue.id)] == [0, 1]
