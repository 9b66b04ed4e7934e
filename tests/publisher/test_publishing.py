"""Publishing: what is due is told in one transaction, and never again."""

from dataclasses import replace
from datetime import timedelta

from publisher.config import Config
from publisher.publishing import publish_due
from store import items, publications
from store.database import Database
from store.records import FEED, Change
from tests import make

HOUR = timedelta(hours=1)
LATER = make.NOW + HOUR


def test_publishing_again_tells_nothing_again(database: Database, config: Config) -> None:
    make.take(database, config, make.draft("en"), make.draft("fr"))
    first = publish_due(database, config, now=make.NOW)
    assert {row.language for row in first} == {"en", "fr"}
    assert publish_due(database, config, now=make.NOW) == []
    assert publish_due(database, config, now=LATER) == []
    with database.read() as tx:
        assert publications.tellings(tx, [1], FEED) == first


def test_an_import_that_changes_nothing_makes_nothing_due(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"))
    publish_due(database, config, now=make.NOW)
    make.take(database, config, make.draft("en"), now=LATER)
    with database.read() as tx:
        assert items.due(tx, LATER, limit=9) == []


def test_a_correction_that_is_imported_is_told_and_moves_the_date(
    database: Database, config: Config
) -> None:
    make.take(database, config, make.draft("en"))
    publish_due(database, config, now=make.NOW)
    corrected = replace(make.text("en"), body="It was 200, not 100.")
    make.take(
        database,
        config,
        make.draft("en", words=corrected, change=Change.CORRECTION),
        now=LATER,
    )
    (row,) = publish_due(database, config, now=LATER)
    assert (row.telling, row.revision, row.change) == (2, 2, Change.CORRECTION)
    assert (row.published, row.updated) == (make.NOW, LATER)
